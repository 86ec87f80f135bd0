"""Tables row by row: `read` streams records in the parser's child, `survey` says what a table is like."""

"""The pages of PDFs as people see them: pictures, and where a span of the text stands on them."""

"""PDF: the text of each page in reading order, and text recognition for pages that are pictures of text."""

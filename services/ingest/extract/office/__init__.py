"""Office documents: what a package may be before it is opened, and the text of a Word document."""

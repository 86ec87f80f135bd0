"""Long PDFs, which are read and get searchable in parts."""

"""The product: everything Tidings does, free of web framework, crawler and command line."""

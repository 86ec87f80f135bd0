"""How feeds and sitemaps are written: bytes to text, to a tree, to fields. Only the modules above call these."""

"""Uploads that are sent in parts and go on after a broken connection, a reload or a restart."""

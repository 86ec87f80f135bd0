"""Keeping what is stored: copies of an installation, one tenant as a file, and how either comes back."""

"""Verbs about what is stored: copies of it, its index, its ages, something to begin with."""

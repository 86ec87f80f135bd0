"""Rules that a tenant sets for itself."""

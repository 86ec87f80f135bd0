"""Verbs that measure or plan, and change nothing."""

"""The most that is kept of what one feed or sitemap says. Real ones stay far below; these stop the others."""

from __future__ import annotations

ITEMS = 5_000
TITLE_CHARS = 1_000
NAME_CHARS = 200
GUID_CHARS = 2_048
SUMMARY_CHARS = 20_000
CONTENT_CHARS = 200_000
AUTHORS = 20
CATEGORIES = 50
SITEMAP_ENTRIES = 50_000
SITEMAP_BYTES = 16 * 2**20
OUTLINES = 10_000

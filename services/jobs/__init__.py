"""Work that outlives a request: rows that are claimed in batches, recorded one by one, and told as events."""

"""Tables whose rows become documents: looked at first, taken in batches, removed together."""

"""Door 2: people and programs, over HTTP. Ends in services.<slice>.<verb>()."""

"""What a person looks at first: how news comes in, and what is new in the searches they keep."""

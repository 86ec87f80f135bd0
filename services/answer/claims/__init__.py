"""What a sentence claims, and how well its sources bear it."""

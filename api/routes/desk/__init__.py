"""A person's own desk: what came in, searches they keep, what they think of answers, and answers to take away."""

"""Door 4: the operator. `up` composes the other doors; the other verbs speak HTTP to a running server."""

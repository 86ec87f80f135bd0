"""What makes quotes an answer: about the thing that was named, the asked kind of fact first, what no longer holds last."""

"""What engines say about themselves, for `tidings doctor`: facts alone, no judgement; each call ends in seconds."""

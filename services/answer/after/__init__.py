"""What people do with an answer: take it away as a file, judge it, ask on."""

"""The state of the server: what works, what warms up, what is down."""

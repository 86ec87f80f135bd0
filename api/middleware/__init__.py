"""What happens to every request before and after its route. Pure ASGI, so that streams are not buffered."""

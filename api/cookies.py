"""The session cookie: scripts cannot read it, other sites' forms do not send it, HTTPS ties it to this host."""

from __future__ import annotations

from fastapi import Request, Response

from api.deps import COOKIE, SECURE_COOKIE, is_https, runtime_of


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    """Give the browser a session."""
    secure = is_https(request)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        token,
        max_age=runtime_of(request).settings.session_days * 86_400,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def clear_session_cookie(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    secure = is_https(request)
    response.delete_cookie(SECURE_COOKIE if secure else COOKIE, path="/", secure=secure, httponly=True, samesite="lax")

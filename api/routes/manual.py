"""The page that a problem's `type` points to: every code the API gives, and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from api.errors import HTTP_REFUSALS
from services.errors import TidingsError

router = APIRouter(include_in_schema=False)

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Tidings: errors</title>
<h1>Errors of the API</h1>
<p>Every refusal is a problem document (RFC 9457). <code>code</code> is stable, <code>detail</code> says what to do next.</p>
<dl>
{entries}
</dl>
</html>
"""


@router.get("/docs/errors")
def errors_page() -> HTMLResponse:
    """All codes with their status and meaning."""
    entries = {code: (status, f"{title}. {detail}") for status, (code, title, detail) in HTTP_REFUSALS.items()}
    entries |= {error.code: (error.status, error.__doc__ or "") for error in kinds(TidingsError)}
    lines = [
        f'<dt id="{code}"><code>{code}</code> ({status})</dt><dd>{escape(meaning.splitlines()[0])}</dd>'
        for code, (status, meaning) in sorted(entries.items())
    ]
    return HTMLResponse(PAGE.format(entries="\n".join(lines)))


def kinds(base: type[TidingsError]) -> Iterator[type[TidingsError]]:
    """An error class and all below it."""
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)

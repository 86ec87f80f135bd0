"""The web interface: the built files of frontend/, and its one page for every address that is not a file.

Without a build, the page says how to make one.
"""

from __future__ import annotations

import stat
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

# Beside this file where Tidings was installed from a wheel (hatch_build.py), else where the source folder has them.
PLACES = (Path(__file__).parent / "web", Path(__file__).parent.parent / "frontend" / "dist")
DIST = next((place for place in PLACES if place.is_dir()), PLACES[-1])
# Vite puts files whose names hold a hash of their content here.
HASHED_FOLDER = "/assets/"
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Tidings</title>
<h1>Tidings is running; its pages are not built yet</h1>
<p>Run <code>make run</code> in the source folder, which builds them, then load this page again.</p>
<p>The API works without them: see <a href="/openapi.json">/openapi.json</a>.</p>
</html>
"""


class WebInterface:
    """Answers every address that no route took."""

    def __init__(self, dist: Path = DIST) -> None:
        self.files = StaticFiles(directory=dist, check_dir=False, follow_symlink=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; raises HTTPException for what is neither a file nor a page."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or path == "/v1" or path.startswith("/v1/"):
            raise HTTPException(404)
        response = await self.file(path, scope)
        if response is None and "." not in path.rsplit("/", 1)[-1]:
            response = await self.page(scope)
        if response is None:
            raise HTTPException(404)
        await response(scope, receive, send)

    async def file(self, path: str, scope: Scope) -> Response | None:
        """A built file, or None."""
        relative = self.files.get_path({**scope, "path": path})
        try:
            full_path, found = await run_in_threadpool(self.files.lookup_path, relative)
        except (OSError, ValueError):
            return None
        if found is None or not stat.S_ISREG(found.st_mode):
            return None
        response = self.files.file_response(full_path, found, scope)
        response.headers["Cache-Control"] = IMMUTABLE if path.startswith(HASHED_FOLDER) else REVALIDATE
        return response

    async def page(self, scope: Scope) -> Response:
        """The page whose script shows whatever the address names."""
        page = await self.file("/index.html", scope)
        return page or HTMLResponse(NOT_BUILT, headers={"Cache-Control": "no-store"})

"""What the browser tests work with: a tenant with things to read, and a watch over everything a page does."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, expect

from tests.server import Server

PASSWORD = "four quiet words here"
READY_SECONDS = 60
# What a policy violation names; the browser's own console line comes as well, but its wording changes.
REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));"""

HARBOUR = """Harbour strike ends after nine days 🚢

The strike at the harbour of Wexmouth ended on Friday night after nine days. Dock workers accepted a pay rise of four
per cent and a shorter night shift.

The ferry company said that all 31 delayed crossings would be made up within a week. "We start with the medicines,"
its director Ida Norrgren told reporters.

Economists had put the cost of the strike at twelve million euros a day, most of it for growers of cut flowers.
"""
LIBRARY = """City library opens a reading room for the night

From Monday the city library of Wexmouth keeps one reading room open until four in the morning. The room has ninety
seats, and coffee costs one euro.

Students had asked for it since the old observatory closed. The council pays for two guards and one librarian.
"""
RATES = """Central bank raises interest rates

The central bank raised its main interest rate by a quarter of a point to 3.25 per cent on Thursday. It named rising
rents and wages as the reasons.

Two of the nine members of its board voted against the step. Mortgages with a variable rate become more expensive
within weeks, lenders said.
"""
ARTICLES = {"Harbour strike ends": HARBOUR, "A reading room for the night": LIBRARY, "Rates rise": RATES}
# What the server says of the demo in the middle of reading it.
HALF_READ = {
    "loaded": True,
    "ready": 30,
    "working": 46,
    "failed": 0,
    "pack_size": 79,
    "questions": ["How high?", "Why?"],
}


@dataclass
class Newsroom:
    """A tenant, its owner, and HTTP with a key that may write."""

    server: Server
    name: str
    email: str
    http: httpx2.Client

    def add(self, text: str, title: str | None = None) -> str:
        """Store a text and wait until it can be found; returns its id."""
        body = {"text": text, **({"title": title} if title else {})}
        return self.finished(self.http.post("/v1/documents", json=body))

    def add_file(self, filename: str, content: bytes, **fields: str) -> str:
        """Store a file and wait until it is read; returns its id."""
        return self.finished(self.http.post("/v1/documents", files={"file": (filename, content)}, data=fields))

    def finished(self, accepted: httpx2.Response) -> str:
        """The id of an accepted document, once it is ready or failed."""
        assert accepted.status_code == 202, accepted.text
        document_id = str(accepted.json()["id"])
        deadline = time.monotonic() + READY_SECONDS
        while self.get(f"/v1/documents/{document_id}")["status"] not in ("ready", "failed"):
            assert time.monotonic() < deadline, "the document stays unread"
            time.sleep(0.05)
        return document_id

    def get(self, path: str, **parameters: str) -> Any:
        """The JSON at an address."""
        response = self.http.get(path, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()


def make_newsroom(server: Server, name: str | None = None) -> Newsroom:
    """A new tenant with an owner and a key."""
    token = (server.folder / "operator.token").read_text().strip()
    email = f"{secrets.token_hex(6)}@example.org"
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as admin:

        def post(path: str, **body: str) -> Any:
            response = admin.post(f"/v1/admin/tenants{path}", json=body)
            assert response.status_code == 201, response.text
            return response.json()

        tenant = post("", name=name or f"Newsroom {secrets.token_hex(3)}")
        post(f"/{tenant['id']}/users", email=email, name="Ada Reporter", password=PASSWORD, role="owner")
        key = post(f"/{tenant['id']}/api_keys", name="tests", scope="write")["key"]
    http = httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    return Newsroom(server, name, email, http)


@dataclass
class Watch:
    """Notes what no page may do. `allow` names what a test provokes on purpose, such as a refused sign-in.

    A page may ask once more for what it has just removed: an event about it may come before the answer to its removal.
    """

    host: str
    problems: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)

    def over(self, context: BrowserContext) -> None:
        """Watch every page of a context."""
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self.on_console)
        context.on("weberror", lambda error: self.note(f"uncaught: {error.error}"))
        context.on("dialog", self.on_dialog)
        context.on("request", self.on_request)

    def allow(self, words: str) -> None:
        """Let problems that hold these words pass."""
        self.allowed.append(words)

    def note(self, problem: str) -> None:
        """Keep a problem for the end of the test."""
        self.problems.append(problem)

    def on_console(self, message: ConsoleMessage) -> None:
        """Errors count, warnings of the policy do too."""
        url = message.location["url"]
        if "status of 404" in message.text and urlsplit(url).path.startswith(tuple(self.removed)):
            return
        if message.type == "error" or "Content Security Policy" in message.text:
            self.note(f"console: {message.text} ({url})")

    def on_dialog(self, dialog: Dialog) -> None:
        """Nothing of ours opens a dialog."""
        self.note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def on_request(self, request: Request) -> None:
        """Pages speak to their own server only."""
        parts = urlsplit(request.url)
        if request.method == "DELETE":
            self.removed.add(parts.path)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.note(f"request to another host: {request.url}")

    def check(self) -> None:
        """Fail with what was seen and not allowed."""
        seen = [problem for problem in self.problems if not any(words in problem for words in self.allowed)]
        assert seen == [], "\n".join(seen)


@dataclass
class Desk:
    """A signed-in page of somebody in a newsroom."""

    newsroom: Newsroom
    page: Page
    watch: Watch

    def open(self, address: str) -> Page:
        """Go to an address of the server."""
        self.page.goto(self.newsroom.server.url + address)
        return self.page


# The fixtures of conftest.py that are functions: `open_page(url, **context)` and `open_desk(newsroom, **context)`.
OpenPage = Callable[..., tuple[Page, Watch]]
OpenDesk = Callable[..., Desk]


def settled(page: Page) -> Page:
    """Wait until a page has drawn what it fetched: the grey lines and the dimmed lists are gone."""
    expect(page.get_by_role("heading").or_(page.get_by_role("alert")).first).to_be_attached()
    page.wait_for_function("() => !document.querySelector('.animate-pulse, [aria-busy=true]')")
    return page

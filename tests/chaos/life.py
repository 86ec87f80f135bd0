"""Scenarios: what a tenant does with a data folder, as steps that a killed process leaves undone and the next one does.

A step is written to the history only after the product acknowledged it. Doing the scenario again does the steps that
nobody acknowledged, as a client would that tries again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import services.jobs.claim
import services.sources.jobs
from services.handlers import HANDLERS
from services.ingest.documents import delete_document
from services.ingest.submit import submit
from services.jobs.claim import work
from services.jobs.tick import take_back, tick
from services.models import Document, Job, base
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import load_settings
from services.sources.jobs import enqueue_due
from services.sources.sources import NewSource, add_source
from services.uploads.uploads import NewUpload, append, begin, list_unfinished
from tests.books import long_pdf
from tests.chaos.oracle import Expected
from tests.factories import html_document, text_document

SETTLE_SECONDS = 60.0
# After a step of the clock: what waits for the former time is left to the next process, whose clock is right.
STEPPED_SECONDS = 8.0
TRIES = 3
PAGE = "https://news.example.org/harbour"
FEED = "feed"


@dataclass(frozen=True)
class Step:
    """One thing a client asks for."""

    verb: str
    word: str = ""


def upload(word: str) -> Step:
    """A pasted text."""
    return Step("upload", word)


LIFE = (
    *(upload(f"canaryalpha{number}") for number in range(3)),
    Step("page", "canarypageone"),
    Step("work"),
    Step("page", "canarypagetwo"),
    Step("work"),
    upload("canarybrief"),
    Step("delete", "canarybrief"),
    Step("delete", "canaryalpha0"),
    Step("work"),
)
CRAWL = (Step("source"), Step("work"))
# A long PDF that comes in parts and is read in parts.
BOOK = (Step("book", "canarybook"), Step("work"))
BOOK_PAGES = 75
SCENARIOS = {"life": LIFE, "book": BOOK, "crawl": CRAWL}


def steps_of(scenario: str) -> tuple[Step, ...]:
    """The steps of a scenario."""
    return SCENARIOS[scenario]


def expected_of(steps: Iterable[Step]) -> Expected:
    """What must be found at the end, and what must not."""
    present: list[str] = []
    absent: list[str] = []
    page = ""
    for step in steps:
        if step.verb == "page":
            if page:
                present.remove(page)
                absent.append(page)
            page = step.word
        if step.verb in ("upload", "page", "book"):
            present.append(step.word)
        elif step.verb == "delete":
            present.remove(step.word)
            absent.append(step.word)
    return Expected(tuple(present), tuple(absent))


def text_of(word: str) -> str:
    """A text of several chunks; its word and number make it unlike any other."""
    return "\n\n".join(f"{word} part {part}: {word} tells how {word} came to harbour {part}." for part in range(60))


class Life:
    """A scenario on a runtime, with the history of what was acknowledged."""

    def __init__(self, runtime: Runtime, tenant_id: str, history: Path, site: str = "") -> None:
        self.runtime, self.history, self.site = runtime, history, site
        self.scope = Scope(runtime, tenant_id, "usr_chaos")

    def acknowledged(self) -> int:
        """How many steps were acknowledged."""
        return len(self.history.read_text().splitlines()) if self.history.exists() else 0

    def go(self, steps: tuple[Step, ...]) -> None:
        """Do what is left, in order."""
        for step in steps[self.acknowledged() :]:
            attempt(lambda step=step: self.do(step))
            with self.history.open("a") as file:
                file.write(json.dumps([step.verb, step.word]) + "\n")
                file.flush()

    def do(self, step: Step) -> None:
        """One step; raises what the product raises."""
        if step.verb == "upload":
            submit(self.scope, text_document(text_of(step.word), title=f"Report {step.word}"))
        elif step.verb == "page":
            submit(self.scope, html_document(f"Page {step.word}", text_of(step.word).replace("\n\n", "|"), url=PAGE))
        elif step.verb == "delete":
            self.delete(step.word)
        elif step.verb == "book":
            self.send_book(step.word)
        elif step.verb == "source":
            add_source(self.scope, NewSource(url=f"{self.site}/{FEED}", kind="feed"))
        else:
            settle(self.runtime)

    def send_book(self, word: str) -> None:
        """A book in three parts; one that was begun by an earlier try goes on where it is."""
        content = long_pdf(BOOK_PAGES)
        title = f"Report {word}"
        known = [upload for upload in list_unfinished(self.scope) if upload.title == title]
        upload = known[0] if known else begin(self.scope, NewUpload(len(content), f"{word}.pdf", title))
        while upload.document_id is None:
            part = content[upload.received : upload.received + len(content) // 3 + 1]
            upload = append(self.scope, upload.id, upload.received, part)

    def delete(self, word: str) -> None:
        """Delete a document if an earlier try, whose answer nobody saw, did not."""
        with self.scope.read() as tx:
            wanted = tx.select(Document).where(Document.title == f"Report {word}", Document.status != "deleting")
            document = tx.session.scalars(wanted).one_or_none()
        if document is not None:
            delete_document(self.scope, document.id)


def attempt(do: Callable[[], None]) -> None:
    """Try a few times, as a client does that got an error."""
    for left in reversed(range(TRIES)):
        try:
            return do()
        except Exception:
            if not left:
                raise


def settle(runtime: Runtime) -> None:
    """Clock and workers until no job is open."""
    deadline = time.monotonic() + (STEPPED_SECONDS if clock_step() else SETTLE_SECONDS)
    while time.monotonic() < deadline:
        attempt(lambda: beat(runtime))
        with runtime.session(write=False) as (session, _):
            open_jobs = session.query(Job).where(Job.status.in_(("queued", "running"))).count()
        if not open_jobs:
            return
        time.sleep(0.05)
        if clock_step():
            deadline = min(deadline, time.monotonic() + STEPPED_SECONDS)
    if not clock_step():
        raise AssertionError("the work did not end")


def clock_step() -> float:
    """Seconds by which a fault moved this process's clock."""
    return float(getattr(base.datetime, "step_seconds", 0.0))


def beat(runtime: Runtime) -> None:
    """One round of the clock and of every lane."""
    enqueue_due(runtime)
    tick(runtime)
    for queue in ("crawl", "interactive", "ingest", "maintenance"):
        work(runtime, queue, HANDLERS)


def hurry() -> None:
    """Try failed jobs again at once, and run the crawl process under the same faults as ourselves."""
    services.jobs.claim.FIRST_RETRY_SECONDS = 0.05
    services.sources.jobs.BROKEN_SECONDS = 0.05


def pass_faults_on() -> None:
    """Let the crawl process strike the point too: it starts under tests.chaos.points."""
    words = sys.orig_argv[sys.orig_argv.index("tests.chaos.points") : sys.orig_argv.index("--") + 1]

    def start(command: list[str], **named: Any) -> Any:
        assert command[-1] == "crawler", f"the crawl process is started in a new way: {command}"
        return subprocess.Popen([*command[:-1], *words[:-1], f"--clock={clock_step()}", "--", "crawler"], **named)

    known = vars(subprocess)
    services.sources.jobs.subprocess = SimpleNamespace(**{**known, "Popen": start})  # type: ignore[attr-defined]


def main() -> None:
    """Open the folder of the settings, and do the scenario: `life` or `book TENANT HISTORY`, or `crawl TENANT HISTORY SITE`."""
    scenario, tenant_id, history, *site = sys.argv[1:]
    hurry()
    runtime = open_runtime(load_settings(), with_bell=False)
    runtime.embedder.start()
    runtime.embedder.wait(10)
    if scenario == "crawl":
        pass_faults_on()
    take_back(runtime)
    Life(runtime, tenant_id, Path(history), *site).go(steps_of(scenario))
    runtime.close()

"""One document's work: what is read of it so far, telling how far it is, and leaving it when nobody wants it any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

from services.engines.vectors.base import Vector
from services.ingest import repository
from services.ingest.index.generations import look, remove
from services.ingest.library import repository as library
from services.ingest.types import Article, Bookmark, ChunkSpan
from services.jobs.claim import Batch, Claimed
from services.models import Document
from services.scope import Scope

TITLE_CHARACTERS = 90


class Unwanted(Exception):
    """A person cancelled, paused, replaced or deleted the document that is being read."""


@dataclass(eq=False)
class Work:
    """One document on its way. `row` is a snapshot; the row of record is read again before the end.

    `start`: where the part begins that is read now; `article` is all that was read by its end, `spans` are its chunks.
    """

    job: Claimed
    row: Document
    start: Bookmark = field(default_factory=Bookmark)
    article: Article | None = None
    spans: list[ChunkSpan] = field(default_factory=list)
    vectors: list[Vector | None] = field(default_factory=list)
    milliseconds: dict[str, int] = field(default_factory=dict)
    ocr: dict[str, int] = field(default_factory=dict)

    @property
    def read(self) -> Article:
        """What was read of it."""
        if self.article is None:
            raise RuntimeError("the document was not read yet")
        return self.article

    @property
    def title(self) -> str:
        """The title a person gave, else the one that was read, else the file name."""
        found = self.article.title if self.article else ""
        return self.row.title or found or self.row.filename or first_line(self.article)

    def stages(self, present: str | None = None) -> list[dict[str, Any]]:
        """The steps done, each with its time, and the present one without."""
        steps: list[dict[str, Any]] = [
            {"stage": name, "milliseconds": took} for name, took in self.milliseconds.items()
        ]
        if present:
            steps.append({"stage": present})
        return [{**step, **self.ocr} if step["stage"] == "ocr" else step for step in steps]


def first_line(article: Article | None) -> str:
    """What to call a text that nobody named: how it begins."""
    line = article.text.split("\n", 1)[0] if article else ""
    return shorten(line, TITLE_CHARACTERS, placeholder=" …") or "Untitled"


def waited(job: Claimed, row: Document) -> dict[str, int]:
    """The times before the first step: of the checks at the door, and of waiting for a worker."""
    checks = {step["stage"]: step["milliseconds"] for step in row.stages if step["stage"] == "checking"}
    return {**checks, "waiting": round(job.age.total_seconds() * 1000)}


def tell(batch: Batch, works: Sequence[Work], stage: str) -> list[Work]:
    """Record a stage for several documents in one transaction; returns those that are still wanted, ends the others."""
    batch.go_on()
    with batch.scope.write() as tx:
        wanted = [work for work in works if library.move_on(tx, work.row, stage, work.stages(stage))]
        for work in wanted:
            batch.event(tx, work.job, stage, milliseconds=dict(work.milliseconds))
    for work in works:
        if work not in wanted:
            set_aside(batch, work)
    return wanted


def set_aside(batch: Batch, work: Work) -> None:
    """End the job of a document that is not wanted any more, or put it aside when that is paused.

    Nothing of one that was cancelled, replaced or deleted is left behind.
    """
    scope = batch.scope
    with scope.write() as tx:
        document = repository.current(tx, work.row)
        if document is not None:
            # Resumed meanwhile: from the start, as the vectors that were made are remembered.
            batch.pause(tx, work.job) if document.status == "paused" else batch.defer(tx, work.job, 0)
            return
    leave_nothing(scope, work)
    with scope.write() as tx:
        batch.cancel(tx, work.job)


def leave_nothing(scope: Scope, work: Work) -> None:
    """Take back what was stored for a document that was deleted or replaced while it was worked on; idempotent."""
    with scope.read() as tx:
        document = repository.find(tx, work.row.id)
    newer = document.version if document is not None else None
    scope.runtime.vector_cache.forget([work.row.id], before_version=newer)
    remove(scope, look(scope).all, [work.row.id], before_version=newer)

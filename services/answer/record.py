"""An answer on its way to its row: what was said so far, so that a reload, another reader or a stop finds it.

An answer of rules takes milliseconds and is stored when it is complete. One that the language model writes takes long
enough for people to leave, come back or have enough of it: its row is there from the beginning and grows with every
sentence. The row decides: who stops the answer changes the row, and whoever writes it looks there (docs/adr/0025).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.answer import repository
from services.answer.types import (
    DONE,
    GENERATED,
    NO_SOURCES,
    RUNNING,
    STOPPED,
    AnswerEvent,
    Cited,
    Conflict,
    Conflicts,
    Delta,
    Question,
    Sentence,
    Source,
    Sources,
    Step,
    Usage,
)
from services.engines.llm.base import Cancellation
from services.errors import ModelCancelled, NotFound
from services.models import Answer, utc_now
from services.scope import Scope, Tx

# How long after the model's own deadline a row that says `running` is believed.
GRACE = timedelta(seconds=60)
# How soon whoever writes an answer sees that it was stopped or deleted.
LOOK_SECONDS = 0.25
GONE = "This answer was deleted while it was written, or a document it quotes was."


@dataclass
class Record:
    """What became of a question so far. `asked`: how it is searched, once that is known; `made`: the model's part in it."""

    scope: Scope
    answer_id: str
    thread_id: str
    question: Question
    text: str
    asked: str
    created_at: datetime = field(default_factory=utc_now)
    steps: list[Step] = field(default_factory=list)
    sources: tuple[Source, ...] = ()
    sentences: list[Sentence] = field(default_factory=list)
    conflicts: tuple[Conflict, ...] = ()
    usage: dict[str, object] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def grows(self) -> bool:
        """Whether its row is there from the beginning."""
        return self.question.mode == GENERATED

    def begin(self) -> None:
        """Make the row of an answer that takes its time."""
        with self.scope.write() as tx:
            tx.add(self.row(tx, RUNNING))

    def note(self, event: AnswerEvent) -> None:
        """Take an event over, into the row too where there is one; raises ModelCancelled when it was stopped or deleted."""
        match event:
            case Step():
                self.steps.append(event)
            case Sources(sources):
                self.sources = sources
                self.grow()
            case Delta(_, text):
                self.sentences.append(Sentence(text, ()))
            case Cited(index, citations, support):
                self.sentences[index] = Sentence(self.sentences[index].text, citations, support)
                self.grow()
            case Conflicts(conflicts, _):
                self.conflicts = conflicts
            case Usage(values):
                self.usage = values

    def grow(self) -> None:
        """Write what there is so far."""
        if not self.grows:
            return
        with self.scope.write() as tx:
            row = repository.find(tx, self.answer_id)
            if row is None or row.status != RUNNING:
                raise ModelCancelled(GONE if row is None else "The answer was stopped.")
            self.fill(tx, row)

    def finish(self) -> datetime:
        """Store the answer, without what was deleted meanwhile; returns when it was asked for.

        One that was stopped stays as it was then, with the steps that were taken. Raises NotFound when it was deleted.
        """
        with self.scope.write() as tx:
            row = repository.find(tx, self.answer_id) if self.grows else None
            if row is None:
                if self.grows:
                    raise NotFound(GONE)
                row = self.row(tx, DONE)
                tx.add(row)
            if row.status == STOPPED:
                row.steps, row.usage = [asdict(step) for step in self.steps], self.usage
            else:
                self.fill(tx, row)
                row.status = DONE if row.sentences else NO_SOURCES
                row.mode = str(self.usage["mode"])
                row.usage, row.running_until = self.usage, None
            row.made = self.made or None
        return self.created_at

    def row(self, tx: Tx, status: str) -> Answer:
        """The row of an answer that has nothing yet."""
        return Answer(
            id=self.answer_id,
            thread_id=self.thread_id,
            actor_id=self.scope.actor_id,
            question=self.text,
            asked=self.asked,
            filters=self.question.filters.to_json(),
            status=status,
            mode=self.question.mode,
            sentences=[],
            sources=[],
            conflicts=[],
            steps=[],
            usage={},
            running_until=self.believed_until() if status == RUNNING else None,
            created_at=self.created_at,
        )

    def fill(self, tx: Tx, row: Answer) -> None:
        """Put what there is into a row, without documents that were deleted meanwhile, and link it to the others."""
        live = repository.documents(tx, [source.document.id for source in self.sources])
        row.asked = self.asked
        row.steps = [asdict(step) for step in self.steps]
        row.sources = [source_json(source) for source in self.sources if source.document.id in live]
        row.sentences = [
            asdict(sentence)
            for sentence in self.sentences
            if sentence.citations and all(c.document_id in live for c in sentence.citations)
        ]
        row.conflicts = [
            asdict(conflict)
            for conflict in self.conflicts
            if all(side.citation.document_id in live for side in conflict.sides)
        ]
        if row.status == RUNNING:
            row.running_until = self.believed_until()
        repository.link(tx, row.id, list(live))

    def believed_until(self) -> datetime:
        """When this answer must have said something more."""
        return utc_now() + timedelta(seconds=self.scope.runtime.settings.llm_seconds) + GRACE

    @contextmanager
    def watched(self, cancel: Cancellation) -> Iterator[None]:
        """Inside this block the answer is cancelled as soon as its row says that nobody wants it any more."""
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(LOOK_SECONDS):
                with self.scope.read() as tx:
                    if repository.status(tx, self.answer_id) != RUNNING:
                        cancel.cancel()
                        return

        thread = threading.Thread(target=look, name="answer-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def source_json(source: Source) -> dict[str, object]:
    """A source as it is stored: where it points, not the document's own fields."""
    return {
        "number": source.number,
        "document_id": source.document.id,
        "start": source.start,
        "end": source.end,
        "text": source.text,
        "page": source.page,
    }


def standing(row: Answer) -> str:
    """How an answer stands: one whose writer died counts as stopped."""
    if row.status == RUNNING and (row.running_until is None or row.running_until < utc_now()):
        return STOPPED
    return row.status

"""Following an answer that somebody else began to read: what one has not seen yet, then what comes, from its row.

The row may be written by this process or by another one. An event's id says how much of the answer its reader has seen
by then, so that any gateway can go on from it (Last-Event-ID): `steps.sources.parts`, where each sentence has two parts,
its text and its citations.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.answer.answer import get_answer
from services.answer.record import standing
from services.answer.types import RUNNING, Accepted, AnswerEvent, Cited, Delta, Done, Sources, Step, Usage, Whole
from services.scope import Scope
from services.search.query import Filters

# How often the row is looked at.
LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Seen:
    """How much of an answer its reader has seen."""

    steps: int = 0
    sources: int = 0
    parts: int = 0

    def __str__(self) -> str:
        return f"{self.steps}.{self.sources}.{self.parts}"

    @classmethod
    def read(cls, event_id: str | None) -> Seen:
        """What an event's id says; nothing, where it is none of ours."""
        given = re.fullmatch(r"(\d{1,4})\.([01])\.(\d{1,4})", event_id or "")
        return cls(*map(int, given.groups())) if given else cls()

    def after(self, event: AnswerEvent) -> Seen:
        """What is seen with one more event."""
        match event:
            case Step():
                return replace(self, steps=self.steps + 1)
            case Sources():
                return replace(self, sources=1)
            case Delta() | Cited():
                return replace(self, parts=self.parts + 1)
        return self


def follow(scope: Scope, answer_id: str, seen: Seen, left: threading.Event) -> Iterator[AnswerEvent]:
    """The events that its reader has not seen, until the answer is complete or stopped or `left` is set.

    A sentence of which only the text was seen comes with its citations. Raises NotFound, also when it is deleted meanwhile.
    """
    whole = get_answer(scope, answer_id)
    yield Accepted(answer_id, whole.row.thread_id, whole.row.question, Filters.from_json(whole.row.filters))
    while True:
        for event in unseen(whole, seen):
            seen = seen.after(event)
            yield event
        if standing(whole.row) != RUNNING:
            yield Usage(whole.row.usage)
            yield Done(answer_id, whole.row.created_at)
            return
        if left.wait(LOOK_SECONDS):
            return
        whole = get_answer(scope, answer_id)


def unseen(whole: Whole, seen: Seen) -> Iterator[AnswerEvent]:
    """What an answer has that its reader lacks."""
    for step in whole.row.steps[seen.steps :]:
        yield Step(**step)
    if not seen.sources and whole.sources:
        yield Sources(tuple(whole.sources))
    for part in range(seen.parts, 2 * len(whole.sentences)):
        index, is_citation = divmod(part, 2)
        sentence = whole.sentences[index]
        yield Cited(index, sentence.citations) if is_citation else Delta(index, sentence.text)

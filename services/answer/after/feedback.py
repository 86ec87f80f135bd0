"""What people think of an answer: good or bad, and why. One opinion per person and answer, theirs to change or take back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from services.answer import repository
from services.answer.answer import NOT_FOUND
from services.errors import Forbidden, NotFound
from services.ids import new_id
from services.metrics import ANSWER_FEEDBACK
from services.models import Answer, AnswerFeedback, utc_now
from services.scope import Scope, Tx
from services.search.export import NOT_XML, csv_line, harmless, rfc3339

Rating = Literal["up", "down"]
Reason = Literal["wrong", "unsupported", "missing", "old", "other"]
EXPORTED_AT_ONCE = 500
HEAD = ("given_at", "rating", "reasons", "comment", "question", "mode", "answer_id", "actor_id", "id")


@dataclass(frozen=True)
class Opinion:
    """What somebody says of an answer."""

    rating: Rating
    reasons: tuple[Reason, ...] = ()
    comment: str = ""


class Tally(NamedTuple):
    """How an answer fares: the actor's own opinion, and how many there are of each kind."""

    own: AnswerFeedback | None
    up: int
    down: int


def give(scope: Scope, answer_id: str, opinion: Opinion) -> Tally:
    """Say what the actor thinks of an answer, instead of what they said before. Raises NotFound."""
    with scope.write() as tx:
        check(tx, answer_id)
        row = repository.own_feedback(tx, answer_id, scope.actor_id)
        known = None if row is None else row.rating
        if row is None:
            row = AnswerFeedback(id=new_id("fbk"), answer_id=answer_id, actor_id=scope.actor_id)
            tx.add(row)
        row.rating, row.reasons = opinion.rating, list(opinion.reasons)
        # PostgreSQL stores no NUL, and no file holds half a character.
        row.comment = NOT_XML.sub(" ", opinion.comment).strip()
        row.updated_at = utc_now()
    if known != opinion.rating:
        ANSWER_FEEDBACK.labels(opinion.rating).inc()
    return get_tally(scope, answer_id)


def take_back(scope: Scope, answer_id: str) -> None:
    """Forget what the actor said of an answer; nothing happens when they said nothing. Raises NotFound."""
    with scope.write() as tx:
        check(tx, answer_id)
        row = repository.own_feedback(tx, answer_id, scope.actor_id)
        if row is not None:
            tx.session.delete(row)


def get_tally(scope: Scope, answer_id: str) -> Tally:
    """How an answer fares; raises NotFound."""
    with scope.read() as tx:
        check(tx, answer_id)
        counts = repository.ratings(tx, answer_id)
        return Tally(repository.own_feedback(tx, answer_id, scope.actor_id), counts.get("up", 0), counts.get("down", 0))


def list_feedback(
    scope: Scope, *, rating: Rating | None = None, before: tuple[datetime, str] | None = None, limit: int = 20
) -> tuple[Sequence[tuple[AnswerFeedback, Answer]], int]:
    """Opinions with their answers, the latest first, and how many there are: all, or of one rating. For owners and keys
    that write.

    Raises Forbidden for everybody else: what people say of answers is meant for those who can mend them.
    """
    with scope.read() as tx:
        if repository.role(tx, scope.actor_id) not in ("owner", None):
            raise Forbidden("Only an owner reads what people say of answers.")
        return repository.feedback(tx, before, limit, rating)


def exported_feedback(scope: Scope) -> Iterator[str]:
    """All opinions as CSV, a row at a time; raises what `list_feedback` raises, before anything is written."""
    rows, _ = list_feedback(scope, limit=EXPORTED_AT_ONCE)
    return csv_of(scope, rows)


def csv_of(scope: Scope, rows: Sequence[tuple[AnswerFeedback, Answer]]) -> Iterator[str]:
    """These rows and all that follow them. No cell is a formula."""
    yield "\ufeff" + csv_line(HEAD)
    while rows:
        for row, answer in rows:
            said = (rfc3339(row.updated_at), row.rating, " ".join(row.reasons), row.comment)
            cells = (*said, answer.question, answer.mode, row.answer_id, row.actor_id, row.id)
            yield csv_line([harmless(cell) for cell in cells])
        last, _ = rows[-1]
        rows, _ = list_feedback(scope, before=(last.updated_at, last.id), limit=EXPORTED_AT_ONCE)


def check(tx: Tx, answer_id: str) -> None:
    """Raise NotFound unless there is such an answer."""
    if repository.status(tx, answer_id) is None:
        raise NotFound(NOT_FOUND)

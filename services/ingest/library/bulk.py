"""One action on many documents: those of a list of ids, or those that a filter finds, a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.errors import TidingsError
from services.ingest.documents import DocumentFilter, conditions_of, delete_in
from services.ingest.library import filing, repository, steer
from services.ingest.library.names import clean_folder, clean_tags
from services.ingest.retention.archive import archive, restore
from services.ingest.rows.remove import delete_table, hide_rows
from services.models import Document
from services.scope import Scope, Tx

# Documents that one request may change.
MOST_AT_ONCE = 500
# Documents changed in one transaction: others of the tenant write in between, and a commit's wait is shared.
SLICE = 50


class Action(StrEnum):
    """What can be done with many documents at once."""

    DELETE = "delete"
    MOVE = "move"
    TAG = "tag"
    UNTAG = "untag"
    RETRY = "retry"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    ARCHIVE = "archive"
    RESTORE = "restore"


@dataclass(frozen=True)
class Order:
    """An action and what goes with it: the folder of a move, the tags of `tag` and `untag`.

    `rows`: to delete a table is to delete the documents of its rows, too.
    """

    action: Action
    folder: str = ""
    tags: tuple[str, ...] = ()
    rows: bool = False


@dataclass(frozen=True)
class Outcome:
    """How it went for one document: None, or why it was not done."""

    document_id: str
    refusal: TidingsError | None = None


def act_on(scope: Scope, document_ids: Sequence[str], order: Order) -> list[Outcome]:
    """Do it to each of these documents, by itself: one refusal changes nothing for the others.

    Raises InvalidInput for a folder or tags that no document could have.
    """
    act = action_of(order)
    ids = list(dict.fromkeys(document_ids))
    outcomes: list[Outcome] = []
    for start in range(0, len(ids), SLICE):
        with scope.write() as tx:
            outcomes += [one(tx, document_id, act) for document_id in ids[start : start + SLICE]]
    if order.action is Action.DELETE and order.rows:
        for outcome in outcomes:
            if outcome.refusal is None:
                hide_rows(scope, outcome.document_id)
    return outcomes


def act_on_filter(
    scope: Scope, wanted: DocumentFilter, order: Order, *, before: tuple[datetime, str] | None = None
) -> tuple[list[Outcome], tuple[datetime, str] | None]:
    """Do it to the next MOST_AT_ONCE documents that the filter finds, the latest first; and where to go on, or None."""
    with scope.read() as tx:
        found = repository.ids_before(tx, conditions_of(tx, wanted), before, MOST_AT_ONCE)
    outcomes = act_on(scope, [document_id for document_id, _ in found], order)
    return outcomes, (found[-1][1], found[-1][0]) if len(found) == MOST_AT_ONCE else None


def one(tx: Tx, document_id: str, act: Callable[[Tx, Document], None]) -> Outcome:
    """Do it to one. Refusals are raised before anything is changed, so the transaction holds for the others."""
    try:
        act(tx, steer.find(tx, document_id))
    except TidingsError as error:
        if error.status >= 500:
            raise
        return Outcome(document_id, error)
    return Outcome(document_id)


def action_of(order: Order) -> Callable[[Tx, Document], None]:
    """What an order does to one document."""
    folder, tags = clean_folder(order.folder), clean_tags(order.tags)

    def move(_: Tx, document: Document) -> None:
        document.folder = folder

    actions: dict[Action, Callable[[Tx, Document], None]] = {
        Action.DELETE: delete_table if order.rows else delete_in,
        Action.MOVE: move,
        Action.TAG: lambda tx, document: filing.add_tags(tx, document, tags),
        Action.UNTAG: lambda tx, document: filing.remove_tags(tx, document, tags),
        Action.RETRY: steer.retry,
        Action.CANCEL: steer.cancel,
        Action.PAUSE: steer.pause,
        Action.RESUME: steer.resume,
        Action.ARCHIVE: archive,
        Action.RESTORE: restore,
    }
    return actions[order.action]

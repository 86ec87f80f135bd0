"""Folders, tags, and actions on documents, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ConfigDict, Field, model_validator

from api.schemas.common import Moment, Request, Resource
from api.schemas.documents import DocumentType, Failure, Status
from api.schemas.search import MAX_VALUES, Values
from services.ingest.documents import DocumentFilter
from services.ingest.library.bulk import MOST_AT_ONCE, Action, Order, Outcome
from services.ingest.library.names import MAX_FOLDER, MAX_TAGS


class DocumentUpdate(Request):
    """Where a document lies and which tags it has; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"folder": "Reports/2026", "tags": ["budget"]}]})
    folder: str | None = Field(None, max_length=MAX_FOLDER, description="A path; empty takes it out of its folder.")
    tags: Values | None = Field(None, max_length=MAX_TAGS, description="In place of those it has.")


class DocumentRetry(Request):
    """How to read a document again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "open sesame"}]})
    password: str | None = Field(
        None, max_length=500, repr=False, description="Opens an encrypted PDF; kept, encrypted, until it was read."
    )


class DocumentSelection(Request):
    """Conditions on documents, as the list of documents takes them. Values of one name are alternatives."""

    status: list[Status] = Field(default_factory=list, max_length=MAX_VALUES)
    type: DocumentType | None = None
    source: str | None = Field(None, max_length=300)
    q: str | None = Field(None, max_length=300, description="Words of the title or file name.")
    folder: Values = Field(default_factory=list, max_length=MAX_VALUES, description="With the folders below.")
    tag: Values = Field(default_factory=list, max_length=MAX_VALUES)
    parent_id: str | None = Field(None, max_length=40, description="The table whose rows are meant.")
    seen_before: Moment | None = Field(None, description="First seen before this time: what came since is left alone.")

    def to_filter(self) -> DocumentFilter:
        """The product's filter."""
        return DocumentFilter(
            status=tuple(self.status),
            type=self.type,
            source=self.source,
            words=self.q,
            folder=tuple(self.folder),
            tag=tuple(self.tag),
            parent_id=self.parent_id,
            seen_before=self.seen_before,
        )


class DocumentAction(Request):
    """What to do with which documents: those of `ids`, or those that `filter` finds, some hundred at a time."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"action": "tag", "tags": ["budget"], "ids": ["doc_01kah4x6m5q0t3v8w9y2z7c1e4"]},
                {"action": "move", "folder": "Archive", "filter": {"folder": ["Reports/2025"]}},
            ]
        }
    )
    action: Action
    ids: Values | None = Field(None, min_length=1, max_length=MOST_AT_ONCE)
    filter: DocumentSelection | None = None
    folder: str | None = Field(None, max_length=MAX_FOLDER, description="For `move`; empty takes them out of theirs.")
    tags: Values | None = Field(None, min_length=1, max_length=MAX_TAGS, description="For `tag` and `untag`.")
    rows: bool = Field(False, description="For `delete`: the documents of a table's rows go with it.")
    cursor: str | None = Field(None, max_length=1000, description="`next_cursor` of the request before, for a filter.")

    @model_validator(mode="after")
    def says_which_and_what(self) -> DocumentAction:
        """Exactly one of `ids` and `filter`, and what the action needs."""
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or filter")
        if self.cursor is not None and self.filter is None:
            raise ValueError("a cursor goes with a filter")
        if (self.folder is not None) != (self.action is Action.MOVE):
            raise ValueError("give folder with move, and only then")
        if (self.tags is not None) != (self.action in (Action.TAG, Action.UNTAG)):
            raise ValueError("give tags with tag and untag, and only then")
        if self.rows and self.action is not Action.DELETE:
            raise ValueError("give rows only with delete")
        return self

    def to_order(self) -> Order:
        """The product's order."""
        return Order(self.action, self.folder or "", tuple(self.tags or ()), self.rows)


class ActionOutcome(Resource):
    """How it went for one document. `error` null: done."""

    id: str
    error: Failure | None


class ActionResult(Resource):
    """How it went. `next_cursor`: the filter finds more; send the same request with it, until it is null."""

    done: int
    refused: int
    data: list[ActionOutcome]
    next_cursor: str | None


class FolderResource(Resource):
    """A folder. The one with the empty path stands for the documents in none."""

    folder: str
    count: int = Field(description="Documents in the folder itself.")
    total: int = Field(description="Documents in it and in those below.")


class TagResource(Resource):
    """A tag and how many documents have it."""

    tag: str
    count: int


def action_result(outcomes: Sequence[Outcome], next_cursor: str | None) -> ActionResult:
    """The API's view of what was done."""
    refused = [outcome for outcome in outcomes if outcome.refusal]
    data = [
        ActionOutcome(
            id=outcome.document_id,
            error=Failure(code=outcome.refusal.code, detail=outcome.refusal.detail) if outcome.refusal else None,
        )
        for outcome in outcomes
    ]
    return ActionResult(done=len(outcomes) - len(refused), refused=len(refused), data=data, next_cursor=next_cursor)

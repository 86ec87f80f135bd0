"""The one filter grammar: the same names in the UI's URL, the query string, the POST body and the command line."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, func, not_

from services.engines.vectors.base import VectorFilter
from services.errors import InvalidInput
from services.ingest.library.repository import Rows, in_folders, tagged
from services.models import Document
from services.scope import Tx

MAX_QUERY_CHARACTERS = 2000
# How deep a result list can be paged through.
WINDOW = 200
# Chunks put in order when the newest are asked for. All that fits is among them; see LEAST_SHARE in search.py.
NEWEST_WINDOW = 600
# Whatever becomes ready was first seen not much earlier; so the index by that date can be used, there is none by the other.
LONGEST_READING = timedelta(days=2)


class Sort(StrEnum):
    """Order of hits."""

    BEST = "best"
    NEWEST = "newest"


@dataclass(frozen=True)
class Filters:
    """Conditions on documents. Values of one name are alternatives, names must all hold, `not_` excludes.

    Dates look at publication, else at when the document was first seen; from is included, before excluded. A folder
    includes those below it; its empty path is for documents in none.
    """

    source: tuple[str, ...] = ()
    lang: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    not_source: tuple[str, ...] = ()
    not_lang: tuple[str, ...] = ()
    not_type: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    not_category: tuple[str, ...] = ()
    folder: tuple[str, ...] = ()
    not_folder: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    not_tag: tuple[str, ...] = ()
    published_after: datetime | None = None
    published_before: datetime | None = None
    # Runs of words that must all be in the text or the title, and those that must not; see exact.py, which turns them
    # into the ids of documents. `document_ids` None: any.
    phrases: tuple[str, ...] = ()
    not_phrases: tuple[str, ...] = ()
    document_ids: tuple[str, ...] | None = None
    not_document_ids: tuple[str, ...] = ()
    # What could be found only after this moment, new or changed.
    ready_after: datetime | None = None

    def for_engine(self) -> VectorFilter:
        """The same conditions for the vector store, folders and tags aside: it does not know them (`shelves`)."""
        return VectorFilter(
            sources=self.source,
            languages=self.lang,
            types=self.type,
            excluded_sources=self.not_source,
            excluded_languages=self.not_lang,
            excluded_types=self.not_type,
            categories=self.category,
            excluded_categories=self.not_category,
            dated_from=self.published_after,
            dated_to=self.published_before,
            # No document has an empty id, and no ids at all would mean any.
            document_ids=() if self.document_ids is None else self.document_ids or ("",),
            excluded_document_ids=self.not_document_ids,
        )

    @property
    def shelves(self) -> bool:
        """Whether there are conditions on what only the rows know, such as what people made of documents."""
        return bool(self.folder or self.not_folder or self.tag or self.not_tag or self.ready_after)

    def for_rows(self, tx: Tx, *, rows: Rows = Document) -> list[ColumnElement[bool]]:
        """The same conditions for document rows, or an alias of them."""
        conditions: list[ColumnElement[bool]] = []
        for name, attribute in FACETS.items():
            column = getattr(rows, attribute)
            wanted, unwanted = getattr(self, name), getattr(self, f"not_{name}")
            if wanted:
                conditions.append(column.in_(wanted))
            if unwanted:
                conditions.append(column.not_in(unwanted) | column.is_(None))
        for name, on_shelf in (("folder", partial(in_folders, rows=rows)), ("tag", partial(tagged, tx, rows=rows))):
            wanted, unwanted = getattr(self, name), getattr(self, f"not_{name}")
            conditions += [on_shelf(wanted)] if wanted else []
            conditions += [not_(on_shelf(unwanted))] if unwanted else []
        if self.document_ids is not None:
            conditions.append(rows.id.in_(self.document_ids))
        if self.not_document_ids:
            conditions.append(rows.id.not_in(self.not_document_ids))
        dated_at = func.coalesce(rows.published_at, rows.first_seen_at, type_=Document.first_seen_at.type)
        if self.published_after:
            conditions.append(dated_at >= self.published_after)
        if self.published_before:
            conditions.append(dated_at < self.published_before)
        if self.ready_after:
            conditions += [
                rows.ready_at > self.ready_after,
                rows.first_seen_at > self.ready_after - LONGEST_READING,
            ]
        return conditions

    def without(self, facet: str) -> Filters:
        """All but what narrows one facet."""
        none: dict[str, Any] = {facet: (), f"not_{facet}": ()}
        return replace(self, **none)

    def and_also(self, other: Filters) -> Filters:
        """Both: values of one name together are alternatives, of the dates the narrower ones hold."""
        lists = (*FACET_NAMES, *(f"not_{name}" for name in FACET_NAMES), "phrases", "not_phrases")
        values: dict[str, Any] = {
            name: tuple(dict.fromkeys((*getattr(self, name), *getattr(other, name)))) for name in lists
        }
        after = [each for each in (self.published_after, other.published_after) if each]
        before = [each for each in (self.published_before, other.published_before) if each]
        values |= {"published_after": max(after, default=None), "published_before": min(before, default=None)}
        return replace(self, **values)

    def to_json(self) -> dict[str, Any]:
        """The conditions that are set, as JSON values."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: value.isoformat()
            if isinstance(value, datetime)
            else list(value)
            if isinstance(value, tuple)
            else value
            for name, value in values.items()
            if value
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Filters:
        """What `to_json` wrote."""
        times = ("published_after", "published_before", "ready_after")
        read: dict[str, Any] = {
            name: datetime.fromisoformat(value) if name in times else tuple(value) for name, value in values.items()
        }
        return cls(**read)


# The facets that are columns of documents, in the order in which people look at them.
FACETS = {"source": "source", "category": "category", "lang": "language", "type": "type"}
# All that one can filter by the value of; a document lies in its folder and those above, and may have several tags.
FACET_NAMES = (*FACETS, "folder", "tag")


@dataclass(frozen=True)
class Query:
    """What to search for. An empty text lists the newest documents that meet the filters.

    `fold`: copies of one text are one hit.
    """

    text: str = ""
    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.BEST
    limit: int = 20
    offset: int = 0
    fold: bool = True


def clean_text(text: str) -> str:
    """A query's text in normal form (NFKC), without control characters. Raises InvalidInput when it is too long."""
    if len(text) > MAX_QUERY_CHARACTERS:
        raise InvalidInput(f"The query has {len(text)} characters; the limit is {MAX_QUERY_CHARACTERS}. Shorten it.")
    normal = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode())
    return " ".join("".join(c if c.isprintable() else " " for c in normal).split())

"""The one filter grammar: the same names in the UI's URL, the query string, the POST body and the command line."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func

from services.engines.vectors.base import VectorFilter
from services.errors import InvalidInput
from services.models import Document

MAX_QUERY_CHARACTERS = 2000
# How deep a result list can be paged through.
WINDOW = 200
# Chunks put in order when the newest are asked for. All that fits is among them; see LEAST_SHARE in search.py.
NEWEST_WINDOW = 600


# The documents table, or an alias of it.
Rows = type[Document]


class Sort(StrEnum):
    """Order of hits."""

    BEST = "best"
    NEWEST = "newest"


@dataclass(frozen=True)
class Filters:
    """Conditions on documents. Values of one name are alternatives, names must all hold, `not_` excludes.

    Dates look at publication, else at when the document was first seen; from is included, before excluded.
    """

    source: tuple[str, ...] = ()
    lang: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    not_source: tuple[str, ...] = ()
    not_lang: tuple[str, ...] = ()
    not_type: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    not_category: tuple[str, ...] = ()
    published_after: datetime | None = None
    published_before: datetime | None = None

    def for_engine(self) -> VectorFilter:
        """The same conditions for the vector store."""
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
        )

    def for_rows(self, *, without: str | None = None, rows: Rows = Document) -> list[ColumnElement[bool]]:
        """The same conditions for document rows, or an alias of them; `without` leaves out one facet's own values."""
        conditions: list[ColumnElement[bool]] = []
        for name, attribute in FACETS.items():
            column = getattr(rows, attribute)
            wanted, unwanted = getattr(self, name), getattr(self, f"not_{name}")
            if wanted and name != without:
                conditions.append(column.in_(wanted))
            if unwanted and name != without:
                conditions.append(column.not_in(unwanted) | column.is_(None))
        dated_at = func.coalesce(rows.published_at, rows.first_seen_at, type_=Document.first_seen_at.type)
        if self.published_after:
            conditions.append(dated_at >= self.published_after)
        if self.published_before:
            conditions.append(dated_at < self.published_before)
        return conditions

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


# The facets, in the order in which people look at them, and the columns of documents behind them.
FACETS = {"source": "source", "category": "category", "lang": "language", "type": "type"}


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

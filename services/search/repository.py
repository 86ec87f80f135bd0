"""SQL of the search slice. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    case,
    cast,
    exists,
    extract,
    func,
    or_,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased, undefer

from services.engines.vectors.base import collection_name
from services.ingest.library.filing import ancestry
from services.ingest.repository import is_searchable
from services.ingest.types import ROWS
from services.models import NOW, Document, DocumentTag, Tenant
from services.models.document import Chunk
from services.scope import TENANT, Tx, prepared, prepared_tenant
from services.search.query import FACETS
from services.search.types import Copies

# A text's root is its own id, or that of its original.
ROOT_COLUMNS = (Document.id, Document.original_id)
HOUR_SECONDS = 3600
# Chunks of a document whose text is cut once per chunk, by the statement that finds them. The database reads the whole
# text for each cut, and 200 chunks of one book of 10 MB took 1.8 s: of longer documents one cut is made in a second one.
SHORT_CHUNKS = 64
# From the year 1 to 1970; a whole number of hours.
YEAR_ONE_SECONDS = 62_135_596_800
DATED_AT = func.coalesce(Document.published_at, Document.first_seen_at, type_=Document.first_seen_at.type)


def live(rows: type[Document] = Document) -> tuple[ColumnElement[bool], ...]:
    """What every read of documents asks for: they are searchable, their time is not over, and they have a text of their own."""
    unexpired = or_(rows.expires_at.is_(None), rows.expires_at > NOW)
    return is_searchable(rows), unexpired, rows.type != ROWS


def root(rows: type[Document] = Document) -> ColumnElement[str]:
    """The id that all copies of a text share: that of the original."""
    return func.coalesce(rows.original_id, rows.id)


class Standing(NamedTuple):
    """The part of a live document's row that ranking and rights look at: a whole row costs ten times as much to load."""

    id: str
    version: int
    chunk_count: int
    language: str | None
    title: str
    original_id: str | None
    dated_at: datetime
    directives: list[str]
    max_snippet: int | None


@dataclass(frozen=True)
class ChunkText:
    """A chunk's span in its document's text, and the text there."""

    start: int
    end: int
    text: str


GENERATION = prepared_tenant(Tenant.generation)


def collection(tx: Tx) -> str:
    """The name of the tenant's live collection."""
    [(generation,)] = tx.rows(GENERATION)
    return collection_name(tx.tenant_id, generation)


STANDING = prepared(
    Document,
    *(Document.id, Document.version, Document.chunk_count, Document.language, Document.title),
    *(Document.original_id, DATED_AT, Document.directives, Document.max_snippet),
).where(*live(), Document.id.in_(bindparam("ids", expanding=True)))


def standing(tx: Tx, document_ids: Collection[str], conditions: Sequence[ColumnElement[bool]]) -> dict[str, Standing]:
    """Those of the documents that are live and meet the conditions, by id."""
    rows = tx.rows(STANDING.where(*conditions) if conditions else STANDING, ids=list(document_ids))
    return {row[0]: Standing(*row) for row in rows}


# The chunks that are asked for, as pairs of document and ordinal, and those documents; both in their present version.
CHOSEN = (
    *live(),
    Document.id.in_(bindparam("ids", expanding=True)),
    tuple_(Chunk.document_id, Chunk.ordinal).in_(bindparam("chunks", expanding=True)),
)
SAME = and_(Chunk.document_id == Document.id, Chunk.version == Document.version, Chunk.tenant_id == TENANT)
OWN_TEXT = func.substr(Document.text, Chunk.start + 1, Chunk.end - Chunk.start)
CHUNK_TEXTS = (
    prepared(
        Document,
        *(Document.id, Chunk.ordinal, Chunk.start, Chunk.end),
        case((Document.chunk_count <= bindparam("short"), OWN_TEXT)),
    )
    .join(Chunk, SAME)
    .where(*CHOSEN)
)
# Of each document one cut, from its first chosen chunk to its last.
BOUNDS = (
    prepared(
        Document,
        Document.id.label("id"),
        func.min(Chunk.start).label("first"),
        func.max(Chunk.end).label("last"),
    )
    .join(Chunk, SAME)
    .where(*CHOSEN)
    .group_by(Document.id)
    .subquery()
)
LONG_TEXTS = prepared(
    Document,
    Document.id,
    BOUNDS.c.first,
    func.substr(Document.text, BOUNDS.c.first + 1, BOUNDS.c.last - BOUNDS.c.first),
).join(BOUNDS, BOUNDS.c.id == Document.id)


def chunk_texts(tx: Tx, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], ChunkText]:
    """Chunks of live documents as they are now, by document id and ordinal. Cost: see SHORT_CHUNKS."""
    if not wanted:
        return {}
    ids = list({document_id for document_id, _ in wanted})
    rows = tx.rows(CHUNK_TEXTS, ids=ids, chunks=list(wanted), short=SHORT_CHUNKS)
    long_ids = list({row[0] for row in rows if row[4] is None})
    cuts = tx.rows(LONG_TEXTS, ids=long_ids, chunks=list(wanted)) if long_ids else ()
    long = {document_id: (start, text) for document_id, start, text in cuts}
    return {
        (document_id, ordinal): ChunkText(start, end, slice_of(long[document_id], start, end) if text is None else text)
        for document_id, ordinal, start, end, text in rows
        if text is not None or document_id in long
    }


def slice_of(cut: tuple[int, str], start: int, end: int) -> str:
    """Characters [start, end) of a text, from a cut of it and where that begins."""
    offset, text = cut
    return text[start - offset : end - offset]


def newest(
    tx: Tx, conditions: Sequence[ColumnElement[bool]], *, offset: int, limit: int, lead: int
) -> tuple[list[tuple[Document, str]], int]:
    """Live documents by date with the first `lead` characters of their text, and how many there are in all."""
    wanted = (*live(), *conditions)
    total = tx.session.scalar(tx.select_columns(Document, func.count()).where(*wanted)) or 0
    statement = (
        tx.select(Document).where(*wanted).order_by(DATED_AT.desc(), Document.id.desc()).offset(offset).limit(limit)
    )
    rows: Any = tx.session.execute(statement.add_columns(func.substr(Document.text, 1, lead)))
    return [(document, text or "") for document, text in rows], total


def newest_ids(
    tx: Tx, conditions: Sequence[ColumnElement[bool]], among: Collection[str] | None, limit: int
) -> list[str]:
    """Live documents by date, the newest first; of `among` only, unless it is None."""
    wanted = (*live(), *conditions) if among is None else (*live(), *conditions, Document.id.in_(among))
    statement = tx.select_columns(Document, Document.id).where(*wanted)
    return list(tx.session.scalars(statement.order_by(DATED_AT.desc(), Document.id.desc()).limit(limit)))


def texts(tx: Tx, document_ids: Collection[str]) -> Sequence[tuple[str, str, str | None]]:
    """Id, title and text of documents."""
    statement = tx.select_columns(Document, Document.id, Document.title, Document.text)
    return [
        (id_, title, text) for id_, title, text in tx.session.execute(statement.where(Document.id.in_(document_ids)))
    ]


class Lead(NamedTuple):
    """The title and the beginning of a document, and what its publisher allows."""

    title: str
    text: str
    directives: list[str]
    max_snippet: int | None


def leads(tx: Tx, limit: int, characters: int) -> list[Lead]:
    """The newest live documents."""
    columns = (Document.title, func.substr(Document.text, 1, characters), Document.directives, Document.max_snippet)
    statement = tx.select_columns(Document, *columns).where(*live()).order_by(DATED_AT.desc(), Document.id.desc())
    return [Lead(title, text or "", *rights) for title, text, *rights in tx.session.execute(statement.limit(limit))]


def languages(tx: Tx) -> list[str | None]:
    """The languages of the library's documents, None among them where one is not known."""
    return list(tx.session.scalars(tx.select_columns(Document, Document.language).where(*live()).distinct()))


def is_first_of_fold(
    tx: Tx, matching: Callable[[type[Document]], Sequence[ColumnElement[bool]]]
) -> ColumnElement[bool]:
    """Of the live documents that match, one per text: the original, else the copy that was first seen.

    Most documents are originals, which this costs nothing.
    """
    other = aliased(Document)
    ours = (other.tenant_id == tx.tenant_id, *live(other), *matching(other))
    original = exists().where(other.id == Document.original_id, *ours)
    position, others = tuple_(Document.first_seen_at, Document.id), tuple_(other.first_seen_at, other.id)
    earlier = exists().where(other.original_id == Document.original_id, others < position, *ours)
    return or_(Document.original_id.is_(None), and_(~original, ~earlier))


REPEATED = (
    prepared(Document, Document.original_id)
    .where(Document.original_id.in_(bindparam("roots", expanding=True)))
    .limit(1)
)


def copies(tx: Tx, shown: Sequence[Document], limit: int) -> dict[str, Copies]:
    """By id of a shown document, the other live documents with its text, whatever was filtered; `limit` of them listed."""
    roots = {document.original_id or document.id: document for document in shown}
    are_originals = len(roots) == len(shown) and not any(document.original_id for document in shown)
    # Most texts have no copies, which one look-up in an index says.
    if are_originals and not tx.rows(REPEATED, roots=list(roots)):
        return {}
    # Two look-ups in two indexes: SQLite reads the whole table for a condition that joins them with OR.
    members = union_all(*(tx.select_columns(Document, Document.id).where(column.in_(roots)) for column in ROOT_COLUMNS))
    others = (*live(), Document.id.in_(members), Document.id.not_in([document.id for document in shown]))
    families = tx.select_columns(Document, root(), Document.family, func.count()).where(*others)
    counts: dict[str, dict[str, int]] = {}
    for original_id, family, count in tx.rows(families.group_by(root(), Document.family)):
        counts.setdefault(original_id, {})[family] = count
    if not counts:
        return {}
    place = func.row_number().over(partition_by=root(), order_by=(Document.first_seen_at, Document.id))
    ranked = tx.select_columns(Document, Document.id, place.label("place")).where(*others).subquery()
    first = tx.select(Document).join(ranked, ranked.c.id == Document.id).where(ranked.c.place <= limit)
    listed: dict[str, list[Document]] = {}
    for row in tx.session.scalars(first.order_by(Document.first_seen_at, Document.id)):
        listed.setdefault(row.original_id or row.id, []).append(row)
    return {
        roots[original_id].id: Copies(
            count=sum(by_family.values()),
            outlets=len(by_family.keys() - {roots[original_id].family}),
            documents=tuple(listed.get(original_id, ())),
        )
        for original_id, by_family in counts.items()
    }


class Counted(NamedTuple):
    """The part of a live document's row that counting looks at. `values`: by the name of a facet."""

    id: str
    version: int
    root: str
    dated_at: datetime
    first_seen_at: datetime
    values: dict[str, tuple[str, ...]]


def counted(tx: Tx, document_ids: Collection[str], conditions: Sequence[ColumnElement[bool]]) -> list[Counted]:
    """Those of the documents that are live and meet the conditions."""
    columns = (Document.id, Document.version, root(), DATED_AT, Document.first_seen_at)
    facets = [getattr(Document, column) for column in FACETS.values()]
    statement = tx.select_columns(Document, *columns, Document.folder, Document.tags, *facets)
    rows = tx.session.execute(statement.where(*live(), Document.id.in_(document_ids), *conditions))
    return [
        Counted(
            id_,
            version,
            of,
            dated_at,
            seen_at,
            {
                **{name: () if value is None else (value,) for name, value in zip(FACETS, values, strict=True)},
                "folder": tuple(ancestry(folder)) if folder else (),
                "tag": tuple(tags),
            },
        )
        for id_, version, of, dated_at, seen_at, folder, tags, *values in rows
    ]


def count_roots(tx: Tx, conditions: Sequence[ColumnElement[bool]]) -> int:
    """How many live documents meet the conditions, copies of one text counted once."""
    return (
        tx.session.scalar(tx.select_columns(Document, func.count(root().distinct())).where(*live(), *conditions)) or 0
    )


def by_hour(tx: Tx, conditions: Sequence[ColumnElement[bool]], offset: int) -> dict[int, int]:
    """How many live documents are of each hour, as hours since 1970 by a clock `offset` seconds east of UTC."""
    # From the year 1 on: the quotient of a negative number is rounded up.
    seconds = cast(extract("epoch", DATED_AT), BigInteger) + (YEAR_ONE_SECONDS + offset)
    hour = (seconds // HOUR_SECONDS).label("hour")
    statement = tx.select_columns(Document, hour, func.count()).where(*live(), *conditions).group_by("hour")
    return {int(each) - YEAR_ONE_SECONDS // HOUR_SECONDS: count for each, count in tx.session.execute(statement)}


def facet(tx: Tx, name: str, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[tuple[str, int]]:
    """How many live documents have each value of a facet, most first; copies of one text count once per value."""
    if name not in FACETS:
        return (folder_facet if name == "folder" else tag_facet)(tx, conditions, limit)
    column = getattr(Document, FACETS[name])
    count = func.count(root().distinct()).label("count")
    statement = tx.select_columns(Document, column, count).where(*live(), column.is_not(None), *conditions)
    rows = tx.session.execute(statement.group_by(column).order_by(count.desc(), column).limit(limit))
    return [(value, number) for value, number in rows]


def tag_facet(tx: Tx, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[tuple[str, int]]:
    """As `facet`, for the tags of documents."""
    own = and_(DocumentTag.document_id == Document.id, DocumentTag.tenant_id == tx.tenant_id)
    count = func.count(root().distinct()).label("count")
    statement = tx.select_columns(Document, DocumentTag.tag, count).join(DocumentTag, own).where(*live(), *conditions)
    rows = tx.session.execute(statement.group_by(DocumentTag.tag).order_by(count.desc(), DocumentTag.tag).limit(limit))
    return [(value, number) for value, number in rows]


def folder_facet(tx: Tx, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[tuple[str, int]]:
    """How many live documents lie in each folder or below it, the first `limit` in order of the alphabet."""
    counts: Counter[str] = Counter()
    in_a_folder = (*live(), Document.folder != "", *conditions)
    copies = func.count(root().distinct())
    rows = tx.session.execute(
        tx.select_columns(Document, Document.folder, copies).where(*in_a_folder).group_by(Document.folder)
    )
    for folder, count in rows:
        for path in ancestry(folder):
            counts[path] += count
    return in_tree_order(counts)[:limit]


def in_tree_order(counts: Counter[str]) -> list[tuple[str, int]]:
    """Folders with their counts, each before those in it."""
    return sorted(counts.items(), key=lambda each: each[0].lower().split("/"))


def live_ids(tx: Tx, conditions: Sequence[ColumnElement[bool]]) -> Sequence[str]:
    """Ids of the live documents that meet the conditions."""
    return tx.session.scalars(tx.select_columns(Document, Document.id).where(*live(), *conditions)).all()


def page_of(pages: Sequence[dict[str, Any]], position: int) -> int | None:
    """The number of the page that holds a character position, from the document's page spans."""
    for page in reversed(pages):
        if page["start"] <= position:
            return int(page["number"])
    return None


PAGED = (
    prepared(Document, Document)
    .options(undefer(Document.pages))
    .where(*live(), Document.id.in_(bindparam("ids", expanding=True)))
)


def paged_documents(tx: Tx, document_ids: Collection[str]) -> dict[str, Document]:
    """Live documents with their page spans, by id; one that is gone is left out."""
    return {document.id: document for document in tx.entities(PAGED, ids=list(document_ids))}

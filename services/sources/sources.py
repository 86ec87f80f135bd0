"""Sources as people keep them: add, change, pause, remove, list; and the OPML that carries them elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, or_
from sqlalchemy.exc import IntegrityError

from services.errors import InvalidInput, NotFound, TidingsError
from services.ids import new_id
from services.ingest import repository as documents
from services.ingest.documents import delete_in
from services.ingest.library.names import clean_line
from services.ingest.tombstones import refuse_taken_down
from services.ingest.urls import normalise_url
from services.jobs.events import Event, subject_events
from services.models import CrawlItem, CrawlRun, Document, Source, utc_now
from services.scope import Scope
from services.sources import repository
from services.sources.formats.opml import Outline, read_opml, write_opml

NOT_FOUND = "No such source; it may have been removed."
MAX_SOURCES = 5000
LOG_EVENTS = 200


@dataclass(frozen=True)
class NewSource:
    """What a person says of a source to add. `url` is the address that is polled."""

    url: str
    kind: str
    title: str = ""
    site_url: str | None = None
    folder: str | None = None
    category: str | None = None


@dataclass(frozen=True)
class SourceFilter:
    """Which sources to list; None means any. `words` must occur in the title or address, in any case."""

    folder: str | None = None
    kind: str | None = None
    paused: bool | None = None
    words: str | None = None


def add_source(scope: Scope, new: NewSource) -> tuple[Source, bool]:
    """Add a source, due at once; the source, and whether it was there already. Idempotent by address.

    Raises: InvalidInput for an address that is none, or past MAX_SOURCES; EgressDenied for one that is never fetched;
    Conflict for a domain that was taken down.
    """
    url = normalise_url(new.url)
    scope.runtime.egress.check(url)
    digest = address_digest(url)
    row = Source(
        id=new_id("src"),
        kind=new.kind,
        url=url,
        url_digest=digest,
        site_url=new.site_url,
        title=clean_line(new.title)[:300] or (urlsplit(url).hostname or url),
        folder=clean_line(new.folder)[:100] if new.folder else None,
        category=new.category,
        created_at=utc_now(),
        next_poll_at=utc_now(),
    )
    try:
        with scope.write() as tx:
            known = repository.find_by_digest(tx, digest)
            if known is not None:
                return known, True
            refuse_taken_down(tx, url)
            if repository.count_sources(tx) >= MAX_SOURCES:
                raise InvalidInput(
                    f"There are {MAX_SOURCES} sources already, the most there may be. Remove some first."
                )
            tx.add(row)
    except IntegrityError:
        with scope.read() as tx:
            known = repository.find_by_digest(tx, digest)
        if known is None:
            raise
        return known, True
    return row, False


def get_source(scope: Scope, source_id: str) -> Source:
    """One source; raises NotFound."""
    with scope.read() as tx:
        source = repository.find(tx, source_id)
    if source is None:
        raise NotFound(NOT_FOUND)
    return source


def list_sources(
    scope: Scope, wanted: SourceFilter, *, after: tuple[str, str] | None = None, limit: int = 100
) -> tuple[Sequence[Source], tuple[str, str], int]:
    """Sources by title, after the position `after`; the position of the last one; and how many match in all."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.folder is not None:
        conditions.append(Source.folder == wanted.folder)
    if wanted.kind is not None:
        conditions.append(Source.kind == wanted.kind)
    if wanted.paused is not None:
        conditions.append(Source.paused_at.is_not(None) if wanted.paused else Source.paused_at.is_(None))
    if wanted.words:
        conditions.append(
            or_(
                Source.title.icontains(wanted.words, autoescape=True),
                Source.url.icontains(wanted.words, autoescape=True),
            )
        )
    with scope.read() as tx:
        rows, place, total = repository.page(tx, conditions, after=after, limit=limit)
    return rows, (place, rows[-1].id if rows else ""), total


def change_source(scope: Scope, source_id: str, changes: Mapping[str, Any]) -> Source:
    """Change title, folder, category, `paused` or `licence_note`; a resumed source is due at once. Raises NotFound."""
    with scope.write() as tx:
        source = repository.find(tx, source_id)
        if source is None:
            raise NotFound(NOT_FOUND)
        for name, value in changes.items():
            if name == "paused":
                if not value:
                    refuse_taken_down(tx, source.url)
                set_paused(source, paused=bool(value))
            elif name == "licence_note":
                source.licence_note = value
                source.licence_by = scope.actor_id if value else None
                source.licence_at = utc_now() if value else None
            elif name == "title" and value:
                source.title = clean_line(value)[:300]
            elif name in ("folder", "category"):
                setattr(source, name, clean_line(value)[:100] if value else None)
    return source


def set_paused(source: Source, *, paused: bool) -> None:
    """Pause, or go on now."""
    if paused and source.paused_at is None:
        source.paused_at = utc_now()
    elif not paused and source.paused_at is not None:
        source.paused_at = None
        source.next_poll_at = utc_now()


def remove_source(scope: Scope, source_id: str, *, with_documents: bool = False) -> int:
    """Remove a source and its log. Its documents stay unless asked for; returns how many went. Raises NotFound."""
    with scope.write() as tx:
        if repository.find(tx, source_id) is None:
            raise NotFound(NOT_FOUND)
        gone = repository.document_ids(tx, source_id) if with_documents else []
        for document_id in gone:
            document = documents.find(tx, document_id)
            if document is not None:
                delete_in(tx, document)
        repository.remove(tx, source_id)
    return len(gone)


def list_items(
    scope: Scope, source_id: str, *, state: str | None, before: tuple[datetime, str] | None, limit: int
) -> tuple[list[tuple[CrawlItem, Document | None, str]], int]:
    """The URLs a source showed, the latest first, each with its document and the state it counts in. Raises NotFound."""
    with scope.read() as tx:
        if repository.find(tx, source_id) is None:
            raise NotFound(NOT_FOUND)
        return repository.items(tx, source_id, state=state, before=before, limit=limit)


def list_runs(
    scope: Scope, source_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> tuple[Sequence[CrawlRun], int]:
    """The visits to a source, the latest first, and how many there were. Raises NotFound."""
    with scope.read() as tx:
        if repository.find(tx, source_id) is None:
            raise NotFound(NOT_FOUND)
        rows, total = repository.runs(tx, source_id, before=before, limit=limit)
        so_far = {run.id: repository.counts_so_far(tx, run) for run in rows if run.finished_at is None}
    for run in rows:
        run.counts = so_far.get(run.id, run.counts)
    return rows, total


def source_events(scope: Scope, source_id: str, *, after: int = 0) -> list[Event]:
    """The latest LOG_EVENTS steps of the visits to a source, the oldest first. Raises NotFound."""
    with scope.read() as tx:
        if repository.find(tx, source_id) is None:
            raise NotFound(NOT_FOUND)
        return subject_events(tx, source_id, after=after, latest=LOG_EVENTS)


@dataclass(frozen=True)
class Imported:
    """What an import did: sources added, how many were there already, and (address, reason) of those refused."""

    added: Sequence[Source]
    known_count: int
    refused: Sequence[tuple[str, str]]


def import_outlines(scope: Scope, outlines: Sequence[Outline]) -> Imported:
    """Add the feeds of an OPML file or a starter pack; one that is refused does not stop the others."""
    added: list[Source] = []
    known_count = 0
    refused: list[tuple[str, str]] = []
    for outline in outlines:
        new = NewSource(outline.url, "feed", outline.title, outline.site_url, outline.folder)
        try:
            source, known = add_source(scope, new)
        except TidingsError as error:
            refused.append((outline.url[:300], error.detail))
            continue
        if known:
            known_count += 1
        else:
            added.append(source)
    return Imported(added, known_count, refused)


def import_opml(scope: Scope, content: bytes) -> Imported:
    """Add the feeds of an OPML file. Raises InvalidInput for what is no OPML or holds no feed."""
    outlines = read_opml(content)
    if not outlines:
        raise InvalidInput("This OPML file holds no feed: no outline has an xmlUrl.")
    return import_outlines(scope, outlines)


def export_opml(scope: Scope) -> bytes:
    """All feeds as OPML 2.0, folders as outlines. Sitemaps and pages are no feeds and stay out."""
    with scope.read() as tx:
        rows = [row for row in repository.all_sources(tx) if row.kind == "feed"]
    return write_opml("Tidings sources", [Outline(row.url, row.title, row.folder or "", row.site_url) for row in rows])


def address_digest(url: str) -> str:
    """What makes an address unique: SHA-256 of its canonical spelling."""
    return hashlib.sha256(url.encode()).hexdigest()

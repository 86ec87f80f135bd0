"""SQL of the sources slice. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_

from services.ingest.repository import VISIBLE
from services.models import CrawlItem, CrawlRun, Document, Job, SiteRule, Source, Tombstone
from services.scope import Tx

# What a person sees of an item: a stored one is what its document became.
SHOWN_STATE = case(
    (CrawlItem.state != "stored", CrawlItem.state),
    (Document.id.is_(None), "failed"),
    (Document.status == "failed", "failed"),
    (Document.original_id.is_not(None), "duplicate"),
    (Document.partial, "partial"),
    else_="new",
)


def find(tx: Tx, source_id: str) -> Source | None:
    """A source by id."""
    return tx.session.scalar(tx.select(Source).where(Source.id == source_id))


def find_by_digest(tx: Tx, url_digest: str) -> Source | None:
    """The source with this address."""
    return tx.session.scalar(tx.select(Source).where(Source.url_digest == url_digest))


def known_addresses(tx: Tx, digests: Sequence[str]) -> dict[str, str]:
    """Source ids by address digest, of those addresses that are sources."""
    rows = tx.session.execute(
        tx.select_columns(Source, Source.url_digest, Source.id).where(Source.url_digest.in_(digests))
    )
    return {digest: source_id for digest, source_id in rows}  # noqa: C416


def page(
    tx: Tx, conditions: Sequence[ColumnElement[bool]], *, after: tuple[str, str] | None, limit: int
) -> tuple[Sequence[Source], int]:
    """Sources that meet the conditions by title, and how many there are in all."""
    total = tx.session.scalar(tx.select_columns(Source, func.count()).where(*conditions)) or 0
    name = func.lower(Source.title)
    statement = tx.select(Source).where(*conditions)
    if after is not None:
        title, source_id = after
        statement = statement.where(or_(name > title, and_(name == title, Source.id > source_id)))
    return tx.session.scalars(statement.order_by(name, Source.id).limit(limit)).all(), total


def all_sources(tx: Tx) -> Sequence[Source]:
    """All sources, by folder and title."""
    return tx.session.scalars(tx.select(Source).order_by(Source.folder, func.lower(Source.title), Source.id)).all()


def folders(tx: Tx) -> list[str]:
    """The names of all folders."""
    found = tx.select_columns(Source, Source.folder).where(Source.folder.is_not(None)).distinct()
    return sorted(tx.session.scalars(found))


def document_counts(tx: Tx, source_ids: Sequence[str], since: datetime) -> dict[str, tuple[int, int]]:
    """By source: ready documents, and those first seen since a moment."""
    recent = func.sum(case((Document.first_seen_at >= since, 1), else_=0))
    statement = tx.select_columns(Document, Document.source_id, func.count(), recent).where(
        Document.source_id.in_(source_ids), Document.status == "ready"
    )
    rows = tx.session.execute(statement.group_by(Document.source_id))
    return {source_id: (int(count), int(new or 0)) for source_id, count, new in rows}


def crawling(tx: Tx, source_ids: Sequence[str]) -> set[str]:
    """Which of these sources are being visited just now."""
    running = tx.select_columns(Job, Job.subject_id).where(Job.subject_id.in_(source_ids), Job.status == "running")
    return set(tx.session.scalars(running))


def counts_by_state(tx: Tx, source_id: str) -> dict[str, int]:
    """How many of a source's URLs are in each state that people see; together they are all URLs it showed."""
    joined = tx.select_columns(CrawlItem, SHOWN_STATE, func.count()).outerjoin(Document, document_of_item(tx))
    rows = tx.session.execute(joined.where(CrawlItem.source_id == source_id).group_by(SHOWN_STATE))
    return {state: int(count) for state, count in rows}


def document_of_item(tx: Tx) -> ColumnElement[bool]:
    """Joins an item to its document, if that is still to be seen."""
    return and_(Document.id == CrawlItem.document_id, Document.tenant_id == tx.tenant_id, Document.status.in_(VISIBLE))


def items(
    tx: Tx, source_id: str, *, state: str | None, before: tuple[datetime, str] | None, limit: int
) -> tuple[list[tuple[CrawlItem, Document | None, str]], int]:
    """A source's URLs with their documents and shown states, the latest first, and how many there are."""
    chosen: list[ColumnElement[bool]] = [CrawlItem.source_id == source_id]
    if state is not None:
        chosen.append(SHOWN_STATE == state)  # noqa: SIM300  (a column makes the condition)
    document = document_of_item(tx)
    total = tx.session.scalar(tx.select_columns(CrawlItem, func.count()).outerjoin(Document, document).where(*chosen))
    statement = tx.select(CrawlItem).add_columns(Document, SHOWN_STATE).outerjoin(Document, document).where(*chosen)
    if before is not None:
        moment, item_id = before
        statement = statement.where(
            or_(
                CrawlItem.first_seen_at < moment,
                and_(CrawlItem.first_seen_at == moment, CrawlItem.id < item_id),
            )
        )
    rows: Any = tx.session.execute(statement.order_by(CrawlItem.first_seen_at.desc(), CrawlItem.id.desc()).limit(limit))
    return [(item, found, shown) for item, found, shown in rows], total or 0


def latest_outcomes(tx: Tx, source_id: str, limit: int) -> list[tuple[str, float | None]]:
    """State and text quality of the pages fetched last, the latest first."""
    statement = (
        tx.select_columns(CrawlItem, SHOWN_STATE, Document.quality)
        .outerjoin(Document, document_of_item(tx))
        .where(CrawlItem.source_id == source_id, CrawlItem.fetched_at.is_not(None))
        .order_by(CrawlItem.fetched_at.desc(), CrawlItem.id)
        .limit(limit)
    )
    return [(state, quality) for state, quality in tx.session.execute(statement)]


def moments(tx: Tx, source_id: str, since: datetime) -> list[tuple[datetime, datetime | None, datetime | None]]:
    """First seen, published and searchable: the documents of a source since a moment."""
    statement = tx.select_columns(Document, Document.first_seen_at, Document.published_at, Document.ready_at).where(
        Document.source_id == source_id, Document.status == "ready", Document.first_seen_at >= since
    )
    return [(seen, published, ready) for seen, published, ready in tx.session.execute(statement)]


def runs(tx: Tx, source_id: str, *, before: tuple[datetime, str] | None, limit: int) -> tuple[Sequence[CrawlRun], int]:
    """A source's visits, the latest first, and how many there are."""
    own = CrawlRun.source_id == source_id
    total = tx.session.scalar(tx.select_columns(CrawlRun, func.count()).where(own)) or 0
    statement = tx.select(CrawlRun).where(own)
    if before is not None:
        moment, run_id = before
        statement = statement.where(
            or_(CrawlRun.started_at < moment, and_(CrawlRun.started_at == moment, CrawlRun.id < run_id))
        )
    return tx.session.scalars(
        statement.order_by(CrawlRun.started_at.desc(), CrawlRun.id.desc()).limit(limit)
    ).all(), total


def remove(tx: Tx, source_id: str) -> None:
    """Remove a source with its URLs and visits; jobs that wait are cancelled. Its documents stay."""
    tx.session.execute(
        tx.update(Job).where(Job.subject_id == source_id, Job.status == "queued").values(status="cancelled")
    )
    tx.session.execute(tx.update(Document).where(Document.source_id == source_id).values(source_id=None))
    for table in (CrawlItem, CrawlRun):
        tx.session.execute(tx.delete(table).where(table.source_id == source_id))
    tx.session.execute(tx.delete(Source).where(Source.id == source_id))


def document_ids(tx: Tx, source_id: str) -> list[str]:
    """The visible documents that a source brought."""
    found = tx.select_columns(Document, Document.id).where(
        Document.source_id == source_id, Document.status.in_(VISIBLE)
    )
    return list(tx.session.scalars(found))


def documents_of_domain(tx: Tx, domain: str, limit: int) -> list[Document]:
    """Visible documents whose host is this domain or below it."""
    inside = or_(Document.source == domain, Document.source.endswith(f".{domain}", autoescape=True))
    statement = tx.select(Document).where(inside, Document.status.in_(VISIBLE))
    return list(tx.session.scalars(statement.order_by(Document.id).limit(limit)))


def tombstones(tx: Tx) -> Sequence[Tombstone]:
    """The domains that were taken down, the latest first."""
    return tx.session.scalars(tx.select(Tombstone).order_by(Tombstone.created_at.desc(), Tombstone.domain)).all()


def find_tombstone(tx: Tx, domain: str) -> Tombstone | None:
    """The tombstone of exactly this domain."""
    return tx.session.scalar(tx.select(Tombstone).where(Tombstone.domain == domain))


def site_rules(tx: Tx) -> Sequence[SiteRule]:
    """All rules, by domain."""
    return tx.session.scalars(tx.select(SiteRule).order_by(SiteRule.domain)).all()


def find_site_rule(tx: Tx, domain: str) -> SiteRule | None:
    """The rule of exactly this domain."""
    return tx.session.scalar(tx.select(SiteRule).where(SiteRule.domain == domain))

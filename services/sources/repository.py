"""SQL of the sources slice. Every statement starts from the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, case, func, or_
from sqlalchemy.orm import undefer

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
) -> tuple[list[Source], str, int]:
    """Sources that meet the conditions by title, the last one's place in that order, and how many there are in all.

    The place is as the database folds it.
    """
    total = tx.session.scalar(tx.select_columns(Source, func.count()).where(*conditions)) or 0
    name = func.lower(Source.title)
    statement = tx.select(Source).add_columns(name).where(*conditions)
    if after is not None:
        title, source_id = after
        statement = statement.where(or_(name > title, and_(name == title, Source.id > source_id)))
    rows: Any = tx.session.execute(statement.order_by(name, Source.id).limit(limit)).all()
    return [source for source, _ in rows], rows[-1][1] if rows else "", total


def count_sources(tx: Tx) -> int:
    """How many sources there are."""
    return tx.session.scalar(tx.select_columns(Source, func.count())) or 0


def all_sources(tx: Tx) -> Sequence[Source]:
    """All sources, by folder and title; those in no folder first."""
    order = (Source.folder.is_not(None), Source.folder, func.lower(Source.title), Source.id)
    return tx.session.scalars(tx.select(Source).order_by(*order)).all()


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
        .where(
            CrawlItem.source_id == source_id,
            CrawlItem.fetched_at.is_not(None),
            or_(CrawlItem.state != "stored", Document.id.is_not(None)),
        )
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


# Visits


def lock_source(tx: Tx, source_id: str) -> Source | None:
    """A source, locked until the transaction ends, so that two clocks do not both begin a visit."""
    chosen = tx.select(Source).where(Source.id == source_id).with_for_update()
    return tx.session.scalar(chosen.execution_options(populate_existing=True))


def find_run(tx: Tx, job_id: str) -> CrawlRun | None:
    """The visit that a job makes."""
    return tx.session.scalar(tx.select(CrawlRun).where(CrawlRun.job_id == job_id))


def open_jobs(tx: Tx, source_id: str, name: str) -> Sequence[Job]:
    """Jobs of this name about a source that wait or run, the oldest first."""
    open_ = tx.select(Job).where(Job.subject_id == source_id, Job.name == name, Job.status.in_(("queued", "running")))
    return tx.session.scalars(open_.order_by(Job.created_at, Job.id)).all()


def known_items(tx: Tx, source_id: str, identities: Sequence[str]) -> dict[str, CrawlItem]:
    """Items that a source showed before, by identity."""
    found: dict[str, CrawlItem] = {}
    for start in range(0, len(identities), 500):
        chosen = tx.select(CrawlItem).where(
            CrawlItem.source_id == source_id, CrawlItem.identity.in_(identities[start : start + 500])
        )
        rows = tx.session.scalars(chosen.options(undefer(CrawlItem.hints)))
        found |= {row.identity: row for row in rows}
    return found


def pending_items(tx: Tx, source_id: str, now: datetime, limit: int) -> Sequence[CrawlItem]:
    """URLs of a source that may be fetched now, the latest stories first."""
    due = tx.select(CrawlItem).where(
        CrawlItem.source_id == source_id, CrawlItem.state == "pending", CrawlItem.next_try_at <= now
    )
    order = (CrawlItem.published_at.is_(None), CrawlItem.published_at.desc(), CrawlItem.first_seen_at, CrawlItem.id)
    return tx.session.scalars(due.order_by(*order).limit(limit)).all()


def claim_item(tx: Tx, item_id: str, attempts: int, now: datetime) -> CrawlItem | None:
    """Count a try of a pending URL that is due; None when somebody has ended, taken or put it off meanwhile."""
    statement = (
        tx.update(CrawlItem)
        .where(CrawlItem.id == item_id, CrawlItem.state == "pending", CrawlItem.attempts == attempts)
        .where(CrawlItem.next_try_at <= now)
        .values(attempts=attempts + 1)
        .execution_options(synchronize_session=False)
    )
    if affected(tx, statement) != 1:
        return None
    chosen = tx.select(CrawlItem).where(CrawlItem.id == item_id).options(undefer(CrawlItem.hints))
    return tx.session.scalar(chosen)


def change_pending(tx: Tx, item_id: str, values: dict[str, Any]) -> bool:
    """Change a URL that is still pending; False when it had ended, so that it ends once."""
    statement = (
        tx.update(CrawlItem)
        .where(CrawlItem.id == item_id, CrawlItem.state == "pending")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return affected(tx, statement) == 1


def items_near(tx: Tx, domain: str, after: str, limit: int) -> list[tuple[str, str]]:
    """Id and address, by id, of URLs that name this domain; those of hosts inside it are among them."""
    near = tx.select_columns(CrawlItem, CrawlItem.id, CrawlItem.url).where(
        CrawlItem.id > after, CrawlItem.url.contains(domain, autoescape=True)
    )
    return [(item_id, url) for item_id, url in tx.session.execute(near.order_by(CrawlItem.id).limit(limit))]


def forget_hints(tx: Tx, item_ids: Sequence[str]) -> None:
    """Forget what feeds said of these URLs."""
    statement = tx.update(CrawlItem).where(CrawlItem.id.in_(item_ids)).values(hints={})
    tx.session.execute(statement.execution_options(synchronize_session=False))


def has_other_item(tx: Tx, document_id: str, item_id: str) -> bool:
    """Whether another URL gave this document too."""
    other = tx.select(CrawlItem).where(CrawlItem.document_id == document_id, CrawlItem.id != item_id)
    return tx.session.scalars(other.limit(1)).first() is not None


def add_traffic(tx: Tx, run_id: str, requests: int, size: int) -> None:
    """Count requests and bytes of a visit."""
    tx.session.execute(
        tx.update(CrawlRun)
        .where(CrawlRun.id == run_id)
        .values(request_count=CrawlRun.request_count + requests, byte_count=CrawlRun.byte_count + size)
        .execution_options(synchronize_session=False)
    )


def run_counts(tx: Tx, run_id: str) -> dict[str, int]:
    """How many URLs of a visit are in each state that people see, as far as their documents were read."""
    joined = tx.select_columns(CrawlItem, SHOWN_STATE, func.count()).outerjoin(Document, document_of_item(tx))
    rows = tx.session.execute(joined.where(CrawlItem.run_id == run_id).group_by(SHOWN_STATE))
    return {state: int(count) for state, count in rows}


def take_up_refused(tx: Tx, source: Source, run_id: str, now: datetime) -> None:
    """Let URLs wait again that were refused for want of a contact: a source that answered a poll has one now."""
    refused = tx.update(CrawlItem).where(
        CrawlItem.source_id == source.id,
        CrawlItem.state == "refused",
        CrawlItem.reason == "contact_missing",
    )
    tx.session.execute(
        refused.values(state="pending", reason=None, detail=None, attempts=0, next_try_at=now, run_id=run_id)
    )


def denied_items(tx: Tx, source: Source, most_attempts: int) -> Sequence[CrawlItem]:
    """URLs that were refused because of where their host stands, and were tried less often than that."""
    denied = tx.select(CrawlItem).where(
        CrawlItem.source_id == source.id,
        CrawlItem.state == "refused",
        CrawlItem.reason == "egress_denied",
        CrawlItem.attempts < most_attempts,
    )
    return tx.session.scalars(denied).all()


def counts_so_far(tx: Tx, run: CrawlRun) -> dict[str, int]:
    """A visit's counts as they stand: by state, what it saw unchanged, and `seen`, the sum of the states."""
    counts = run_counts(tx, run.id)
    unchanged = int(run.counts.get("unchanged_seen", 0))
    counts["unchanged"] = counts.get("unchanged", 0) + unchanged
    return {**counts, "unchanged_seen": unchanged, "seen": sum(counts.values())}


def next_try(tx: Tx, source_id: str) -> datetime | None:
    """When the first of a source's pending URLs may be fetched; None when none is pending."""
    pending = tx.select_columns(CrawlItem, func.min(CrawlItem.next_try_at)).where(
        CrawlItem.source_id == source_id, CrawlItem.state == "pending"
    )
    moment: datetime | None = tx.session.scalar(pending)
    return moment


def affected(tx: Tx, statement: Any) -> int:
    """Rows a statement changed."""
    return cast("CursorResult[Any]", tx.session.execute(statement)).rowcount

"""What is crawled: sources, the URLs they showed, runs, and what is known of hosts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import BIG, Base, TenantOwned, utc_now


class Source(TenantOwned, Base):
    """A feed, sitemap or site that is crawled on schedule. `kind`: feed, news_sitemap, sitemap, page.

    `failures` is the weighted error streak that the back-off grows with; 0 after a success. A source is never dead: it
    is polled more and more seldom, at least once a week.
    """

    __tablename__ = "sources"
    __table_args__ = (
        UniqueConstraint("tenant_id", "url_digest"),
        Index("ix_sources_due", "paused_at", "next_poll_at"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    url: Mapped[str] = mapped_column(Text)
    url_digest: Mapped[str] = mapped_column(String(64))
    site_url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(String(300))
    # People's own grouping (OPML's outlines), and the news category given to what comes from here.
    folder: Mapped[str | None] = mapped_column(String(100))
    category: Mapped[str | None] = mapped_column(String(20))
    paused_at: Mapped[datetime | None]
    # Why reservations of this publisher do not bind us ("licence held"), who said so and when; None obeys them.
    licence_note: Mapped[str | None] = mapped_column(Text)
    licence_by: Mapped[str | None] = mapped_column(String(40))
    licence_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # When it is polled
    interval_seconds: Mapped[int] = mapped_column(default=3600)
    next_poll_at: Mapped[datetime] = mapped_column(default=utc_now)
    poll_count: Mapped[int] = mapped_column(default=0)
    failures: Mapped[float] = mapped_column(default=0.0)
    # How it went
    polled_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    new_at: Mapped[datetime | None]
    error_count: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_detail: Mapped[str | None] = mapped_column(Text)
    # What makes the next poll cheap. `conditional_polls` counts those since the last full fetch.
    etag: Mapped[str | None] = mapped_column(String(500))
    last_modified: Mapped[str | None] = mapped_column(String(100))
    body_hash: Mapped[str | None] = mapped_column(String(64))
    conditional_polls: Mapped[int] = mapped_column(default=0)
    # Sitemaps of an index still to be read (sources.parts), and when all that was shown had been taken up.
    parts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    whole_at: Mapped[datetime | None]


class CrawlItem(TenantOwned, Base):
    """One URL that a source showed, and what became of it.

    `state`: pending, then exactly one of stored, duplicate, unchanged, refused, reserved, failed. A stored one counts
    as new, partial, duplicate or failed by what its document became.
    """

    __tablename__ = "crawl_items"
    __table_args__ = (
        UniqueConstraint("tenant_id", "source_id", "identity"),
        Index("ix_crawl_items_pending", "source_id", "state", "next_try_at"),
        Index("ix_crawl_items_run", "tenant_id", "run_id"),
        Index("ix_crawl_items_seen", "tenant_id", "source_id", "first_seen_at", "id"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    source_id: Mapped[str] = mapped_column(String(40))
    run_id: Mapped[str] = mapped_column(String(40))
    # What stays the same while GUIDs and trackers change: a digest made by sources.identity.
    identity: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text)
    hints: Mapped[dict[str, Any]] = mapped_column(default=dict, deferred=True)
    published_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(20), default="pending")
    reason: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str | None] = mapped_column(Text)
    document_id: Mapped[str | None] = mapped_column(String(40), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(default=utc_now)
    first_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    fetched_at: Mapped[datetime | None]


class CrawlRun(TenantOwned, Base):
    """One visit to a source. `status`: running, succeeded, partial, failed, interrupted (goes on by itself).

    `counts`: how many URLs of this visit ended in each state; `seen` is their sum with those still `pending`.
    """

    __tablename__ = "crawl_runs"
    __table_args__ = (
        Index("ix_crawl_runs_source", "tenant_id", "source_id", "started_at"),
        Index("ix_crawl_runs_job", "tenant_id", "job_id"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    source_id: Mapped[str] = mapped_column(String(40))
    job_id: Mapped[str] = mapped_column(String(40))
    trigger: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), default="running")
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
    http_status: Mapped[int | None]
    request_count: Mapped[int] = mapped_column(default=0)
    byte_count: Mapped[int] = mapped_column(BIG, default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_detail: Mapped[str | None] = mapped_column(Text)


class SiteRule(TenantOwned, Base):
    """How to read the pages of one domain where the general reading errs: data, never code.

    Selectors are XPath when they begin with `/` or `(`, else CSS. `domain` counts for its subdomains too.
    """

    __tablename__ = "site_rules"
    __table_args__ = (UniqueConstraint("tenant_id", "domain"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    domain: Mapped[str] = mapped_column(String(253))
    content: Mapped[str | None] = mapped_column(String(500))
    remove: Mapped[str | None] = mapped_column(String(500))
    title: Mapped[str | None] = mapped_column(String(500))
    authors: Mapped[str | None] = mapped_column(String(500))
    published: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Tombstone(TenantOwned, Base):
    """A domain that was taken down: nothing of it or its subdomains is fetched or stored again.

    `by_operator`: for all tenants, later ones too; a tenant cannot lift it.
    """

    __tablename__ = "tombstones"
    __table_args__ = (UniqueConstraint("tenant_id", "domain"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    domain: Mapped[str] = mapped_column(String(253))
    reason: Mapped[str] = mapped_column(Text)
    document_count: Mapped[int] = mapped_column(default=0)
    actor_id: Mapped[str] = mapped_column(String(40))
    by_operator: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Host(Base):
    """When a host may be asked next. Nobody's: shared by all tenants and workers, holds nothing of any tenant.

    `name` is host:port, or a registrable domain for the budget of all its subdomains.
    """

    __tablename__ = "hosts"
    name: Mapped[str] = mapped_column(String(260), primary_key=True)
    next_allowed_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    # What the host asked for with 429 or 503; and how often in a row.
    resting_until: Mapped[datetime | None]
    refusals: Mapped[int] = mapped_column(default=0)


class RobotsFile(Base):
    """The robots.txt of an origin as it was last answered. Nobody's, as Host."""

    __tablename__ = "robots_files"
    origin: Mapped[str] = mapped_column(String(280), primary_key=True)
    # allow (no rules), rules (see `body`), disallow (refused by status), unreachable (fails closed until `expires_at`)
    outcome: Mapped[str] = mapped_column(String(20))
    http_status: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(Text)
    # TDMRep of the origin (/.well-known/tdmrep.json), when it was there.
    tdmrep: Mapped[str | None] = mapped_column(Text)
    fetched_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]

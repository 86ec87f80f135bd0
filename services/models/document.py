"""Documents and their chunks. Text and spans live here; the vector store can be rebuilt from them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from services.models.base import Base, TenantOwned, utc_now


class Document(TenantOwned, Base):
    """Anything stored: an upload, a pasted text or a web page.

    `status`: queued, processing, paused, ready, failed, cancelled, deleting. `stage` refines it while work goes on.
    `stages`: the steps of its present try in order, each `{"stage", "milliseconds"}` and, for text recognition, how many
    pages of how many; the last one has no time while it lasts.
    `folder`: where people put it, a path such as `Reports/2026`; empty for none. `tags`: theirs too, in order of the
    alphabet; `DocumentTag` rows are kept beside them, to filter and count by.
    `embedded`: its chunks have dense vectors; until then a ready document is found by keyword only.
    `version` grows when the content behind a URL changes; point ids depend on it.
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("tenant_id", "content_hash"),
        Index("ix_documents_tenant_url", "tenant_id", "canonical_url", "first_seen_at"),
        Index("ix_documents_tenant_seen", "tenant_id", "first_seen_at", "id"),
        # Without it SQLite looks some ids up by reading all rows of the tenant (10 ms at 5,000 documents, else 0.1).
        Index("ix_documents_tenant_own", "tenant_id", "id"),
        # Counts over all tenants, for /metrics: without reading the rows, 13 ms instead of 260 at 50,000 documents.
        Index("ix_documents_status_chunk_count", "status", "chunk_count"),
        Index("ix_documents_expiry", "tenant_id", "expires_at"),
        Index("ix_documents_rows", "tenant_id", "parent_id", "status"),
        Index("ix_documents_copies", "tenant_id", "original_id", "status", "first_seen_at"),
        # All that filters, facets and the newest-first order look at, so that they never touch the rows with the texts.
        Index(
            "ix_documents_tenant_filters",
            *("tenant_id", "status", "source", "language", "type", "category", "published_at", "first_seen_at"),
            *("folder", "expires_at", "original_id", "id"),
        ),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    # What came in
    type: Mapped[str] = mapped_column(String(20))
    content_type: Mapped[str] = mapped_column(String(100))
    filename: Mapped[str | None] = mapped_column(String(300))
    url: Mapped[str | None] = mapped_column(Text)
    canonical_url: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(253))
    # The table that this document is a row of, and which one, from 1; and of a table, how its rows are taken and how many
    # were, as ingest.rows.progress writes it.
    parent_id: Mapped[str | None] = mapped_column(String(40))
    row_number: Mapped[int | None]
    rows: Mapped[dict[str, Any] | None]
    # The crawled source that brought it, and the publisher: two editions of one newsroom count once.
    source_id: Mapped[str | None] = mapped_column(String(40), index=True)
    family: Mapped[str] = mapped_column(String(253), default="upload", server_default="upload")
    # What a feed said of it, as ingest.types.Hints; one vote among others.
    hints: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", deferred=True)
    # What its publisher allows, as ingest.types.Rights; enforced at retrieval and in prompts.
    directives: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    max_snippet: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    content_hash: Mapped[str] = mapped_column(String(64))
    byte_count: Mapped[int]
    blob_key: Mapped[str] = mapped_column(String(100))
    first_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    fetched_at: Mapped[datetime] = mapped_column(default=utc_now)
    # What was read
    title: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str | None] = mapped_column(Text, deferred=True)
    authors: Mapped[list[str]] = mapped_column(default=list)
    published_at: Mapped[datetime | None]
    published_from: Mapped[str | None] = mapped_column(String(40))
    # The publisher's zone: minutes east of UTC, None when it did not say.
    published_offset: Mapped[int | None]
    language: Mapped[str | None] = mapped_column(String(12))
    section: Mapped[str | None] = mapped_column(String(200))
    category: Mapped[str | None] = mapped_column(String(20))
    category_from: Mapped[str | None] = mapped_column(String(20))
    image_url: Mapped[str | None] = mapped_column(Text)
    quality: Mapped[float | None]
    quality_reasons: Mapped[list[str]] = mapped_column(default=list)
    # Only part of the story is there: a paywall, a wall of consent, or feed text alone.
    partial: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The first-seen document that this one repeats; None for an original. MinHash of the text, 128 x 32 bit.
    original_id: Mapped[str | None] = mapped_column(String(40))
    signature: Mapped[bytes | None] = mapped_column(LargeBinary(512), deferred=True)
    pages: Mapped[list[dict[str, Any]]] = mapped_column(default=list, deferred=True)
    # What people made of it
    folder: Mapped[str] = mapped_column(String(200), default="", server_default="")
    tags: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    # A long PDF is read in parts: so many pages there are, so many are read and searchable, and where reading goes on
    # (ingest.types.Bookmark, empty at the beginning and at the end).
    page_count: Mapped[int | None]
    pages_read: Mapped[int] = mapped_column(default=0, server_default="0")
    bookmark: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", deferred=True)
    # Where it stands
    status: Mapped[str] = mapped_column(String(20), default="queued")
    stage: Mapped[str] = mapped_column(String(20), default="received")
    stages: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_detail: Mapped[str | None] = mapped_column(Text)
    chunk_count: Mapped[int] = mapped_column(default=0)
    embedded: Mapped[bool] = mapped_column(default=False)
    ready_at: Mapped[datetime | None]


class Chunk(TenantOwned, Base):
    """What is embedded: a span [start, end) of the document's text, in characters."""

    __tablename__ = "chunks"
    document_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[int]
    end: Mapped[int]
    token_count: Mapped[int]


class DocumentTag(TenantOwned, Base):
    """One tag of one document, to find documents by it."""

    __tablename__ = "document_tags"
    __table_args__ = (Index("ix_document_tags_lookup", "tenant_id", "tag", "document_id"),)
    document_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    tag: Mapped[str] = mapped_column(String(60), primary_key=True)


class SignatureBand(TenantOwned, Base):
    """One band of a document's MinHash signature: documents that share a band are candidates for being the same text."""

    __tablename__ = "signature_bands"
    __table_args__ = (
        Index("ix_signature_bands_lookup", "tenant_id", "band"),
        Index("ix_signature_bands_document", "tenant_id", "document_id"),
    )
    document_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    band: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)

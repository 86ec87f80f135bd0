"""The web comes in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hosts",
        sa.Column("name", sa.String(length=260), nullable=False),
        sa.Column("next_allowed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hosts")),
    )
    op.create_index(op.f("ix_hosts_next_allowed_at"), "hosts", ["next_allowed_at"], unique=False)
    op.create_table(
        "robots_files",
        sa.Column("origin", sa.String(length=280), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("tdmrep", sa.Text(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_robots_files")),
    )
    op.create_table(
        "crawl_items",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("hints", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("document_id", sa.String(length=40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_crawl_items_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crawl_items")),
        sa.UniqueConstraint(
            "tenant_id", "source_id", "identity", name=op.f("uq_crawl_items_tenant_id_source_id_identity")
        ),
    )
    op.create_index(op.f("ix_crawl_items_document_id"), "crawl_items", ["document_id"], unique=False)
    op.create_index("ix_crawl_items_pending", "crawl_items", ["source_id", "state", "next_try_at"], unique=False)
    op.create_index("ix_crawl_items_run", "crawl_items", ["tenant_id", "run_id"], unique=False)
    op.create_index(
        "ix_crawl_items_seen", "crawl_items", ["tenant_id", "source_id", "first_seen_at", "id"], unique=False
    )
    op.create_index(op.f("ix_crawl_items_tenant_id"), "crawl_items", ["tenant_id"], unique=False)
    op.create_table(
        "crawl_runs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.String(length=40), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("request_count", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_crawl_runs_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crawl_runs")),
    )
    op.create_index("ix_crawl_runs_job", "crawl_runs", ["tenant_id", "job_id"], unique=False)
    op.create_index("ix_crawl_runs_source", "crawl_runs", ["tenant_id", "source_id", "started_at"], unique=False)
    op.create_index(op.f("ix_crawl_runs_tenant_id"), "crawl_runs", ["tenant_id"], unique=False)
    op.create_table(
        "signature_bands",
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_signature_bands_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "band", name=op.f("pk_signature_bands")),
    )
    op.create_index("ix_signature_bands_lookup", "signature_bands", ["tenant_id", "band"], unique=False)
    op.create_index("ix_signature_bands_document", "signature_bands", ["tenant_id", "document_id"], unique=False)
    op.create_index(op.f("ix_signature_bands_tenant_id"), "signature_bands", ["tenant_id"], unique=False)
    op.create_table(
        "site_rules",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("content", sa.String(length=500), nullable=True),
        sa.Column("remove", sa.String(length=500), nullable=True),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column("authors", sa.String(length=500), nullable=True),
        sa.Column("published", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_site_rules_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_rules")),
        sa.UniqueConstraint("tenant_id", "domain", name=op.f("uq_site_rules_tenant_id_domain")),
    )
    op.create_index(op.f("ix_site_rules_tenant_id"), "site_rules", ["tenant_id"], unique=False)
    op.create_table(
        "sources",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_digest", sa.String(length=64), nullable=False),
        sa.Column("site_url", sa.Text(), nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("folder", sa.String(length=100), nullable=True),
        sa.Column("category", sa.String(length=20), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("licence_note", sa.Text(), nullable=True),
        sa.Column("licence_by", sa.String(length=40), nullable=True),
        sa.Column("licence_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("poll_count", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Double(), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("new_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("etag", sa.String(length=500), nullable=True),
        sa.Column("last_modified", sa.String(length=100), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=True),
        sa.Column("conditional_polls", sa.Integer(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("whole_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_sources_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("tenant_id", "url_digest", name=op.f("uq_sources_tenant_id_url_digest")),
    )
    op.create_index("ix_sources_due", "sources", ["paused_at", "next_poll_at"], unique=False)
    op.create_index(op.f("ix_sources_tenant_id"), "sources", ["tenant_id"], unique=False)
    op.create_table(
        "tombstones",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_count", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("by_operator", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_tombstones_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstones")),
        sa.UniqueConstraint("tenant_id", "domain", name=op.f("uq_tombstones_tenant_id_domain")),
    )
    op.create_index(op.f("ix_tombstones_tenant_id"), "tombstones", ["tenant_id"], unique=False)
    op.add_column("documents", sa.Column("source_id", sa.String(length=40), nullable=True))
    op.add_column("documents", sa.Column("family", sa.String(length=253), server_default="upload", nullable=False))
    op.add_column("documents", sa.Column("hints", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("documents", sa.Column("directives", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("documents", sa.Column("max_snippet", sa.Integer(), nullable=True))
    op.add_column("documents", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("documents", sa.Column("published_offset", sa.Integer(), nullable=True))
    op.add_column("documents", sa.Column("category", sa.String(length=20), nullable=True))
    op.add_column("documents", sa.Column("category_from", sa.String(length=20), nullable=True))
    op.add_column("documents", sa.Column("image_url", sa.Text(), nullable=True))
    op.add_column("documents", sa.Column("partial", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("documents", sa.Column("original_id", sa.String(length=40), nullable=True))
    op.add_column("documents", sa.Column("signature", sa.LargeBinary(length=512), nullable=True))
    op.execute("UPDATE documents SET family = source")
    op.drop_index("ix_documents_tenant_filters", table_name="documents")
    op.create_index(
        "ix_documents_tenant_filters",
        "documents",
        [
            *("tenant_id", "status", "source", "language", "type", "category", "published_at", "first_seen_at"),
            *("expires_at", "original_id", "id"),
        ],
        unique=False,
    )
    op.create_index("ix_documents_expiry", "documents", ["tenant_id", "expires_at"], unique=False)
    op.create_index("ix_documents_copies", "documents", ["tenant_id", "original_id", "status", "first_seen_at"])
    op.drop_index("ix_documents_tenant_url", "documents")
    op.create_index("ix_documents_tenant_url", "documents", ["tenant_id", "canonical_url", "first_seen_at"])
    op.drop_index("ix_jobs_subject_id", "jobs")
    op.create_index("ix_jobs_subject", "jobs", ["tenant_id", "subject_id", "status"])
    op.drop_index("ix_job_events_subject_id", "job_events")
    op.create_index("ix_job_events_subject", "job_events", ["tenant_id", "subject_id", "id"])
    op.create_index(op.f("ix_documents_source_id"), "documents", ["source_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_documents_expiry", table_name="documents")
    op.drop_index(op.f("ix_documents_source_id"), table_name="documents")
    op.drop_index("ix_job_events_subject", "job_events")
    op.create_index("ix_job_events_subject_id", "job_events", ["subject_id"])
    op.drop_index("ix_jobs_subject", "jobs")
    op.create_index("ix_jobs_subject_id", "jobs", ["subject_id"])
    op.drop_index("ix_documents_tenant_url", "documents")
    op.create_index("ix_documents_tenant_url", "documents", ["tenant_id", "canonical_url"])
    op.drop_index("ix_documents_copies", "documents")
    op.drop_index("ix_documents_tenant_filters", table_name="documents")
    op.create_index(
        op.f("ix_documents_tenant_filters"),
        "documents",
        ["tenant_id", "status", "source", "language", "type", "published_at", "first_seen_at", "id"],
        unique=False,
    )
    op.drop_column("documents", "signature")
    op.drop_column("documents", "original_id")
    op.drop_column("documents", "partial")
    op.drop_column("documents", "image_url")
    op.drop_column("documents", "category_from")
    op.drop_column("documents", "category")
    op.drop_column("documents", "published_offset")
    op.drop_column("documents", "expires_at")
    op.drop_column("documents", "max_snippet")
    op.drop_column("documents", "directives")
    op.drop_column("documents", "hints")
    op.drop_column("documents", "family")
    op.drop_column("documents", "source_id")
    op.drop_index(op.f("ix_tombstones_tenant_id"), table_name="tombstones")
    op.drop_table("tombstones")
    op.drop_index(op.f("ix_sources_tenant_id"), table_name="sources")
    op.drop_index("ix_sources_due", table_name="sources")
    op.drop_table("sources")
    op.drop_index(op.f("ix_site_rules_tenant_id"), table_name="site_rules")
    op.drop_table("site_rules")
    op.drop_index(op.f("ix_signature_bands_tenant_id"), table_name="signature_bands")
    op.drop_index("ix_signature_bands_document", table_name="signature_bands")
    op.drop_index("ix_signature_bands_lookup", table_name="signature_bands")
    op.drop_table("signature_bands")
    op.drop_index(op.f("ix_crawl_runs_tenant_id"), table_name="crawl_runs")
    op.drop_index("ix_crawl_runs_source", table_name="crawl_runs")
    op.drop_index("ix_crawl_runs_job", table_name="crawl_runs")
    op.drop_table("crawl_runs")
    op.drop_index(op.f("ix_crawl_items_tenant_id"), table_name="crawl_items")
    op.drop_index("ix_crawl_items_seen", table_name="crawl_items")
    op.drop_index("ix_crawl_items_run", table_name="crawl_items")
    op.drop_index("ix_crawl_items_pending", table_name="crawl_items")
    op.drop_index(op.f("ix_crawl_items_document_id"), table_name="crawl_items")
    op.drop_table("crawl_items")
    op.drop_table("robots_files")
    op.drop_index(op.f("ix_hosts_next_allowed_at"), table_name="hosts")
    op.drop_table("hosts")

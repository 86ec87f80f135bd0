"""Folders and tags of documents, and how long each step of reading one took"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_security import unwall, wall

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FILTERS = ("tenant_id", "status", "source", "language", "type", "category", "published_at", "first_seen_at")
REST = ("expires_at", "original_id", "id")


def upgrade() -> None:
    op.drop_index("ix_documents_tenant_filters", table_name="documents")
    with op.batch_alter_table("documents") as table:
        table.add_column(sa.Column("folder", sa.String(length=200), server_default="", nullable=False))
        table.add_column(sa.Column("tags", sa.JSON(), server_default="[]", nullable=False))
        table.add_column(sa.Column("stages", sa.JSON(), server_default="[]", nullable=False))
    op.create_index("ix_documents_tenant_filters", "documents", [*FILTERS, "folder", *REST], unique=False)
    op.create_table(
        "document_tags",
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("tag", sa.String(length=60), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_document_tags_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "tag", name=op.f("pk_document_tags")),
    )
    op.create_index("ix_document_tags_lookup", "document_tags", ["tenant_id", "tag", "document_id"], unique=False)
    op.create_index(op.f("ix_document_tags_tenant_id"), "document_tags", ["tenant_id"], unique=False)
    wall("document_tags")


def downgrade() -> None:
    unwall("document_tags")
    op.drop_index(op.f("ix_document_tags_tenant_id"), table_name="document_tags")
    op.drop_index("ix_document_tags_lookup", table_name="document_tags")
    op.drop_table("document_tags")
    op.drop_index("ix_documents_tenant_filters", table_name="documents")
    with op.batch_alter_table("documents") as table:
        table.drop_column("stages")
        table.drop_column("tags")
        table.drop_column("folder")
    op.create_index("ix_documents_tenant_filters", "documents", [*FILTERS, *REST], unique=False)

"""Look documents up and count them without reading their texts"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FILTERS = ["tenant_id", "status", "source", "language", "type", "published_at", "first_seen_at", "id"]


def upgrade() -> None:
    op.create_index("ix_documents_tenant_own", "documents", ["tenant_id", "id"])
    op.create_index("ix_documents_tenant_filters", "documents", FILTERS)


def downgrade() -> None:
    op.drop_index("ix_documents_tenant_filters", "documents")
    op.drop_index("ix_documents_tenant_own", "documents")

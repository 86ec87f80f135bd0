"""Watching processes: their figures, and which request a job came from"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "figures",
        sa.Column("series", sa.String(length=400), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_figures")),
    )
    op.create_index("ix_documents_status_chunk_count", "documents", ["status", "chunk_count"], unique=False)
    op.drop_index(op.f("ix_documents_status"), table_name="documents")
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("request_id", sa.String(length=100), nullable=True))
        table.add_column(sa.Column("trace_parent", sa.String(length=60), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("jobs") as table:
        table.drop_column("trace_parent")
        table.drop_column("request_id")
    op.create_index(op.f("ix_documents_status"), "documents", ["status"], unique=False)
    op.drop_index("ix_documents_status_chunk_count", table_name="documents")
    op.drop_table("figures")

"""Tables whose rows are documents"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("documents") as table:
        table.add_column(sa.Column("parent_id", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("row_number", sa.Integer(), nullable=True))
        table.add_column(sa.Column("rows", sa.JSON(), nullable=True))
    op.create_index("ix_documents_rows", "documents", ["tenant_id", "parent_id", "status"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_documents_rows", table_name="documents")
    with op.batch_alter_table("documents") as table:
        table.drop_column("rows")
        table.drop_column("row_number")
        table.drop_column("parent_id")

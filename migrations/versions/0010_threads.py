"""Threads: answers that were asked one after the other"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("answers") as table:
        table.add_column(sa.Column("thread_id", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("asked", sa.Text(), nullable=True))
    op.execute("UPDATE answers SET thread_id = 'thr_' || substr(id, 5), asked = question")
    with op.batch_alter_table("answers") as table:
        table.alter_column("thread_id", existing_type=sa.String(length=40), nullable=False)
        table.alter_column("asked", existing_type=sa.Text(), nullable=False)
        table.create_index("ix_answers_thread", ["tenant_id", "thread_id", "created_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("answers") as table:
        table.drop_index("ix_answers_thread")
        table.drop_column("asked")
        table.drop_column("thread_id")

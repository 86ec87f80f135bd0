"""What people think of answers, searches they keep, and answers that are stored while they are written"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_security import unwall, wall

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("answers") as table:
        table.add_column(sa.Column("steps", sa.JSON(), server_default="[]", nullable=False))
        table.add_column(sa.Column("running_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "answer_feedback",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("answer_id", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("rating", sa.String(length=10), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_answer_feedback_answer_id_answers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_answer_feedback_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_feedback")),
        sa.UniqueConstraint("answer_id", "actor_id", name=op.f("uq_answer_feedback_answer_id_actor_id")),
    )
    op.create_index("ix_answer_feedback_listed", "answer_feedback", ["tenant_id", "updated_at", "id"], unique=False)
    op.create_index(op.f("ix_answer_feedback_tenant_id"), "answer_feedback", ["tenant_id"], unique=False)
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_saved_searches_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
    )
    op.create_index("ix_saved_searches_person", "saved_searches", ["tenant_id", "actor_id", "id"], unique=False)
    op.create_index(op.f("ix_saved_searches_tenant_id"), "saved_searches", ["tenant_id"], unique=False)
    wall("answer_feedback")
    wall("saved_searches")


def downgrade() -> None:
    unwall("saved_searches")
    unwall("answer_feedback")
    op.drop_table("saved_searches")
    op.drop_table("answer_feedback")
    with op.batch_alter_table("answers") as table:
        table.drop_column("running_until")
        table.drop_column("steps")

"""Retention rules: what a tenant keeps for how long"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.row_security import unwall, wall

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_rules",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("keep_cited", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_retention_rules_tenant_id_tenants", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_retention_rules"),
    )
    op.create_index("ix_retention_rules_tenant_id", "retention_rules", ["tenant_id"])
    wall("retention_rules")


def downgrade() -> None:
    unwall("retention_rules")
    op.drop_index("ix_retention_rules_tenant_id", table_name="retention_rules")
    op.drop_table("retention_rules")

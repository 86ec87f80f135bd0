"""Row-level security, and room for more than two thousand million events or bytes"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from migrations.row_security import is_postgres, unwall, wall

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OWNED = (
    "answer_sources",
    "answers",
    "api_keys",
    "chunks",
    "crawl_items",
    "crawl_runs",
    "documents",
    "idempotency_records",
    "job_events",
    "jobs",
    "login_sessions",
    "signature_bands",
    "site_rules",
    "sources",
    "tombstones",
    "users",
)
# The tenant of a transaction: what `services.engines.postgres.Seal.claim` made, if its tag is right. Somebody who can run
# SQL of their own as the other role can change the setting, but not make another tenant's tag: only the owner reads the
# key. `pg_temp` comes last, so that no temporary function or operator is found before PostgreSQL's own.
TENANT_FUNCTION = """
CREATE FUNCTION tidings_tenant() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT split_part(claim, '.', 1)
    FROM {schema}.tenant_seal, current_setting('tidings.tenant', true) AS claim
    WHERE split_part(claim, '.', 2)
        = encode(sha256(outer_key || sha256(inner_key || convert_to(split_part(claim, '.', 1), 'UTF8'))), 'hex')
$$
"""


def upgrade() -> None:
    if is_postgres():
        op.alter_column("job_events", "id", type_=sa.BigInteger())
        op.execute("ALTER SEQUENCE job_events_id_seq AS bigint")
        op.alter_column("crawl_runs", "byte_count", type_=sa.BigInteger())
        keys = op.create_table(
            "tenant_seal",
            sa.Column("inner_key", sa.LargeBinary(), nullable=False),
            sa.Column("outer_key", sa.LargeBinary(), nullable=False),
        )
        op.bulk_insert(keys, [{"inner_key": secrets.token_bytes(32), "outer_key": secrets.token_bytes(32)}])
        schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
        op.execute(TENANT_FUNCTION.format(schema=schema))
        op.execute("GRANT USAGE ON SEQUENCE job_events_id_seq TO PUBLIC")
    for table in OWNED:
        wall(table)
    wall("tenants", "id")


def downgrade() -> None:
    unwall("tenants")
    for table in reversed(OWNED):
        unwall(table)
    if is_postgres():
        op.execute("REVOKE ALL ON SEQUENCE job_events_id_seq FROM PUBLIC")
        op.execute("DROP FUNCTION tidings_tenant()")
        op.drop_table("tenant_seal")
        op.execute("ALTER SEQUENCE job_events_id_seq AS integer")
        op.alter_column("job_events", "id", type_=sa.Integer())
        op.alter_column("crawl_runs", "byte_count", type_=sa.Integer())

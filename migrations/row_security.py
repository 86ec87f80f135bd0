"""Row-level security on PostgreSQL, for migrations that make a table of tenants' rows. Nothing happens on SQLite.

Two policies per table: whoever proves a tenant (`tidings_tenant()`, migration 0004) sees and writes that tenant's rows;
the role that runs the migrations owns the tables and works over all tenants. Rights are granted to every role that may
connect: without a proof it sees no row and writes none (docs/adr/0014).
"""

from __future__ import annotations

from alembic import op


def is_postgres() -> bool:
    """Whether this migration runs on PostgreSQL."""
    return op.get_bind().dialect.name == "postgresql"


def wall(table: str, column: str = "tenant_id") -> None:
    """Put a table behind its policies. The sub-select makes the proof checked once per statement, not per row."""
    if is_postgres():
        own = f"{column} = (SELECT tidings_tenant())"
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({own}) WITH CHECK ({own})")
        op.execute(f"CREATE POLICY owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO PUBLIC")


def unwall(table: str) -> None:
    """Take the policies away again."""
    if is_postgres():
        op.execute(f"REVOKE ALL ON {table} FROM PUBLIC")
        op.execute(f"DROP POLICY owner ON {table}")
        op.execute(f"DROP POLICY tenant ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")

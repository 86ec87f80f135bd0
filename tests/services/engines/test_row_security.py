"""The wall behind the tenant filter: what the tenants' role cannot do, whatever SQL it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from services.engines.postgres import Seal, gap_in_wall, read_seal
from services.errors import ConfigurationError, EngineUnavailable
from services.ids import new_id
from services.ingest.submit import submit
from services.models import Base, Document, TenantOwned
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings, load_settings
from tests.factories import make_scope, text_document
from tests.postgres import HOW_TO, SERVER, Scratch, postgres_answers, scratch_database
from tests.require import need

OWNED = sorted(
    mapper.class_.__tablename__ for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantOwned)
)
OPEN = {"figures", "hosts", "robots_files", "setup_tokens"}


@dataclass(frozen=True)
class Walled:
    """Two tenants with a document each, and a connection of the tenants' role that the product knows nothing of."""

    runtime: Runtime
    ours: Scope
    theirs: Scope
    raw: Connection

    def claim(self, tenant_id: str) -> str:
        assert self.runtime.seal is not None
        return self.runtime.seal.claim(tenant_id)

    def become(self, claim: str) -> None:
        self.raw.execute(text("SELECT set_config('tidings.tenant', :claim, true)"), {"claim": claim})

    def seen(self, table: str = "documents") -> set[str]:
        column = "id" if table == "tenants" else "tenant_id"
        return set(self.raw.scalars(text(f"SELECT {column} FROM {table}")))


@pytest.fixture(scope="module")
def database() -> Iterator[Scratch]:
    need(postgres_answers(), HOW_TO)
    with scratch_database() as scratch:
        yield scratch


@pytest.fixture
def walled(database: Scratch, tmp_path: Path) -> Iterator[Walled]:
    settings = Settings(
        data_dir=tmp_path, database_url=database.url, database_admin_url=database.admin_url, embedder_model="fake:hash"
    )
    runtime = open_runtime(settings, with_bell=False)
    ours, theirs = make_scope(runtime, "Ours"), make_scope(runtime, "Theirs")
    for scope in (ours, theirs):
        submit(scope, text_document("The bank raised rates."))
    engine = create_engine(database.url)
    with engine.connect() as raw:
        yield Walled(runtime, ours, theirs, raw)
    engine.dispose()
    runtime.close()
    database.empty()


def test_every_table_of_tenants_is_behind_the_wall(walled: Walled) -> None:
    with walled.runtime.database.connect() as connection:
        forced = connection.scalars(
            text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY relname")
        ).all()
        policies = connection.execute(text("SELECT tablename, policyname, cmd FROM pg_policies")).all()
        for name in OPEN:
            rights = "SELECT has_table_privilege('public', :name, 'SELECT, INSERT, UPDATE, DELETE')"
            assert connection.scalar(text(rights), {"name": name}) is False
    assert forced == sorted([*OWNED, "tenants"])
    assert {tuple(row) for row in policies} == {
        (table, policy, "ALL") for table in [*OWNED, "tenants"] for policy in ("tenant", "owner")
    }
    assert set(Base.metadata.tables) == {*OWNED, "tenants"} | OPEN


def test_neither_role_is_above_the_wall(walled: Walled) -> None:
    above = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    with walled.runtime.database.connect() as owner:
        assert owner.scalar(above) is False
    assert walled.raw.scalar(above) is False


@pytest.mark.parametrize("table", ["documents", "jobs", "job_events", "tenants"])
def test_rows_are_seen_only_with_their_tenants_proof(walled: Walled, table: str) -> None:
    assert walled.seen(table) == set()
    walled.become(walled.claim(walled.ours.tenant_id))
    assert walled.seen(table) == {walled.ours.tenant_id}
    walled.raw.rollback()
    assert walled.seen(table) == set()


def test_a_proof_cannot_be_forged(walled: Walled) -> None:
    ours, theirs = walled.ours.tenant_id, walled.theirs.tenant_id
    tag = walled.claim(ours).split(".")[1]
    guessed = hashlib.sha256(theirs.encode()).hexdigest()
    own_key = Seal(b"mine", b"mine")
    walled.raw.execute(text("CREATE TEMP TABLE tenant_seal (inner_key bytea, outer_key bytea)"))
    walled.raw.execute(text("INSERT INTO tenant_seal VALUES ('mine', 'mine')"))
    for claim in (theirs, f"{theirs}.", f"{theirs}.{tag}", f"{theirs}.{guessed}", own_key.claim(theirs), "", ".", "%"):
        walled.become(claim)
        assert walled.seen() == set(), claim


@pytest.mark.parametrize("table", ["public.tenant_seal", "hosts", "robots_files", "setup_tokens", "alembic_version"])
def test_what_is_no_tenants_is_closed_to_the_tenants_role(walled: Walled, table: str) -> None:
    walled.become(walled.claim(walled.ours.tenant_id))
    with pytest.raises(ProgrammingError, match="permission denied"):
        walled.raw.execute(text(f"SELECT * FROM {table}"))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO site_rules (id, domain, created_at, tenant_id) VALUES ('x', 'example.org', now(), :theirs)",
        "UPDATE documents SET tenant_id = :theirs",
        "INSERT INTO site_rules (id, domain, created_at, tenant_id) VALUES ('x', 'example.org', now(), :ours) "
        "ON CONFLICT (id) DO UPDATE SET tenant_id = :theirs",
    ],
)
def test_rows_cannot_be_given_to_another_tenant(walled: Walled, statement: str) -> None:
    walled.become(walled.claim(walled.ours.tenant_id))
    place = {"theirs": walled.theirs.tenant_id, "ours": walled.ours.tenant_id}
    if "CONFLICT" in statement:
        walled.raw.execute(text(statement), place)
    with pytest.raises(ProgrammingError, match="row-level security"):
        walled.raw.execute(text(statement), place)


@pytest.mark.parametrize("statement", ["UPDATE documents SET title = 'x' ", "DELETE FROM documents "])
def test_another_tenants_rows_are_out_of_reach(walled: Walled, statement: str) -> None:
    walled.become(walled.claim(walled.ours.tenant_id))
    changed = walled.raw.execute(text(statement + "WHERE tenant_id = :theirs"), {"theirs": walled.theirs.tenant_id})
    assert changed.rowcount == 0


@pytest.mark.parametrize(
    "statement", ["TRUNCATE documents", "DROP TABLE documents", "ALTER TABLE documents DISABLE ROW LEVEL SECURITY"]
)
def test_the_wall_cannot_be_taken_down(walled: Walled, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        walled.raw.execute(text(statement))


def test_a_statement_that_forgets_the_filter_sees_one_tenant(walled: Walled) -> None:
    with walled.ours.read() as tx:
        assert set(tx.session.scalars(text("SELECT tenant_id FROM documents"))) == {walled.ours.tenant_id}
    with walled.theirs.write() as tx:
        assert tx.session.execute(text("UPDATE documents SET title = 'changed'")).rowcount == 1


def test_a_reading_transaction_cannot_write(walled: Walled) -> None:
    with pytest.raises(EngineUnavailable, match="takes no changes"), walled.ours.read() as tx:
        tx.session.execute(text("DELETE FROM documents"))


def test_a_row_of_another_tenant_is_refused_loudly(walled: Walled) -> None:
    other = Document(id=new_id("doc"), tenant_id=walled.theirs.tenant_id, type="text", content_type="text/plain")
    other.source, other.content_hash, other.byte_count, other.blob_key = "upload", "x", 1, "x"
    with pytest.raises(ProgrammingError, match="row-level security"), walled.ours.write() as tx:
        tx.session.add(other)


def test_a_wall_with_a_gap_is_noticed(walled: Walled, database: Scratch) -> None:
    tenants, owner = walled.runtime.tenant_database, walled.runtime.database
    superuser = create_engine(make_url(SERVER).set(database=make_url(database.url).database), poolclass=NullPool)
    as_owner = create_engine(database.admin_url, poolclass=NullPool)
    assert gap_in_wall(tenants, owner) is None
    assert "One role does all" in str(gap_in_wall(owner, owner))
    assert "owns the tables" in str(gap_in_wall(as_owner, owner))
    assert "SUPERUSER" in str(gap_in_wall(superuser, owner))


def test_the_owner_alone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDINGS_DATABASE_URL", raising=False)
    monkeypatch.setenv("TIDINGS_DATABASE_ADMIN_URL", "postgresql+psycopg://owner@127.0.0.1/tidings")
    with pytest.raises(ConfigurationError, match="set TIDINGS_DATABASE_URL too"):
        load_settings()


def test_the_wrong_role_is_told_which_one_is_needed(walled: Walled) -> None:
    with pytest.raises(ConfigurationError, match="TIDINGS_DATABASE_ADMIN_URL"):
        read_seal(walled.runtime.tenant_database)

"""PostgreSQL for tests: a scratch database with the two roles an operator makes, current, and emptied between tests."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from migrations.history import upgrade
from services.engines.database import open_database
from services.models import Base

# Somebody who may make databases and roles. PGHOST and the like are not read: the address is one thing to look for.
SERVER = os.environ.get("TIDINGS_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
HOW_TO = (
    "no PostgreSQL answers; start one, or set TIDINGS_TEST_POSTGRES_URL to a role that may make databases and roles"
)
PASSWORD = "scratch"


@dataclass(frozen=True)
class Scratch:
    """An empty database of its own: `admin_url` owns it, `url` is the role that sees one tenant at a time."""

    url: str
    admin_url: str

    def empty(self) -> None:
        """Remove all rows. Cheaper than TRUNCATE or a copy of a template while tables are small: 4 ms against 40 ms."""
        engine = create_engine(self.admin_url)
        with engine.begin() as connection:
            statements = [f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables)]
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'; " + "; ".join(statements))
        engine.dispose()


def postgres_answers() -> bool:
    """Whether a server is there."""
    engine = create_engine(SERVER, connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()


@contextmanager
def scratch_database(*, current: bool = True, server: str = SERVER, durable: bool = False) -> Iterator[Scratch]:
    """A new database and its two roles, gone at the end; with all tables, or without any when not `current`.

    Unless `durable`, its server may forget commits when it crashes: waiting for the disk is most of a small test's time.
    """
    name = f"tidings_test_{secrets.token_hex(4)}"
    owner, app = f"{name}_owner", f"{name}_app"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for role in (owner, app):
            connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {owner}"))
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = {'on' if durable else 'off'}"))
    place = make_url(server).set(database=name, password=PASSWORD)
    scratch = Scratch(shown(place.set(username=app)), shown(place.set(username=owner)))
    try:
        if current:
            migrate(scratch.admin_url)
        yield scratch
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            for role in (owner, app):
                connection.execute(text(f"DROP ROLE {role}"))
        engine.dispose()


def migrate(url: str) -> None:
    """Bring a database to the newest version."""
    engine: Engine = open_database(url)
    upgrade(engine)
    engine.dispose()


def shown(url: URL) -> str:
    """The URL with its password."""
    return url.render_as_string(hide_password=False)


# A server of one's own, for tests that stop it


def server_programs() -> Path | None:
    """The folder with initdb and pg_ctl, None when PostgreSQL is not installed here."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server in a temporary folder."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.run(
            "pg_ctl",
            "start",
            "-w",
            "-l",
            "log",
            "-D",
            "data",
            "-o",
            f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder}",
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is what a crash is."""
        self.run("pg_ctl", "stop", "-w", "-m", mode, "-D", "data")

    def run(self, program: str, *words: str) -> None:
        """Run one of its programs; as the user postgres where we are root, whom PostgreSQL refuses."""
        user = "postgres" if os.geteuid() == 0 else None
        subprocess.run(
            [self.programs / program, *words],
            cwd=self.folder,
            user=user,
            group=user,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """A running server that nobody else uses, gone at the end."""
    programs = server_programs()
    assert programs is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not below pytest's folder: the server's user may not look into that.
    cluster = Cluster(programs, Path(tempfile.mkdtemp(prefix="tidings-pg-")), port)
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(cluster.folder, account.pw_uid, account.pw_gid)
    try:
        cluster.run(
            "initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"
        )
        cluster.start()
        yield cluster
    finally:
        subprocess.run(
            [programs / "pg_ctl", "stop", "-m", "immediate", "-D", "data"],
            cwd=cluster.folder,
            user="postgres" if os.geteuid() == 0 else None,
            check=False,
            capture_output=True,
        )
        shutil.rmtree(cluster.folder, ignore_errors=True)

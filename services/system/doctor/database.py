"""The database: whether it keeps what it acknowledged, has room for our connections, and agrees on the time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from services.engines.facts.postgres import PostgresFacts, postgres_facts
from services.engines.postgres import gap_in_wall
from services.system.doctor.finding import Examination, Finding, fail, ok, warn

LEAST_POSTGRES = 14
# The gateway, a worker for each of ingest, crawl and maintenance, and the clock.
PROCESSES = 5
SKEW_SECONDS = 2.0
RELOAD = "SELECT pg_reload_conf();"
# What each setting must be, and what happens otherwise.
DURABLE = {
    "fsync": "a power cut can destroy the database",
    "full_page_writes": "a power cut can leave half-written pages",
    "synchronous_commit": "the last uploads that were acknowledged are lost when the server dies",
}


def database(on: Examination) -> Iterator[Finding]:
    """The engine in use."""
    engine = on.runtime.database
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        yield ok("database", f"sqlite {sqlite3.sqlite_version}, {mode}")
        return
    try:
        facts = postgres_facts(engine)
    except OperationalError:
        yield fail("database", "PostgreSQL does not answer", "Start PostgreSQL, or correct TIDINGS_DATABASE_URL.")
        return
    yield version_of(facts)
    yield from durability(facts)
    yield from time_and_room(facts, engine, on.settings.job_lease_seconds)
    yield from wall(on)


def version_of(facts: PostgresFacts) -> Finding:
    """The server's version, and that it takes writes and holds any text."""
    shown = f"PostgreSQL {facts.settings['server_version'].split()[0]}, {facts.connections} connections"
    if facts.is_standby:
        return fail("database", f"{shown}, a standby", "Point TIDINGS_DATABASE_URL at the primary.")
    if facts.settings["server_encoding"] != "UTF8":
        encoding = facts.settings["server_encoding"]
        return fail("database", f"{shown}, {encoding}", "CREATE DATABASE tidings ENCODING 'UTF8' TEMPLATE template0;")
    if int(facts.settings["server_version_num"]) < LEAST_POSTGRES * 10_000:
        return warn("database", shown, f"Upgrade PostgreSQL to {LEAST_POSTGRES} or newer with pg_upgrade.")
    return ok("database", shown)


def durability(facts: PostgresFacts) -> Iterator[Finding]:
    """Settings that trade data for speed."""
    bad = {name: harm for name, harm in DURABLE.items() if facts.settings[name] == "off"}
    for name, harm in bad.items():
        yield fail("database durability", f"{name} is off: {harm}", f"ALTER SYSTEM SET {name} = on; {RELOAD}")
    if not bad:
        yield ok("database durability", ", ".join(f"{name} {facts.settings[name]}" for name in DURABLE))


def time_and_room(facts: PostgresFacts, engine: Engine, lease_seconds: int) -> Iterator[Finding]:
    """The clocks of both machines, and whether all processes' pools fit."""
    skew = f"{abs(facts.skew_seconds):.1f} s apart from this machine"
    service = "timedatectl set-ntp true (on both machines)"
    if abs(facts.skew_seconds) > lease_seconds / 3:
        yield fail("database clock", f"{skew}: leases of jobs end too early or too late", service)
    elif abs(facts.skew_seconds) > SKEW_SECONDS:
        yield warn("database clock", skew, service)
    else:
        yield ok("database clock", skew)
    pool = getattr(engine.pool, "size", int)() + max(0, getattr(engine.pool, "_max_overflow", 0))
    wanted, usable = PROCESSES * pool, facts.usable_connections
    shown = f"{PROCESSES} processes of up to {pool} each may open {wanted}, the server gives {usable}"
    if wanted > usable:
        raised = wanted + int(facts.settings["max_connections"]) - usable
        fix = f"ALTER SYSTEM SET max_connections = {raised}; then restart PostgreSQL."
        yield warn("database connections", shown, fix)
    else:
        yield ok("database connections", shown)


def wall(on: Examination) -> Iterator[Finding]:
    """Whether a forgotten tenant filter would be stopped by PostgreSQL."""
    try:
        gap = gap_in_wall(on.runtime.tenant_database, on.runtime.database)
    except OperationalError as error:
        # psycopg's last line is the server's own sentence; it names the role and the database, never the password.
        reason = str(error.orig).strip().splitlines()[-1]
        yield fail("row security", f"the role of tenants is refused: {reason}", "Correct TIDINGS_DATABASE_URL.")
        return
    yield warn("row security", "off", gap) if gap else ok("row security", "on")

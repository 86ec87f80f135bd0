"""Fixtures every folder uses: a runtime on a temporary data folder, tenants in it, and no lasting effects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import hypothesis
import pytest

from services.models import Base
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from tests.factories import make_scope
from tests.parsers import kept_parsers
from tests.postgres import HOW_TO, Scratch, postgres_answers, scratch_database
from tests.require import need

# The same examples in every run: a property that fails does so for everybody. Machines differ in speed, so no deadline.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

# Rich would break the lines of commands that run inside a test, and asks when it is imported.
os.environ["COLUMNS"] = "200"

SHARED_DATA = Path(os.environ.get("TIDINGS_SHARED_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--profile=distributed` runs the tests that open a database on PostgreSQL instead of SQLite, and no others."""
    parser.addoption("--profile", choices=("embedded", "distributed"), default="embedded")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What opens no database behaves alike in both profiles; once is enough."""
    if config.getoption("--profile") == "distributed":
        chosen = [item for item in items if {"settings", "runtime"} & set(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen


@pytest.fixture(scope="session")
def scratch(request: pytest.FixtureRequest) -> Iterator[Scratch | None]:
    """The database of this test session, named in the environment so that all settings find it; None for SQLite files."""
    if request.config.getoption("--profile") == "embedded":
        yield None
        return
    need(postgres_answers(), HOW_TO)
    with scratch_database() as database, pytest.MonkeyPatch.context() as environment:
        environment.setenv("TIDINGS_DATABASE_URL", database.url)
        environment.setenv("TIDINGS_DATABASE_ADMIN_URL", database.admin_url)
        yield database


@pytest.fixture(autouse=True)
def no_rows_left(scratch: Scratch | None) -> Iterator[None]:
    """Each test begins with empty tables."""
    yield
    if scratch is not None:
        scratch.empty()


@pytest.fixture(scope="module", autouse=True)
def parsers(request: pytest.FixtureRequest) -> Iterator[None]:
    """The parser processes of a file are handed from test to test (tests/parsers.py)."""
    with nullcontext() if "extract" in request.path.parts else kept_parsers():
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings on a temporary folder, with the hashing embedder and short times."""
    return Settings(data_dir=tmp_path / "data", embedder_model="fake:hash", job_lease_seconds=2, tick_seconds=0.2)


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """A runtime with an empty, current database; nobody hears its bell."""
    runtime = open_runtime(settings, with_bell=False)
    Base.metadata.create_all(runtime.database)
    runtime.embedder.start()
    runtime.embedder.wait(10)
    yield runtime
    runtime.close()


@pytest.fixture
def scope(runtime: Runtime) -> Scope:
    """A tenant."""
    return make_scope(runtime)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of labelled data."""
    need(SHARED_DATA.exists(), f"labelled data not found at {SHARED_DATA}; set TIDINGS_SHARED_DATA")
    return SHARED_DATA

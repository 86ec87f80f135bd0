"""Fixtures every folder uses: a runtime on a temporary data folder, tenants in it, and no lasting effects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from services.models import Base
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from tests.factories import make_scope
from tests.require import need

# The same examples in every run: a property that fails does so for everybody. Machines differ in speed, so no deadline.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

SHARED_DATA = Path(os.environ.get("TIDINGS_SHARED_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))


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

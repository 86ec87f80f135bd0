"""A runtime over a temporary database, with one tenant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.models import Base
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from services.tenants import tenants


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    opened = open_runtime(Settings(data_dir=tmp_path), with_bell=False)
    Base.metadata.create_all(opened.database)
    yield opened
    opened.close()


@pytest.fixture
def scope(runtime: Runtime) -> Scope:
    return Scope(runtime, tenants.create_tenant(runtime, "Ours").id, "test")

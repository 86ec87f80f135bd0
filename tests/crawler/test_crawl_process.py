"""How a crawl process is set up."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from crawler import __main__ as process
from services.runtime import Runtime


class Stop(Exception):
    """Ends the process before it crawls."""


def test_its_bounded_address_space_is_not_spent_on_mapping_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Runtime] = []

    def stop(runtime: Runtime) -> None:
        opened.append(runtime)
        raise Stop

    order = json.dumps({"settings": {"data_dir": str(tmp_path)}}).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(order + b"\n")))
    monkeypatch.setattr(process, "limit_memory", lambda: None)
    monkeypatch.setattr(process, "watch", stop)
    with pytest.raises(Stop):
        process.main()
    with opened[0].database.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA mmap_size").scalar_one() == 0
    opened[0].close()

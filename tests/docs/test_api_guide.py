"""The examples of docs/api.md run as they stand, one after the other, against a server."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.require import need
from tests.server import ROOT, Server

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Its examples look at a site of somebody else.
ELSEWHERE = "## Sources"
# A stream is cut by `timeout` on purpose.
BEFORE = 'set -e -o pipefail\ntimeout() { command timeout "$@" || test $? -eq 124; }\n'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / ".data")
    yield server.start()
    server.close()


def test_the_examples_run(server: Server, tmp_path: Path) -> None:
    need(shutil.which("curl") and shutil.which("jq"), "needs curl and jq")
    sections = re.split(r"^(?=## )", (ROOT / "docs" / "api.md").read_text(), flags=re.MULTILINE)
    blocks = [block for section in sections if not section.startswith(ELSEWHERE) for block in BLOCK.findall(section)]
    assert len(blocks) > 10
    script = "\n".join(blocks)
    script = script.replace("URL=http://127.0.0.1:8787", f"URL={server.url}").replace(
        "KEY=tdg_...", f"KEY={server.make_key()}"
    )
    ran = subprocess.run(
        ["bash", "-x", "-c", BEFORE + script], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    assert ran.returncode == 0, f"{ran.stderr[-2000:]}\n{ran.stdout[-2000:]}"
    assert "internal_error" not in ran.stdout

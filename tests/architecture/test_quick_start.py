"""What a command imports before it has anything to do: the engines take seconds, and most commands only speak HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# The gateway's framework, the engines, the readers of documents and pages. (structlog imports twisted where it is there.)
HEAVY = {
    *("fastapi", "uvicorn", "qdrant_client", "qdrant_edge", "openvino", "numpy", "celery", "redis"),
    *("sqlalchemy", "alembic", "scrapy", "pymupdf", "pypdfium2", "docx", "lxml", "trafilatura", "PIL"),
}
SCRIPT = """
import json, sys
import cli.main
sys.argv = ["tidings", *json.loads(sys.argv[1])]
try:
    cli.main.main() if sys.argv[1:] else None
except SystemExit:
    pass
sys.stderr.write("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
# Nothing listens on this port: what a command imports to speak HTTP is seen all the same.
NOBODY = ["--url", "http://127.0.0.1:9"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["config"],
        ["up", "--help"],
        ["doctor", "--help"],
        ["worker", "--help"],
        ["backup", "--help"],
        ["eval", "--help"],
        [*NOBODY, "--key", "tdg_none", "search", "rates"],
        [*NOBODY, "--key", "tdg_none", "status"],
    ],
    ids=" ".join,
)
def test_commands_that_only_speak_import_no_engine(words: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(words)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "TIDINGS_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert "cli" in loaded
    assert loaded & HEAVY == set()

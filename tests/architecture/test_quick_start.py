"""What a command imports before it has anything to do: the engines take seconds, and most commands only speak HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from migrations.history import upgrade
from services.engines.database import open_database
from services.settings import SQLITE_FILE

ROOT = Path(__file__).parent.parent.parent
# The gateway's framework, the engines, the readers of documents and pages. (structlog imports twisted where it is there.)
HEAVY = {
    *("fastapi", "uvicorn", "qdrant_client", "qdrant_edge", "openvino", "numpy", "celery", "redis"),
    *("sqlalchemy", "alembic", "scrapy", "pymupdf", "pypdfium2", "docx", "lxml", "trafilatura", "PIL"),
}
# What a start of one process with SQLite has no use for until somebody asks: other engines, migrations, readers, torch.
UNUSED_AT_START = {
    *("redis", "sqlalchemy.dialects.postgresql", "psycopg", "qdrant_client", "openai", "alembic"),
    *("tldextract", "requests", "docx", "pymupdf", "trafilatura", "scrapy", "torch", "sentence_transformers"),
}
START = """
import json, sys
from pathlib import Path
import httpx2
from cli.service import running_service
from services.settings import Settings
with running_service(Settings(data_dir=Path(sys.argv[1]), port=0, embedder_model="fake:hash")) as service:
    service.run_in_thread()
    httpx2.get(service.url + "/readyz").raise_for_status()
    sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)) + "\\n")
"""
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


def test_a_start_imports_only_what_it_needs(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / SQLITE_FILE}")
    upgrade(engine)
    engine.dispose()
    done = subprocess.run(
        [sys.executable, "-c", START, str(tmp_path)],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    [line] = [line for line in done.stderr.splitlines() if line.startswith('["')]
    assert "cli.service" in json.loads(line)
    assert UNUSED_AT_START & set(json.loads(line)) == set()

"""`tidings eval extraction`: figures beside trafilatura's, and an exit status for scripts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One labelled page, and a data folder that is nobody's."""
    monkeypatch.setenv("TIDINGS_DATA_DIR", str(tmp_path / "data"))
    # Read by the tests themselves; the command knows settings only.
    monkeypatch.delenv("TIDINGS_SHARED_DATA", raising=False)
    body = "".join(f"<p>In district {n} four thousand people were moved to safety on Tuesday.</p>" for n in range(8))
    (tmp_path / "html").mkdir()
    page = f"<html><body><article><h1>Flood</h1>{body}</article></body></html>".encode()
    (tmp_path / "html" / "one.html.gz").write_bytes(gzip.compress(page))
    expected = "\n".join(f"In district {n} four thousand people were moved to safety on Tuesday." for n in range(8))
    (tmp_path / "ground-truth.json").write_text(json.dumps({"one": {"articleBody": expected, "url": None}}))
    return tmp_path


def test_figures_are_given_for_programs(folder: Path) -> None:
    result = CliRunner().invoke(app, ["--json", "eval", "extraction", str(folder), "--least", "-1"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report["pages"] == 1
    assert report["by_page"]["one"] > 0.99
    assert set(report["readers"]["tidings"]) == {"precision", "recall", "f1", "cpu_ms"}


def test_too_small_a_lead_fails(folder: Path) -> None:
    result = CliRunner().invoke(app, ["eval", "extraction", str(folder), "--least", "0.9"])
    assert result.exit_code == 1
    assert "0 refused" in result.output

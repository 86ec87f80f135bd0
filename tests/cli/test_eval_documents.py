"""`tidings eval documents`: agreement by format beside the libraries' own, and an exit status for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from services.ingest.evaluate_documents import agreement
from tests.services.ingest.extract.word import docx, p


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Word document with a table, which python-docx's own paragraphs lack, and a broken one."""
    monkeypatch.setenv("TIDINGS_DATA_DIR", str(tmp_path / "data"))
    # Read by the tests themselves; the command knows settings only.
    monkeypatch.delenv("TIDINGS_SHARED_DATA", raising=False)
    table = f"<w:tbl><w:tr><w:tc>{p('Norrvik')}</w:tc><w:tc>{p('four')}</w:tc></w:tr></w:tbl>"
    for name, content in {"a.docx": docx(p("Bridges of the north") + table), "b.docx": b"PK\x03\x04"}.items():
        for part in ("sources", "groundtruth"):
            (tmp_path / "docx" / part).mkdir(parents=True, exist_ok=True)
        (tmp_path / "docx" / "sources" / name).write_bytes(content)
        reference = "# Bridges of *the* north\n\n| Norrvik | four |\n| - | - |\n\n<!-- image -->"
        (tmp_path / "docx" / "groundtruth" / f"{name}.md").write_text(reference)
    return tmp_path


def test_figures_stand_beside_the_librarys_own(folder: Path) -> None:
    result = CliRunner().invoke(app, ["--json", "eval", "documents", str(folder), "--least", "0.5"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report["by_document"] == {"docx/a.docx": 1.0, "docx/b.docx": 0.0}
    assert report["refused"]["docx/b.docx"].startswith("damaged")
    assert report["formats"]["docx"]["tidings"]["agreement"] == 0.5
    assert report["formats"]["docx"]["python-docx"]["recall"] < 0.5


def test_too_little_agreement_fails(folder: Path) -> None:
    result = CliRunner().invoke(app, ["eval", "documents", str(folder)])
    assert result.exit_code == 1
    assert "python-docx" in result.output


def test_a_folder_without_references_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TIDINGS_SHARED_DATA", raising=False)
    assert CliRunner().invoke(app, ["eval", "documents", str(tmp_path)]).exit_code != 0


def test_agreement_counts_words_with_multiplicity_and_no_marks() -> None:
    assert agreement("One two two", "**One** [two](http://x.example) &amp; three\\_four") == (
        pytest.approx(2 / 3),
        pytest.approx(2 / 4),
        pytest.approx(4 / 7),
    )
    assert agreement("", "") == (1.0, 1.0, 1.0)

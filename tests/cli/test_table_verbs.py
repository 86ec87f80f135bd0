"""Tables on the command line: a preview, and rows as documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def news(tmp_path: Path) -> Path:
    path = tmp_path / "news.csv"
    lines = [
        f"Vote {n},The council of Skarrow voted about bridge number {n} in the night.,0{n}/03/2026" for n in range(1, 4)
    ]
    path.write_text("\n".join(["headline,body,date", *lines, "Nothing,,"]) + "\n")
    return path


def test_a_preview_shows_columns_documents_and_warnings(run: Run, news: Path) -> None:
    shown = run("upload", str(news), "--preview")
    assert shown.code == 0, shown.err
    for words in (
        "4 rows",
        "headline",
        "Vote 1",
        "row 1 · 2026-03-01",
        "1 rows without text are left out",
        "--day-first",
    ):
        assert words in shown.out
    chosen = run("--json", "upload", str(news), "--preview", "--text-column", "1", "--month-first").json
    assert chosen[0]["options"]["columns"]["text"] == [1]
    assert chosen[0]["documents"][1]["published_at"] is None
    assert run("--json", "upload", str(news), "--preview", "--text-column", "body", "--date-column", "date").json[0][
        "warnings"
    ]


def test_rows_become_documents(run: Run, news: Path) -> None:
    columns = ("--title-column", "headline", "--text-column", "body", "--date-column", "date")
    done = run("upload", str(news), "--rows", *columns)
    assert (done.code, "3 rows added, 1 without text (first row 4)" in done.out) == (0, True), done.out + done.err
    assert "known" in run("upload", str(news), "--rows", *columns).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rows", "--text-column", "nope"), "there are headline, body, date"),
        (("--title-column", "headline", "--rows"), "--text-column"),
        (("--text-column", "body"), "add --rows"),
        (("--rows", "--encoding", "zip"), "refused"),
    ],
)
def test_what_does_not_fit_is_said(run: Run, news: Path, words: tuple[str, ...], said: str) -> None:
    done = run("upload", str(news), *words)
    assert (done.code, said in done.err) == (1, True), done.err

"""What the Markdown files say about the product is so: settings, links, commands."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from cli.main import app
from cli.operate import settings_table
from tests.server import ROOT

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"```[^\n]*\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
README = (ROOT / "README.md").read_text()


def markdown_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split() or ["README.md"]
    return [ROOT / name for name in names]


def anchors(path: Path) -> set[str]:
    """The addresses of a file's headings, as Git hosts make them."""
    headings = HEADING.findall(FENCE.sub("", path.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(text: str) -> Iterator[list[str]]:
    """The words of every command line in code, without prompts, comments and what a pipe or a backslash goes on with."""
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    lines += INLINE.findall(FENCE.sub("", text))
    for line in lines:
        words = line.split("#")[0].split()
        if words:
            yield words


def test_the_table_of_settings_is_that_of_the_code() -> None:
    table = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()
    assert table == settings_table(), "put the output of `tidings config --markdown` between the markers"


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(FENCE.sub("", path.read_text())):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        wanted = (path.parent / name).resolve() if name else path
        assert wanted.exists(), f"{target} does not exist"
        if anchor and wanted.suffix == ".md":
            assert anchor in anchors(wanted), f"{target} names no heading"


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(path: Path) -> None:
    verbs = get_command(app).commands  # type: ignore[attr-defined]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(path.read_text()):
        if words[0] == "make" and len(words) > 1:
            assert words[1] in targets, " ".join(words)
        if words[0] == "tidings" and len(words) > 1 and not words[1].startswith("-"):
            check_verb(verbs, words[1:])


def check_verb(verbs: dict[str, object], words: list[str]) -> None:
    """A verb, its second word where it has one, and its options are known to the command line."""
    assert words[0] in verbs, f"tidings {words[0]}"
    command = verbs[words[0]]
    below = getattr(command, "commands", None)
    if below is not None and len(words) > 1:
        assert words[1] in below, f"tidings {words[0]} {words[1]}"
        command = below[words[1]]
    known = {
        option
        for parameter in getattr(command, "params", [])
        for option in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help"}
    for word in (word.strip("[]") for word in words):
        if word.startswith("--"):
            assert word.split("=")[0] in known, f"tidings {' '.join(words)}: {word}"

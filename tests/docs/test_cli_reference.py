"""docs/cli.md is what the parser says, and each verb shows how it is used."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from cli.examples import EXAMPLES
from cli.main import app
from cli.reference import FILE, reference
from tests.cli.conftest import run_inside
from tests.server import COMMAND, ROOT


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The words of every verb."""
    for name, below in command.commands.items():
        if getattr(below, "commands", None):
            yield from verbs(below, (*path, name))
        else:
            yield " ".join((*path, name))


def test_the_reference_is_that_of_the_parser() -> None:
    assert FILE.read_text() == reference(), "run `python -m cli.reference` and commit what it wrote"


def test_each_verb_has_examples_of_itself() -> None:
    assert set(verbs(get_command(app))) == set(EXAMPLES)
    for words, examples in EXAMPLES.items():
        for example in examples:
            typed = [word for word in shlex.split(example) if not word.startswith("TIDINGS_") and word != "--json"]
            assert typed[: 1 + len(words.split())] == ["tidings", *words.split()], example


@pytest.mark.parametrize("words", ["backup", "retention add", "up"])
def test_help_ends_with_the_examples(words: str) -> None:
    done = run_inside({**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}, (*words.split(), "--help"))
    assert done.code == 0
    for example in EXAMPLES[words]:
        assert example in done.out


def test_a_shell_can_complete_verbs() -> None:
    environment = {**os.environ, "_TIDINGS_COMPLETE": "complete_bash", "COMP_WORDS": "tidings re", "COMP_CWORD": "1"}
    script = "import sys; sys.argv[0] = 'tidings'; from cli.main import app; app(prog_name='tidings')"
    done = subprocess.run(
        [COMMAND[0], "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert {"reindex", "reconcile", "restore"} <= set(done.stdout.split())

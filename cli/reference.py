"""docs/cli.md, made from the command line itself: `python -m cli.reference` writes it, a test compares it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from cli.examples import EXAMPLES
from cli.main import app

FILE = Path(__file__).parent.parent / "docs" / "cli.md"
HEAD = """# The command line

<!-- Made by `python -m cli.reference` from the parser; do not edit. -->

The verbs talk to the running server of the data folder (`TIDINGS_DATA_DIR`), to `--url`, or, when none runs, to one that
lives as long as the command. `backup`, `restore`, `export`, `import`, `migrate` and the processes of the distributed profile
work on the data itself, on the machine that has it. `--help` after a verb shows what stands here.

Completion for your shell: `tidings --install-completion`, then open a new one.
"""


def reference() -> str:
    """The page."""
    root = get_command(app)
    return "\n".join([HEAD, "## Options of every verb", "", *options(root), "", *verbs(root, ())]).rstrip() + "\n"


def verbs(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    """A section per verb, groups by their verbs."""
    for name, below in command.commands.items():
        if getattr(below, "commands", None):
            yield from verbs(below, (*path, name))
            continue
        words = " ".join((*path, name))
        arguments = [argument(each) for each in below.params if each.param_type_name == "argument"]
        yield from (f"## tidings {words}", "", "```", " ".join(("tidings", words, *arguments)), "```", "")
        yield from (paragraph(below.help or ""), "")
        yield from (*options(below), "")
        yield from ("```", *EXAMPLES.get(words, ()), "```", "")


def options(command: Any) -> list[str]:
    """The options and arguments of a command as a list."""
    lines = []
    for each in command.params:
        if each.param_type_name == "argument":
            lines.append(f"- `{argument(each)}`: {each.help or ''}")
        else:
            lines.append(f"- `{', '.join((*each.opts, *each.secondary_opts))}`: {each.help or ''}")
    return [line.removesuffix(": ") for line in lines]


def argument(each: Any) -> str:
    """How an argument is written in a usage line."""
    name = each.metavar or str(each.name).upper()
    name += " ..." if each.nargs == -1 and not each.metavar else ""
    return name if each.required or each.metavar else f"[{name}]"


def paragraph(text: str) -> str:
    """A docstring on as few lines as it has paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


if __name__ == "__main__":
    FILE.write_text(reference())
    sys.exit(0)

"""Commands run inside the test's process: a new Python for each would cost more than the commands themselves."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cli.main import main
from tests.server import Server


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote, for programs."""
        assert self.code == 0, self.err
        return json.loads(self.out)


Run = Callable[..., Done]


def run_inside(environment: dict[str, str], words: tuple[str, ...], given: str = "") -> Done:
    """Run a command's own main() with this environment and standard input."""
    out, err = io.StringIO(), io.StringIO()
    before = dict(os.environ), sys.argv, sys.stdin
    os.environ.clear()
    os.environ.update(environment)
    sys.argv, sys.stdin = ["tidings", *words], io.StringIO(given)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
    finally:
        os.environ.clear()
        os.environ.update(before[0])
        sys.argv, sys.stdin = before[1:]
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a file, set up by its own command."""
    server = Server(tmp_path_factory.mktemp("cli") / "data").start()
    made = server.json("setup", "--yes", "--organisation", "Risk team")
    assert made["tenant"]["name"] == "Risk team"
    assert made["api_key"].startswith("tdg_")
    assert made["password"]
    yield server
    server.close()


@pytest.fixture(scope="module")
def run(server: Server) -> Run:
    """Run a `tidings` command with the server's settings: `run("search", "rates")`."""

    def run_words(*words: str, given: str = "", **more: str) -> Done:
        return run_inside({**server.environment, **more}, words, given)

    return run_words

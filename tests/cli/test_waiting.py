"""What `tidings upload` says while it waits."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests.server import COMMAND, ROOT, Server

NOBODY_LISTENS = "http://127.0.0.1:9"
SAID_WITHIN_SECONDS = 60


def test_an_upload_says_what_it_waits_for_and_why(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", qdrant_url=NOBODY_LISTENS).start()
    try:
        server.json("setup", "--yes")
        file = tmp_path / "ferry.txt"
        file.write_text("The ferry ran late on Tuesday, said the captain.")
        with (tmp_path / "said").open("w+b") as said:
            command = [*COMMAND, "upload", str(file)]
            waiting = subprocess.Popen(command, cwd=ROOT, env=server.environment, stderr=said, stdout=said)
            try:
                deadline = time.monotonic() + SAID_WITHIN_SECONDS
                while b"again by itself" not in (tmp_path / "said").read_bytes():
                    assert waiting.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
            finally:
                waiting.kill()
                waiting.wait()
        line = (tmp_path / "said").read_text()
        assert "ferry.txt: at indexing for" in line
        assert "The Qdrant server cannot be reached" in line
        assert line.count("waiting") == 1
    finally:
        server.close()

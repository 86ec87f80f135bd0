"""`tidings upload` of a large file: in parts, which go on after a lost connection and in the next run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli import parts
from cli.client import Client, CommandFailed
from services.settings import Settings
from tests.server import Server


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A text of 9 MiB."""
    chance, path = random.Random(5), tmp_path / "large.txt"
    words = ["harbour", "ferry", "storm", "council", "mill", "bridge", "flood", "report"]
    lines = (
        "".join(f"{word} {chance.randrange(10**9)} " for word in chance.choices(words, k=8)) for _ in range(80_000)
    )
    path.write_text("\n".join(lines))
    assert path.stat().st_size > parts.LARGE_BYTES
    return path


@contextmanager
def client_of(server: Server) -> Iterator[Client]:
    settings = Settings(data_dir=server.folder)
    with httpx2.Client(base_url=server.url, timeout=60, trust_env=False) as http:
        yield Client(http, settings, None)


def test_a_large_file_is_sent_in_parts_and_is_one_document(server: Server, large: Path) -> None:
    done = server.command("--json", "upload", str(large), "--no-wait")
    assert done.returncode == 0, done.stderr
    with client_of(server) as client:
        assert client.call("GET", "/v1/uploads")["data"] == []
        listed = client.call("GET", "/v1/documents?q=large.txt")["data"]
    assert [(row["filename"], row["byte_count"]) for row in listed] == [("large.txt", large.stat().st_size)]


def test_it_goes_on_after_a_lost_connection(server: Server, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer and the second request are lost."""
    large.write_bytes(large.read_bytes() + b" lost connection")
    told: list[float] = []
    with client_of(server) as client:
        request, turns = client.http.request, iter(["answer lost", "request lost"])

        def unsteady(method: str, path: str, **more: Any) -> httpx2.Response:
            fault = next(turns, None) if method == "PATCH" else None
            if fault == "request lost":
                raise httpx2.ConnectError("a fault of this test")
            answer = request(method, path, **more)
            if fault == "answer lost":
                raise httpx2.ReadError("a fault of this test")
            return answer

        monkeypatch.setattr(client.http, "request", unsteady)
        document = parts.send_in_parts(client, large, {}, told.append)
    assert document["byte_count"] == large.stat().st_size
    assert not document["duplicate"]
    assert told == sorted(told)


def test_the_next_run_goes_on_where_the_last_one_was_broken(
    server: Server, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.write_bytes(large.read_bytes() + b" next run")
    monkeypatch.setattr(parts, "PATIENCE_SECONDS", 0.0)
    with client_of(server) as client:
        request, left = client.http.request, iter([True])

        def breaks(method: str, path: str, **more: Any) -> httpx2.Response:
            if method == "PATCH" and not next(left, False):
                raise httpx2.ConnectError("a fault of this test")
            return request(method, path, **more)

        with monkeypatch.context() as patch:
            patch.setattr(client.http, "request", breaks)
            with pytest.raises(CommandFailed, match="Run the same command again"):
                parts.send_in_parts(client, large, {}, lambda share: None)
        [upload] = client.call("GET", "/v1/uploads")["data"]
        assert upload["offset"] == parts.PART_BYTES
        told: list[float] = []
        document = parts.send_in_parts(client, large, {}, told.append)
    assert told[0] == pytest.approx(parts.PART_BYTES / large.stat().st_size)
    assert document["byte_count"] == large.stat().st_size

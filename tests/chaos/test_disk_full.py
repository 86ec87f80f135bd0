"""A disk that is full: uploads are refused with what to do, nothing accepted is lost, and freed space is all it takes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx2
import numpy as np
import pytest

from services.engines import disk
from services.engines.blobs import FolderBlobs
from services.engines.vectors.base import Point
from services.engines.vectors.edge import EdgeVectors
from services.errors import EngineUnavailable
from services.models import utc_now
from services.tenants.tenants import list_tenants
from tests.chaos.oracle import Expected, violations
from tests.chaos.runs import opened
from tests.server import Server
from tests.stack import settled

SIZE_MIB = 192
# Free when Edge would write to pages that no block is left for: SIGBUS, in the middle of an upsert.
NEARLY_NOTHING = 400_000
DOCUMENTS = 12
LONG = pytest.mark.skipif(os.environ.get("TIDINGS_CHAOS_ALL") != "1", reason="`make chaos` runs it")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=700", "tidings-test", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here: that takes root, and a container with CAP_SYS_ADMIN")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def server(small_disk: Path) -> Iterator[Server]:
    server = Server(small_disk / "data", job_lease_seconds="4", job_attempts="3")
    server.log = small_disk.parent / "server.log"
    yield server.start()
    server.close()


@contextmanager
def filled(place: Path, *, leaving: int) -> Iterator[None]:
    """Something else takes the space for a while."""
    filler = place / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(place).free - leaving)
    yield
    filler.unlink()


def text_of(word: str) -> str:
    return "\n\n".join(f"{word} report, part {part}: the harbour handled {part} containers." for part in range(1, 40))


def upload(http: httpx2.Client, word: str) -> httpx2.Response:
    return http.post("/v1/documents", json={"text": text_of(word), "title": f"Report {word}"})


def refusal(answer: httpx2.Response) -> str:
    """The sentence of a refusal that passes."""
    assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable"), answer.text
    assert int(answer.headers["retry-after"]) > 0
    return str(answer.json()["detail"])


@pytest.mark.parametrize("leaving", [NEARLY_NOTHING, pytest.param(50 * disk.MIB, marks=LONG)])
def test_full_disk_refuses_uploads_keeps_what_was_accepted_and_goes_on_when_there_is_space(
    server: Server, small_disk: Path, leaving: int
) -> None:
    accepted = [f"canary{number}" for number in range(DOCUMENTS)]
    with httpx2.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {server.make_key()}"}, timeout=60
    ) as http:
        first = upload(http, "canaryfirst").json()["id"]
        settled(http, 1)
        for word in accepted:
            assert upload(http, word).status_code == 202
        with filled(small_disk, leaving=leaving):
            assert "ree some space" in refusal(upload(http, "canaryrefused"))
            hits = http.post("/v1/search", json={"query": "canaryfirst"}).json()["data"]
            assert hits[0]["document"]["id"] == first
            if leaving > disk.REMOVING_BYTES:
                assert http.delete(f"/v1/documents/{first}").status_code == 202
            assert server.process is not None
            assert server.process.poll() is None
        assert upload(http, "canaryafter").status_code == 202
        if leaving < disk.REMOVING_BYTES:
            assert http.delete(f"/v1/documents/{first}").status_code == 202
        assert {each["status"] for each in settled(http, DOCUMENTS + 1)} == {"ready"}
    assert server.interrupt() < 20
    with opened(server.folder) as runtime:
        (tenant,) = list_tenants(runtime)
        expected = Expected((*accepted, "canaryafter"), ("canaryfirst", "canaryrefused"))
        assert violations(runtime, {tenant.id: expected}) == []


def test_without_room_nothing_new_is_stored_and_little_is_enough_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 10 * 2**30
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    blobs, vectors = FolderBlobs(tmp_path / "blobs"), EdgeVectors(tmp_path / "vectors")
    point = Point("doc_1", 1, 0, "A text.", None, np.ones(4, np.float32) / 2, "upload", "txt", utc_now())
    vectors.ensure("one", 4)
    vectors.upsert("one", [point])
    free = disk.FULL_BYTES - 1
    for store in (
        lambda: blobs.put("ten_1/doc_1", b"bytes"),
        lambda: vectors.upsert("one", [point]),
        lambda: vectors.ensure("two", 4),
    ):
        with pytest.raises(EngineUnavailable, match="Free some space"):
            store()
    vectors.delete_documents("one", ["doc_1"])
    assert vectors.count("one") == 0
    vectors.close()

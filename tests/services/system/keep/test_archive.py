"""An archive is whole or refused, whoever made it and whatever happened to it since."""

from __future__ import annotations

import hashlib
import json
import random
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import ArchiveInvalid, Conflict
from services.system.keep.archive import ArchiveReader, ArchiveWriter

ANY = re.compile(r".*")


def write(file: Path) -> Path:
    with ArchiveWriter(file) as archive:
        archive.add("rows/some.jsonl", [b'{"a":1}\n', b'{"a":2}\n'])
        archive.add("bytes", [bytes(range(256)) * 40], compress=False)
        archive.finish("test", 1, counts={"rows": 2})
    return file


def read(file: Path, *, sealed: bool = True) -> ArchiveReader:
    with ArchiveReader(file, kind="test", layout=1, allowed=ANY) as archive:
        archive.verify(lambda *_: None, sealed=sealed)
        return archive


def forge(file: Path, members: dict[str, bytes], *, sums: str | None = None, **manifest: object) -> Path:
    """An archive made by a stranger, whole by its own account."""
    said = {"format": "test", "layout": 1, "tidings": "9", "made_at": "2026-11-27", **manifest}
    listed = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in members.items())
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
        made.writestr("SHA256SUMS", listed if sums is None else sums)
        made.writestr("manifest.json", json.dumps(said))
    return file


def test_what_was_written_is_read_and_other_programs_can_check_it(tmp_path: Path) -> None:
    archive = read(write(tmp_path / "a.zip"))
    assert archive.manifest["counts"] == {"rows": 2}
    with ArchiveReader(tmp_path / "a.zip", kind="test", layout=1, allowed=ANY) as again:
        assert list(again.rows("rows/some.jsonl")) == [{"a": 1}, {"a": 2}]
    with zipfile.ZipFile(tmp_path / "a.zip") as plain:
        assert plain.testzip() is None
        for line in plain.read("SHA256SUMS").decode().splitlines():
            digest, _, name = line.partition("  ")
            assert hashlib.sha256(plain.read(name)).hexdigest() == digest
    assert stat.S_IMODE((tmp_path / "a.zip").stat().st_mode) == 0o600


def test_every_flipped_byte_and_every_cut_is_noticed(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.zip").read_bytes()
    damaged = tmp_path / "b.zip"
    for position in random.Random(1).sample(range(len(whole)), 300):
        damaged.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        with pytest.raises(ArchiveInvalid):
            read(damaged)
    for length in (0, 1, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        damaged.write_bytes(whole[:length])
        with pytest.raises(ArchiveInvalid):
            read(damaged)


def test_a_writer_that_fails_leaves_nothing_and_none_is_overwritten(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"thing"
        raise RuntimeError

    with pytest.raises(RuntimeError), ArchiveWriter(tmp_path / "a.zip") as archive:
        archive.add("some", broken())
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "a.zip")
    with pytest.raises(Conflict, match="there already"):
        write(tmp_path / "a.zip")
    archive = ArchiveWriter(tmp_path / "b.zip")
    (tmp_path / "b.zip").write_text("somebody was quicker")
    with pytest.raises(Conflict), archive:
        archive.finish("test", 1)
    assert (tmp_path / "b.zip").read_text() == "somebody was quicker"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip"]


@pytest.mark.parametrize(
    "name",
    ["../up", "a/../../up", "/etc/passwd", "C:/x", "a\\..\\b", ".hidden", "a/.ssh/b", "a//b", "a/", "a\nb", "x" * 500],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveInvalid):
        read(forge(tmp_path / "a.zip", {name: b"x"}), sealed=False)


def test_links_strangers_gaps_and_repeats_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
        made.writestr("SHA256SUMS", "")
        made.writestr("manifest.json", '{"format": "test", "layout": 1}')
    with pytest.raises(ArchiveInvalid, match="no plain file"):
        read(tmp_path / "link.zip", sealed=False)
    digest = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(ArchiveInvalid, match="lacks 'b'"):
        read(forge(tmp_path / "gap.zip", {"a": b"x"}, sums=f"{digest}  a\n{digest}  b\n"), sealed=False)
    with pytest.raises(ArchiveInvalid, match="nobody put there"):
        read(forge(tmp_path / "more.zip", {"a": b"x"}, sums=""), sealed=False)
    with pytest.raises(ArchiveInvalid, match="not what was written"):
        read(forge(tmp_path / "other.zip", {"a": b"y"}, sums=f"{digest}  a\n"), sealed=False)
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as made:
        made.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("a", "2")
    with pytest.raises(ArchiveInvalid, match="twice"):
        read(tmp_path / "twice.zip", sealed=False)
    with pytest.raises(ArchiveInvalid, match="no seal"):
        read(forge(tmp_path / "plain.zip", {"a": b"x"}))


def test_bombs_are_refused_before_they_unpack(tmp_path: Path) -> None:
    bomb = forge(tmp_path / "a.zip", {"big": b"\0" * 2**20})
    content = bytearray(bomb.read_bytes())
    entry = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, entry + 24, 2**31)
    bomb.write_bytes(content)
    with pytest.raises(ArchiveInvalid, match="more than it can"):
        read(bomb, sealed=False)
    struct.pack_into("<I", content, entry + 24, 2**19)
    bomb.write_bytes(content)
    with pytest.raises(ArchiveInvalid):
        read(bomb, sealed=False)


def test_another_kind_and_a_newer_layout_say_so(tmp_path: Path) -> None:
    with pytest.raises(ArchiveInvalid, match="not a test archive but 'other'"):
        read(forge(tmp_path / "a.zip", {}, format="other"), sealed=False)
    with pytest.raises(ArchiveInvalid, match="was written by Tidings 9"):
        read(forge(tmp_path / "b.zip", {}, layout=2), sealed=False)

"""A zip that can be trusted after years, and one from a stranger that can be opened at all.

    ...              the members
    SHA256SUMS       a line per member, as `sha256sum --check` reads it
    manifest.json    what the archive is: its format and layout, the version that wrote it, when, and counts
    (zip comment)    SHA-256 of every byte before it, so that a flipped bit between members shows too

Written under another name beside the file, flushed to disk and linked in place: a killed writer leaves no half archive.
Reading believes nothing: names are checked before anything is opened, sizes before anything is unpacked, and content
against its hash while it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from services.engines.blobs import sync_folder
from services.errors import ArchiveInvalid, Conflict
from services.models import utc_now
from services.version import VERSION

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
SEAL = b"tidings sha256 "
DIGEST_LETTERS = 64
BLOCK = 2**20
# Texts and pages halve at the fastest level; slower ones gain a tenth and take three times as long.
LEVEL = 1
MANIFEST_BYTES, LINE_BYTES = 2**20, 64 * 2**20
# Deflate makes at most 1,032 bytes of one.
MOST_INFLATION = 1032
# No part begins with a dot, so that no name leaves a folder, hides in one, or means another on some system.
NAME = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]*(/[A-Za-z0-9_@-][A-Za-z0-9_.@-]*)*")
NAME_LETTERS = 400

# What is being done, how far it is, and of how much.
Tell = Callable[[str, int, int], None]


class ArchiveWriter:
    """Writes an archive; `finish` puts it in place. Left without that, nothing stays. Raises Conflict when the file exists."""

    def __init__(self, file: Path) -> None:
        if file.exists():
            raise Conflict(f"{file} is there already; choose another name or remove it.")
        self.file = file
        self.temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(self.temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        self.stream = os.fdopen(descriptor, "w+b")
        self.zip = zipfile.ZipFile(self.stream, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self.sums: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(OSError, ValueError):
            self.zip.close()
        with suppress(OSError):
            self.stream.close()
        self.temporary.unlink(missing_ok=True)

    def add(self, name: str, blocks: Iterable[bytes], *, compress: bool = True) -> int:
        """Add a member; returns its size in bytes."""
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(name, utc_now().timetuple()[:6])
        info.external_attr = (stat.S_IFREG | 0o600) << 16
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        with self.zip.open(info, "w", force_zip64=True) as member:
            for block in blocks:
                digest.update(block)
                size += len(block)
                member.write(block)
        self.sums.append(f"{digest.hexdigest()}  {name}\n")
        return size

    def add_rows(self, name: str, rows: Iterable[dict[str, Any]]) -> int:
        """Add a member of JSON Lines; returns how many there are."""
        count = 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for row in rows:
                count += 1
                yield json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

        self.add(name, lines())
        return count

    def finish(self, kind: str, layout: int, **about: Any) -> dict[str, Any]:
        """Say what it is, seal it, put it in place; returns the manifest. Raises Conflict when somebody made the file meanwhile."""
        said = {"format": kind, "layout": layout, "tidings": VERSION, "made_at": utc_now().isoformat(), **about}
        self.zip.writestr(SUMS, "".join(self.sums))
        self.zip.writestr(MANIFEST, json.dumps(said, ensure_ascii=False, indent=1))
        self.zip.comment = SEAL + b"0" * DIGEST_LETTERS
        self.zip.close()
        digest = seal_of(self.stream)
        self.stream.seek(-DIGEST_LETTERS, os.SEEK_END)
        self.stream.write(digest.encode())
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        try:
            os.link(self.temporary, self.file)
        except FileExistsError as error:
            raise Conflict(f"{self.file} is there already; choose another name or remove it.") from error
        except OSError:  # a file system without links
            self.temporary.rename(self.file)
        sync_folder(self.file.parent)
        return said


class ArchiveReader:
    """An archive that was looked at and may be read.

    Raises ArchiveInvalid for what is none, was cut off, is of another kind or a newer layout, or could do harm.
    """

    def __init__(self, file: Path, *, kind: str, layout: int, allowed: re.Pattern[str]) -> None:
        self.file, self.size = file, file.stat().st_size
        try:
            self.zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
            raise ArchiveInvalid(f"{file.name} is no archive of Tidings, or it was cut off ({error}).") from error
        try:
            self.members = checked_members(self.zip, self.size)
            self.manifest = self._read_manifest(kind, layout)
            self.sums = self._read_sums(allowed)
        except BaseException:
            self.zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.zip.close()

    @property
    def total_bytes(self) -> int:
        """What all members take once unpacked, as the archive says; no more is ever unpacked."""
        return sum(self.members[name].file_size for name in self.sums)

    def size_of(self, name: str) -> int:
        """Size of a member, bytes."""
        return self.members[name].file_size

    def blocks(self, name: str) -> Iterator[bytes]:
        """A member's content, compared with its hash at the end. Raises ArchiveInvalid, in the middle or at the end."""
        digest = hashlib.sha256()
        with self._opened(name) as member:
            while block := member.read(BLOCK):
                digest.update(block)
                yield block
        if digest.hexdigest() != self.sums[name]:
            raise ArchiveInvalid(f"{name!r} in {self.file.name} is not what was written: the archive is damaged.")

    def content(self, name: str, most_bytes: int) -> bytes:
        """All of a member. Raises ArchiveInvalid when it is larger."""
        if self.size_of(name) > most_bytes:
            raise ArchiveInvalid(f"{name!r} in {self.file.name} is larger than it can be: {self.size_of(name)} bytes.")
        return b"".join(self.blocks(name))

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The rows of a member of JSON Lines, which was checked as a whole by `verify` before. Raises ArchiveInvalid."""
        with self._opened(name) as member:
            while line := member.readline(LINE_BYTES):
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise ArchiveInvalid(f"{name!r} in {self.file.name} holds a line that is no JSON.") from error
                if not isinstance(row, dict):
                    raise ArchiveInvalid(f"{name!r} in {self.file.name} holds a line that is no object.")
                yield row

    def verify(self, tell: Tell, *, sealed: bool) -> None:
        """Read everything and compare it with what was written. `sealed`: whether an archive without a seal is refused.

        Cost: reads the file twice, once as it lies there and once unpacked. Raises ArchiveInvalid.
        """
        check_seal(self.file, self.zip.comment, required=sealed)
        done, total = 0, self.total_bytes
        for name in self.sums:
            for block in self.blocks(name):
                done += len(block)
                tell("Checking", done, total)

    def _read_manifest(self, kind: str, layout: int) -> dict[str, Any]:
        if MANIFEST not in self.members or self.members[MANIFEST].file_size > MANIFEST_BYTES:
            raise ArchiveInvalid(f"{self.file.name} is no archive of Tidings: it does not say what it is.")
        with self._opened(MANIFEST) as member:
            try:
                manifest = json.loads(member.read())
            except ValueError as error:
                raise ArchiveInvalid(f"The description of {self.file.name} cannot be read.") from error
        if not isinstance(manifest, dict) or manifest.get("format") != kind:
            found = manifest.get("format") if isinstance(manifest, dict) else None
            raise ArchiveInvalid(f"{self.file.name} is not a {kind} archive but {found!r}.")
        if not isinstance(manifest.get("layout"), int) or manifest["layout"] > layout:
            raise ArchiveInvalid(
                f"{self.file.name} was written by Tidings {manifest.get('tidings')}, in a layout that this version "
                f"({VERSION}) does not know; install that version or a later one."
            )
        return manifest

    def _read_sums(self, allowed: re.Pattern[str]) -> dict[str, str]:
        if SUMS not in self.members:
            raise ArchiveInvalid(f"{self.file.name} lacks {SUMS}: it is no whole archive.")
        sums: dict[str, str] = {}
        with self._opened(SUMS) as member:
            for raw in iter(lambda: member.readline(2 * NAME_LETTERS), b""):
                line = raw.decode("utf-8", "replace")
                digest, _, name = line.rstrip("\n").partition("  ")
                if not re.fullmatch(r"[0-9a-f]{64}", digest) or name in sums:
                    raise ArchiveInvalid(f"{SUMS} in {self.file.name} holds a line that is none: {line[:100]!r}.")
                sums[name] = digest
        for name in sums.keys() - self.members.keys():
            raise ArchiveInvalid(f"{self.file.name} lacks {name!r}, which it should hold.")
        for name in self.members.keys() - sums.keys() - {SUMS, MANIFEST}:
            raise ArchiveInvalid(f"{self.file.name} holds {name!r}, which nobody put there.")
        for name in sums:
            if not allowed.fullmatch(name):
                raise ArchiveInvalid(f"{self.file.name} holds {name!r}, which does not belong there.")
        return sums

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self.zip.open(self.members[name]) as member:
                yield member
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
            raise ArchiveInvalid(f"{name!r} in {self.file.name} is damaged ({error}).") from error


def checked_members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The members by name. Raises ArchiveInvalid for a name, kind or size that no archive of ours has."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename
        if len(name) > NAME_LETTERS or not NAME.fullmatch(name):
            raise ArchiveInvalid(f"The archive holds a member with a name that it cannot have: {name[:100]!r}.")
        if name in members:
            raise ArchiveInvalid(f"The archive holds {name!r} twice.")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveInvalid(f"{name!r} is encrypted or packed in a way that Tidings does not use.")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ArchiveInvalid(f"{name!r} is no plain file.")
        if info.file_size > info.compress_size * MOST_INFLATION + BLOCK:
            raise ArchiveInvalid(f"{name!r} says that it holds more than it can.")
        members[name] = info
    if sum(info.compress_size for info in members.values()) > size:
        raise ArchiveInvalid("Members of the archive lie over each other: it was made to do harm.")
    return members


def seal_of(stream: IO[bytes]) -> str:
    """SHA-256 of an archive but for the last letters, which hold it."""
    remaining = stream.seek(0, os.SEEK_END) - DIGEST_LETTERS
    stream.seek(0)
    digest = hashlib.sha256()
    while remaining > 0 and (block := stream.read(min(BLOCK, remaining))):
        digest.update(block)
        remaining -= len(block)
    return digest.hexdigest()


def check_seal(file: Path, comment: bytes, *, required: bool) -> None:
    """Raises ArchiveInvalid when a byte of the file is another one than was written."""
    if not comment.startswith(SEAL):
        if required:
            raise ArchiveInvalid(f"{file.name} has no seal at its end: it was cut off or packed anew.")
        return
    with file.open("rb") as stream:
        if seal_of(stream).encode() != comment[len(SEAL) :]:
            raise ArchiveInvalid(f"{file.name} is not as it was written: at least one byte differs.")


def blocks_of(file: Path, on_block: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
    """A file's content."""
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            on_block(len(block))
            yield block

"""ZIP files, checked before anything in them is unpacked. Standard library only: the gateway looks at names, too."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from services.errors import ParseFailed

MAX_ENTRIES = 2000
# Unpacked to packed size, of the whole file and of an entry, past SMALL_BYTES. Word's own XML stays below 30.
MAX_RATIO = 100
SMALL_BYTES = 2**20
# The directory of MAX_ENTRIES entries with names and extra fields of 200 characters on the mean.
MAX_DIRECTORY_BYTES = MAX_ENTRIES * (46 + 200)
# Office documents before 2007, Outlook messages, and encrypted documents of any age lie in such a container.
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
END_OF_DIRECTORY, ZIP64_LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
LOCAL_HEADER = struct.Struct("<4s22xHH")
ENCRYPTED_FLAG = 0x1


def entry_names(content: bytes) -> list[str]:
    """What a ZIP file says it holds; empty when that cannot be read or is too much."""
    try:
        return [info.filename for info in _directory(content)]
    except ParseFailed:
        return []


def damaged() -> ParseFailed:
    """The refusal of a package that is none."""
    return ParseFailed("damaged", "This document is damaged and could not be read. Try saving it anew.")


def too_large() -> ParseFailed:
    """The refusal of what would unpack to more than anybody writes."""
    return ParseFailed(
        "too_complex", "This document unpacks to far more than a text needs. Save it as PDF or in parts."
    )


class Archive:
    """A ZIP file whose directory is in order: no more than it may be, nothing twice, nothing over something else."""

    def __init__(self, content: bytes, max_unpacked_bytes: int) -> None:
        """Raises: ParseFailed `encrypted`, `damaged`, `too_complex`."""
        self._content = content
        self._entries: dict[str, ZipInfo] = {}
        self._starts: dict[str, int] = {}
        entries = _directory(content)
        unpacked = sum(info.file_size for info in entries)
        if unpacked > max_unpacked_bytes or (unpacked > SMALL_BYTES and unpacked > MAX_RATIO * len(content)):
            raise too_large()
        end = 0
        for info in sorted(entries, key=lambda info: info.header_offset):
            end = self._add(info, end)
        if end > len(content):
            raise damaged()

    @property
    def names(self) -> list[str]:
        """Names of the entries, in small letters with forward slashes."""
        return list(self._entries)

    def size(self, name: str) -> int | None:
        """Unpacked size of an entry; None when there is none of that name."""
        info = self._entries.get(_key(name))
        return info.file_size if info else None

    def unpack(self, name: str) -> bytes:
        """The bytes of an entry: as many as the directory says, counted while they are unpacked.

        Raises: KeyError; ParseFailed `damaged`.
        """
        key = _key(name)
        info, start = self._entries[key], self._starts[key]
        packed = self._content[start : start + info.compress_size]
        try:
            content = packed if info.compress_type == ZIP_STORED else _inflate(packed, info.file_size)
        except zlib.error as error:
            raise damaged() from error
        if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
            raise damaged()
        return content

    def _add(self, info: ZipInfo, before: int) -> int:
        """Take one entry, which must begin after `before`; where it ends."""
        name = _key(info.filename)
        if info.flag_bits & ENCRYPTED_FLAG:
            raise ParseFailed("encrypted", "This document is protected by a password. Save a copy without one.")
        if name in self._entries or not before <= info.header_offset <= len(self._content) - 30:
            raise damaged()
        signature, name_length, extra_length = LOCAL_HEADER.unpack_from(self._content, info.header_offset)
        if signature != b"PK\x03\x04" or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise damaged()
        if info.file_size > SMALL_BYTES and info.file_size > MAX_RATIO * info.compress_size:
            raise too_large()
        self._entries[name] = info
        self._starts[name] = info.header_offset + LOCAL_HEADER.size + name_length + extra_length
        return self._starts[name] + info.compress_size


def _directory(content: bytes) -> list[ZipInfo]:
    """The entries of a ZIP file, when their number is within bounds."""
    end = content.rfind(END_OF_DIRECTORY)
    if end < 0 or end + 22 > len(content):
        raise damaged()
    if content[max(0, end - 20) :].startswith(ZIP64_LOCATOR):
        # A second directory with larger numbers, which documents of this size do not need.
        raise too_large()
    count, size = struct.unpack_from("<HI", content, end + 10)
    if count > MAX_ENTRIES or size > MAX_DIRECTORY_BYTES:
        raise too_large()
    try:
        with ZipFile(BytesIO(content)) as package:
            entries = package.infolist()
    except (BadZipFile, ValueError, NotImplementedError, struct.error, OSError) as error:
        raise damaged() from error
    if len(entries) > MAX_ENTRIES:
        raise too_large()
    return entries


def _inflate(packed: bytes, size: int) -> bytes:
    """Unpack at most one byte more than `size`."""
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()

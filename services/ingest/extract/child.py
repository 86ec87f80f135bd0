"""The child process that runs the parsers: `python -m services.ingest.extract.child <read fd> <write fd> <limits>`.

It takes its limits on itself before it reads the first byte of a document: memory, no files, no programs, no network.
Messages both ways are a length (8 bytes, big-endian), that many bytes of JSON, and for a request the document's bytes.
Per request it answers `{"began": true}` once the reader is loaded, which starts the parent's clock, then, in text
recognition, `{"page": n, "of": m}` before each page, which starts it again, then the result. About a table it answers
what records/answers.py says, message by message, and the clock starts again with each.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import sys
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from services.errors import ParseFailed
from services.ingest.extract import READERS, SCAN, extract, load_reader
from services.ingest.extract.language import load_model
from services.ingest.extract.looks import PageLook
from services.ingest.extract.messages import article_json, raw_document
from services.ingest.extract.records.answers import RECORDS, SURVEY, answers
from services.ingest.types import RawDocument

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
IDLE_SECONDS = 45
# What no parser has a reason to do. Sockets are refused by the kernel too where a network namespace is to be had.
FORBIDDEN_EVENTS = (
    "socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "os.remove", "os.rename",
    "os.mkdir", "os.link", "os.symlink", "shutil.", "tempfile.",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True)
class ChildLimits:
    """The settings a child needs; a copy of the parent's."""

    max_pdf_pages: int
    max_unpacked_mib: int
    max_ocr_pages: int
    parse_memory_mib: int
    parse_seconds: int
    duty: str


def main(arguments: list[str]) -> None:
    """Serve requests until the parent closes the pipe or nothing came for IDLE_SECONDS."""
    read_fd, write_fd = int(arguments[0]), int(arguments[1])
    limits = ChildLimits(**json.loads(arguments[2]))
    if limits.duty != "look":
        load_model()
    isolation = confine(limits)
    _send(write_fd, {"isolation": isolation})
    waiting = {"recognise": [SCAN], "look": ["pdf"]}.get(limits.duty, list(READERS))
    while True:
        # Readers are loaded while nothing waits, so that the first PDF does not pay for PyMuPDF.
        timeout = 0 if waiting else IDLE_SECONDS
        if select.select([read_fd], [], [], timeout)[0]:
            if not _serve(read_fd, write_fd, limits):
                return
        elif waiting:
            load_reader(waiting.pop(0))
        else:
            return


def confine(limits: ChildLimits) -> str:
    """Give up what a parser does not need. Says how the network was cut: `namespace` or `audit hook`."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_AS, limits.parse_memory_mib * 2**20)
    isolated = _leave_network()
    sys.addaudithook(_refuse)
    return "namespace" if isolated else "audit hook"


def _limit(which: int, value: int) -> None:
    # macOS knows RLIMIT_AS but refuses to set it.
    with suppress(ValueError, OSError):
        resource.setrlimit(which, (value, value))


def _leave_network() -> bool:
    """Move into an empty network namespace (Linux, where unprivileged user namespaces are allowed)."""
    if not sys.platform.startswith("linux"):
        return False
    return int(ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)) == 0


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook (PEP 578). It cannot be removed; native code can go around it, which is what the limits are for."""
    if event == "open":
        if isinstance(arguments[2], int) and arguments[2] & WRITING:
            raise PermissionError("A document parser may not write files.")
    elif event.startswith(FORBIDDEN_EVENTS):
        raise PermissionError(f"A document parser may not use {event}.")


def _serve(read_fd: int, write_fd: int, limits: ChildLimits) -> bool:
    """Answer one request. False at the end of the pipe, or when this process should not take another document."""
    request = _receive(read_fd)
    if request is None:
        return False
    content = _read_exactly(read_fd, request["size"])
    if content is None:
        return False
    type_ = request["type"]
    try:
        if type_ in (SURVEY, RECORDS):
            _send(write_fd, {"began": True})
            _allow_processor(limits.parse_seconds)
            for message in answers(request, content):
                _send(write_fd, message)
                _allow_processor(limits.parse_seconds)
            return True
        load_reader(type_)
        _send(write_fd, {"began": True})
        _allow_processor(limits.parse_seconds)

        def progress(page: int, count: int) -> None:
            _send(write_fd, {"page": page, "of": count})
            _allow_processor(limits.parse_seconds)

        raw = raw_document(request, content)
        if request["look"]:
            _send(write_fd, _look(raw, PageLook(**request["look"]), limits))
        else:
            _send(write_fd, {"article": article_json(extract(raw, type_, limits, progress))})
    except ParseFailed as error:
        _send(write_fd, {"failed": {"reason": error.reason, "detail": error.detail}})
    except MemoryError:
        _send(write_fd, {"failed": {"reason": "resource_exhausted", "detail": ""}})
        return False
    return True


def _look(raw: RawDocument, look: PageLook, limits: ChildLimits) -> dict[str, Any]:
    """The answer to a question about a PDF's pages. What MuPDF raises on hostile bytes is `damaged`."""
    # Loaded by now, with the reader that it is built on; the parent never imports it.
    looks = import_module("services.ingest.extract.pdf.looks")
    try:
        if look.question == "sizes":
            return {"sizes": looks.sizes(raw, limits)}
        if look.question == "boxes":
            return {"boxes": looks.boxes(raw, look)}
        content, width, height = looks.picture(raw, look)
        return {"picture": {"content": b64encode(content).decode(), "width": width, "height": height}}
    except (ParseFailed, MemoryError):
        raise
    except Exception as error:
        raise ParseFailed("damaged", "This page is damaged and cannot be shown.") from error


def _allow_processor(seconds: int) -> None:
    """Let this document use as many processor seconds as the parent waits; then the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _send(write_fd: int, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    view = memoryview(len(body).to_bytes(8, "big") + body)
    while view:
        view = view[os.write(write_fd, view) :]


def _receive(read_fd: int) -> dict[str, Any] | None:
    head = _read_exactly(read_fd, 8)
    body = head and _read_exactly(read_fd, int.from_bytes(head, "big"))
    return dict(json.loads(body)) if body else None


def _read_exactly(read_fd: int, size: int) -> bytes | None:
    content = bytearray()
    while len(content) < size:
        part = os.read(read_fd, min(size - len(content), 2**20))
        if not part:
            return None
        content += part
    return bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])

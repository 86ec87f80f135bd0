"""Parsing in a child process that can crash, hang or swell without taking the service with it.

The child is started at the first document, kept warm, and replaced after 100 documents or any failure; it leaves by
itself after 45 s without work. What it may do is in child.py. The parent never imports a parser. Text recognition
has a child of its own, with more memory.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any, Literal, NoReturn, TypeVar

from services.errors import EngineUnavailable, ParseFailed
from services.ingest.extract.looks import PageLook, Picture, read_boxes, read_picture, read_sizes
from services.ingest.extract.messages import read_article, request_json
from services.ingest.extract.places import Box
from services.ingest.types import Article, RawDocument
from services.settings import Settings

CHILD = ("-m", "services.ingest.extract.child")
ROOT = Path(__file__).resolve().parents[3]
# Python, the language model and a reader, on a machine that is busy: 1.5 s when it is not.
START_SECONDS = 60
DOCUMENTS_PER_CHILD = 100
MAX_REPLY_BYTES = 512 * 2**20

LIMITS = {"max_pdf_pages", "max_unpacked_mib", "max_ocr_pages", "parse_memory_mib", "parse_seconds"}
Progress = Callable[[int, int], None]
# What a child is kept for: it loads what that needs while it waits.
Duty = Literal["read", "recognise", "look"]
Answer = TypeVar("Answer")

DETAILS = {
    "parse_timeout": "Reading this document took longer than {seconds} seconds. Try a simpler version.",
    "parser_crash": "The parser crashed on this document. Try saving it anew, or in another format.",
    "resource_exhausted": "Reading this document needs more than {memory} MiB of memory. Try a smaller version.",
}


class Sandbox:
    """Runs parsers in one warm child process. Safe to call from threads; calls queue. One per lane."""

    def __init__(self, settings: Settings, *, child: tuple[str, ...] = CHILD, duty: Duty = "read") -> None:
        """`duty`: `recognise` for text recognition (type SCAN), with the memory that it needs; `look` for pages' looks."""
        self._seconds = settings.parse_seconds
        self._limits = settings.model_dump(include=LIMITS) | {"duty": duty}
        if duty == "recognise":
            self._limits["parse_memory_mib"] = settings.ocr_memory_mib
        self._command = child
        self._lock = Lock()
        self._child: _Child | None = None
        self._closed = False

    def extract(self, raw: RawDocument, type: str, progress: Progress | None = None) -> Article:
        """Read one document of a detected type. `progress` is told page n of m in text recognition.

        Cost: the parse, and 1 to 2 ms; 1.5 s more when the child must be started.
        Raises: ParseFailed (the reader's reasons, and parse_timeout, parser_crash, resource_exhausted);
        EngineUnavailable when no child can be started or the sandbox is closed.
        """
        return self._ask(raw, request_json(raw, type), "article", read_article, progress)

    def page_sizes(self, raw: RawDocument) -> list[tuple[float, float]]:
        """Width and height of each page of a PDF in points; (0, 0) for a broken one. Raises as `extract` does."""
        return self._ask(raw, request_json(raw, "pdf", PageLook("sizes")), "sizes", read_sizes)

    def picture(self, raw: RawDocument, look: PageLook) -> Picture:
        """A page of a PDF as a picture. Cost: 20 to 40 ms when the machine is idle. Raises as `extract` does."""
        return self._ask(raw, request_json(raw, "pdf", look), "picture", read_picture)

    def boxes(self, raw: RawDocument, look: PageLook) -> list[Box]:
        """Where a span of a page's text stands on it; none when it is not found. Raises as `extract` does."""
        return self._ask(raw, request_json(raw, "pdf", look), "boxes", read_boxes)

    def _ask(
        self,
        raw: RawDocument,
        request: dict[str, Any],
        answer: str,
        read: Callable[[Any], Answer | None],
        progress: Progress | None = None,
    ) -> Answer:
        """What `read` makes of the reply's field `answer`."""
        with self._lock:
            for _ in range(2):
                child = self._ready_child()
                try:
                    reply = child.ask(raw, request, self._seconds, progress)
                except BaseException:
                    # `progress` raised, and the child is in the middle of a document.
                    child.end()
                    raise
                # A child that left for want of work just as the request came did not read it: ask the next one.
                if reply is not None or not child.left_idle():
                    break
            if self._closed:
                raise EngineUnavailable("Tidings is stopping; the document will be read after the next start.")
            if reply is None or "failed" in reply or child.served >= DOCUMENTS_PER_CHILD:
                self._replace(child, reply)
            found = read(reply.get(answer)) if reply is not None and "failed" not in reply else None
            if found is None:
                self._fail(child, reply)
            return found

    def answers(self, kind: str, content: bytes, **request: Any) -> Generator[dict[str, Any]]:
        """What the child says about a table (records/answers.py), message by message; take all, or close the iterator.

        The child waits while nobody takes the next message. It holds hostile bytes: check what it says.
        Raises: as `extract`.
        """
        with self._lock:
            for _ in range(2):
                child = self._ready_child()
                begun = child.begin({"type": kind, "size": len(content), **request}, content)
                if begun or not child.left_idle():
                    break
            reply = child.reply(self._seconds) if begun else None
            try:
                while reply is not None and not {"end", "failed"} & reply.keys():
                    yield reply
                    reply = child.reply(self._seconds)
            except BaseException:
                # Nobody wants the rest.
                child.end()
                raise
            if self._closed:
                raise EngineUnavailable("Tidings is stopping; the document will be read after the next start.")
            if reply is None or "failed" in reply or child.served >= DOCUMENTS_PER_CHILD:
                self._replace(child, reply)
            if reply is None or "failed" in reply:
                raise self._failure(child, reply)

    def start(self) -> None:
        """Start the child now, so that the first document does not wait for it; returns at once."""
        with self._lock:
            if not self._closed and (self._child is None or self._child.is_gone()):
                self._child = _Child(self._limits, self._command)

    @property
    def isolation(self) -> str:
        """How the child's network is cut: `namespace` or `audit hook`. Starts a child if none runs."""
        with self._lock:
            return self._ready_child().isolation

    def close(self) -> None:
        """End the child, also in the middle of a document; that call raises EngineUnavailable."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()
        with self._lock:
            if self._child is not None:
                self._child.end()
                self._child = None

    def _ready_child(self) -> _Child:
        if self._closed:
            raise EngineUnavailable("Tidings is stopping; the document will be read after the next start.")
        if self._child is None or self._child.is_gone():
            if self._child is not None:
                self._child.end()
            self._child = _Child(self._limits, self._command)
        self._child.greet()
        return self._child

    def _replace(self, child: _Child, reply: dict[str, Any] | None) -> None:
        """Put a fresh child in place of one that died, ran out of memory or is worn out."""
        reason = (reply or {}).get("failed", {}).get("reason")
        if reply is not None and reason != "resource_exhausted" and child.served < DOCUMENTS_PER_CHILD:
            return
        child.end()
        self._child = _Child(self._limits, self._command)

    def _fail(self, child: _Child, reply: dict[str, Any] | None) -> NoReturn:
        """Say why there is no answer; a child that told what cannot be is ended."""
        if reply is not None and "failed" not in reply:
            child.end()
            reply = {"failed": {"reason": "parser_crash", "detail": ""}}
        raise self._failure(child, reply)

    def _failure(self, child: _Child, reply: dict[str, Any] | None) -> ParseFailed:
        """Why there is no answer: what the child said, else how it died."""
        failed = (reply or {}).get("failed")
        reason = str(failed["reason"]) if failed else child.cause_of_death()
        if failed and failed["detail"]:
            return ParseFailed(reason, str(failed["detail"]))
        detail = DETAILS[reason].format(seconds=self._seconds, memory=self._limits["parse_memory_mib"])
        return ParseFailed(reason, detail)


class _Child:
    """One process and its two pipes. Used under the sandbox's lock, except `kill`."""

    def __init__(self, limits: dict[str, Any], command: tuple[str, ...]) -> None:
        child_in, self._to_child = os.pipe()
        self._from_child, child_out = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603  (our own module, no shell, nothing from outside)
                [sys.executable, "-P", "-B", *command, str(child_in), str(child_out), json.dumps(limits)],
                pass_fds=(child_in, child_out),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._to_child)
            os.close(self._from_child)
            raise EngineUnavailable(
                "The document parser could not be started; the document will be tried again."
            ) from error
        finally:
            os.close(child_in)
            os.close(child_out)
        # Reaps it when it leaves by itself, which nobody else notices before the next document.
        Thread(target=self._process.wait, name="parser-reaper", daemon=True).start()
        self.isolation = ""
        self.served = 0
        self._timed_out = False
        self._ended = False

    def greet(self) -> None:
        """Wait until the child is ready for documents."""
        if self.isolation:
            return
        with self._deadline(START_SECONDS):
            hello = self._receive()
        if hello is None:
            self.end()
            raise EngineUnavailable("The document parser did not start; the document will be tried again.")
        self.isolation = str(hello["isolation"])

    def ask(
        self, raw: RawDocument, request: dict[str, Any], seconds: int, progress: Progress | None = None
    ) -> dict[str, Any] | None:
        """Send one document; the child's reply, or None when it died. Each page it tells of gets `seconds` anew."""
        if not self.begin(request, raw.content):
            return None
        while True:
            reply = self.reply(seconds)
            if reply is None or "page" not in reply:
                return reply
            if progress:
                progress(int(reply["page"]), int(reply["of"]))

    def begin(self, request: dict[str, Any], content: bytes) -> bool:
        """Send one request and its bytes; whether the child began."""
        self.served += 1
        with self._deadline(START_SECONDS):
            body = json.dumps(request).encode()
            sent = self._send(len(body).to_bytes(8, "big") + body) and self._send(content)
            return sent and self._receive() is not None

    def reply(self, seconds: float) -> dict[str, Any] | None:
        """The next message; None when the child died, or took longer than so many seconds."""
        with self._deadline(seconds):
            return self._receive()

    def is_gone(self) -> bool:
        return self._ended or self._process.poll() is not None

    def left_idle(self) -> bool:
        """Whether the process ended by its own decision, without taking the request."""
        return not self._timed_out and self._wait() == 0

    def cause_of_death(self) -> str:
        """The ParseFailed reason for a child that gave no reply."""
        code = self._wait()
        if self._timed_out or code == -signal.SIGXCPU:
            return "parse_timeout"
        # Killed, and not by us: the system ran out of memory.
        return "resource_exhausted" if code == -signal.SIGKILL else "parser_crash"

    def kill(self) -> None:
        """End the process and whatever it started, at once. Safe from any thread."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill, reap and close the pipes; idempotent."""
        if self._ended:
            return
        self._ended = True
        self.kill()
        self._process.wait()
        os.close(self._to_child)
        os.close(self._from_child)

    def _wait(self) -> int:
        """The exit code; a process that closed its pipe without ending is killed."""
        try:
            return self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Kill the child when the block takes longer; its pipes then end and the block returns."""
        timer = Timer(seconds, self._time_out)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _time_out(self) -> None:
        self._timed_out = True
        self.kill()

    def _send(self, content: bytes) -> bool:
        view = memoryview(content)
        try:
            while view:
                view = view[os.write(self._to_child, view[: 2**20]) :]
        except BrokenPipeError:
            return False
        return True

    def _receive(self) -> dict[str, Any] | None:
        head = self._read_exactly(8)
        if head is None:
            return None
        size = int.from_bytes(head, "big")
        body = self._read_exactly(size) if size <= MAX_REPLY_BYTES else None
        try:
            return dict(json.loads(body)) if body else None
        except (ValueError, TypeError, RecursionError):
            self.kill()
            return None

    def _read_exactly(self, size: int) -> bytes | None:
        content = bytearray()
        while len(content) < size:
            part = os.read(self._from_child, min(size - len(content), 2**20))
            if not part:
                return None
            content += part
        return bytes(content)


def _environment() -> dict[str, str]:
    """What the child may know: where our code is, and to keep to one thread. No secrets, no home."""
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }

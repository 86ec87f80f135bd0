"""A parser child whose extra types crash, hang, swell, call home or write: started by test_sandbox.py, never imported."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

from services.ingest.extract import READERS, child
from services.ingest.types import Article, RawDocument


def crash(raw: RawDocument, limits: object) -> Article:
    ctypes.string_at(0)
    raise AssertionError


def hang(raw: RawDocument, limits: object) -> Article:
    while True:
        time.sleep(1)


def burn(raw: RawDocument, limits: object) -> Article:
    while True:
        pass


def swell(raw: RawDocument, limits: object) -> Article:
    held = []
    while True:
        held.append(bytearray(2**24))


def leave(raw: RawDocument, limits: object) -> Article:
    os._exit(3)


def lie(raw: RawDocument, limits: object) -> Article:
    return Article(title="x", text="x", pages=())  # replaced below by something that is no article


def recurse(raw: RawDocument, limits: object) -> Article:
    return recurse(raw, limits)


def tell(raw: RawDocument, limits: object) -> Article:
    """Say what is allowed in here."""
    found = [f"environment {sorted(os.environ)}"]
    host, port = raw.content.decode().split(":")
    attempts = {
        "socket": lambda: socket.create_connection((host, int(port)), timeout=1),
        "program": lambda: subprocess.run(["true"]),
        "file": lambda: Path("/tmp/tidings-sandbox-test").write_text("x"),
        "append": lambda: os.open("/tmp", os.O_TMPFILE | os.O_RDWR),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
            found.append(f"{name} allowed")
        except (OSError, RuntimeError) as error:
            found.append(f"{name} refused: {type(error).__name__}")
    return Article(title="", text="\n".join(found))


for name in ("crash", "hang", "burn", "swell", "leave", "lie", "recurse", "tell"):
    module = types.ModuleType(f"misbehaving_{name}")
    module.read = globals()[name]  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    READERS[name] = module.__name__

if __name__ == "__main__":
    if "lie" in READERS:
        honest = child.article_json
        child.article_json = lambda article: {"title": 3} if article.title == "x" else honest(article)  # type: ignore[assignment]
    child.IDLE_SECONDS = float(os.environ.get("IDLE_SECONDS", "60"))  # type: ignore[assignment]
    child.main(sys.argv[1:])

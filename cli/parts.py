"""Sending a large file in parts, which go on where they were after a lost connection or in the next run."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli.client import CONNECTION_LOST, Client, CommandFailed

# Larger files are sent in parts, of this size as long as the server takes it.
LARGE_BYTES = 8 * 2**20
PART_BYTES = 4 * 2**20
# How long a server that does not answer is waited for, and the longest pause between two tries.
PATIENCE_SECONDS = 120.0
LONGEST_PAUSE_SECONDS = 8.0

# By which an upload is known again.
SAME = ("sha256", "filename", "folder", "tags")

Progress = Callable[[float], None]


def send_in_parts(client: Client, path: Path, options: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Send a file; returns its document. `progress` is told the share that was sent, 0 to 1.

    An upload of the same bytes and options that an earlier run left unfinished goes on.
    Raises: CommandFailed when the server refuses it, or stays away; what was sent is kept for a day.
    """
    size, digest = path.stat().st_size, sha256_of(path)
    filed = {"folder": "", "tags": [], **options}
    announced = {"size": size, "filename": path.name, "sha256": digest, **filed, "tags": sorted(filed["tags"])}
    # What a title or a password was, the server does not tell.
    is_told = not options.keys() & {"title", "password"}
    upload = (unfinished(client, announced) if is_told else None) or client.call("POST", "/v1/uploads", json=announced)
    silent_since, pause = time.monotonic(), 0.5
    with path.open("rb") as file:
        while upload["document"] is None:
            progress(upload["offset"] / size)
            try:
                upload = send_part(client, file, upload)
                silent_since, pause = time.monotonic(), 0.5
            except CONNECTION_LOST as error:
                if time.monotonic() - silent_since > PATIENCE_SECONDS:
                    raise CommandFailed(
                        f"The connection was lost at {upload['offset'] / size:.0%}. "
                        "Run the same command again within a day to go on from there."
                    ) from error
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                upload = asked_again(client, upload)
    return dict(upload["document"])


def send_part(client: Client, file: Any, upload: dict[str, Any]) -> dict[str, Any]:
    """Send the next part; returns how far the upload is then."""
    file.seek(upload["offset"])
    content = file.read(max(upload["min_append_size"], min(PART_BYTES, upload["max_append_size"])))
    headers = {"Content-Type": "application/partial-upload", "Upload-Offset": str(upload["offset"])}
    return dict(client.call("PATCH", f"/v1/uploads/{upload['id']}", content=content, headers=headers))


def asked_again(client: Client, upload: dict[str, Any]) -> dict[str, Any]:
    """How far an upload is after a lost connection; as it was known before as long as the server does not answer."""
    try:
        return dict(client.call("GET", f"/v1/uploads/{upload['id']}"))
    except CONNECTION_LOST:
        return upload


def unfinished(client: Client, announced: dict[str, Any]) -> dict[str, Any] | None:
    """What an earlier run began to send of the same file, filed in the same way."""
    listed = client.call("GET", "/v1/uploads")["data"]
    return next((each for each in listed if all(each[name] == announced[name] for name in SAME)), None)


def sha256_of(path: Path) -> str:
    """The digest of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

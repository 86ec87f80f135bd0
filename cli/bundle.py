"""What a bug report needs, in one zip, without secrets: findings, settings, versions, state, figures, the end of the log."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

from pydantic import SecretStr

from cli.client import open_client
from cli.running import running_url
from services.settings import PREFIX, Settings
from services.version import VERSION

if TYPE_CHECKING:
    from services.system.doctor.finding import Finding

LOG_BYTES = 256 * 1024
MASK = "***"
# Whatever looks like a credential: passwords in addresses, our tokens, headers, and values after telling names. Repeats
# are bounded, for a log may hold lines of any length.
SECRETS = re.compile(
    r"(?P<before>\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@]{0,100}:)[^\s/@]+(?=@)"
    r"|\btd[a-z]_[A-Za-z0-9_-]{8,}"
    r"|(?P<name>(?i:authorization|cookie|password|secret|token|api[_-]?key)[\"']?\s*[:=]\s*[\"']?)(?:(?i:bearer|basic)\s+)?[^\s\"',;&]+"
)


def write_bundle(path: Path, settings: Settings, findings: Sequence[Finding], *, log_file: Path | None = None) -> None:
    """Write the zip. Every text that somebody else wrote passes `masked`."""
    parts: dict[str, Any] = {
        "doctor.json": [{name: masked(value) for name, value in finding.__dict__.items()} for finding in findings],
        "settings.json": {PREFIX + name.upper(): shown(settings, name) for name in Settings.model_fields},
        "versions.json": versions(),
    }
    if running_url(settings) is not None:
        with open_client(settings, url=None, key=None) as client:
            parts["readyz.json"] = client.public("/readyz")
    with ZipFile(path, "w", ZIP_DEFLATED) as bundle:
        for name, value in parts.items():
            bundle.writestr(name, json.dumps(value, indent=2, ensure_ascii=False))
        if log_file is not None:
            bundle.writestr("log.txt", masked(tail(log_file)))


def shown(settings: Settings, name: str) -> str:
    """A setting's value for people, secrets and passwords in addresses masked."""
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        return "(set)" if value.get_secret_value() else ""
    return masked(str(value))


def masked(text: str) -> str:
    """The text without what looks like a credential."""
    return SECRETS.sub(lambda match: (match["before"] or match["name"] or "") + MASK, text)


def tail(file: Path) -> str:
    """The last lines of a file, LOG_BYTES at most."""
    with file.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - LOG_BYTES))
        return stream.read().decode("utf-8", "replace")


def versions() -> dict[str, Any]:
    """What is installed here."""
    packages = {each.metadata["Name"]: each.version for each in distributions()}
    return {
        "tidings": VERSION,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": dict(sorted(packages.items())),
    }

"""The operator's token: whoever can read the data folder runs this server. It needs no engine."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from services.private_file import made_once

OPERATOR_FILE = "operator.token"
OPERATOR_PREFIX = "tdo_"


def operator_token(data_dir: Path) -> str:
    """The token of whoever runs this server: read from, or on the first start written to, a file only they can read."""
    made = made_once(data_dir / OPERATOR_FILE, lambda: (OPERATOR_PREFIX + secrets.token_urlsafe(32)).encode())
    return made.decode().strip()


def is_operator(data_dir: Path, token: str) -> bool:
    """Whether this is the operator's token; compared in constant time."""
    return hmac.compare_digest(token.encode(), operator_token(data_dir).encode())

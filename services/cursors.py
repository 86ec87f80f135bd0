"""List cursors: where a page ended, signed, so that nobody can make one up or use it for another list or tenant."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from services.errors import BadCursor
from services.scope import Scope

MAC_BYTES = 16
MAX_LENGTH = 1000


def encode_cursor(scope: Scope, list_name: str, position: Sequence[Any]) -> str:
    """Sign a position (JSON values). `list_name` holds what must stay the same: the list, its filters, its order."""
    payload = json.dumps(list(position), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(sign(scope, list_name, payload) + payload).decode().rstrip("=")


def decode_cursor(scope: Scope, list_name: str, cursor: str, *, length: int) -> list[Any]:
    """The position, of `length` values; raises BadCursor when this server did not sign it for this list and tenant."""
    try:
        if len(cursor) > MAX_LENGTH:
            raise ValueError("too long")
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadCursor(REFUSAL) from error
    mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not hmac.compare_digest(mac, sign(scope, list_name, payload)):
        raise BadCursor(REFUSAL)
    position: list[Any] = json.loads(payload)
    if len(position) != length:
        raise BadCursor(REFUSAL)
    return position


REFUSAL = "This cursor is not valid here; start again from the first page."


def sign(scope: Scope, list_name: str, payload: bytes) -> bytes:
    """HMAC-SHA256 over tenant, list and position, cut to 128 bits."""
    name = hashlib.sha256(list_name.encode()).digest()
    message = b"\x00".join((scope.tenant_id.encode(), name, payload))
    return hmac.new(scope.runtime.secrets.key("cursor"), message, hashlib.sha256).digest()[:MAC_BYTES]

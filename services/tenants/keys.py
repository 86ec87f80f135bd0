"""API keys: `tdg_`, 37 random base62 characters, 6 of checksum. Shown once; stored as HMAC-SHA256.

The checksum (CRC-32 of what precedes it) lets clients and secret scanners refuse a typo without asking the server.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.cursors import decode_cursor, encode_cursor
from services.errors import InvalidInput, NotFound
from services.ids import new_id
from services.models import ApiKey
from services.models.base import utc_now
from services.scope import Scope
from services.tenants import repository

PREFIX = "tdg_"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# 37 characters of base62 are 220 bits.
RANDOM_LENGTH = 37
CHECKSUM_LENGTH = 6
LIST = "api_keys"


@dataclass(frozen=True)
class KeyPage:
    """One page of keys; `next_cursor` is None on the last; `total` counts all pages."""

    rows: Sequence[ApiKey]
    next_cursor: str | None
    total: int


def create_key(
    scope: Scope, *, name: str, access: Literal["read", "write"], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key: its row and the key itself, which is not stored and cannot be shown again."""
    if expires_at is not None and expires_at <= utc_now():
        raise InvalidInput("The key would expire in the past; choose a later time.")
    key = make_key()
    row = ApiKey(
        id=new_id("key"),
        name=name,
        digest=scope.runtime.secrets.digest("api_key", key),
        last_four=key[-4:],
        scope=access,
        created_at=utc_now(),
        expires_at=expires_at,
    )
    with scope.write() as tx:
        tx.add(row)
    return row, key


def list_keys(scope: Scope, *, limit: int = 20, cursor: str | None = None) -> KeyPage:
    """The tenant's keys, the latest first and revoked ones included."""
    after = None
    if cursor is not None:
        made, key_id = decode_cursor(scope, LIST, cursor, length=2)
        after = (datetime.fromisoformat(made), key_id)
    with scope.read() as tx:
        rows = repository.keys_page(tx, limit=limit + 1, after=after)
        count = repository.count_keys(tx)
    page = rows[:limit]
    more = len(rows) > limit
    next_cursor = encode_cursor(scope, LIST, [page[-1].created_at.isoformat(), page[-1].id]) if more else None
    return KeyPage(page, next_cursor, count)


def revoke_key(scope: Scope, key_id: str) -> None:
    """End a key: at once in this process, within five seconds in others. Again is harmless; raises NotFound."""
    with scope.write() as tx:
        key = repository.find_key(tx, key_id)
        if key is None:
            raise NotFound("There is no such API key.")
        key.revoked_at = key.revoked_at or utc_now()
    scope.runtime.credentials.forget(key.digest)


def make_key() -> str:
    """A new random key."""
    body = PREFIX + "".join(secrets.choice(BASE62) for _ in range(RANDOM_LENGTH))
    return body + checksum(body)


def looks_like_key(text: str) -> bool:
    """Whether this has the form and the checksum of a key; says nothing of whether it exists."""
    body, given = text[:-CHECKSUM_LENGTH], text[-CHECKSUM_LENGTH:]
    return (
        len(text) == len(PREFIX) + RANDOM_LENGTH + CHECKSUM_LENGTH
        and text.startswith(PREFIX)
        and all(character in BASE62 for character in body[len(PREFIX) :])
        and checksum(body) == given
    )


def checksum(body: str) -> str:
    """CRC-32 in base62, six characters."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(BASE62))
        digits = BASE62[digit] + digits
    return digits

"""Server secrets: made on the first start, kept in a file only its owner can read."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Secrets:
    """The root key of this installation, from which a key per purpose is derived."""

    root: bytes

    def digest(self, purpose: str, value: str) -> str:
        """HMAC-SHA256 of a credential, hex: what is stored instead of it."""
        return hmac.new(self.key(purpose), value.encode(), hashlib.sha256).hexdigest()

    def key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose (HKDF-Expand with one block, RFC 5869 section 2.3)."""
        return hmac.new(self.root, purpose.encode() + b"\x01", hashlib.sha256).digest()


def load_secrets(data_dir: Path) -> Secrets:
    """Read the root key, or make it. Two processes that start together agree: the file is linked in place once."""
    path = data_dir / "secret.key"
    if not path.exists():
        temporary = data_dir / f".secret.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return Secrets(path.read_bytes())

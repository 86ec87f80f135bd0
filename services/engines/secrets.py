"""Server secrets: made on the first start, kept in a file only its owner can read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from services.private_file import made_once


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

    def seal(self, purpose: str, value: str) -> str:
        """A value that must be had again, encrypted; for what cannot be stored as a digest."""
        return Fernet(base64.urlsafe_b64encode(self.key(purpose))).encrypt(value.encode()).decode()

    def unseal(self, purpose: str, sealed: str) -> str | None:
        """What was sealed; None when another installation did it."""
        try:
            return Fernet(base64.urlsafe_b64encode(self.key(purpose))).decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None


def load_secrets(data_dir: Path) -> Secrets:
    """Read the root key, or make it."""
    return Secrets(made_once(data_dir / "secret.key", lambda: secrets.token_bytes(32)))

"""Passwords: which are accepted, and argon2id.

A password is normalised to NFKC first (NIST SP 800-63B section 3.1.1.2), so that it is the same password from a
keyboard that composes accents differently. It is never cut: argon2 takes all of it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.errors import FieldError, InvalidInput

MIN_LENGTH = 10
MAX_LENGTH = 1000
# Each hash takes 64 MiB while it runs; more at once than this wait, so that a burst of sign-ins cannot take all memory.
PARALLEL_HASHES = 4
# Long enough to pass MIN_LENGTH and still among the first guesses of every attacker.
WORST = frozenset(
    {
        "1234567890", "0123456789", "12345678910", "123456789a", "1234567891", "0987654321", "1111111111", "0000000000",
        "qwertyuiop", "1q2w3e4r5t", "qwerty12345", "qwerty123456", "asdfghjkl1", "password12", "password123",
        "password1234", "passwordpassword", "iloveyou12", "letmein123", "letmein1234", "welcome123", "welcome1234",
        "administrator", "admin12345", "adminadmin", "changeme123", "changemenow", "tidingstidings",
    }
)  # fmt: skip

hasher = PasswordHash((Argon2Hasher(),))
hashing = BoundedSemaphore(PARALLEL_HASHES)


def check_password(password: str, *, own: Iterable[str]) -> None:
    """Refuse what is too short, too long, well known, or one of the person's `own` words; raises InvalidInput."""
    plain = normalised(password)
    reason = ""
    if len(plain) < MIN_LENGTH:
        reason = f"Use at least {MIN_LENGTH} characters."
    elif len(password) > MAX_LENGTH or len(plain) > MAX_LENGTH:
        reason = f"Use at most {MAX_LENGTH} characters."
    elif is_guessable(plain.casefold(), own):
        reason = "This password is among the first that anybody would guess; choose another one."
    if reason:
        raise InvalidInput(reason, errors=(FieldError("/password", reason),))


def is_guessable(plain: str, own: Iterable[str]) -> bool:
    """Whether a case-folded password is well known, one character over and over, or the person's own word."""
    words = {normalised(word).casefold().strip() for word in own}
    words |= {word.split("@")[0] for word in words if "@" in word}
    return plain in WORST or len(set(plain)) == 1 or plain.strip() in words


def hash_password(password: str) -> str:
    """The argon2id hash to store; takes about 0.1 s and 64 MiB."""
    with hashing:
        return hasher.hash(normalised(password))


def verify_password(password: str, stored: str | None) -> bool:
    """Whether a password matches a stored hash. Without one the same work is done, so that time tells nothing."""
    nobodys = nobody_hash()
    with hashing:
        matches = hasher.verify(normalised(password[:MAX_LENGTH]), stored or nobodys)
    return matches and stored is not None and len(password) <= MAX_LENGTH


def normalised(password: str) -> str:
    """The password as it is hashed."""
    return unicodedata.normalize("NFKC", password)


@cache
def nobody_hash() -> str:
    """A hash that no password is known for, made with the parameters of real ones."""
    return hasher.hash("nobody's password")

"""Which passwords are accepted, and that all of one counts."""

from __future__ import annotations

import pytest

from services.errors import InvalidInput
from services.tenants.passwords import check_password, hash_password, verify_password


@pytest.mark.parametrize(
    "password",
    [
        "",
        " " * 12,
        "nine chars"[:9],
        "x" * 1001,
        "PASSWORD123",
        "aaaaaaaaaaaa",
        "ada@example.org",
        "Ada Lovelace",
        "ﷺ" * 100,
    ],
    ids=["empty", "blank", "short", "long", "worst", "one-character", "e-mail", "name", "long-once-normalised"],
)
def test_poor_passwords_are_refused(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_password(password, own=("ada@example.org", "Ada Lovelace"))
    assert refusal.value.errors[0].pointer == "/password"
    assert not password.strip() or password not in str(refusal.value)


@pytest.mark.parametrize(
    "password", ["0123456789 and more", "ten chars!", "пароль из слов", "🎉🐢🎈🦊🌍🍎🚲🎻📚🧭", "x1" * 500]
)
def test_long_and_foreign_passwords_are_welcome(password: str) -> None:
    check_password(password, own=("ada@example.org",))


def test_all_of_a_password_counts() -> None:
    stored = hash_password("x" * 72 + "one")
    assert stored.startswith("$argon2id$")
    assert verify_password("x" * 72 + "one", stored)
    assert not verify_password("x" * 72 + "two", stored)


def test_the_same_letters_from_another_keyboard_match() -> None:
    assert verify_password("cafe\u0301 au lait", hash_password("caf\u00e9 au lait"))


def test_a_hash_is_not_a_password() -> None:
    stored = hash_password("four quiet words")
    assert not verify_password(stored, stored)


def test_nobody_has_no_password() -> None:
    assert not verify_password("nobody's password", None)

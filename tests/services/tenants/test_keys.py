"""API keys: their form and their checksum."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from services.scope import Scope
from services.tenants.keys import BASE62, create_key, looks_like_key, make_key


def test_a_key_has_the_documented_form() -> None:
    key = make_key()
    assert re.fullmatch(r"tdg_[0-9A-Za-z]{37}[0-9A-Za-z]{6}", key)
    assert looks_like_key(key)


def test_keys_do_not_repeat() -> None:
    assert len({make_key() for _ in range(1000)}) == 1000


@given(position=st.integers(4, 46), replacement=st.sampled_from(BASE62))
def test_any_single_typo_is_noticed_offline(position: int, replacement: str) -> None:
    key = make_key()
    typo = key[:position] + replacement + key[position + 1 :]
    assert looks_like_key(typo) == (typo == key)


@given(st.text(max_size=60))
def test_other_text_is_not_a_key(text: str) -> None:
    assert not looks_like_key(text)


def test_the_stored_row_holds_neither_the_key_nor_a_plain_hash(scope: Scope) -> None:
    import hashlib

    row, key = create_key(scope, name="k", access="read")
    assert row.digest == scope.runtime.secrets.digest("api_key", key)
    assert row.digest != hashlib.sha256(key.encode()).hexdigest()
    assert row.tenant_id == scope.tenant_id

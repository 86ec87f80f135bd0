"""List cursors: what went in comes out, for the same list and tenant only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.cursors import decode_cursor, encode_cursor
from services.errors import BadCursor
from services.runtime import open_runtime
from services.scope import Scope
from services.settings import Settings


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    return Scope(open_runtime(Settings(data_dir=tmp_path), with_bell=False), "ten_1", "usr_1")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.lists(st.none() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=15), max_size=4))
def test_a_cursor_brings_its_position_back(scope: Scope, position: list[Any]) -> None:
    cursor = encode_cursor(scope, "documents", position)
    assert decode_cursor(scope, "documents", cursor, length=len(position)) == position


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_made_up_cursors_are_refused(scope: Scope, text: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(scope, "documents", text, length=1)


def test_a_cursor_holds_for_its_list_and_tenant_alone(scope: Scope) -> None:
    cursor = encode_cursor(scope, "documents", [1])
    other = Scope(scope.runtime, "ten_2", "usr_1")
    for scope_tried, name, length in ((other, "documents", 1), (scope, "answers", 1), (scope, "documents", 2)):
        with pytest.raises(BadCursor):
            decode_cursor(scope_tried, name, cursor, length=length)

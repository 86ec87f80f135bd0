"""What a test needs from its machine, said in one way.

Where something is missing a test is skipped and says what to do. CI sets TIDINGS_TEST_REQUIRE_ALL=1: there a missing
part fails the test, so that nothing stops being tested without anybody noticing.
"""

from __future__ import annotations

import os

import pytest

REQUIRE_ALL = os.environ.get("TIDINGS_TEST_REQUIRE_ALL") == "1"


def need(condition: object, reason: str) -> None:
    """Go on only when the condition holds. `reason` says what is missing and what to do about it."""
    if condition:
        return
    if REQUIRE_ALL:
        pytest.fail(f"{reason} (TIDINGS_TEST_REQUIRE_ALL is set)", pytrace=False)
    pytest.skip(reason)

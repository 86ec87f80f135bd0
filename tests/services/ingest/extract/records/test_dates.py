"""Dates as tables have them: many spellings, and nothing that may be something else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.ingest.extract.records.dates import may_be_either, order_of, parse_date

DAY = datetime(2024, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-03-12", "2024/3/12", "20240312", "12.03.2024", "12/3/24", "12 March 2024", "12. März 2024", "March 12, 2024",
        "Mar 12 2024", "12 mars 2024", "12 de marzo de 2024", "Tue, 12 Mar 2024", "Dienstag, 12. März 2024", "12-Mar-2024",
        "1710201600", "1710201600000", "2024-03-12T00:00:00Z", "2024-03-12 00:00:00.000000+00:00", "March 12th, 2024",
    ],
)  # fmt: skip
def test_a_day_is_read_however_it_is_written(value: str) -> None:
    assert parse_date(value, day_first=True) == (DAY, None)


@pytest.mark.parametrize(
    ("value", "hour", "minute", "offset"),
    [
        ("2024-03-12T08:30:00+02:00", 6, 30, 120),
        ("Tue, 12 Mar 2024 08:30:00 -0500", 13, 30, -300),
        ("3/12/2024 8:30 PM", 20, 30, None),
        ("12 Mar 2024, 08:30", 8, 30, None),
    ],
)
def test_times_and_zones_are_kept(value: str, hour: int, minute: int, offset: int | None) -> None:
    day_first = not value.startswith("3/")
    assert parse_date(value, day_first=day_first) == (DAY.replace(hour=hour, minute=minute), offset)


@pytest.mark.parametrize(
    "value",
    ["", "soon", "2024", "12", "12/2024", "31.02.2024", "99/99/2024", "0000-00-00", "1e9", "=NOW()",
     "١٢/٠٣/٢٠٢٤x", "12 Foo 2024", "9" * 400, "2024-03-12 25:00"],
)  # fmt: skip
def test_what_may_be_something_else_is_no_date(value: str) -> None:
    assert parse_date(value, day_first=True) is None


def test_day_and_month_are_told_apart_where_they_can_be() -> None:
    assert parse_date("03/04/2024", day_first=True) == (datetime(2024, 4, 3, tzinfo=UTC), None)
    assert parse_date("03/04/2024", day_first=False) == (datetime(2024, 3, 4, tzinfo=UTC), None)
    assert [order_of(value) for value in ("13/04/2024", "04/13/2024", "03/04/2024", "2024-13-04")] == [
        True,
        False,
        None,
        None,
    ]
    assert (may_be_either("03/04/2024"), may_be_either("04/04/2024"), may_be_either("13/04/2024")) == (
        True,
        False,
        False,
    )

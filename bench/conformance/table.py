"""All cases, in the order in which they are shown."""

from __future__ import annotations

from bench.conformance import cases_pace, cases_polls, cases_robots, cases_signals, cases_ssrf, cases_traps
from bench.conformance.case import TABLE, Case

TOPICS = (cases_robots, cases_pace, cases_polls, cases_signals, cases_traps, cases_ssrf)


def all_cases() -> list[Case]:
    """The table. Names are unique."""
    order = [module.__name__.rsplit(".", 1)[-1].removeprefix("cases_") for module in TOPICS]
    return sorted(TABLE, key=lambda case: order.index(case.topic))

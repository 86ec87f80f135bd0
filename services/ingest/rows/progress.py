"""How far a table is: what its document's `rows` hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from services.ingest.extract.records.record import Plan, plan_of

# Why a row became no document; words are stable.
NO_TEXT, TAKEN_DOWN = "no_text", "taken_down"


@dataclass(frozen=True)
class Progress:
    """Rows looked at (`taken`) of `total`, and what became of them; taken = added + duplicates + the skipped ones.

    `skipped` counts by reason, `first_skipped` names the first row of each.
    """

    plan: Plan
    total: int
    taken: int = 0
    added: int = 0
    duplicates: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    first_skipped: dict[str, int] = field(default_factory=dict)

    def after(self, *, added: int, duplicates: int, skipped: list[tuple[int, str]]) -> Progress:
        """The progress after some more rows; `skipped` are their numbers and reasons."""
        counts, firsts = dict(self.skipped), dict(self.first_skipped)
        for number, reason in skipped:
            counts[reason] = counts.get(reason, 0) + 1
            firsts.setdefault(reason, number)
        return replace(
            self,
            taken=self.taken + added + duplicates + len(skipped),
            added=self.added + added,
            duplicates=self.duplicates + duplicates,
            skipped=counts,
            first_skipped=firsts,
        )

    def json(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


def progress_of(rows: dict[str, Any]) -> Progress:
    """What a table's document holds."""
    return Progress(**{**rows, "plan": plan_of(rows["plan"])})

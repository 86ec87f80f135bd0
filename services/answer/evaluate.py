"""How well `ground.judge` tells sentences that their sources bear from those they do not, on labelled claims.

A file of claims is JSON Lines, one object a line:

    sentence    what is claimed
    passages    what it cites: texts, or objects with `text` and, where known, `published_at` (ISO 8601; weekdays and
                "yesterday" are read by it), `title` and `outlet` (names may be taken from there). `passage` may give one.
    supported   true or false: whether the passages bear the sentence
    kind        what sort of claim it is, for the table: verbatim, paraphrase, number, name, negation ... (optional)
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from services.answer.claims.ground import Claim, Embed, Passage, Support, judge
from services.engines.embedder import Lane
from services.errors import InvalidInput
from services.search.evaluate import scratch
from services.settings import Settings

# Claims judged together: their texts are embedded in one batch.
BATCH = 64


@dataclass(frozen=True)
class Labelled:
    """A claim with its label."""

    claim: Claim
    supported: bool
    kind: str


@dataclass
class Report:
    """What was counted. Keys: the kind and the label of a claim, and how it was judged."""

    counted: Counter[tuple[str, bool, Support]] = field(default_factory=Counter)
    wrong: list[tuple[Labelled, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def claims(self) -> int:
        """How many were judged."""
        return self.counted.total()

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the shares of supported claims found so and of others not found so; of one label alone its share."""
        shares = [share for label in (True, False) if (share := self.right_of(label)) is not None]
        return sum(shares) / len(shares)

    def right_of(self, label: bool, kind: str | None = None) -> float | None:
        """The share of claims with a label, of one kind or all, judged rightly; None where there are none."""
        own = {key: n for key, n in self.counted.items() if key[1] == label and kind in (None, key[0])}
        right = sum(n for (_, _, support), n in own.items() if (support is Support.SUPPORTED) == label)
        return right / sum(own.values()) if own else None

    def kinds(self) -> list[tuple[str, bool, Counter[Support]]]:
        """Each kind and label, with how its claims were judged."""
        found: dict[tuple[str, bool], Counter[Support]] = {}
        for (kind, label, support), n in sorted(self.counted.items()):
            found.setdefault((kind, label), Counter())[support] += n
        return [(kind, label, judged) for (kind, label), judged in found.items()]


def evaluate_answers(path: Path, settings: Settings, *, words_only: bool = False) -> Report:
    """Judge all claims of a file, `words_only` without the model.

    Raises: InvalidInput for a file that is not as the module describes, or without claims; EngineUnavailable without
    the model.
    """
    claims = load(path)
    if words_only:
        return judged(claims, None)
    with scratch(settings) as runtime:
        return judged(claims, lambda texts: runtime.embedder.embed(texts, lane=Lane.BULK))


def judged(claims: Sequence[Labelled], embed: Embed | None) -> Report:
    """What became of some claims."""
    report = Report()
    started = time.perf_counter()
    for start in range(0, len(claims), BATCH):
        batch = claims[start : start + BATCH]
        for labelled, verdict in zip(batch, judge([each.claim for each in batch], embed), strict=True):
            report.counted[labelled.kind, labelled.supported, verdict.support] += 1
            if (verdict.support is Support.SUPPORTED) != labelled.supported:
                report.wrong.append((labelled, "; ".join(verdict.problems) or f"score {verdict.score:.2f}"))
    report.seconds = time.perf_counter() - started
    return report


def load(path: Path) -> list[Labelled]:
    """The claims of a file; raises InvalidInput with the line that is none."""
    found = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    found.append(labelled(json.loads(line)))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise InvalidInput(f"Line {number} of {path} is no labelled claim: {error!r}.") from error
    if not found:
        raise InvalidInput(f"{path} holds no labelled claims.")
    return found


def labelled(row: Mapping[str, Any]) -> Labelled:
    """One line."""
    given = row["passages"] if "passages" in row else [row["passage"]]
    passages = [passage(each) for each in ([given] if isinstance(given, str | Mapping) else given)]
    if not isinstance(row["supported"], bool):
        raise ValueError("`supported` is true or false")
    return Labelled(Claim(str(row["sentence"]), passages), row["supported"], str(row.get("kind", "")) or "claim")


def passage(given: str | Mapping[str, Any]) -> Passage:
    """A passage as a text or an object."""
    if isinstance(given, str):
        return Passage(given)
    day = given.get("published_at")
    about = " - ".join(str(given[name]) for name in ("title", "outlet") if given.get(name))
    return Passage(str(given["text"]), date.fromisoformat(str(day)[:10]) if day else None, about)

"""What the benches share: where things lie, the texts they use, and how a result is recorded.

Every bench is `python -m bench.<name>`, prints its figures as JSON, writes them to bench/results/<name>.json and exits
with 1 when its target is missed. `python -m bench.run` runs them all.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
SHARED = Path(os.environ.get("TIDINGS_SHARED_DATA", ROOT.parent / "shared" / "data"))
# The prepared model, kept between runs; the tests keep theirs in the same place.
MODEL_CACHE = Path(
    os.environ.get("TIDINGS_TEST_MODEL_CACHE", Path(tempfile.gettempdir()) / f"tidings-models-{os.getuid()}")
)


@dataclass(frozen=True)
class Target:
    """What a figure must reach: at least, or at most."""

    value: float
    at_most: bool = False

    def met(self, figure: float) -> bool:
        """Whether a figure is good enough."""
        return figure <= self.value if self.at_most else figure >= self.value

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.value:g}"


def record(name: str, what: str, figure: float, target: Target, report: dict[str, Any], *, also: bool = True) -> int:
    """Write and print one bench's result; `also` is a further condition. Returns the exit status."""
    passed = target.met(figure) and also
    result = {
        "bench": name,
        "what": what,
        "figure": figure,
        "target": str(target),
        "passed": passed,
        "load_average": round(os.getloadavg()[0], 2),
        **report,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    sys.stdout.write(text + "\n")
    return 0 if passed else 1


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """Median, p95 and the longest of some times, in milliseconds."""
    return {
        "p50_ms": round(float(np.quantile(milliseconds, 0.5)), 2),
        "p95_ms": round(float(np.quantile(milliseconds, 0.95)), 2),
        "max_ms": round(max(milliseconds), 2),
        "count": len(milliseconds),
    }


def resident_mib(process_id: int | str = "self") -> int:
    """Resident memory of a process (VmRSS); 0 when it is gone."""
    try:
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")), 0)


def passages() -> tuple[list[str], str]:
    """Some hundred English passages and where they come from: the labelled corpus, else made-up sentences."""
    corpus = SHARED / "conversational" / "corpus.jsonl"
    if corpus.exists():
        lines = corpus.read_text(encoding="utf-8").splitlines()
        return [text for line in lines if len(text := str(json.loads(line)["text"]).strip()) > 200], corpus.name
    from services.engines.openvino.reference import SENTENCES

    chance = random.Random(7)
    return [" ".join(chance.choices(SENTENCES, k=8)) for _ in range(600)], "generated"


def questions(count: int) -> list[str]:
    """Different queries: the labelled questions of 3 to 20 words, else runs of words of the passages."""
    file = SHARED / "conversational" / "queries.jsonl"
    chance = random.Random(11)
    if file.exists():
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        known = [str(line["text"]).strip() for line in lines if 3 <= len(str(line["text"]).split()) <= 20]
    else:
        known = []
    texts, _ = passages()
    while len(known) < count:
        words = chance.choice(texts).split()
        start = chance.randrange(max(1, len(words) - 7))
        known.append(" ".join(words[start : start + 7]))
    return known[:count]

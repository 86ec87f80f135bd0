"""How long an answer of key sentences takes at 10,000 documents, and against a search alone.

    python -m bench.answer [--documents 10000] [--rounds 60]

In one process with the real model: each question is searched as the search page does, then answered, in turns. Processor
time of all threads is in the report beside wall time, for a machine that others use too. The figure is the median wall
time of an answer in milliseconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.common import Target, percentiles, questions, record
from bench.library import make_library
from services.answer.answer import answer
from services.answer.types import Question
from services.runtime import open_runtime
from services.scope import Scope
from services.search.query import Query
from services.search.search import search
from services.settings import Settings

TARGET = Target(150.0, at_most=True)
WARM_UP = 5


def timed(work: Callable[[], object], wall: list[float], processor: list[float]) -> None:
    """Do it once; note milliseconds of both kinds."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    wall.append((time.perf_counter() - began) * 1000)
    processor.append((time.process_time() - busy) * 1000)


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    times: dict[str, list[float]] = {"search": [], "search_processor": [], "answer": [], "answer_processor": []}
    with TemporaryDirectory(prefix="tidings-bench-") as place:
        library = make_library(Path(place) / "data", options.documents)
        runtime = open_runtime(Settings(data_dir=Path(library.folder)), with_bell=False)
        try:
            if not runtime.embedder.wait(600):
                raise SystemExit(runtime.embedder.detail)
            scope = Scope(runtime, library.tenant_id, "bench")
            asked = questions(options.rounds + WARM_UP)
            for number, text in enumerate(asked):
                kept = times if number >= WARM_UP else {name: [] for name in times}
                timed(lambda text=text: search(scope, Query(text=text)), kept["search"], kept["search_processor"])  # type: ignore[misc]
                timed(lambda text=text: list(answer(scope, Question(text))), kept["answer"], kept["answer_processor"])  # type: ignore[misc]
        finally:
            runtime.close()
    report = {name: percentiles(values) for name, values in times.items()}
    ratios = {
        "ratio_to_search": round(report["answer"]["p50_ms"] / report["search"]["p50_ms"], 2),
        "processor_ratio_to_search": round(
            report["answer_processor"]["p50_ms"] / report["search_processor"]["p50_ms"], 2
        ),
    }
    figures = {"documents": options.documents, **ratios, **report}
    return record(
        "answer", "an extractive answer, median ms at 10,000 documents", report["answer"]["p50_ms"], TARGET, figures
    )


if __name__ == "__main__":
    sys.exit(main())

"""All benches, one after the other, each in a process of its own; then one table. `make bench` calls this.

python -m bench.run                 run all, print the table; exits with 1 when a target was missed
python -m bench.run embed memory    only these
python -m bench.run --table         run nothing: the Markdown table of bench/results/, to paste into bench/README.md
python -m bench.run --accept pdf    run nothing: its last figure becomes the one to be held (bench/accepted.json)

A figure that is more than SLACK worse than the accepted one fails as well, whether or not its target is met.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.common import RESULTS, ROOT

BENCHES = (
    *("embed", "search", "interference", "memory", "rest", "extraction", "pdf", "feeds"),
    *("ingest", "large", "crawl", "conformance", "schedule", "neardup"),
    *("fusion", "abstention", "gateway", "neighbour", "distributed", "prompt", "extractive", "answer"),
)
SKIPPED = 2
ACCEPTED = Path(__file__).parent / "accepted.json"
# What a figure may lose against the accepted one.
SLACK = 0.10


def run(name: str) -> str:
    """Run one bench, its report going to a log beside its result; says how it ended."""
    sys.stderr.write(f"{name} ...\n")
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").unlink(missing_ok=True)
    with (RESULTS / f"{name}.log").open("wb") as log:
        ended = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, stdout=log, stderr=log, check=False)
    if ended.returncode == SKIPPED:
        return "skipped"
    return "ran" if (RESULTS / f"{name}.json").exists() else f"failed, see bench/results/{name}.log"


def result(name: str) -> dict[str, Any] | None:
    """The last recorded result of a bench."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None


def accepted() -> dict[str, float]:
    """The figures to be held, by bench."""
    return dict(json.loads(ACCEPTED.read_text())) if ACCEPTED.exists() else {}


def has_fallen(found: dict[str, Any], held: float | None) -> bool:
    """Whether a result is more than SLACK worse than the figure to be held."""
    if held is None:
        return False
    if found["target"].startswith("<="):
        return bool(found["figure"] > held * (1 + SLACK))
    return bool(found["figure"] < held * (1 - SLACK))


def accept(names: list[str]) -> None:
    """Hold the last figures of these benches."""
    held = accepted()
    for name in names:
        found = result(name)
        if found is None:
            raise SystemExit(f"{name} has no result to accept: run it first.")
        held[name] = found["figure"]
    ACCEPTED.write_text(json.dumps(held, indent=1, sort_keys=True) + "\n")


def rows(names: list[str], ends: dict[str, str]) -> list[tuple[str, ...]]:
    """One row per bench: name, what, figure, target, the accepted figure, and whether the target is met and that held."""
    held = accepted()
    table: list[tuple[str, ...]] = []
    for name in names:
        found = result(name)
        before = f"{held[name]:g}" if name in held else ""
        if found is None:
            table.append((name, ends.get(name, "not run"), "", "", before, ""))
        else:
            met = "yes" if found["passed"] else "NO"
            met += ", FALLEN" if has_fallen(found, held.get(name)) else ""
            table.append((name, found["what"], f"{found['figure']:g}", found["target"], before, met))
    return table


def plain(table: list[tuple[str, ...]]) -> str:
    """Columns for a terminal."""
    table = [("bench", "what", "figure", "target", "accepted", "met"), *table]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)


def markdown(table: list[tuple[str, ...]]) -> str:
    """The same for a page."""
    head = ["| Bench | What | Figure | Target | Accepted | Met |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *(f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in table)])


def main() -> int:
    """Run, print; 1 when anything was missed or failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(BENCHES)}; all when none is given")
    parser.add_argument("--table", action="store_true", help="print the recorded results as Markdown")
    parser.add_argument("--accept", action="store_true", help="hold the recorded figures of the named benches")
    options = parser.parse_args()
    names = options.names or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        parser.error(f"no such bench: {', '.join(unknown)}")
    if options.table:
        print(markdown(rows(names, {})))
        return 0
    if options.accept:
        accept(options.names or parser.error("name the benches whose figures are to be held"))
        return 0
    ends = {name: run(name) for name in names}
    print(plain(rows(names, ends)))
    held = accepted()
    for name in (name for name in names if ends[name] != "skipped"):
        found = result(name)
        if found is None or not found["passed"] or has_fallen(found, held.get(name)):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

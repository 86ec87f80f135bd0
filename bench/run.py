"""All benches, one after the other, each in a process of its own; then one table. `make bench` calls this.

python -m bench.run                 run all, print the table; exits with 1 when a target was missed
python -m bench.run embed memory    only these
python -m bench.run --table         run nothing: the Markdown table of bench/results/, to paste into bench/README.md
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from bench.common import RESULTS, ROOT

BENCHES = (
    *("embed", "search", "interference", "memory", "extraction", "feeds"),
    *("ingest", "crawl", "conformance", "schedule", "neardup"),
)
SKIPPED = 2


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


def rows(names: list[str], ends: dict[str, str]) -> list[tuple[str, ...]]:
    """One row per bench: name, what, figure, target, whether it passed."""
    table: list[tuple[str, ...]] = []
    for name in names:
        found = result(name)
        if found is None:
            table.append((name, ends.get(name, "not run"), "", "", ""))
        else:
            passed = "yes" if found["passed"] else "NO"
            table.append((name, found["what"], f"{found['figure']:g}", found["target"], passed))
    return table


def plain(table: list[tuple[str, ...]]) -> str:
    """Columns for a terminal."""
    table = [("bench", "what", "figure", "target", "met"), *table]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)


def markdown(table: list[tuple[str, ...]]) -> str:
    """The same for a page."""
    head = ["| Bench | What | Figure | Target | Met |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *(f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in table)])


def main() -> int:
    """Run, print; 1 when anything was missed or failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(BENCHES)}; all when none is given")
    parser.add_argument("--table", action="store_true", help="print the recorded results as Markdown")
    options = parser.parse_args()
    names = options.names or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        parser.error(f"no such bench: {', '.join(unknown)}")
    if options.table:
        print(markdown(rows(names, {})))
        return 0
    ends = {name: run(name) for name in names}
    print(plain(rows(names, ends)))
    missed = [name for name in names if ends[name] != "skipped" and not (result(name) or {}).get("passed")]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

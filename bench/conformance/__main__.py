"""How many rules of decent and safe crawling hold: ours, and plain Scrapy beside it, on the same sites.

    python -m bench.conformance [--topic robots ...] [--ours]

Each case builds its own site on a loopback address (bench/conformance/cases_*.py), is crawled, and is judged at the
server's log and by what was kept. Both sides are judged by the same function. Plain Scrapy has its defaults with
ROBOTSTXT_OBEY and AutoThrottle on and a small spider that reads the same sources (plain.py); cases about our rows alone
are not put to it. The figure is the share of cases that ours passes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench.common import Target, record
from bench.conformance import ours, plain
from bench.conformance.case import Case, prepare, verdict
from bench.conformance.server import Server
from bench.conformance.table import all_cases

TARGET = Target(1.0)
Verdicts = dict[str, str | None]


def judge_ours(cases: Sequence[Case]) -> Verdicts:
    """By case, None or what was wrong, for our crawler."""
    server = Server()
    prepared = prepare(server, cases)
    server.start()
    with ours.crawled(server, prepared) as done:
        verdicts = {key: verdict(each, product.seen(each.site)) for key, (product, each) in done.items()}
    server.close()
    return verdicts


def judge_plain(cases: Sequence[Case]) -> Verdicts:
    """The same for plain Scrapy, of the cases that can be put to it."""
    server = Server()
    prepared = prepare(server, [case for case in cases if not case.ours_only])
    server.start()
    seen = plain.crawled(prepared)
    verdicts = {each.case.key: verdict(each, seen[each.case.key]) for each in prepared}
    server.close()
    return verdicts


def table(cases: Sequence[Case], mine: Verdicts, theirs: Verdicts) -> str:
    """Markdown: each rule, and who keeps it."""
    lines = ["| Topic | Rule | Tidings | plain Scrapy |", "| --- | --- | --- | --- |"]
    lines += [f"| {case.topic} | {case.rule} | {_word(case, mine)} | {_word(case, theirs)} |" for case in cases]
    return "\n".join(lines)


def _word(case: Case, verdicts: Verdicts) -> str:
    if case.key not in verdicts:
        return "–"
    broken = verdicts[case.key]
    return "yes" if broken is None else f"no: {broken[:100]}".replace("|", "/").replace("\n", " ")


def main() -> int:
    """Run both, print the table, record; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--topic", action="append", default=[], help="only cases of this topic; may be repeated")
    parser.add_argument("--ours", action="store_true", help="leave plain Scrapy out")
    options = parser.parse_args()
    cases = [case for case in all_cases() if not options.topic or case.topic in options.topic]
    mine = judge_ours(cases)
    theirs = {} if options.ours else judge_plain(cases)
    print(table(cases, mine, theirs))
    both = [case.key for case in cases if case.key in theirs]
    report = {
        "cases": len(cases),
        "kept": sum(broken is None for broken in mine.values()),
        "broken": {key: broken for key, broken in mine.items() if broken is not None},
        "cases_put_to_both": len(both),
        "ours_of_those": sum(mine[key] is None for key in both),
        "plain_scrapy_of_those": sum(theirs[key] is None for key in both),
    }
    figure = round(report["kept"] / report["cases"], 3)
    return record("conformance", "crawl rules kept / rules", figure, TARGET, report)


if __name__ == "__main__":
    sys.exit(main())

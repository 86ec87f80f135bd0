"""How well pages are read, on labelled ones: `tidings eval extraction`, `python -m bench.extraction`."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from services.errors import InvalidInput, ParseFailed
from services.ingest.extract import Limits, extract
from services.ingest.types import Article, RawDocument

# The mode of trafilatura that our reading must beat.
RIVAL = "trafilatura precision"
Shingles = Counter[tuple[str, ...]]


@dataclass(frozen=True)
class Labelled:
    """A saved page and what people say is on it: `articleBody`, and `headline`, `datePublished`, `author` if known."""

    name: str
    content: bytes
    truth: dict[str, Any]

    @property
    def url(self) -> str | None:
        """Where the page came from."""
        return self.truth.get("url")


@dataclass
class Scores:
    """Sums over pages of the shares of true, false and missed shingles.

    Per page, with F the shingles found and E those expected (both with multiplicity): true = |F & E|, false = |F - E|,
    missed = |E - F|, each divided by their sum, so that every page weighs the same. Over pages the shares are summed:
    precision = true / (true + false), recall = true / (true + missed), F1 = 2 P R / (P + R). This is the formula of
    scrapinghub/article-extraction-benchmark. Shingles are runs of 4 words (`\\w+`, case kept); a text of fewer words is
    one shingle.
    """

    true: float = 0.0
    false: float = 0.0
    missed: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def add(self, found: str, expected: str) -> float:
        """Count one page; its own F1."""
        ours, theirs = shingles(found), shingles(expected)
        parts = (ours & theirs).total(), (ours - theirs).total(), (theirs - ours).total()
        true, false, missed = (part / sum(parts) for part in parts)
        self.true, self.false, self.missed = self.true + true, self.false + false, self.missed + missed
        return 2 * true / (2 * true + false + missed)

    @property
    def precision(self) -> float:
        """Share of what was found that is the article."""
        return self.true / (self.true + self.false) if self.true else 0.0

    @property
    def recall(self) -> float:
        """Share of the article that was found."""
        return self.true / (self.true + self.missed) if self.true else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.true / (2 * self.true + self.false + self.missed) if self.true else 0.0

    def figures(self) -> dict[str, float]:
        """Precision, recall, F1 and mean processor time per page."""
        scores = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        mean = 1000 * sum(self.seconds) / len(self.seconds) if self.seconds else 0.0
        return {name: round(value, 4) for name, value in scores.items()} | {"cpu_ms": round(mean, 1)}


@dataclass
class Report:
    """Scores by reader, facts by field as (right, known), the worst pages and the pages that were refused."""

    pages: int = 0
    readers: dict[str, Scores] = field(default_factory=dict)
    facts: dict[str, tuple[int, int]] = field(default_factory=dict)
    by_page: dict[str, float] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    partial: list[str] = field(default_factory=list)

    @property
    def lead(self) -> float:
        """By how much our F1 is above the rival's."""
        return self.readers["tidings"].f1 - self.readers[RIVAL].f1


def evaluate_extraction(folder: Path, limits: Limits) -> Report:
    """Read labelled pages with our reader and with trafilatura's modes, in this process and side by side.

    `folder` holds `ground-truth.json` (page name to its labels) and `html/<name>.html.gz`, as the benchmark does.
    Raises: InvalidInput when it does not.
    """
    plain = import_module("services.ingest.extract.web.plain")
    report = Report(readers={name: Scores() for name in ("tidings", *plain.MODES)})
    pages = list(labelled_pages(folder))
    # The first reading of a process loads models and compiles expressions.
    extract(RawDocument(pages[0].content, url=pages[0].url), "html", limits)
    for page in pages:
        article = _read(page, limits, report)
        expected = str(page.truth["articleBody"])
        report.by_page[page.name] = round(report.readers["tidings"].add(article.text, expected), 4)
        _count_facts(report, article, page.truth)
        report.partial += [page.name] if article.partial else []
        for mode in plain.MODES:
            with _clock(report.readers[mode]):
                text = plain.read_plainly(page.content, page.url, mode)
            report.readers[mode].add(text, expected)
    report.pages = len(pages)
    return report


def labelled_pages(folder: Path) -> Iterator[Labelled]:
    """The pages of a folder with their labels, in order of name.

    Raises: InvalidInput when there are none.
    """
    labels = folder / "ground-truth.json"
    if not labels.is_file():
        raise InvalidInput(f"There is no ground-truth.json in {folder}; give the folder of the labelled pages.")
    truth = json.loads(labels.read_text(encoding="utf-8"))
    if not truth:
        raise InvalidInput(f"{labels} labels no pages.")
    for name in sorted(truth):
        yield Labelled(name, gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes()), truth[name])


def shingles(text: str) -> Shingles:
    """The 4-grams of words, at least one."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[start : start + 4]) for start in range(max(1, len(words) - 3)))


def _read(page: Labelled, limits: Limits, report: Report) -> Article:
    raw = RawDocument(page.content, url=page.url)
    try:
        with _clock(report.readers["tidings"]):
            return extract(raw, "html", limits)
    except ParseFailed as error:
        report.refused[page.name] = error.reason
        return Article(title="", text="")


@contextmanager
def _clock(scores: Scores) -> Iterator[None]:
    started = time.process_time()
    try:
        yield
    finally:
        scores.seconds.append(time.process_time() - started)


def _count_facts(report: Report, article: Article, truth: dict[str, Any]) -> None:
    """Compare what the labels know of title, date and authors."""
    authors = truth.get("author") or ()
    names = {_plain(name) for name in ([authors] if isinstance(authors, str) else authors)}
    day = _day(truth.get("datePublished"))
    checks = {
        "title": (_plain(truth.get("headline") or ""), _plain(article.title)),
        "date": (day, article.published_at.date().isoformat() if article.published_at else ""),
        "authors": (names, {_plain(name) for name in article.authors}),
    }
    for fact, (expected, found) in checks.items():
        if expected:
            right, known = report.facts.get(fact, (0, 0))
            report.facts[fact] = right + (expected == found), known + 1


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _day(value: Any) -> str:
    """The day in UTC of a labelled moment; nothing when it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()

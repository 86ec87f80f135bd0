"""How well documents are read, against references: `tidings eval documents`."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from importlib import import_module
from pathlib import Path

from services.errors import InvalidInput, TidingsError
from services.ingest.extract import SCAN, Limits, detect, extract
from services.ingest.types import RawDocument

FORMATS = ("docx", "csv", "pdf", "html", "ocr")
# Formats of which all words are wanted; a web page has more than its article.
WHOLE = ("docx", "csv", "pdf")
OURS, OUR_CELLS = "tidings", "tidings, cells alone"
# What Markdown and LaTeX add to the words of a reference.
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LINK = re.compile(r"\]\([^)\s]*\)")
COMMAND = re.compile(r"\\[a-zA-Z]+")
ESCAPE = re.compile(r"\\(?=[\W_])")
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Sample:
    """A document, and the texts that other tools read from it."""

    format: str
    path: Path
    references: tuple[str, ...]


@dataclass
class Agreement:
    """Words that one reader and the references share; means over documents, each of which weighs the same.

    Per document, with F the words found and E those expected (both with multiplicity, case ignored, runs of letters and
    digits): precision = |F & E| / |F|, recall = |F & E| / |E|, and their harmonic mean. Of several references the one
    that agrees best counts.
    """

    precisions: list[float] = field(default_factory=list)
    recalls: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, found: str, references: tuple[str, ...]) -> float:
        """Count one document; its agreement."""
        precision, recall, score = max((agreement(found, each) for each in references), key=lambda each: each[2])
        self.precisions.append(precision)
        self.recalls.append(recall)
        self.scores.append(score)
        return score

    def figures(self) -> dict[str, float]:
        """The means."""
        columns = {
            "precision": self.precisions,
            "recall": self.recalls,
            "agreement": self.scores,
            "ms": self.milliseconds,
        }
        return {name: round(sum(column) / len(column), 4) if column else 0.0 for name, column in columns.items()}


@dataclass
class Report:
    """Agreement by format and reader, by document for ours, and what was refused with its reason."""

    readers: dict[str, dict[str, Agreement]] = field(default_factory=dict)
    by_document: dict[str, float] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def count(self, format_: str, reader: str) -> Agreement:
        """The figures of a reader on a format."""
        return self.readers.setdefault(format_, {}).setdefault(reader, Agreement())

    def ours(self, format_: str) -> float:
        """Our agreement on a format; for tables that of the cells."""
        readers = self.readers[format_]
        return readers.get(OUR_CELLS, readers[OURS]).figures()["agreement"]


def evaluate_documents(folder: Path, limits: Limits) -> Report:
    """Read documents with our readers and, side by side, as their libraries do by default, in this process.

    `folder` holds a folder for each of FORMATS with `sources` and `groundtruth`, Markdown files whose names begin with
    that of their source. Raises: InvalidInput when there is none.
    """
    plain = import_module("services.ingest.extract.plain")
    report = Report()
    for sample in samples(folder):
        content = sample.path.read_bytes()
        name = f"{sample.format}/{sample.path.name}"
        raw = RawDocument(content, filename=sample.path.name)
        started = time.perf_counter()
        type_ = text = ""
        try:
            type_ = detect(raw)
            article = extract(raw, type_, limits)
            text = (extract(raw, SCAN, limits) if article.pictures else article).text
        except TidingsError as error:
            report.refused[name] = f"{getattr(error, 'reason', error.code)}: {error}"
        ours = report.count(sample.format, OURS)
        ours.milliseconds.append(1000 * (time.perf_counter() - started))
        report.by_document[name] = round(ours.add(text, sample.references), 4)
        if type_ == "csv":
            # Rows name their columns; without that, which is one word more for each cell, what is left are the cells.
            report.count(sample.format, OUR_CELLS).add(_cells(content), sample.references)
        if type_ in plain.RIVALS:
            report.count(sample.format, plain.RIVALS[type_]).add(_plainly(plain, content, type_), sample.references)
    if not report.readers:
        raise InvalidInput(f"There are no documents with references in {folder}.")
    return report


def samples(folder: Path) -> Iterator[Sample]:
    """The documents of a folder that have references, by format and name."""
    for format_ in FORMATS:
        references = sorted((folder / format_ / "groundtruth").rglob("*.md"))
        for path in sorted((folder / format_ / "sources").glob("*")):
            own = [each for each in references if each.name.startswith((f"{path.name}.", f"{path.stem}."))]
            if own and path.is_file():
                yield Sample(format_, path, tuple(each.read_text(encoding="utf-8") for each in own))


def agreement(found: str, reference: str) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean over words."""
    ours, theirs = words(found), words(_without_marks(reference))
    shared = (ours & theirs).total()
    if not shared:
        return (1.0, 1.0, 1.0) if not ours and not theirs else (0.0, 0.0, 0.0)
    return shared / ours.total(), shared / theirs.total(), 2 * shared / (ours.total() + theirs.total())


def words(text: str) -> Counter[str]:
    """Runs of letters and digits, case ignored."""
    return Counter(WORD.findall(text.casefold()))


def _without_marks(markdown: str) -> str:
    return ESCAPE.sub("", COMMAND.sub(" ", LINK.sub("]", unescape(COMMENT.sub(" ", markdown)))))


def _plainly(plain: object, content: bytes, type_: str) -> str:
    """What a library reads; nothing where it fails, which is its figure."""
    try:
        return str(plain.read_plainly(content, type_))  # type: ignore[attr-defined]
    except Exception:
        return ""


def _cells(content: bytes) -> str:
    encoding = import_module("services.ingest.extract.encoding")
    table = import_module("services.ingest.extract.table").read_table(encoding.decode(content).text)
    return "\n".join(" ".join(row) for row in [*table.preamble, table.header, *table.rows])

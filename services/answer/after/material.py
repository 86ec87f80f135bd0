"""What a file of answers says, whatever its kind: one answer or a whole thread."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlsplit

from services.answer.answer import conflicts_of
from services.answer.record import standing
from services.answer.types import EXTRACTIVE, RUNNING, STOPPED, Sentence, Source, Whole
from services.models import Document
from services.search.export import NOT_XML

# Characters that no reader sees, and that turn the direction of what follows them.
UNSEEN = re.compile("[\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class Format(StrEnum):
    """Kinds of file."""

    MD = "md"
    DOCX = "docx"


MEDIA_TYPES = {
    Format.MD: "text/markdown; charset=utf-8",
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True)
class Reference:
    """A passage that sentences cite: a numbered source, its exact words, and where they can be read."""

    number: int
    outlet: str
    title: str
    dated: str
    page: int | None
    quotes: Sequence[str]
    link: str
    original: str | None


@dataclass(frozen=True)
class Exported:
    """An answer as it is written down. `facts`: what else to know of it, as pairs of a word and what it says.

    `differences`: what sources contradict each other on, each as their figures with the numbers of the sources.
    `also`: sources that were read and are cited by no sentence.
    """

    question: str
    link: str
    facts: Sequence[tuple[str, str]]
    sentences: Sequence[tuple[str, Sequence[int]]]
    differences: Sequence[Sequence[tuple[str, int]]]
    references: Sequence[Reference]
    also: Sequence[Reference]


def exported(whole: Whole, address: str) -> Exported:
    """An answer as it is written down. `address`: of these pages, such as `https://news.example`."""
    row = whole.row
    quotes: dict[int, list[str]] = {}
    first: dict[int, tuple[int, int]] = {}
    conflicts = conflicts_of(whole)
    said = [citation for sentence in whole.sentences for citation in sentence.citations]
    for citation in (*said, *(side.citation for conflict in conflicts for side in conflict.sides)):
        passages = quotes.setdefault(citation.source_number, [])
        first.setdefault(citation.source_number, (citation.start, citation.end))
        if citation.quote not in passages:
            passages.append(citation.quote)
    sources = {source.number: source for source in whole.sources}
    # In the order in which they are cited.
    cited = [reference(sources[n], quotes[n], first[n], address) for n in quotes if n in sources]
    rest = [
        reference(source, [source.text], (source.start, source.end), address)
        for number, source in sources.items()
        if number not in quotes
    ]
    return Exported(
        question=line(row.question),
        link=f"{address}/ask/{quote(row.id)}",
        facts=facts_of(whole),
        sentences=[(prose(each.text), numbers_of(each)) for each in whole.sentences],
        differences=[[(line(side.value), side.citation.source_number) for side in each.sides] for each in conflicts],
        references=cited,
        also=rest,
    )


def facts_of(whole: Whole) -> list[tuple[str, str]]:
    """When it was asked, of what, who answered, and how the answer stands."""
    row = whole.row
    made: list[tuple[str, str]] = [("Asked", moment(row.created_at))]
    if row.asked != row.question:
        made.append(("Read with what was asked before", line(row.asked)))
    made += [("Only", line(narrowed))] if (narrowed := scope_of(row.filters)) else []
    made.append(("Answered by", mode_of(whole)))
    if (status := standing(row)) in (STOPPED, RUNNING):
        made.append(("State", "stopped before it was complete" if status == STOPPED else "still being written"))
    return made


def mode_of(whole: Whole) -> str:
    """Who made the sentences: quotes of the sources, or the language model."""
    if whole.row.mode == EXTRACTIVE:
        return "quotes only: key sentences of the sources, word for word"
    model = line(str((whole.row.made or {}).get("model") or ""))
    return f"language model {model}".rstrip() + "; every sentence was checked against the passages it cites"


def numbers_of(sentence: Sentence) -> list[int]:
    """The sources that a sentence cites, each once."""
    return list(dict.fromkeys(citation.source_number for citation in sentence.citations))


def reference(source: Source, quotes: Sequence[str], span: tuple[int, int], address: str) -> Reference:
    """A source with the passages that are quoted of it."""
    document = source.document
    return Reference(
        number=source.number,
        outlet="Upload" if document.source == "upload" else line(document.source),
        title=line(title_of(document)),
        dated=dated(document),
        page=source.page,
        quotes=[prose(quoted) for quoted in quotes if quoted.strip()],
        link=f"{address}/documents/{quote(document.id)}?start={span[0]}&end={span[1]}",
        original=web_address(document.url),
    )


def title_of(document: Document) -> str:
    """What a document is called."""
    return document.title or document.filename or document.url or document.id


def dated(document: Document) -> str:
    """When it was published, else when it was first seen, and which of the two that is."""
    if document.published_at is not None:
        return f"published {day(document.published_at)}, first seen {day(document.first_seen_at)}"
    return f"first seen {day(document.first_seen_at)}"


def day(at: datetime) -> str:
    """A day in UTC."""
    return f"{at:%-d %B %Y}"


def moment(at: datetime) -> str:
    """A moment in UTC, to the minute."""
    return f"{at:%-d %B %Y, %H:%M} UTC"


def scope_of(filters: dict[str, Any]) -> str:
    """The filters in words; empty where there are none."""
    said = []
    for name, value in filters.items():
        if name in ("published_after", "published_before"):
            word = "from" if name == "published_after" else "before"
            said.append(f"{word} {moment(datetime.fromisoformat(value))}")
        elif isinstance(value, list):
            negative = "not " if name.startswith("not_") else ""
            said.append(f"{negative}{name.removeprefix('not_')} {', '.join(map(str, value))}")
    return "; ".join(said)


def web_address(url: str | None) -> str | None:
    """An address that a link may lead to: of the web, without characters that could end the link."""
    if not url:
        return None
    try:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            return None
    except ValueError:
        return None
    return quote(url, safe="/:?#[]@!$&'*+,;=%~-._")


def line(text: str) -> str:
    """A text on one line, without characters that no file can hold or nobody sees."""
    return " ".join(UNSEEN.sub("", NOT_XML.sub(" ", text)).split())


def prose(text: str) -> str:
    """The same for a passage."""
    return line(text)

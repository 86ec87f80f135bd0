"""Answers as Markdown (CommonMark). What others wrote is escaped: it stays text, whatever it looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.answer.after.material import Exported, Reference

# What means something inside a line, to CommonMark 0.31 (section 2.4: all of it may be escaped) and to the tables, sums
# and bare addresses that others made links of.
MARKS = re.compile(r"[\\`*_\[\]<>~$&@|]|(?<=:)/(?=/)|(?<=\bwww)\.")
# What means something where a line begins: headings, lists, rules.
BEGINNING = re.compile(r"^(?:[#+=-]|(?<!\d)\d+(?=[.)]))")


def as_markdown(answers: Sequence[Exported]) -> str:
    """A file: the only answer, or those of a thread in the order in which they were asked."""
    return "\n".join(part for answer in answers for part in parts_of(answer))


def parts_of(answer: Exported) -> Iterator[str]:
    """An answer, paragraph by paragraph."""
    yield f"# {escaped(answer.question)}\n"
    yield (
        "".join(f"- {name}: {escaped(value)}\n" for name, value in answer.facts) + f"- [In Tidings](<{answer.link}>)\n"
    )
    if not answer.sentences:
        yield "No document answered this.\n"
    for text, numbers in answer.sentences:
        yield f"{escaped(text)} {''.join(map(bracketed, numbers))}\n"
    if answer.differences:
        yield "## Sources differ\n"
        yield "".join(
            f"- {'; '.join(escaped(v) + ' ' + bracketed(n) for v, n in each)}\n" for each in answer.differences
        )
    for title, references in (("Sources", answer.references), ("Also considered", answer.also)):
        if references:
            yield f"## {title}\n"
            yield from map(entry, references)


def bracketed(number: int) -> str:
    """A number as sentences cite it."""
    return rf"\[{number}\]"


def entry(reference: Reference) -> str:
    """A source with its exact passages."""
    page = "" if reference.page is None else f", page {reference.page}"
    where = f"({escaped(reference.outlet)}, {reference.dated}{page})"
    head = f"**{bracketed(reference.number)} {escaped(reference.title)}** {where}"
    quotes = "".join(f"\n> {escaped(quoted)}\n" for quoted in reference.quotes)
    links = " | ".join(
        f"[{name}](<{address}>)"
        for name, address in (("original", reference.original), ("in Tidings", reference.link))
        if address
    )
    return f"{head}\n{quotes}\n{links}\n"


def escaped(text: str) -> str:
    """A line of text that Markdown shows as it is."""
    return BEGINNING.sub(begun, MARKS.sub(r"\\\g<0>", text))


def begun(match: re.Match[str]) -> str:
    """The beginning of a line that begins nothing."""
    return f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}"

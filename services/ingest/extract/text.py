"""Plain text: decoding, paragraphs, a title when the first line is one."""

from __future__ import annotations

import re

from services.ingest.extract import Limits
from services.ingest.extract.clean import tidy
from services.ingest.extract.encoding import SURE, decode
from services.ingest.types import Article, RawDocument

TITLE_CHARACTERS = 120
# A line of this length that is not the last of its block was broken by an editor or a mail program, not by its author.
WRAPPED_CHARACTERS = range(45, 101)
SENTENCE_END = re.compile(r"""[.!?…。！？][)\]"'”’»」]*$""")
LIST_ITEM = re.compile(r"(?:[-*+•·–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")


def read(raw: RawDocument, limits: Limits) -> Article:
    """Read plain text. Hard-wrapped lines are joined; lists, verse and tables keep their lines."""
    decoded = decode(raw.content, raw.content_type)
    text = paragraphs(tidy(decoded.text))
    reasons = ("low_confidence_encoding",) if decoded.confidence < SURE else ()
    return Article(title=first_line_title(text), text=text, quality_reasons=reasons)


def paragraphs(text: str) -> str:
    """Put a blank line between paragraphs of tidy text and none inside."""
    return "\n\n".join(_join(block.split("\n")) for block in text.split("\n\n") if block.strip())


def first_line_title(text: str) -> str:
    """The first line when it is short enough for a headline and is no sentence of the text, else nothing."""
    line, _, rest = text.partition("\n")
    short = len(line) <= TITLE_CHARACTERS and not (rest and SENTENCE_END.search(line) and line[-1] in ".。")
    return line if short else ""


def _join(lines: list[str]) -> str:
    if any(LIST_ITEM.match(line) for line in lines[1:]):
        return "\n".join(lines)
    if len(lines) > 1 and all(len(line) in WRAPPED_CHARACTERS for line in lines[:-1]):
        return " ".join(lines)
    if all(len(line) >= WRAPPED_CHARACTERS.stop for line in lines[:-1]):
        # Lines broken at 120 columns go on in small letters; paragraphs of one line each do not.
        continued = sum(line[:1].islower() for line in lines[1:])
        return (" " if lines[1:] and 2 * continued >= len(lines) - 1 else "\n\n").join(lines)
    return "\n".join(lines)

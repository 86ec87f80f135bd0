"""Text that is safe to store and pleasant to read, whatever the parser gave."""

from __future__ import annotations

import re
import unicodedata

# Above this a "document" is a data dump or a bomb; a novel of 300,000 words has 2 million.
MAX_CHARACTERS = 20_000_000

NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Control characters (PostgreSQL refuses NUL), lone surrogates (not encodable), noncharacters, the soft hyphen, and the
# invisible marks that reverse or hide text (zero-width space, bidi overrides and isolates, BOM). Joiners stay: Persian
# and emoji need them.
UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]+"
)
SPACES = re.compile("[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
# What programs put where a title belongs.
FILE_NAME = re.compile(
    r"\.(?:pdf|docx?|indd|qxd|pptx?|xlsx?|tex|dvi|ps|p65|rtf|odt|cdr)\b"
    r"|^(?:untitled|microsoft word|word document|slide 1|document\d*$)",
    re.IGNORECASE,
)
BLANK_LINES = re.compile(r"\n{3,}")
# Normalising sorts runs of combining marks in quadratic time; Unicode's stream-safe format allows 30 (UAX 15, 13).
MAX_MARKS = 30
MARK_BOMB = re.compile(rf"[^\w\s\x00-\x7f]{{{MAX_MARKS + 1},}}")


def tidy(text: str) -> str:
    """Make text storable: NFC, lines ended by `\\n`, single spaces, at most one blank line in a row; idempotent."""
    if _is_tidy(text):
        return text
    text = NEWLINES.sub("\n", text)
    text = UNWANTED.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", MARK_BOMB.sub(_defuse, text))
    text = SPACES.sub(" ", text)
    text = "\n".join(line.strip(" ") for line in text.split("\n"))
    return BLANK_LINES.sub("\n\n", text).strip()


def _is_tidy(text: str) -> bool:
    """Whether a text is plain enough to be tidy as it is; cheaper to see than to make it so: most lines of print are."""
    return (
        text.isascii()
        and text.replace("\n", "").isprintable()
        and not any(untidy in text for untidy in ("  ", " \n", "\n ", "\n\n\n"))
        and text == text.strip(" \n")
    )


def one_line(text: str, max_characters: int) -> str:
    """A title or a name: tidy, on one line, cut at a word with an ellipsis when it is too long."""
    line = " ".join(tidy(text[: max_characters * 20]).split())
    if len(line) <= max_characters:
        return line
    cut = line[: max_characters - 1]
    head = cut.rsplit(" ", 1)[0]
    return (head if len(head) > max_characters // 2 else cut).rstrip() + "…"


def is_file_name(title: str) -> bool:
    """Whether a title was left by a program: a file name, or what new documents are called."""
    return bool(FILE_NAME.search(title))


def _defuse(match: re.Match[str]) -> str:
    """Drop the combining marks past the limit from a run of symbols."""
    kept, marks = [], 0
    for char in match[0]:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)

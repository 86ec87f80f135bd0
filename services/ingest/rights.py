"""What a publisher allows with a document, asked wherever its text is about to be shown, quoted or read by a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.ingest.types import NO_AI, NOSNIPPET, Rights
from services.models import Document

WITHHELD = "The publisher does not allow showing this text here. Open the original page to read it."


class Restricted(Protocol):
    """The part of a document's row that says what may be done with it."""

    @property
    def directives(self) -> Sequence[str]: ...

    @property
    def max_snippet(self) -> int | None: ...


def shown_characters(document: Restricted) -> int | None:
    """How much of its text may be shown at a time: None for all, 0 for nothing."""
    return 0 if NOSNIPPET in document.directives else document.max_snippet


def is_withheld(document: Restricted) -> bool:
    """Whether nothing of its text may be shown."""
    return shown_characters(document) == 0


def may_answer(document: Restricted) -> bool:
    """Whether answers may rest on it: its text may be shown, and its publisher does not reserve it from models."""
    return NO_AI not in document.directives and not is_withheld(document)


def rights_of(document: Document) -> Rights:
    """What its row says its publisher allows."""
    return Rights(tuple(document.directives), document.max_snippet, document.expires_at)


def stricter_of(first: Rights, second: Rights) -> Rights:
    """What both allow."""
    limits = [limit for limit in (first.max_snippet, second.max_snippet) if limit is not None]
    ends = [end for end in (first.expires_at, second.expires_at) if end is not None]
    directives = tuple(dict.fromkeys((*first.directives, *second.directives)))
    return Rights(directives, min(limits, default=None), min(ends, default=None))


def shows_less(new: Rights, old: Rights) -> bool:
    """Whether something that could be shown or quoted under `old` cannot under `new`."""
    both = stricter_of(new, old)
    return set(both.directives) != set(old.directives) or both.max_snippet != old.max_snippet


def cut_at_word(text: str, limit: int | None) -> str:
    """The first `limit` characters of a text, ending with a whole word; the text itself without a limit."""
    if limit is None or len(text) <= limit:
        return text
    end = limit
    while end > 0 and not text[end].isspace():
        end -= 1
    return text[:end].rstrip()

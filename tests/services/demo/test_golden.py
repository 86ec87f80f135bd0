"""How answers to the golden questions are judged."""

from __future__ import annotations

from typing import Any

import pytest

from services.demo.golden import judge
from services.demo.pack import Kind, Question

HERE, THERE, ELSEWHERE = "https://a.example/1", "A letter", "https://c.example/3"


def document(name: str) -> dict[str, Any]:
    """A document with an address, or one that has only a title."""
    return {"url": name if name.startswith("https:") else None, "title": name}


def answer(*cited: str, text: str = "") -> dict[str, Any]:
    names = (HERE, THERE, ELSEWHERE)
    return {
        "grounded": bool(cited),
        "sources": [{"number": number, "document": document(name)} for number, name in enumerate(names, start=1)],
        "sentences": [{"text": text, "citations": [{"source_number": names.index(name) + 1}]} for name in cited],
    }


@pytest.mark.parametrize(
    ("kind", "hits", "cited", "text", "verdict"),
    [
        ("fact", (HERE,), (THERE,), "It was 14,000.", (True, True, True)),
        ("fact", (ELSEWHERE,), (ELSEWHERE,), "It was 14.", (False, False, False)),
        ("contradiction", (HERE,), (HERE,), "It was 14,000.", (False, False, True)),
        ("contradiction", (THERE, HERE), (HERE, THERE), "It was 14,000.", (True, True, True)),
        ("correction", (HERE, ELSEWHERE), (HERE, THERE), "No figure.", (False, True, False)),
    ],
)
def test_expected_documents_are_looked_for(
    kind: Kind, hits: tuple[str, ...], cited: tuple[str, ...], text: str, verdict: tuple[bool, bool, bool]
) -> None:
    question = Question("How many?", kind, expected=(HERE, THERE), says=("14,000",))
    found = judge(question, [{"document": document(name)} for name in hits], answer(*cited, text=text))
    assert (found.found, found.cited, found.said) == verdict


def test_what_nothing_answers_must_be_refused() -> None:
    question = Question("Which runway?", "absent")
    refused = judge(question, [{"document": document(HERE)}], answer())
    assert (refused.found, refused.cited, refused.said) == (True, True, True)
    assert not judge(question, [], answer(HERE, text="The ferry.")).cited

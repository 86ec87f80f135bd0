"""A question about one thing is not answered by sentences about another of its kind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.answer.extractive import collect
from services.answer.quotes.names import of_named
from services.engines.vectors.base import ScoredChunk
from services.search.highlight import terms_of
from services.search.repository import ChunkText, Standing
from services.search.search import Candidate

OURS = (
    "Kestrel Bridge to stay shut",
    "Kestrel Bridge will stay shut until June, the county said. The bridge is rusty in many places. It was built in the year 1931.",
)
OTHER = (
    "Kettle Street bridge closed",
    "The Kettle Street bridge was closed after a lorry struck it. The bridge carries 3,500 cars a day. Buses go round it.",
)
BOTH = (
    "Bridges of Dunmore",
    "Kestrel Bridge carries 9,000 cars a day. The Kettle Street bridge carries far fewer cars. It is closed for two weeks."
    " The council pays for both repairs.",
)
LAKES = (
    "Water falls",
    "Lake Marren has fallen by three metres. Boats on the lake cannot reach the pier. The level of Lake Tessel is nearly normal.",
)
PEOPLE = (
    "Dunmore",
    "Engineer Anna Berg said that the cables would be replaced. Yesterday the haulier Carl Berg apologised for it all."
    " Director Berg will speak today.",
)
GERMAN = (
    "Brücken",
    "Die Möwen-Brücke bleibt bis Oktober gesperrt. Die Brücke hat Risse in zwei Pfeilern. Die Reiher-Brücke ist wieder offen.",
)
FRENCH = (
    "Vaucourt",
    "Le pont Mirelle est fermé depuis lundi. Le pont Saint-Aubin a rouvert mardi matin. Les travaux du pont ont duré.",
)


def said(question: str, *documents: tuple[str, str], language: str = "en") -> str:
    """The sentences that may answer a question, of documents of these titles and texts."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    groups = [
        [
            Candidate(
                ScoredChunk(title, 1, 0, 0.5, cosine=0.5, bm25=1.0),
                Standing(title, 1, 1, language, title, None, at, [], None),
                terms_of(question),
                1.0,
                0.5,
                ChunkText(0, len(text), text),
            )
        ]
        for title, text in documents
    ]
    return " ".join(choice.text for choice, _ in of_named(collect(groups), [question]))


@pytest.mark.parametrize(
    "question",
    ["How long is Kestrel Bridge shut?", "kestrel bridge cars", "Kestral Bridge", "HOW OLD IS KESTREL BRIDGE NOW"],
)
def test_a_document_about_another_bridge_does_not_answer(question: str) -> None:
    assert said(question, OURS, OTHER) == said("", OURS)


def test_nor_do_sentences_about_it_and_what_goes_on_about_it() -> None:
    assert said("How many cars cross Kestrel Bridge?", BOTH) == (
        "Kestrel Bridge carries 9,000 cars a day. The council pays for both repairs."
    )


@pytest.mark.parametrize(
    "question",
    ["How long is the bridge shut?", "Why is it shut?", "Kestrel Bridge or Kettle Street bridge?", "Dunmore"],
)
def test_all_sentences_stay_where_no_thing_of_a_kind_is_named_or_both_are(question: str) -> None:
    assert said(question, OURS, OTHER, BOTH) == said("", OURS, OTHER, BOTH)


def test_lakes_and_people_are_told_apart_and_titles_are_no_names() -> None:
    assert "Tessel" not in said("How low is Lake Marren?", LAKES)
    assert "pier" in said("How low is Lake Marren?", LAKES)
    assert "Marren" not in said("lake tessel level", LAKES)
    of_anna = said("What did Anna Berg say?", PEOPLE)
    assert "Carl" not in of_anna
    assert "cables" in of_anna


def test_a_verb_is_no_kind() -> None:
    text = (
        "River",
        "The Tolme rose by two metres at night. The Aller rose by one metre, and the rise of the Aller was slow.",
    )
    assert said("How high did the Tolme rise?", text) == said("", text)


def test_an_abbreviation_is_no_kind() -> None:
    text = (
        "Guide",
        "The IBM Cloudant service has a key. The IBM Watson service has one too, says ibm. The IBM guide is long.",
    )
    assert said("How do I use IBM Cloudant?", text) == said("", text)


def test_names_are_told_apart_in_german_and_french() -> None:
    assert "Reiher" not in said("Wie lange bleibt die Möwen-Brücke gesperrt?", GERMAN, language="de")
    assert "Aubin" not in said("Quand le pont Mirelle est-il fermé ?", FRENCH, language="fr")
    assert "Mirelle" not in said("pont saint-aubin", FRENCH, language="fr")

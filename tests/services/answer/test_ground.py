"""The sieve: what a passage bears, and what it does not, case by case."""

from __future__ import annotations

import pytest

from services.answer.claims.ground import LEAST_OVERLAP, missing_facts, overlap

PASSAGE = (
    "The central bank raised its key rate by 25 basis points to 4.5 per cent on Monday, 12 May 2025, Governor Ana Ruiz said. "
    "“Prices have risen faster than we expected,” she told reporters in São Paulo. Three of nine members voted against. "
    "The bank has 1,200 employees and its budget is $3 million; see www.bank.example/report."
)
HOLDS = [
    "The central bank raised its rate to 4.5% on Monday.",
    "Three members voted against the rise in the key rate.",
    "3 of 9 members voted against.",
    "The bank has 1200 employees.",
    'Governor Ruiz said: "Prices have risen faster than we expected".',
    "Ana Ruiz’s bank raised the key rate by 25 basis points.",
    "On 12 May 2025 the bank raised its key rate.",
    "Its budget is 3 million.",
]
FAILS = {
    "The central bank raised its rate to 4.25% on Monday.": {"4.25"},
    "The central bank raised its rate to 45 per cent.": {"45"},
    "The central bank raised its key rate on Tuesday.": {"Tuesday"},
    "Four of nine members voted against.": {"Four"},
    "The bank has 1,300 employees.": {"1,300"},
    "Its budget is 3 billion.": {"3 billion"},
    "Governor Ana Ruis said prices have risen.": {"Ruis"},
    "On 12 June 2025 the bank raised its key rate.": {"12 June 2025"},
    'Ruiz said: "Prices have fallen".': {"Prices have fallen"},
    "Bloomberg said the bank raised its key rate.": {"Bloomberg"},
    "The bank told reporters; see http://evil.example/x for more.": {"http://evil.example/x"},
    "The bank told reporters to write to ana@evil.example.": {"ana@evil.example."},
}


@pytest.mark.parametrize("sentence", HOLDS)
def test_what_the_passage_says_holds(sentence: str) -> None:
    assert missing_facts(sentence, [PASSAGE]) == set()
    assert overlap(sentence, [PASSAGE]) >= LEAST_OVERLAP


@pytest.mark.parametrize(("sentence", "missing"), FAILS.items())
def test_a_changed_fact_is_found(sentence: str, missing: set[str]) -> None:
    assert missing <= missing_facts(sentence, [PASSAGE])


def test_words_of_another_subject_do_not_overlap() -> None:
    assert overlap("the goalkeeper saved two penalties in the final", [PASSAGE]) < LEAST_OVERLAP
    assert overlap("", [PASSAGE]) == 0


def test_facts_may_stand_in_any_of_the_cited_passages() -> None:
    assert missing_facts("Ruiz met Okafor.", ["Ruiz spoke.", "Okafor listened."]) == set()
    assert missing_facts("Ruiz met Okafor.", ["Ruiz spoke."]) == {"Okafor"}

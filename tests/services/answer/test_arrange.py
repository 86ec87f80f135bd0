"""An answer opens with a sentence that can be read alone and says what was asked; figures that no longer hold come later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.answer.claims.facts import facts_of
from services.answer.conflicts import Differing, Pair
from services.answer.extractive import Choice, collect
from services.answer.quotes.arrange import arrange
from services.answer.quotes.corrections import outdated
from services.answer.quotes.kinds import kind_of
from services.engines.vectors.base import ScoredChunk
from services.ingest.sentences import stands_alone
from services.search.highlight import terms_of
from services.search.repository import ChunkText, Standing
from services.search.search import Candidate


def read(*documents: tuple[str, str]) -> list[tuple[Choice, Candidate]]:
    """The sentences of documents of these titles and texts, each published a day after the one before."""
    groups = []
    for number, (title, text) in enumerate(documents):
        at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=number)
        standing = Standing(str(number), 1, 1, "en", title, None, at, [], None)
        found = ScoredChunk(str(number), 1, 0, 0.5, cosine=0.5, bm25=1.0)
        groups.append([Candidate(found, standing, terms_of(""), 1.0, 0.5, ChunkText(0, len(text), text))])
    return collect(groups)


def shown(
    question: str, collected: list[tuple[Choice, Candidate]], chosen: Sequence[int], pairs: Sequence[Pair] = ()
) -> list[str]:
    """The texts of chosen sentences, by their places among those that were read, in the order in which they are shown."""
    choices = [collected[at][0] for at in chosen]
    old = outdated(choices, collected, pairs)
    return [choice.text for choice in arrange(choices, [choice for choice, _ in collected], question, old)]


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("He said that the bridge was shut.", False),
        ("One of them told the paper that it was shut.", False),
        ("At that height the river ran level.", False),
        ('"I knew the man who drowned.', False),
        ("Working days | 6 a.m. | 10 p.m.", False),
        ("Das dauert 14 Monate.", False),
        ("Elle a rouvert mardi.", False),
        ("Those who park in the old town pay more.", True),
        ("Das Werk bleibt offen.", True),
        ('"It is shut," said Anna Berg.', False),
        ('The mayor said: "It is shut."', True),
        ("One of the two machines is rebuilt.", True),
    ],
)
def test_what_can_be_read_alone(text: str, alone: bool) -> None:
    assert stands_alone(text) is alone


def test_the_first_sentence_says_what_was_asked_and_stands_alone() -> None:
    collected = read(
        (
            "Theft",
            "Police found 212 stolen bicycles in a barn. They are thought to be worth a great deal. A man was held in Ostmere.",
        )
    )
    found, worth, held = (choice.text for choice, _ in collected)
    assert shown("How many bicycles were stolen?", collected, [1, 2, 0]) == [found, worth, held]
    assert shown("What is said of the man?", collected, [2, 0]) == [held, found]


def test_what_leans_is_shown_with_the_sentence_before_it() -> None:
    collected = read(
        (
            "Bridge",
            "Kettle Bridge is old and narrow. It is the only way for two bus lines. Boats pass below it each day.",
        )
    )
    before, leaning, other = (choice.text for choice, _ in collected)
    assert shown("Which lines use the bridge?", collected, [1, 2]) == [before, leaning, other]


def test_a_figure_that_is_taken_back_comes_last_and_what_holds_is_shown() -> None:
    collected = read(
        ("Union pays 2.1 million", "The union paid 2.1 million pounds to its members."),
        (
            "Correction: 1.2 million, not 2.1 million",
            "Our figure was wrong on Monday. The union paid 1.2 million pounds.",
        ),
    )
    wrong, said, right = (choice.text for choice, _ in collected)
    assert shown("How much did the union pay?", collected, [0, 1]) == [right, said, wrong]
    assert shown("Why was the figure wrong?", collected, [0, 1])[0] == wrong


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (
            "The repair will last six weeks, the city says.",
            "Repairs will last five months and not six weeks, it was said.",
        ),
        (
            "Damage was put at 18 million crowns by insurers.",
            "Insurers put it at 31 million crowns instead of 18 million.",
        ),
    ],
)
def test_a_sentence_takes_back_an_earlier_figure_but_no_later_one(earlier: str, later: str) -> None:
    question = "How long will it last?" if "last" in earlier else "How much damage is there?"
    assert shown(question, read(("One", earlier), ("Two", later)), [0]) == [later, earlier]
    assert shown(question, read(("One", later), ("Two", earlier)), [1]) == [earlier]


def test_of_two_figures_the_later_comes_first() -> None:
    collected = read(
        ("Fire", "A fire destroyed 12 houses in Harrowgate."), ("Fire", "The fire destroyed 19 houses in all.")
    )
    sides = [Differing(choice, facts_of(choice.text).of("number")[0]) for choice, _ in collected]
    question = "How many houses did the fire destroy?"
    pair = [Pair(sides[0], sides[1], "house", 1.0)]
    assert shown(question, collected, [0, 1], pair) == [collected[1][0].text, collected[0][0].text]
    assert shown(question, collected, [0], pair) == [collected[1][0].text, collected[0][0].text]
    assert shown(question, collected, [0, 1]) == [collected[0][0].text, collected[1][0].text]


@pytest.mark.parametrize(
    ("question", "better", "worse"),
    [
        ("How long does it take?", "It takes 14 months.", "It has 310 workers."),
        ("How much does it cost?", "It costs 44 million crowns.", "It takes 14 months."),
        ("How many jobs remain?", "In all 310 jobs remain.", "The 4 owners met."),
        ("When does it open?", "It opens in two weeks.", "It carries 900 cars each day."),
        ("Wie lange dauert der Umbau?", "Er dauert 14 Monate.", "Das Werk behält 310 Beschäftigte."),
        ("Was kostet der Umbau?", "Er kostet 44 Millionen Kronen.", "Er dauert 14 Monate."),
        ("Combien coûtent les travaux ?", "Les travaux coûteront 2 millions d'euros.", "Le pont a 6 arches."),
        ("Why was it shut?", "It was shut because of a crack.", "It was shut on Monday."),
        ("Who leads the council?", "The council is led by Magda Pellworth.", "The council met at noon."),
    ],
)
def test_the_kind_of_thing_that_is_asked_for(question: str, better: str, worse: str) -> None:
    says = kind_of(question)
    assert says(better) > says(worse)

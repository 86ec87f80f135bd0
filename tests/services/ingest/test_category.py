"""Sections of publishers, mapped to twelve categories."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.category import WITNESSES, WORDS, categorise, of_section, path_sections
from services.ingest.types import CATEGORIES


@pytest.mark.parametrize(
    ("section", "category"),
    [
        ("World", "world"), ("US Politics", "politics"), ("News/Business", "business"), ("Tech", "technology"),
        ("Science & Environment", "science"), ("Climate change", "environment"), ("Real Estate", "business"),
        ("Wirtschaft", "business"), ("Politik", "politics"), ("Fußball", "sport"), ("Meinung", "opinion"),
        ("Économie", "business"), ("Santé", "health"), ("Faits divers", "crime"), ("Planète", "environment"),
        ("Deportes", "sport"), ("Política", "politics"), ("Tecnología", "technology"), ("Sucesos", "crime"),
        ("Esteri", "world"), ("Cronaca nera", "crime"), ("Scienze", "science"), ("Salute", "health"),
        ("Esportes", "sport"), ("Saúde", "health"), ("Meio ambiente", "environment"), ("Opinião", "opinion"),
        ("Buitenland", "world"), ("Wetenschap", "science"), ("Gezondheid", "health"), ("Onderwijs", "society"),
    ],
)  # fmt: skip
def test_sections_in_seven_languages_find_their_category(section: str, category: str) -> None:
    assert of_section(section) == category


@pytest.mark.parametrize(
    "section", ["", "News", "Front Page", "Minnesota Wild", "Sports law", "x" * 500, "2026", "All"]
)
def test_an_unclear_section_has_no_category(section: str) -> None:
    assert of_section(section) is None


def test_every_category_has_words_and_no_word_has_two() -> None:
    assert set(WORDS) == set(CATEGORIES)
    words = [(word, category) for category, listed in WORDS.items() for word in set(listed.split())]
    assert len({word for word, _ in words}) == len(words)


def test_the_source_wins_then_most_witnesses_then_the_most_trusted() -> None:
    sections = {"source": ["crime"], "json-ld": ["World"], "meta": ["Sport"], "url": ["sport"]}
    assert categorise(sections) == ("crime", "source")
    assert categorise({**sections, "source": ["no such"]}) == ("sport", "meta")
    assert categorise({"json-ld": ["World"], "feed": ["Sport"]}) == ("world", "json-ld")
    assert categorise({"json-ld": ["News"]}) == (None, None)


def test_only_folders_of_an_address_are_sections() -> None:
    assert path_sections("https://a.example/news/world/sport-is-everywhere") == ("news", "world")
    assert path_sections("https://a.example/a-long-headline-as-folder/x") == ()
    assert path_sections("http://[") == path_sections(None) == ()


@given(st.dictionaries(st.sampled_from(WITNESSES), st.lists(st.text(max_size=80), max_size=4)))
def test_any_sections_give_a_known_category_or_none(sections: dict[str, list[str]]) -> None:
    category, witness = categorise(sections)
    assert (category is None) == (witness is None)
    assert category is None or category in CATEGORIES

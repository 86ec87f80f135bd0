"""Marking words: the quick way says what looking at every word says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.search.highlight import Terms, folded, merge, stem, terms_of, words
from services.search.passages import best_passage
from services.search.types import Span

WORDS = [
    "bank",
    "banks",
    "Bank's",
    "bänke",
    "l'Italia",
    "d",
    "s",
    "straße",
    "Strasse",
    "rate-rise",
    "日本",
    "利率",
    "Ølpris",
]
GAPS = [" ", ". ", ", ", "'", "’", "\n\n", "-", "! "]
texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), max_size=12).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)
queries = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


def one_by_one(terms: Terms, text: str) -> list[Span]:
    return [span for span in words(text) if stem(folded(text[span.start : span.end]), terms.language) in terms.stems]


@given(query=queries, text=texts, language=st.sampled_from(["en", "de", None]))
def test_marks_are_those_of_looking_at_every_word(query: str, text: str, language: str | None) -> None:
    terms = terms_of(query, language)
    assert terms.spans(text) == one_by_one(terms, text)
    assert terms.spans(text, terms.forms_in(text)) == one_by_one(terms, text)


@given(query=queries, title=texts, text=texts)
def test_a_share_of_two_texts_is_that_of_both_together(query: str, title: str, text: str) -> None:
    terms = terms_of(query, "en")
    joined = {stem(folded(each[span.start : span.end]), "en") for each in (title, text) for span in words(each)}
    assert terms.share(terms.forms_in(title) | terms.forms_in(text)) >= len(joined & terms.stems) / len(terms.stems)
    assert terms.coverage(text) == terms.share(terms.forms_in(text))


@given(query=queries, text=texts)
def test_a_passage_marks_what_stands_in_it(query: str, text: str) -> None:
    terms = terms_of(query, "en")
    passage = best_passage(text, 7, terms.spans(text))
    assert text[passage.start - 7 : passage.end - 7] == passage.text
    marked = [Span(each.start + passage.start - 7, each.end + passage.start - 7) for each in passage.highlights]
    assert set(marked) <= set(merge(terms.spans(text)))


def test_irregular_english_words_are_found_whatever_their_form() -> None:
    text = "The Rovers win the derby; the women rose to second."
    assert terms_of("Who won?", "en").forms_in(text) == {"win"}
    assert terms_of("the woman rising", "en").forms_in(text) == {"women", "rose"}
    assert terms_of("won", "de").forms_in(text) == set()

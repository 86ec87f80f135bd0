"""Chunks: exact, complete, of even size, and cut at sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.chunk import chunk, sentences

MAX = 180


def count_words(texts: Sequence[str]) -> list[int]:
    """Tokens as WordPiece would count them, roughly: words, pieces of long words, marks, ideographs."""
    return [sum(1 + len(word) // 8 for word in re.findall(r"[\u3000-\u9fff]|\w+|[^\w\s]", text)) for text in texts]


def article(paragraph_count: int, sentence_count: int = 4) -> str:
    sentence = "Officials in the northern city of Norrvik said on Tuesday that {} people had been moved to safety."
    number = iter(range(10_000))
    return "\n\n".join(
        " ".join(sentence.format(next(number)) for _ in range(sentence_count)) for _ in range(paragraph_count)
    )


def test_chunks_of_an_article_are_nearly_full_and_end_at_sentences() -> None:
    text = article(20, 3)
    chunks = chunk(text, "en", MAX, count_words)
    ends = {end for _, end in sentences(text)}
    assert all(piece.end in ends for piece in chunks)
    assert all(120 <= piece.token_count <= MAX for piece in chunks[:-1])
    assert chunks[-1].token_count >= MAX * 0.25


def test_chunks_end_at_paragraphs_when_they_are_full_enough() -> None:
    text = article(6, 6)
    assert [piece.text for piece in chunk(text, "en", MAX, count_words)] == text.split("\n\n")


def test_a_short_text_is_one_chunk_with_its_exact_span() -> None:
    (only,) = chunk("\n  Hello there. Good bye.  \n", "en", MAX, count_words)
    assert (only.start, only.end, only.text, only.ordinal) == (3, 25, "Hello there. Good bye.", 0)


def test_a_tiny_tail_joins_or_borrows_from_the_chunk_before() -> None:
    chunks = chunk(article(6, 6) + "\n\nRead more tomorrow.", "en", MAX, count_words)
    assert chunks[-1].token_count > 20


def test_a_sentence_that_is_too_long_is_cut_at_spaces() -> None:
    text = "word " * 1000
    chunks = chunk(text, "en", MAX, count_words)
    assert all(piece.token_count <= MAX for piece in chunks)
    assert all(re.fullmatch(r"word(?: word)*", piece.text) for piece in chunks)


def test_text_without_spaces_is_cut_by_length() -> None:
    for text in ("永" * 5000, "A" * 200_000, "x," * 50_000):
        chunks = chunk(text, None, MAX, count_words)
        assert "".join(piece.text for piece in chunks) == text
        assert all(len(piece.text) <= MAX * 12 and piece.token_count <= MAX for piece in chunks)


def test_nothing_gives_no_chunks() -> None:
    assert chunk(" \n ", "en", MAX, count_words) == []


def test_tokens_are_counted_in_few_batches() -> None:
    calls = []

    def counting(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return count_words(texts)

    chunk(article(30), "en", MAX, counting)
    assert len(calls) == 1


@given(st.text(alphabet="abc AB.!?\n。永,;x" + "\u0301é😀", max_size=400), st.integers(8, 60))
def test_chunks_cover_the_text_in_order_without_overlap(text: str, max_tokens: int) -> None:
    chunks = chunk(text, None, max_tokens, count_words)
    outside, position = list(text), 0
    for ordinal, piece in enumerate(chunks):
        assert piece.ordinal == ordinal
        assert position <= piece.start < piece.end
        assert text[piece.start : piece.end] == piece.text == piece.text.strip()
        assert piece.token_count <= max_tokens
        outside[piece.start : piece.end] = " " * len(piece.text)
        position = piece.end
    assert not "".join(outside).strip()

"""Telling a reprint from another story in like words."""

from __future__ import annotations

import json
import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sameness import BANDS, bands_of, fingerprint, is_same, likeness
from tests.reprints import OTHERS, REPRINTS, SANCTIONS, Article


def same(one: Article, other: Article) -> bool:
    return is_same(fingerprint(one.title, one.text), fingerprint(other.title, other.text))


def stories(folder: Path) -> dict[str, tuple[str, Article]]:
    """The labelled texts of 60 words or more, each with its event."""
    found = {}
    for line in (folder / "stories" / "documents.jsonl").read_text().splitlines():
        row = json.loads(line)
        sentences = [sentence for sentence in row["sentences"] if not sentence.startswith("http")]
        if len(" ".join(sentences[1:]).split()) >= 60:
            found[row["_id"]] = (row["event"], Article(sentences[0], tuple(sentences[1:])))
    return found


@pytest.mark.parametrize("kind", [kind for kind in REPRINTS if kind != "several"])
def test_a_reprint_is_the_same_text(kind: str) -> None:
    assert same(SANCTIONS, REPRINTS[kind](random.Random(kind), SANCTIONS))


def test_another_number_between_the_same_words_is_another_story() -> None:
    thirteenth = Article(*(part.replace("12th", "13th") for part in (SANCTIONS.title,)), SANCTIONS.sentences)
    assert not same(SANCTIONS, thirteenth)
    everywhere = tuple(sentence.replace("12th", "13th") for sentence in SANCTIONS.sentences)
    assert not same(SANCTIONS, Article("Brussels agrees sanctions", everywhere))


def test_a_text_about_somebody_else_is_another_story() -> None:
    match = (
        "Okafor scored in the last minute and gave her team the cup on Saturday evening.",
        "The stadium sang for Okafor long after the whistle, and the coach wept on the bench.",
        "It was the third final in four years for the team, and the first that it won.",
        "I never doubted it, Okafor said, and thanked those who had travelled through the snow.",
    )
    other = tuple(sentence.replace("Okafor", "Lindqvist") for sentence in match)
    assert same(Article("The cup at last", match), Article("The cup at last", match))
    assert not same(Article("The cup at last", match), Article("The cup at last", other))


def test_one_wall_behind_two_headlines_is_not_one_story() -> None:
    wall = ("This story is for subscribers of our newspaper only, who can read it on every device they own.",)
    assert not same(Article("Minister resigns over ferry deal", wall), Article("Harvest fails in the north", wall))


def test_standing_text_of_a_publisher_does_not_make_pages_one() -> None:
    about = " ".join(
        f"Line {word} of what the company says about itself in each of its releases." for word in "abcdefghij"
    )
    first = "The firm opened a plant for glass in the harbour and will hire welders from the region next spring."
    second = "Shareholders voted down the pay of the board after an adviser had called its bonus far too generous."
    texts = [fingerprint(f"{part[:20]} news", f"{part} {about}", "maker.example") for part in (first, second)]
    assert not is_same(*texts)


def test_a_paragraph_in_a_report_is_not_the_report() -> None:
    report = " ".join(
        f"Chapter {n} tells what the inspectors of district {n * 7} found on bridge {n * 3}." for n in range(90)
    )
    paragraph = report[: len(report) // 8]
    assert not is_same(fingerprint("Bridges", report), fingerprint("Bridges", paragraph))


def test_texts_without_spaces_between_words_are_compared_too() -> None:
    chinese = (
        "央行周一宣布下调利率零点二五个百分点以支持经济增长分析人士表示此举出乎市场意料股市随后上涨投资者欢迎这一决定"
        * 2
    )
    other = (
        "暴雨淹没了山谷数百个家庭被迫离开家园救援队连夜用船转移居民当地政府宣布进入紧急状态学校停课三天道路中断无法通行"
        * 2
    )
    assert is_same(fingerprint("央行下调利率", chinese), fingerprint("央行下调利率", chinese + "记者报道"))
    assert not is_same(fingerprint("央行下调利率", chinese), fingerprint("暴雨", other))


def test_too_short_a_text_has_no_signature() -> None:
    assert fingerprint("A note", "Back at noon.").signature() is None


@given(st.sets(st.integers(0, 10**6), min_size=60, max_size=120), st.floats(0.3, 1.0))
def test_signatures_estimate_and_bands_find(words: set[int], share: float) -> None:
    ordered = sorted(words)
    text = " ".join(f"w{word}" for word in ordered)
    part = " ".join(f"w{word}" for word in ordered[: max(20, int(len(ordered) * share))])
    one, other = fingerprint("", text), fingerprint("", part)
    true = len(one.distinct & other.distinct) / len(one.distinct | other.distinct)
    first, second = one.signature(), other.signature()
    assert first is not None
    assert second is not None
    assert abs(likeness(first, second) - true) < 0.25
    assert len(bands_of(first)) == BANDS
    assert all(-(2**63) <= band < 2**63 for band in bands_of(first))
    if true >= 0.3:
        assert set(bands_of(first)) & set(bands_of(second))


def test_reprints_of_real_stories_are_found_and_other_stories_are_not(shared_data: Path) -> None:
    """C-23: at least .95 of the reprints, at most .001 of the pairs of different events, few look-alikes."""
    known = stories(shared_data)
    texts = {name: fingerprint(article.title, article.text) for name, (_, article) in known.items()}
    found = tried = refused = lookalikes = 0
    for kind in REPRINTS:
        chance = random.Random(kind)
        for name, (_, article) in known.items():
            made = REPRINTS[kind](chance, article)
            tried += 1
            found += is_same(texts[name], fingerprint(made.title, made.text))
    for kind in OTHERS:
        chance = random.Random(kind)
        for name, (_, article) in known.items():
            other = OTHERS[kind](chance, article)
            if other is not None:
                lookalikes += 1
                refused += not is_same(texts[name], fingerprint(other.title, other.text))
    pairs = [pair for pair in combinations(known, 2) if known[pair[0]][0] != known[pair[1]][0]]
    false = sum(is_same(texts[one], texts[other]) for one, other in pairs)
    assert found / tried >= 0.98
    assert refused / lookalikes >= 0.95
    assert false / len(pairs) <= 0.0001

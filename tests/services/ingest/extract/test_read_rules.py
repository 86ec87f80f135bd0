"""Rules of single domains, and the story's own lines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.extract import check_selectors, extract
from services.ingest.extract.sandbox import Sandbox
from services.ingest.extract.web.hygiene import clean_story
from services.ingest.types import Article, Hints, RawDocument, Selectors
from services.settings import Settings

PAGE = b"""<!doctype html><html lang=en><head><title>Wrong</title></head><body>
<div class=kop>Right title</div><span class=who>Ann Lee</span><span class=who>Bo Ek</span>
<time class=when datetime="2026-03-04T06:30:00+01:00">4 March</time>
<div id=main><p>First <b>paragraph</b> of it.</p><div class=ad>Buy this now.</div><p>Second one.<br>With a line.</p>
<ul><li>An item</li></ul><script>evil()</script></div><div id=other><p>Something else entirely, and rather longer than it.</p></div>
</body></html>"""
RULE = Selectors(content="#main", remove=".ad", title=".kop", authors="//span[@class='who']", published="time.when")


def read(selectors: Selectors, content: bytes = PAGE) -> Article:
    return extract(RawDocument(content, selectors=selectors), "html", Settings())


def test_a_rule_says_where_everything_stands() -> None:
    article = read(RULE)
    assert article.text == "First paragraph of it.\n\nSecond one.\n\nWith a line.\n\nAn item"
    assert (article.title, article.authors) == ("Right title", ("Ann Lee", "Bo Ek"))
    assert article.published_at == datetime(2026, 3, 4, 5, 30, tzinfo=UTC)
    assert article.published_offset == 60
    assert article.quality_reasons == ()


@pytest.mark.parametrize("content", ["div[", "//p[", "(((", "p:has-no-such(x)", "#absent", "//p[unknown()]", "1 +"])
def test_a_rule_that_is_broken_or_finds_nothing_is_passed_over(content: str) -> None:
    article = read(Selectors(content=content))
    assert "paragraph" in article.text
    assert "bad_rule" in article.quality_reasons


def test_nested_matches_are_read_once() -> None:
    assert read(Selectors(content="#main, #main p")).text.count("First paragraph") == 1


def test_selectors_are_checked_with_a_sentence_for_each() -> None:
    assert check_selectors(RULE) == {}
    problems = check_selectors(Selectors(content="div[", title="//p[", authors="x" * 501, published="time"))
    assert set(problems) == {"content", "title", "authors"}
    assert "CSS" in problems["content"]
    assert "XPath" in problems["title"]


@given(st.text(max_size=60))
def test_any_text_as_a_selector_is_checked_and_survived(selector: str) -> None:
    check_selectors(Selectors(content=selector))
    assert "paragraph" in read(Selectors(content=None, remove=None, title=selector)).text


def test_rules_hints_and_facts_pass_through_the_sandbox(sandbox: Sandbox) -> None:
    hints = Hints(
        published_at=datetime(2026, 3, 1, tzinfo=UTC),
        category="crime",
        categories=("x",),
        image_url="https://a.example/b.png",
    )
    here = extract(RawDocument(PAGE, hints=hints, selectors=RULE), "html", Settings())
    assert sandbox.extract(RawDocument(PAGE, hints=hints, selectors=RULE), "html") == here
    assert (here.category, here.category_from, here.published_offset) == ("crime", "source", 60)
    assert here.image_url == "https://a.example/b.png"


BODY = [
    "Officials in the northern city of Norrvik said on Tuesday that four thousand people had been moved to safety.",
    "Read more than one account of that night and you will find that none agrees with another, the mayor said on Monday.",
    "He asked people to follow the river on foot, and to sign nothing before the insurers had seen the damage for themselves.",
]


@pytest.mark.parametrize(
    "lines",
    [
        ["Home", "River floods the city of Norrvik", *BODY],
        [BODY[0], "Read more: Dam breaks in the hills", *BODY[1:]],
        [BODY[0], "Lire aussi : La rivière monte", "Lesen Sie auch: Der Fluss steigt", *BODY[1:]],
        [*BODY, "Our newsletter", "Sign up for our daily newsletter and get the news into your inbox."],
        [*BODY, "Comments", "Follow us on Twitter and like us on Facebook.", "ann@herald.example"],
    ],
)
def test_lines_around_the_story_go_and_the_story_stays(lines: list[str]) -> None:
    assert clean_story(lines, ["River floods the city of Norrvik"]) == BODY


@given(
    st.lists(
        st.text(min_size=1, max_size=80).map(lambda text: " ".join(text.split())).filter(bool), min_size=1, max_size=20
    )
)
def test_cleaning_keeps_something_and_only_what_was_there(lines: list[str]) -> None:
    kept = clean_story(lines, lines[:1])
    assert kept
    assert set(kept) <= set(lines)


def test_quoted_posts_are_part_of_the_story() -> None:
    post = "<div class='social-media-embed'><blockquote class='twitter-tweet'><p>The dam holds, and so do we, for now.</p></blockquote></div>"
    content = f"<html><body><article>{''.join(f'<p>{line}</p>' for line in BODY)}{post}<p>{BODY[0]}</p></article></body></html>"
    assert "The dam holds" in read(Selectors(), content.encode()).text

"""What independent witnesses say of a page, and whom the reader believes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.extract import extract
from services.ingest.extract.web.dates import parse_moment
from services.ingest.types import Article, Hints, RawDocument
from services.settings import Settings

FETCHED = datetime(2026, 3, 10, 12, tzinfo=UTC)
STORY = "".join(
    f"<p>In the {place} of Norrvik officials said on Tuesday that four thousand people had been moved to safety.</p>"
    for place in ("north", "south", "east", "west", "middle")
)


def page(
    head: str = "", *, title: str = "River floods Norrvik", h1: str = "River floods Norrvik", body: str = ""
) -> bytes:
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>{head}</head>"
        f"<body><article><h1>{h1}</h1>{body}{STORY}</article></body></html>"
    ).encode()


def json_ld(**fields: Any) -> str:
    return f"<script type='application/ld+json'>{json.dumps({'@type': 'NewsArticle', **fields})}</script>"


def read(content: bytes, *, url: str | None = None, hints: Hints | None = None) -> Article:
    return extract(RawDocument(content, url=url, fetched_at=FETCHED, hints=hints), "html", Settings())


def published(value: str) -> str:
    return f"<meta property='article:published_time' content='{value}'>"


def test_the_title_that_most_witnesses_share_wins_over_the_first_one() -> None:
    head = (
        json_ld(headline="Eleven things to know this morning")
        + "<meta property='og:title' content='River floods Norrvik'>"
    )
    assert read(page(head)).title == "River floods Norrvik"


def test_the_feed_is_a_witness_of_the_title() -> None:
    content = page(title="Home", h1="Latest", body="")
    assert read(content, hints=Hints(title="Latest")).title == "Latest"


@pytest.mark.parametrize("suffix", ["The Herald", "Herald.example", "News from the Herald"])
def test_a_site_name_behind_the_headline_is_dropped(suffix: str) -> None:
    assert (
        read(page(title=f"River floods Norrvik | {suffix}", h1="River floods Norrvik")).title == "River floods Norrvik"
    )


def test_a_headline_with_a_dash_of_its_own_stays_whole() -> None:
    title = "River floods Norrvik – mayor resigns"
    assert read(page(title=title, h1=title)).title == title


@pytest.mark.parametrize(
    ("head", "authors"),
    [
        (json_ld(author="By Ann Lee and Bo Ek"), ("Ann Lee", "Bo Ek")),
        (json_ld(author=[{"name": "Ann Lee, Staff Writer"}]), ("Ann Lee",)),
        ("<meta name='author' content='Ann Lee, Bo Ek'>", ("Ann Lee", "Bo Ek")),
        (
            "<meta name='author' content='https://herald.example/ann'><meta name='byl' content='By Ann Lee'>",
            ("Ann Lee",),
        ),
        ("<meta name='author' content='admin'>", ()),
        ("<meta property='og:site_name' content='The Herald'><meta name='author' content='The Herald'>", ()),
    ],
)
def test_authors_are_names_of_people(head: str, authors: tuple[str, ...]) -> None:
    assert read(page(head)).authors == authors


def test_the_author_that_two_witnesses_name_wins() -> None:
    head = json_ld(author="News Robot") + "<meta name='author' content='Ann Lee'>"
    assert read(page(head), hints=Hints(authors=("Ann Lee",))).authors == ("Ann Lee",)


def test_the_publishers_zone_is_kept() -> None:
    article = read(page(json_ld(datePublished="2026-03-04T06:30:00+05:30")))
    assert article.published_at == datetime(2026, 3, 4, 1, tzinfo=UTC)
    assert (article.published_from, article.published_offset) == ("json-ld", 330)


def test_the_zone_may_come_from_a_witness_that_names_the_same_moment() -> None:
    head = json_ld(datePublished="2026-03-04T05:30:00Z") + published("2026-03-04T06:30:00+01:00")
    assert read(page(head)).published_offset == 60


def test_a_day_alone_says_nothing_of_a_zone() -> None:
    article = read(page(), url="https://herald.example/2026/mar/04/norrvik")
    assert (article.published_from, article.published_offset) == ("url", None)
    assert article.published_at == datetime(2026, 3, 4, tzinfo=UTC)


def test_two_witnesses_outvote_a_date_that_was_set_anew() -> None:
    head = json_ld(datePublished="2026-03-09T08:00:00Z") + published("2026-03-04T06:30:00Z")
    article = read(page(head), url="https://herald.example/2026/03/04/norrvik")
    assert (article.published_from, article.published_at) == ("meta", datetime(2026, 3, 4, 6, 30, tzinfo=UTC))


def test_one_witness_does_not_outvote_a_better_one() -> None:
    article = read(page(published("2026-03-08T06:30:00Z")), url="https://herald.example/2026/03/04/norrvik")
    assert article.published_from == "meta"


def test_a_publication_date_that_repeats_the_last_change_is_half_believed() -> None:
    head = json_ld(datePublished="2026-03-08T06:30:00Z", dateModified="2026-03-08T06:30:00Z")
    article = read(page(head), url="https://herald.example/2026/03/04/norrvik")
    assert article.published_from == "url"


def test_the_feeds_date_stands_in_for_a_missing_one() -> None:
    moment = datetime(2026, 3, 3, 9, tzinfo=UTC)
    article = read(page(), hints=Hints(published_at=moment))
    assert (article.published_at, article.published_from) == (moment, "feed")


@pytest.mark.parametrize("value", ["2031-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "0900-01-01"])
def test_a_date_beyond_belief_is_flagged_and_not_stored(value: str) -> None:
    article = read(page(published(value)))
    assert article.published_at is None or article.published_at <= FETCHED
    assert "unbelievable_date" in article.quality_reasons


@given(st.text(max_size=50))
def test_any_text_is_a_moment_with_a_zone_or_none(value: str) -> None:
    moment = parse_moment(value)
    assert moment is None or moment.tzinfo is not None


def test_the_picture_is_the_one_most_witnesses_name() -> None:
    head = "<meta property='og:image' content='/default.png'>" + json_ld(
        image={"url": "https://cdn.example/a/flood.jpg"}
    )
    hints = Hints(image_url="https://cdn.example/small/flood.jpg")
    assert read(page(head), url="https://herald.example/x", hints=hints).image_url == "https://cdn.example/a/flood.jpg"
    assert read(page(head), url="https://herald.example/x").image_url == "https://herald.example/default.png"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:image/png;base64,AA", "http://[", ""])
def test_what_is_no_web_address_is_no_picture(address: str) -> None:
    assert read(page(f"<meta property='og:image' content='{address}'>")).image_url is None


def test_the_category_comes_from_the_section_with_its_source() -> None:
    article = read(page(json_ld(articleSection="World")))
    assert (article.section, article.category, article.category_from) == ("World", "world", "json-ld")
    article = read(page(), url="https://herald.example/sport/norrvik-wins-the-cup")
    assert (article.category, article.category_from) == ("sport", "url")
    article = read(page(json_ld(articleSection="World")), hints=Hints(category="crime"))
    assert (article.category, article.category_from) == ("crime", "source")


@pytest.mark.parametrize("filler", [" ", ",", ", ", "a@", "- ", "by ", "\u00a0| "])
def test_facts_without_end_are_read_in_time(filler: str) -> None:
    long = filler * (200_000 // len(filler))
    head = "".join(
        f"<meta name='{name}' content='x{long}'>" for name in ("og:title", "author", "section", "date", "og:image")
    )
    started = process_time()
    read(
        page(
            head + json_ld(headline="x" + long, author="x" + long, articleSection=long, datePublished=long),
            h1="y" + long,
        )
    )
    assert process_time() - started < 5

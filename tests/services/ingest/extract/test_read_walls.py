"""Pages that stand where a story should be, and the feed's text that stands in for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.errors import ParseFailed
from services.ingest.assess import assess
from services.ingest.extract import extract
from services.ingest.types import Article, Hints, RawDocument
from services.settings import Settings

PARAGRAPH = "Officials in the {} of Norrvik said on Tuesday that four thousand people had been moved to safety after the river rose."
PLACES = (
    "north",
    "south",
    "east",
    "west",
    "middle",
    "harbour",
    "old town",
    "hills",
    "market",
    "station",
    "valley",
    "islands",
)
FEED = " ".join(PARAGRAPH.format(place) for place in PLACES[:6])


def page(*paragraphs: str, title: str = "River floods Norrvik", head: str = "", body: str = "") -> bytes:
    story = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>{head}</head>"
        f"<body><article><h1>{title}</h1>{story}</article>{body}</body></html>"
    ).encode()


def story(count: int) -> list[str]:
    return [PARAGRAPH.format(place) for place in PLACES[:count]]


def json_ld(**fields: Any) -> str:
    return f"<script type='application/ld+json'>{json.dumps({'@type': 'NewsArticle', **fields})}</script>"


def read(content: bytes, text: str | None = None) -> Article:
    hints = Hints(text=text) if text else None
    return assess(extract(RawDocument(content, hints=hints), "html", Settings()))


CHALLENGE = page("Checking your browser before accessing herald.example.", title="Just a moment...")
NOT_FOUND = page("Sorry, we could not find what you were looking for.", title="Page not found")
LOGIN = page(
    "Please enter your details.", title="Log in to your account", body="<form><input type=password name=p></form>"
)
CONSENT = page(
    "We and our 812 partners use cookies to store and access information on your device, for advertising, and to measure.",
    "Accept all cookies",
    title="Herald",
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (CHALLENGE, "bot_challenge"),
        (page("Please wait.", title="Access denied", body="<form id=challenge-form></form>"), "bot_challenge"),
        (NOT_FOUND, "soft_404"),
        (page("Zurück zur Startseite", title="Seite nicht gefunden | Tageblatt"), "soft_404"),
        (page("Retour à l'accueil", title="Erreur – Page introuvable"), "soft_404"),
        (page("Volver a la portada", title="404"), "soft_404"),
        (LOGIN, "login_wall"),
        (CONSENT, "consent_wall"),
    ],
)
def test_a_page_without_a_story_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    with pytest.raises(ParseFailed) as caught:
        read(content)
    assert caught.value.reason == reason
    assert caught.value.detail


@pytest.mark.parametrize(
    ("content", "reason"),
    [(CHALLENGE, "bot_challenge"), (NOT_FOUND, "soft_404"), (LOGIN, "login_wall"), (CONSENT, "consent")],
)
def test_the_feeds_text_stands_in_for_a_refused_page(content: bytes, reason: str) -> None:
    article = read(content, FEED)
    assert article.text == FEED
    assert article.partial
    assert {"feed_text", reason} <= set(article.quality_reasons)


@pytest.mark.parametrize(
    "content",
    [
        page(*story(2), title="Access denied: how the harbour shut its gates"),
        page(*story(2), title="404 people rescued from the flood"),
        page(*story(2), title="Are you a robot? The test that fools us all"),
        page(*story(6), title="Log in and learn", body="<form><input type=password></form>"),
        page("The minister said that cookies are baked at night. " * 6, title="Cookies and crumbs"),
        page(*story(3), "The council votes to subscribe to the fund.", title="Council votes"),
    ],
)
def test_stories_that_use_the_words_of_walls_are_complete(content: bytes) -> None:
    article = read(content)
    assert not article.partial
    assert not {"paywall", "consent"} & set(article.quality_reasons)


@pytest.mark.parametrize(
    "last",
    [
        "Subscribe to continue reading this article.",
        "Dieser Artikel ist nur für Abonnenten.",
        "Cet article est réservé aux abonnés.",
        "Contenido exclusivo para suscriptores.",
        "Contenuto riservato agli abbonati.",
        "Conteúdo exclusivo para assinantes.",
        "Dit artikel is alleen voor abonnees.",
    ],
)
def test_the_words_of_a_paywall_at_the_end_make_a_story_partial(last: str) -> None:
    article = read(page(*story(4), last))
    assert article.partial
    assert "paywall" in article.quality_reasons


@pytest.mark.parametrize("value", [False, "False", "false", "https://schema.org/False"])
def test_a_declared_paywall_counts_for_a_teaser(value: object) -> None:
    assert read(page(*story(3), head=json_ld(isAccessibleForFree=value))).partial
    part = {"@type": "WebPageElement", "isAccessibleForFree": value, "cssSelector": ".paywall"}
    assert read(page(*story(3), head=json_ld(hasPart=[part]))).partial
    assert not read(page(*story(3), head=json_ld(isAccessibleForFree=True))).partial


def test_a_metered_site_that_sent_the_whole_story_is_complete() -> None:
    assert not read(page(*story(12), head=json_ld(isAccessibleForFree=False))).partial


def test_a_declared_number_of_words_shows_a_teaser() -> None:
    assert read(page(*story(12), head=json_ld(isAccessibleForFree=False, wordCount=900))).partial


def test_the_feeds_text_rescues_a_page_built_by_scripts() -> None:
    article = read(b"<!doctype html><html><body><div id=app></div><script>render()</script></body></html>", FEED)
    assert (article.text, article.partial) == (FEED, True)


def test_a_full_text_feed_is_no_part() -> None:
    whole = "\n\n".join(" ".join(story(6)) + f" Part {number}." for number in range(3))
    article = read(page("Loading."), whole)
    assert article.text == whole
    assert not article.partial


def test_the_page_wins_over_a_shorter_feed() -> None:
    article = read(page(*story(6)), PARAGRAPH.format("feed"))
    assert "feed" not in article.text
    assert not article.partial

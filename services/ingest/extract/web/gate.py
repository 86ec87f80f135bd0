"""Whether what was read is the story: walls, and pages that say that there is none. Nothing is gone around."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.errors import ParseFailed
from services.ingest import walls
from services.ingest.extract.web.jsonld import strings
from services.ingest.extract.web.page import Page
from services.ingest.extract.web.story import MUCH_MORE, SHORT_CHARACTERS, Story, feed_story

# A declared paywall counts when the text is shorter than a story, or than the words that the page declares.
TEASER_CHARACTERS = 1200
TEASER_SHARE = 0.6
# From here on, what a feed published counts as the whole story, unless it breaks off.
FULL_FEED_CHARACTERS = 1500
# Forms, scripts and frames of the usual services; `data-sitekey` marks the box to tick of three of them.
CHALLENGE_MARKUP = (
    "//form[@id='challenge-form'] | //div[@id='px-captcha' or @data-sitekey] | //script[contains(@src, 'challenge-platform') or "
    "contains(@src, 'captcha-delivery') or contains(@src, '_Incapsula_Resource')] | "
    "//iframe[contains(@src, '_Incapsula_Resource') or contains(@src, 'captcha')]"
)
DETAILS = {
    "bot_challenge": "The site asked for a proof of being human instead of showing the page.",
    "soft_404": "The site says that there is no such page.",
    "login_wall": "The site shows this page only to people who are logged in.",
    "consent_wall": "The site asked for consent to cookies instead of showing the page.",
    "no_text": "There is no readable text on this page; it may need a browser to show it.",
}


@dataclass(frozen=True)
class Evidence:
    """What the markup says, gathered before the tree is taken apart for reading."""

    challenge: bool
    login_form: bool


@dataclass(frozen=True)
class Verdict:
    """The story to keep, and whether it is only a part."""

    story: Story
    partial: bool = False
    reasons: tuple[str, ...] = ()


def evidence_of(page: Page) -> Evidence:
    """Look for the marks of a challenge and for a field for passwords."""
    login_form = any((field.get("type") or "").lower() == "password" for field in page.tree.iter("input"))
    return Evidence(bool(page.tree.xpath(CHALLENGE_MARKUP)), login_form)


def judge(page: Page, story: Story, evidence: Evidence) -> Verdict:
    """Keep the story, mark it as partial, take the feed's text in its place, or refuse.

    Raises: ParseFailed when the page holds no story and the feed gave no text: bot_challenge, soft_404, login_wall,
    consent_wall, no_text.
    """
    if story.origin == "rule":
        return Verdict(story)
    feed = feed_story(page)
    refusal = _refusal(page, story, evidence)
    if refusal:
        if feed is None:
            raise ParseFailed(refusal, DETAILS[refusal])
        return Verdict(feed, partial=_is_part(feed) or refusal != "no_text", reasons=_named(refusal))
    signs = {"paywall": _is_paid(page, story), "consent": walls.asks_for_consent(story.uncleaned or story.text)}
    reasons = tuple(reason for reason, holds in signs.items() if holds)
    is_short = len(story.text) < SHORT_CHARACTERS or story.origin == "whole"
    if feed and is_short and len(feed.text) >= MUCH_MORE * (len(story.text) if story.origin != "whole" else 0):
        return Verdict(feed, partial=_is_part(feed), reasons=reasons)
    return Verdict(story, partial=bool(reasons), reasons=reasons)


def _is_part(feed: Story) -> bool:
    return len(feed.text) < FULL_FEED_CHARACTERS or walls.is_cut_off(feed.text)


def _refusal(page: Page, story: Story, evidence: Evidence) -> str | None:
    headline = page.headlines[0] if page.headlines else ""
    # Where no article was found the text is menus and lists, whose length says nothing.
    text = story.text if story.origin != "whole" else story.text[: walls.EMPTY_CHARACTERS - 1]
    if not story.text:
        return "bot_challenge" if walls.is_challenge(page.name, "", marked=evidence.challenge) else "no_text"
    if walls.is_challenge(page.name, text, marked=evidence.challenge):
        return "bot_challenge"
    if walls.is_not_found(page.name, headline, text):
        return "soft_404"
    if evidence.login_form and walls.asks_to_log_in(page.name, headline, text):
        return "login_wall"
    return "consent_wall" if walls.is_only_consent(story.text) else None


def _named(refusal: str) -> tuple[str, ...]:
    return ("consent",) if refusal == "consent_wall" else (refusal,) if refusal != "no_text" else ()


def _is_paid(page: Page, story: Story) -> bool:
    """Whether the rest is for subscribers: the text says so, or the page declares it and the text is a teaser.

    Metered sites declare every page; those which sent the whole story are not partial.
    """
    text = story.text
    if walls.asks_to_pay(story.uncleaned or text):
        return True
    if not _declares_paywall(page):
        return False
    words = max(map(_count, page.items), default=0)
    return len(text) < TEASER_CHARACTERS or walls.is_cut_off(text) or len(text.split()) < TEASER_SHARE * words


def _declares_paywall(page: Page) -> bool:
    """JSON-LD `isAccessibleForFree: false`, of the article or of a part of it."""
    parts = [part for item in page.items for part in _parts(item.get("hasPart"))]
    return any(_is_false(entry.get("isAccessibleForFree")) for entry in (*page.items, *parts))


def _parts(value: object) -> list[dict[str, object]]:
    return [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)]


def _is_false(value: object) -> bool:
    return value is False or any(
        re.fullmatch(r"(?i)(?:https?://schema\.org/)?(?:false|no)", text) for text in strings(value)
    )


def _count(item: dict[str, object]) -> int:
    value = item.get("wordCount")
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0

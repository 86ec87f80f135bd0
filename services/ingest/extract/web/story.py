"""The text of a page's article: several readings, from the most precise to the most generous, then cleaned."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from lxml.etree import Comment, strip_elements
from lxml.html import HtmlElement
from trafilatura import bare_extraction, html2txt

from services.ingest.extract.clean import tidy
from services.ingest.extract.web.hygiene import clean_story, keep_social_posts
from services.ingest.extract.web.page import Page
from services.ingest.extract.web.rules import Override

# Chosen on the 88 pages of the article-extraction-benchmark (`tidings eval extraction`), before cleaning: standard
# .958, without comments .965, precision .971; precision without tables .966, fast precision .951.
# Precision loses whole articles now and then: below this many characters, the next reading is tried and kept when it
# found twice as much.
SHORT_CHARACTERS = 600
MUCH_MORE = 2.0
# JSON-LD articleBody instead of the extraction was tried and rejected: it is there on 6 of the 88 pages and worse on
# 5 (captions and teasers in it). It is a rescue for pages that build their text with scripts.
ENOUGH_CHARACTERS = 250

BOILERPLATE = "boilerplate"
FEED_TEXT = "feed_text"
FORUM = "DiscussionForumPosting"
ITEM_LINE = re.compile(r"- ")


@dataclass(frozen=True)
class Story:
    """A page's text and where it came from: `rule`, `page`, `json-ld`, `feed` or `whole` (no article was found).

    `uncleaned` has the lines that are none of the story, such as those of a paywall.
    """

    text: str
    origin: str = "page"
    uncleaned: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """What to think of it."""
        return {"whole": (BOILERPLATE,), "feed": (FEED_TEXT,)}.get(self.origin, ())


def read_story(page: Page, override: Override) -> Story:
    """The page's article; its text is empty when nothing can be read.

    The chain: the domain's rule; precision; standard when short; articleBody when shorter still; all words.
    """
    if override.text:
        return Story(_paragraphs(tidy(override.text).split("\n")), "rule")
    titles = [*page.declared("headline"), page.meta("og:title"), page.name, *page.headlines]
    keep_social_posts(page.tree)
    story = _article(page, titles, precise=True)
    if len(story.text) < SHORT_CHARACTERS:
        generous = _article(page, titles, precise=False)
        if len(generous.text) >= MUCH_MORE * len(story.text):
            story = generous
    declared = max(page.declared("articleBody"), key=len, default="")
    if len(story.text) < ENOUGH_CHARACTERS and len(declared) >= MUCH_MORE * len(story.text):
        story = Story(_paragraphs(tidy(declared).split("\n")), "json-ld", story.uncleaned)
    return story if story.text else Story(_paragraphs(tidy(html2txt(page.tree)).split("\n")), "whole")


def feed_story(page: Page) -> Story | None:
    """What the feed published of the story."""
    text = _paragraphs(tidy(page.hints.text or "").split("\n")) if page.hints else ""
    return Story(text, "feed") if text else None


def lighten(tree: HtmlElement) -> None:
    """Drop what holds no text and no evidence for the readers, which copy the tree several times."""
    # Trafilatura looks into JSON-LD for the mark of a forum.
    forum = [script for script in tree.xpath("//script[contains(@type, 'ld+json')]") if FORUM in (script.text or "")]
    strip_elements(tree, Comment, "script", "style", "svg", "link", with_tail=False)
    for script in forum[:1]:
        script.tail = None
        tree.append(script)


def _article(page: Page, titles: list[str], *, precise: bool) -> Story:
    found = bare_extraction(
        page.tree, url=page.url, favor_precision=precise, include_comments=False, include_formatting=False
    )
    lines = [line for line in tidy(found.text or "").split("\n") if line] if found is not None else []
    return Story(_paragraphs(clean_story(lines, titles)), uncleaned="\n".join(lines)) if lines else Story("")


def _paragraphs(lines: list[str]) -> str:
    """A blank line between the lines, except between items of one list."""
    lines = [line for line in lines if line]
    parts = lines[:1]
    for before, line in itertools.pairwise(lines):
        parts += ["\n" if ITEM_LINE.match(before) and ITEM_LINE.match(line) else "\n\n", line]
    return "".join(parts)

"""Web pages: the article without menus, comments and advertising. Never fetches anything, and goes around no wall."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

from lxml.html import HtmlElement
from trafilatura import load_html

from services.errors import ParseFailed
from services.ingest.category import categorise, path_sections
from services.ingest.extract import Limits
from services.ingest.extract.clean import tidy
from services.ingest.extract.encoding import SURE, decode
from services.ingest.extract.web.dates import Found, publication_date
from services.ingest.extract.web.facts import authors_of, claimed_language, image_of, section_of, sections_of, title_of
from services.ingest.extract.web.gate import evidence_of, judge
from services.ingest.extract.web.page import Page, make_page
from services.ingest.extract.web.rules import BAD_RULE, Override, apply
from services.ingest.extract.web.story import lighten, read_story
from services.ingest.types import Article, RawDocument

UNBELIEVABLE_DATE = "unbelievable_date"

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def read(raw: RawDocument, limits: Limits) -> Article:
    """Read a web page: main text, and what independent witnesses agree on about it.

    Rules of the domain (`raw.selectors`) come first. What the feed said (`raw.hints`) is one witness among others, and
    its text stands in where the page has none.
    Raises: ParseFailed with no_text, bot_challenge, soft_404, login_wall or consent_wall.
    """
    decoded = decode(raw.content, raw.content_type)
    page = make_page(_parse(decoded.text), raw)
    override = apply(page.tree, raw.selectors) if raw.selectors else Override()
    evidence = evidence_of(page)
    date, beyond_belief = publication_date(page, override.published)
    lighten(page.tree)
    facts = _facts(page, override, date)
    story = read_story(page, override)
    verdict = judge(page, story, evidence)
    reasons = (*override.reasons, *verdict.story.reasons, *verdict.reasons)
    if beyond_belief:
        reasons = (*reasons, UNBELIEVABLE_DATE)
    if override.published and (date is None or date.provenance != "rule"):
        reasons = (*reasons, BAD_RULE)
    if decoded.confidence < SURE:
        reasons = (*reasons, "low_confidence_encoding")
    reasons = tuple(dict.fromkeys(reasons))
    return replace(facts, text=verdict.story.text, partial=verdict.partial, quality_reasons=reasons)


def _facts(page: Page, override: Override, date: Found | None) -> Article:
    """Everything but the text."""
    sections = sections_of(page)
    given = (page.hints.category,) if page.hints and page.hints.category else ()
    category, category_from = categorise({**sections, "source": given, "url": path_sections(page.url)})
    return Article(
        title=override.title or title_of(page),
        text="",
        authors=override.authors or authors_of(page),
        published_at=date.at if date else None,
        published_from=date.provenance if date else None,
        published_offset=date.offset if date else None,
        language=claimed_language(page),
        section=section_of(page, sections),
        category=category,
        category_from=category_from,
        image_url=image_of(page),
    )


def _parse(html: str) -> HtmlElement:
    # A NUL ends the document for libxml2, and an encoding claim inside a str is refused.
    tree = load_html(f"<div>{tidy(html)}</div>" if "<" not in html[:50] else tidy_markup(html))
    if tree is None:
        raise ParseFailed("no_text", "There is no readable text on this page.")
    return tree


def tidy_markup(html: str) -> str:
    """Markup without the characters that stop libxml2; white space stays, `<pre>` needs it."""
    return re.sub("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "", html)

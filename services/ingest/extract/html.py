"""Web pages: the article without menus, comments and advertising. Never fetches anything."""

from __future__ import annotations

import itertools
import logging
import re
from typing import Any

from lxml.html import HtmlElement
from trafilatura import bare_extraction, html2txt, load_html
from trafilatura.metadata import extract_metadata

from services.errors import ParseFailed
from services.ingest.extract import Limits
from services.ingest.extract.clean import tidy
from services.ingest.extract.dates import publication_date
from services.ingest.extract.encoding import SURE, decode
from services.ingest.extract.jsonld import news_items, strings
from services.ingest.types import Article, RawDocument

# Chosen on the 88 pages of the article-extraction-benchmark (F1 of 4-gram shingles, `python bench/extraction.py`):
# standard .958, without comments .965, precision .971; precision without tables .966, fast precision .951.
# Precision loses whole articles now and then: below this many characters, standard mode is tried and kept when it
# found twice as much.
SHORT_CHARACTERS = 600
MUCH_MORE = 2.0
# JSON-LD articleBody instead of the extraction was tried and rejected: it is there on 6 of the 88 pages and worse on
# 5 (captions and teasers in it). It is a rescue for pages that build their text with scripts.
ENOUGH_CHARACTERS = 250

ITEM_LINE = re.compile(r"- ")
SITE_SUFFIX = re.compile(r"\s+[|–—·»-]\s+[^|–—·»]{2,40}$")
BYLINE = re.compile(r"^by\s+", re.IGNORECASE)
# The date is searched by dates.py; trafilatura's own search cannot be switched off, only kept short.
SHORT_DATE_SEARCH = {"extensive_search": False, "original_date": True}

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def read(raw: RawDocument, limits: Limits) -> Article:
    """Read a web page: main text, title, authors, date with its provenance, section, language as claimed."""
    decoded = decode(raw.content, raw.content_type)
    tree = _parse(decoded.text)
    items = news_items(tree)
    text, reasons = _main_text(tree, items, raw.url)
    if decoded.confidence < SURE:
        reasons = (*reasons, "low_confidence_encoding")
    found = extract_metadata(tree, raw.url, dict(SHORT_DATE_SEARCH), False)
    date = publication_date(tree, items, raw.url, raw.fetched_at)
    return Article(
        title=_title(tree, items, found.title or "", found.sitename or ""),
        text=text,
        authors=_authors(items, found.author),
        published_at=date.at if date else None,
        published_from=date.provenance if date else None,
        language=_claimed_language(tree, items),
        section=_section(tree, items, found.categories),
        quality_reasons=reasons,
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


def _main_text(tree: HtmlElement, items: list[dict[str, Any]], url: str | None) -> tuple[str, tuple[str, ...]]:
    """The article's text and what to think of it. Tries from the most precise to the most generous reading."""
    text = _article_text(tree, url, precise=True)
    if len(text) < SHORT_CHARACTERS:
        generous = _article_text(tree, url, precise=False)
        if len(generous) >= MUCH_MORE * len(text):
            text = generous
    if len(text) < ENOUGH_CHARACTERS:
        declared = max(
            (strings(item.get("articleBody"))[0] for item in items if strings(item.get("articleBody"))),
            key=len,
            default="",
        )
        if len(declared) >= MUCH_MORE * len(text):
            text = "\n\n".join(line for line in tidy(declared).split("\n") if line)
    if text:
        return text, ()
    text = "\n\n".join(line for line in tidy(html2txt(tree)).split("\n") if line)
    if not text:
        raise ParseFailed("no_text", "There is no readable text on this page; it may need a browser to show it.")
    return text, ("boilerplate",)


def _article_text(tree: HtmlElement, url: str | None, *, precise: bool) -> str:
    found = bare_extraction(tree, url=url, favor_precision=precise, include_comments=False, include_formatting=False)
    return _paragraphs(tidy(found.text or "")) if found is not None else ""


def _paragraphs(text: str) -> str:
    """A blank line between the lines trafilatura gives, except between items of one list."""
    lines = [line for line in text.split("\n") if line]
    parts = lines[:1]
    for before, line in itertools.pairwise(lines):
        parts += ["\n" if ITEM_LINE.match(before) and ITEM_LINE.match(line) else "\n\n", line]
    return "".join(parts)


def _title(tree: HtmlElement, items: list[dict[str, Any]], found: str, site: str) -> str:
    """The JSON-LD headline if the page shows it (Wikipedia puts a description there), else the found title.

    A site name at the end, after a dash or a bar, is dropped.
    """
    shown = _words(f"{tree.xpath('string(//title)')} {tree.xpath('string(//h1)')} {found}")
    for item in items:
        for headline in strings(item.get("headline")):
            words = _words(headline)
            if words and len(words & shown) >= len(words) / 2:
                return headline
    stripped = SITE_SUFFIX.sub("", found)
    suffix = found[len(stripped) :]
    return stripped if stripped and site and _words(site) >= _words(suffix) else found


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _authors(items: list[dict[str, Any]], fallback: str | None) -> tuple[str, ...]:
    """Names of persons: JSON-LD first, else what trafilatura found (joined by semicolons)."""
    for item in items:
        authors = item.get("author")
        entries = authors if isinstance(authors, list) else [authors]
        names = [name for entry in entries for name in strings(entry.get("name") if isinstance(entry, dict) else entry)]
        if names and not any(name.startswith(("http:", "https:")) for name in names):
            return tuple(dict.fromkeys(BYLINE.sub("", name) for name in names))
    return tuple(dict.fromkeys(name.strip() for name in (fallback or "").split(";") if name.strip()))


def _section(tree: HtmlElement, items: list[dict[str, Any]], categories: list[str] | None) -> str | None:
    meta = tree.xpath(
        "string(//meta[@property='article:section' or @name='article:section' or @name='section']/@content)"
    )
    declared = [name for item in items for name in strings(item.get("articleSection"))]
    section = next((name for name in (*declared, str(meta).strip(), *(categories or ())) if name), None)
    # Some pages put all their tags there; the first is the section.
    return section.split(",")[0] if section and section.count(",") > 1 else section


def _claimed_language(tree: HtmlElement, items: list[dict[str, Any]]) -> str | None:
    claims = (
        *(code for item in items for code in strings(item.get("inLanguage"))),
        str(tree.xpath("string(/html/@lang)")),
        str(tree.xpath("string(//meta[@property='og:locale' or @http-equiv='content-language']/@content)")),
    )
    return next((claim for claim in claims if claim.strip()), None)

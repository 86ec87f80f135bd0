"""What the links of a page lead to: feeds it announces, and articles of a section page. Pure; never fetches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from services.errors import TidingsError
from services.ingest.urls import normalise_url, registrable_domain

MAX_LINKS = 500
MAX_PAGE_BYTES = 4 * 2**20
FEED_TYPES = re.compile(
    r"application/(?:rss|atom|rdf|feed|x-rss)\+(?:xml|json)|application/json|text/xml", re.IGNORECASE
)
FEED_WORDS = re.compile(r"(?:^|[/._?=-])(?:rss|atom|feed|feeds|rdf)(?:[/._?&=-]|$)|\.(?:rss|atom|rdf)$", re.IGNORECASE)
# Parts of a page that hold no stories.
CHROME = "ancestor::nav or ancestor::footer or ancestor::aside or ancestor::form or ancestor::*[@role='navigation']"
# Path words of lists, people and services rather than stories.
NO_STORY = re.compile(
    r"/(?:tags?|topics?|themen|authors?|autor(?:en|es)?|auteur|category|categories|kategorie|rubrik|search|suche|login|signin|"
    r"register|subscribe|abo|newsletter|about|contact|kontakt|impressum|privacy|datenschutz|terms|jobs|careers|help|faq|"
    r"video|videos|gallery|podcasts?|live|page|comments?|feed|rss|wp-content|wp-admin|cdn-cgi)(?:/|$)",
    re.IGNORECASE,
)
NO_PAGE = re.compile(
    r"\.(?:jpe?g|png|gif|svg|webp|mp[34]|m4a|avi|mov|zip|gz|exe|dmg|css|js|json|xml|ico|woff2?)$", re.IGNORECASE
)
SLUG = re.compile(r"[^\W\d_]+(?:[-_][^\W_]+){3,}", re.UNICODE)
NUMBERED = re.compile(r"\d{5,}|/\d{4}/\d{1,2}/")
MIN_LINK_WORDS = 4


@dataclass(frozen=True)
class Link:
    """An absolute address and the words of its link."""

    url: str
    text: str


def read_page(content: bytes) -> HtmlElement | None:
    """The tree of a page for looking at its links; None when there is none. Reads at most MAX_PAGE_BYTES."""
    try:
        return document_fromstring(content[:MAX_PAGE_BYTES], parser=HTMLParser(huge_tree=False))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def page_title(tree: HtmlElement) -> str:
    """The words of a page's title."""
    name = tree.xpath("string(//meta[@property='og:site_name']/@content)") or tree.xpath("string(//title)")
    return " ".join(str(name).split())[:300]


def feed_links(tree: HtmlElement, url: str) -> list[Link]:
    """Feeds that a page announces in its head, then those its links seem to lead to; each once."""
    announced = [
        Link(link.get("href", ""), link.get("title") or "")
        for link in tree.xpath("//link[@href and @type and contains(concat(' ', @rel, ' '), ' alternate ')]")
        if FEED_TYPES.search(link.get("type", "")) and "oembed" not in link.get("href", "")
    ]
    linked = [
        Link(a.get("href"), a.text_content()) for a in tree.xpath("//a[@href]") if FEED_WORDS.search(a.get("href"))
    ]
    return list(_absolute([*announced, *linked[:MAX_LINKS]], _base(tree, url)))


def article_links(tree: HtmlElement, url: str) -> list[Link]:
    """Links of a section page that look like stories of the same publisher, in page order, at most MAX_LINKS.

    A story's address ends in a slug of four words or holds a long number or a date, and its link has words; links of
    menus, footers and forms, of lists, people and services are none.
    """
    base = _base(tree, url)
    own = registrable_domain(urlsplit(url).hostname or "")
    anchors = tree.xpath(f"//a[@href and not({CHROME})]")
    links = [Link(a.get("href"), a.text_content()) for a in anchors if "nofollow" not in (a.get("rel") or "")]
    best: dict[str, Link] = {}
    for link in _absolute(links, base):
        if _is_story(link, own) and link.url != url:
            known = best.get(link.url)
            if known is None or len(link.text) > len(known.text):
                best[link.url] = link
        if len(best) >= MAX_LINKS:
            break
    return [link for link in best.values() if len(link.text.split()) >= MIN_LINK_WORDS or SLUG.search(link.url)]


def _is_story(link: Link, own: str) -> bool:
    parts = urlsplit(link.url)
    if registrable_domain(parts.hostname or "") != own or NO_STORY.search(parts.path) or NO_PAGE.search(parts.path):
        return False
    last = parts.path.rstrip("/").rsplit("/", 1)[-1]
    return bool(SLUG.search(last) or NUMBERED.search(parts.path) or NUMBERED.search(parts.query))


def _absolute(links: list[Link], base: str) -> Iterator[Link]:
    """The links with canonical addresses, each once; those that are no web addresses are left out."""
    seen: set[str] = set()
    for link in links:
        try:
            url = normalise_url(urljoin(base, link.url.strip()))
        except (TidingsError, ValueError):
            continue
        if url not in seen:
            seen.add(url)
            yield Link(url, " ".join(link.text.split())[:300])


def _base(tree: HtmlElement, url: str) -> str:
    declared = tree.xpath("string(//base/@href)")
    return urljoin(url, str(declared)) if declared else url

"""A parsed web page with what everybody says about it, gathered once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from lxml.html import HtmlElement

from services.ingest.extract.web.jsonld import news_items, strings
from services.ingest.types import Hints, RawDocument


@dataclass(frozen=True)
class Page:
    """One page: its tree, its JSON-LD articles and meta tags, and what the feed said."""

    tree: HtmlElement
    items: list[dict[str, Any]]
    metas: dict[str, list[str]]
    url: str | None
    fetched_at: datetime | None
    hints: Hints | None

    def meta(self, *names: str) -> str:
        """The first content of the first meta tag there is of these names."""
        return next((value for name in names for value in self.metas.get(name, ())), "")

    def declared(self, key: str) -> list[str]:
        """The strings under a key of the JSON-LD articles."""
        return [text for item in self.items for text in strings(item.get(key))]

    @cached_property
    def headlines(self) -> list[str]:
        """The texts of the page's first-level headings."""
        texts = (" ".join(element.text_content().split()) for element in self.tree.iter("h1"))
        return [text for text in texts if text]

    @cached_property
    def name(self) -> str:
        """The text of the title element."""
        return " ".join(self.tree.xpath("string(//title)").split())

    @cached_property
    def site(self) -> str:
        """What the site calls itself."""
        publishers = [item.get("publisher") for item in self.items]
        declared = [text for entry in publishers if isinstance(entry, dict) for text in strings(entry.get("name"))]
        return next(iter((*self.metas.get("og:site_name", ()), *declared)), "") or self.meta("application-name")


def make_page(tree: HtmlElement, raw: RawDocument) -> Page:
    """Gather what a page says about itself."""
    return Page(tree, news_items(tree), _metas(tree), raw.url, raw.fetched_at, raw.hints)


def words_of(text: str) -> frozenset[str]:
    """The different words of a text, case ignored."""
    return frozenset(re.findall(r"\w+", text.casefold()))


def _metas(tree: HtmlElement) -> dict[str, list[str]]:
    """Content by lower-case name of meta tags."""
    found: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        name = (
            meta.get("property") or meta.get("name") or meta.get("itemprop") or meta.get("http-equiv") or ""
        ).lower()
        if name and meta.get("content"):
            found.setdefault(name.strip(), []).append(meta.get("content").strip())
    return found

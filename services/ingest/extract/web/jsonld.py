"""What a page says about itself in JSON-LD: the objects that describe an article."""

from __future__ import annotations

import json
from html import unescape
from typing import Any

from lxml.html import HtmlElement

MAX_SCRIPT_CHARACTERS = 2_000_000
MAX_OBJECTS = 2_000


def news_items(tree: HtmlElement) -> list[dict[str, Any]]:
    """Objects of an article type, in document order; a page without them, or with broken JSON, gives none."""
    found: list[dict[str, Any]] = []
    for script in tree.xpath("//script[contains(translate(@type, 'LDJSON', 'ldjson'), 'ld+json')]"):
        source = script.text or ""
        if len(source) <= MAX_SCRIPT_CHARACTERS:
            found += [item for item in _objects(_load(source)) if _is_article(item)]
    return found


def strings(value: Any) -> list[str]:
    """The strings in a value that may be one, a list of them, or something else."""
    entries = value if isinstance(value, list) else [value]
    return [unescape(entry).strip() for entry in entries if isinstance(entry, str) and entry.strip()]


def _load(source: str) -> Any:
    source = (
        source.strip()
        .removeprefix("<!--")
        .removeprefix("<![CDATA[")
        .removesuffix("-->")
        .removesuffix("]]>")
        .rstrip("; \n")
    )
    try:
        return json.loads(source, strict=False)
    except (ValueError, RecursionError):
        return None


def _objects(value: Any) -> list[dict[str, Any]]:
    """All objects inside, outer ones first, without recursion."""
    found: list[dict[str, Any]] = []
    waiting = [value]
    while waiting and len(found) < MAX_OBJECTS:
        current = waiting.pop(0)
        if isinstance(current, dict):
            found.append(current)
            waiting += [part for part in current.values() if isinstance(part, dict | list)]
        elif isinstance(current, list):
            waiting += [part for part in current[:MAX_OBJECTS] if isinstance(part, dict | list)]
    return found


def _is_article(item: dict[str, Any]) -> bool:
    return any(
        kind.endswith(("Article", "BlogPosting", "Report", "AnalysisNewsArticle", "ReportageNewsArticle"))
        for kind in strings(item.get("@type"))
    )

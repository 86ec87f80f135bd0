"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from typing import Any

from services.errors import FeedInvalid
from services.sources.formats.limits import (
    AUTHORS,
    CATEGORIES,
    CONTENT_CHARS,
    GUID_CHARS,
    ITEMS,
    NAME_CHARS,
    SUMMARY_CHARS,
    TITLE_CHARS,
)
from services.sources.formats.plain import absolute, one_line, parse_date, plain_text, tidy
from services.sources.types import Feed, FeedItem


def read(text: str, url: str) -> Feed:
    """The feed in a JSON text. Raises: FeedInvalid."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeedInvalid(
            "The address answered with JSON that is damaged. Ask the publisher, or try again later."
        ) from error
    if (
        not isinstance(data, dict)
        or not isinstance(data.get("items"), list)
        or not ({"version", "title"} & data.keys())
    ):
        raise FeedInvalid(
            "The address answered with JSON that is no JSON Feed. Check that it is the feed's own address."
        )
    return Feed(
        kind="json",
        title=one_line(_text(data.get("title")), TITLE_CHARS),
        site_url=absolute(_text(data.get("home_page_url")), url),
        description=plain_text(_text(data.get("description")), SUMMARY_CHARS) or None,
        language=_text(data.get("language"))[:NAME_CHARS] or None,
        items=tuple(_item(item, url) for item in data["items"][:ITEMS] if isinstance(item, dict)),
    )


def _item(data: dict[str, Any], url: str) -> FeedItem:
    return FeedItem(
        url=absolute(_text(data.get("url")), url) or absolute(_text(data.get("external_url")), url),
        guid=_text(data.get("id")).strip()[:GUID_CHARS] or None,
        title=one_line(_text(data.get("title")), TITLE_CHARS),
        authors=_authors(data),
        published_at=parse_date(_text(data.get("date_published"))),
        updated_at=parse_date(_text(data.get("date_modified"))),
        categories=tuple(
            filter(None, (one_line(_text(tag), NAME_CHARS) for tag in _list(data.get("tags"))[:CATEGORIES]))
        ),
        summary=plain_text(_text(data.get("summary")), SUMMARY_CHARS) or None,
        content=plain_text(_text(data.get("content_html")), CONTENT_CHARS)
        or tidy(_text(data.get("content_text")), CONTENT_CHARS)
        or None,
        language=_text(data.get("language"))[:NAME_CHARS] or None,
        image_url=absolute(_text(data.get("image")), url) or absolute(_text(data.get("banner_image")), url),
    )


def _authors(data: dict[str, Any]) -> tuple[str, ...]:
    people = _list(data.get("authors")) or [data.get("author")]
    names = (one_line(_text(person.get("name")), NAME_CHARS) for person in people[:AUTHORS] if isinstance(person, dict))
    return tuple(dict.fromkeys(filter(None, names)))


def _text(value: object) -> str:
    """Text or number as text; anything else is none. Lone surrogates, which JSON can spell, cannot be stored."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "ignore").decode().replace("\x00", "")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

"""Which item of a feed is which, from one reading of the feed to the next.

GUIDs alone do not do: some publishers change them with each edit, some give one to every item. Links alone do not
either: some feeds link every item to the front page. So the first of these that tells an item from its neighbours:

1. its link in canonical spelling, without scheme: survives changed GUIDs, trackers, titles and a move to https;
2. link and GUID, where neighbours with other titles and GUIDs share the link, or where the link is only a site's front page;
3. its GUID, where there is no link and no neighbour shares it;
4. title, day and text.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from services.errors import TidingsError
from services.ingest.urls import normalise_url
from services.sources.types import FeedItem


def identities(items: Sequence[FeedItem]) -> list[str]:
    """One identity of 64 hex digits per item of one feed, in order.

    Items with equal identities are one article, listed twice. An item whose neighbours come to share its link, or cease
    to, changes its identity once: it is then looked at again, and its page is stored once all the same.
    """
    pages = [_page(item.url) for item in items]
    at_page: dict[str, list[FeedItem]] = defaultdict(list)
    with_guid: dict[str, list[FeedItem]] = defaultdict(list)
    for item, page in zip(items, pages, strict=True):
        at_page[page].append(item)
        with_guid[item.guid or ""].append(item)
    shared = {page for page, sharers in at_page.items() if page and _differ(sharers)}
    repeated = {guid for guid, sharers in with_guid.items() if len({item.title for item in sharers}) > 1}
    return [
        _identity(item, page, page in shared, item.guid in repeated) for item, page in zip(items, pages, strict=True)
    ]


def _identity(item: FeedItem, page: str, page_shared: bool, guid_repeated: bool) -> str:
    if page and not page_shared and not _is_front(page):
        return _digest("page", page)
    guid = None if guid_repeated else item.guid
    if guid:
        return _digest("guid", page, guid)
    day = item.published_at.date().isoformat() if item.published_at else ""
    return _digest("text", page, item.title, day, "" if item.title else item.summary or item.content or "")


def _page(url: str | None) -> str:
    """The canonical link without scheme and fragment; empty when there is none."""
    if not url:
        return ""
    try:
        url = normalise_url(url)
    except TidingsError:
        # An address we would never fetch still tells items apart.
        url = url.partition("#")[0]
    return url.partition("://")[2] or url


def _is_front(page: str) -> bool:
    return not page.partition("/")[2] and "?" not in page


def _differ(sharers: list[FeedItem]) -> bool:
    """Whether items of one link are several articles: neither title nor GUID is common to all."""
    return len({item.title for item in sharers}) > 1 and len({item.guid for item in sharers}) > 1


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()

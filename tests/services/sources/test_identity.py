"""Items keep their identity from one reading of a feed to the next, and never share one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.sources.identity import identities
from services.sources.types import FeedItem

ITEM = FeedItem(
    url="https://news.example/2026/ferry?id=3",
    guid="g1",
    title="Ferry returns",
    published_at=datetime(2026, 3, 3, tzinfo=UTC),
)
OTHER = FeedItem(url="https://news.example/2026/bridge", guid="g2", title="Bridge opens")


def identity_of(item: FeedItem) -> str:
    """The identity of an item that stands alone in its feed."""
    return identities([item])[0]


def test_an_identity_is_64_hex_digits() -> None:
    assert len(identity_of(ITEM)) == 64
    assert int(identity_of(ITEM), 16)


def test_edits_that_do_not_make_another_article_keep_the_identity() -> None:
    for edited in (
        replace(ITEM, guid="g1-edited"),
        replace(ITEM, guid=None),
        replace(ITEM, title="Ferry returns, at last"),
        replace(ITEM, published_at=None, summary="new"),
        replace(ITEM, url="http://NEWS.example:80/2026/ferry?utm_source=rss&id=3#top"),
    ):
        assert identity_of(edited) == identity_of(ITEM)
        assert identities([OTHER, edited])[1] == identity_of(ITEM)


def test_one_guid_for_all_items_does_not_merge_them() -> None:
    same = [replace(ITEM, guid="all"), replace(OTHER, guid="all")]
    assert len(set(identities(same))) == 2
    without_links = [replace(item, url=None) for item in same]
    assert len(set(identities(without_links))) == 2


def test_one_link_for_all_items_does_not_merge_them() -> None:
    front = [replace(ITEM, url="https://news.example/"), replace(OTHER, url="https://news.example/")]
    assert len(set(identities(front))) == 2
    page = [replace(ITEM, url="https://news.example/live"), replace(OTHER, url="https://news.example/live")]
    assert len(set(identities(page))) == 2


def test_an_article_listed_twice_is_one() -> None:
    first, second = identities([ITEM, replace(ITEM, guid="again")])
    assert first == second == identity_of(ITEM)


def test_an_item_without_link_goes_by_guid_then_by_title_and_day() -> None:
    unlinked = replace(ITEM, url=None)
    assert identity_of(unlinked) == identity_of(replace(unlinked, title="edited"))
    bare = replace(unlinked, guid=None)
    assert identity_of(bare) != identity_of(replace(bare, title="Bridge opens"))
    assert identity_of(bare) != identity_of(replace(bare, published_at=datetime(2026, 3, 4, tzinfo=UTC)))


def test_addresses_that_are_never_fetched_still_tell_items_apart() -> None:
    inside = [
        replace(ITEM, url="http://127.0.0.1/a"),
        replace(ITEM, url="http://127.0.0.1/b"),
        replace(ITEM, url="http://[bad"),
    ]
    assert len(set(identities(inside))) == 3


words = st.text("abc", min_size=1, max_size=4)
items = st.builds(
    FeedItem,
    url=st.none() | words.map(lambda path: f"https://news.example/{path}") | st.just("https://news.example/"),
    guid=st.none() | words,
    title=words,
)


@given(st.lists(items, max_size=12))
def test_items_that_differ_in_title_and_guid_never_share_an_identity(feed: list[FeedItem]) -> None:
    found = list(zip(feed, identities(feed), strict=True))
    for (one, first), (two, second) in combinations(found, 2):
        if one.title != two.title and one.guid != two.guid:
            assert first != second


@given(st.lists(items, max_size=8), st.randoms())
def test_the_order_of_the_feed_does_not_matter(feed: list[FeedItem], random: Random) -> None:
    shuffled = random.sample(feed, len(feed))
    assert sorted(identities(feed)) == sorted(identities(shuffled))

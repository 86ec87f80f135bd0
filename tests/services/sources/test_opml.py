"""Lists of feeds go out and come back, and the starter packs are such lists."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import NotFound, OutlineInvalid
from services.ingest.urls import normalise_url
from services.sources.formats.limits import OUTLINES
from services.sources.formats.opml import Outline, read_opml, write_opml
from services.sources.packs import TITLES, find_pack, packs

OPML = b"""<?xml version="1.0"?><opml version="1.1"><head><title>Mine</title></head><body>
<outline text="News"><outline text="Europe"><outline type="rss" title="A &amp; B" xmlUrl="https://a.example/rss?x=1&y=2" htmlUrl="https://a.example/"/>
</outline><outline text="c" xmlURL="feed://c.example/rss"/></outline>
<outline text="" xmlUrl="feed:https://d.example/rss"/><outline text="again" xmlUrl="https://d.example/rss"/>
<outline text="no feed" htmlUrl="https://x.example/"/><outline text="bad" xmlUrl="javascript:alert(1)"/></body></opml>"""


def test_folders_titles_and_addresses_are_read() -> None:
    assert read_opml(OPML) == [
        Outline("https://a.example/rss?x=1&y=2", "A & B", "News / Europe", "https://a.example/"),
        Outline("http://c.example/rss", "c", "News"),
        Outline("https://d.example/rss", "https://d.example/rss"),
        # Nobody fetches it; whoever brings it in is told.
        Outline("javascript:alert(1)", "bad"),
    ]


names = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="/"), min_size=1, max_size=12)
outlines = st.builds(
    Outline,
    url=st.from_regex(r"https://[a-z]{1,9}\.example/[a-z?&=<\"']{0,9}", fullmatch=True),
    title=names,
    folder=st.lists(names, max_size=3).map(lambda parts: " / ".join(parts) or None),
    site_url=st.none() | st.just("https://site.example/"),
)


@settings(deadline=None)
@given(st.lists(outlines, max_size=12, unique_by=lambda outline: outline.url), st.text())
def test_what_is_written_is_read_back(given_outlines: list[Outline], title: str) -> None:
    read = read_opml(write_opml(title, given_outlines))
    assert sorted(read, key=lambda outline: outline.url) == sorted(given_outlines, key=lambda outline: outline.url)


def test_order_within_a_folder_is_kept() -> None:
    listed = [Outline(f"https://{name}.example/", name, "F") for name in "cab"]
    assert read_opml(write_opml("t", listed)) == listed


@pytest.mark.parametrize(
    "content",
    [
        b"", b"words", b"<html/>", b"\xff\xfe\x00",
        b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><body><outline text="&x;"/></body></opml>',
        '<!DOCTYPE opml [<!ENTITY a "b">]><opml/>'.encode("utf-16"),
        b"<opml><body>" + b'<outline text="x"/>' * (OUTLINES + 1) + b"</body></opml>",
    ],
    ids=range(7),
)  # fmt: skip
def test_what_is_no_safe_list_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(OutlineInvalid) as refusal:
        read_opml(content)
    assert refusal.value.detail.endswith(".")


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(0, 60), st.binary(max_size=12))
def test_no_bytes_raise_anything_but_outline_invalid(where: float, cut: int, insert: bytes) -> None:
    at = int(where * len(OPML))
    try:
        read = read_opml(OPML[:at] + insert + OPML[at + cut :])
    except OutlineInvalid:
        return
    assert all(outline.url and outline.title for outline in read)


def test_starter_packs_hold_six_to_twelve_feeds_with_their_sites() -> None:
    assert [pack.name for pack in packs()] == list(TITLES)
    for pack in packs():
        assert 6 <= len(pack.outlines) <= 12
        assert all(outline.site_url and outline.title and outline.folder == pack.title for outline in pack.outlines)
        assert all(normalise_url(outline.url) for outline in pack.outlines)
    every = [outline.url for pack in packs() for outline in pack.outlines]
    assert len(every) == len(set(every))


def test_an_unknown_pack_is_not_found() -> None:
    assert find_pack("world").title == "World news"
    with pytest.raises(NotFound, match="world"):
        find_pack("moon")

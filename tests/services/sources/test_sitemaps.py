"""Sitemaps of every kind, the malformed ones and the hostile ones."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import SitemapInvalid
from services.sources.formats.limits import SITEMAP_BYTES, SITEMAP_ENTRIES
from services.sources.formats.sitemaps import parse_sitemap
from services.sources.types import Sitemap

URL = "https://news.example/sitemap.xml"
NEWS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> https://news.example/a?x=1&amp;y=2 </loc><lastmod>2026-03-03</lastmod>
<image:image><image:loc>https://news.example/a.jpg</image:loc></image:image>
<news:news><news:publication><news:name>Harbour News</news:name><news:language>en</news:language></news:publication>
<news:publication_date>2026-03-03T10:00:00+02:00</news:publication_date><news:title>Ferry &amp; bridge</news:title></news:news></url>
<url><loc>/b</loc></url><url><loc>javascript:x</loc></url><url/></urlset>"""
INDEX = """<sitemapindex><sitemap><loc>https://news.example/1.xml.gz</loc><lastmod>2026-03-03T10:00:00Z</lastmod></sitemap>
<sitemap><loc>https://news.example/2.xml.gz</loc></sitemap></sitemapindex>"""


def parse(content: str | bytes) -> Sitemap:
    """As from the news site."""
    return parse_sitemap(content.encode() if isinstance(content, str) else content, url=URL)


def test_pages_and_their_news_are_read() -> None:
    first, second = parse(NEWS).entries
    assert (first.url, first.title, first.language, first.is_news) == (
        "https://news.example/a?x=1&y=2",
        "Ferry & bridge",
        "en",
        True,
    )
    assert (first.modified_at, first.published_at) == (
        datetime(2026, 3, 3, tzinfo=UTC),
        datetime(2026, 3, 3, 8, tzinfo=UTC),
    )
    assert (second.url, second.is_news, second.title) == ("https://news.example/b", False, None)


def test_an_index_names_further_sitemaps() -> None:
    found = parse(INDEX)
    assert found.kind == "index"
    assert [entry.url[-8:] for entry in found.entries] == ["1.xml.gz", "2.xml.gz"]


@pytest.mark.parametrize("layers", [1, 2])
def test_gzip_is_opened_twice_at_most(layers: int) -> None:
    content = NEWS.encode()
    for _ in range(layers):
        content = gzip.compress(content)
    assert len(parse(content).entries) == 2
    with pytest.raises(SitemapInvalid, match="more than twice"):
        parse(gzip.compress(gzip.compress(gzip.compress(content))))


def test_a_compressed_sitemap_that_grows_too_large_is_refused_in_bounded_memory() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * (200 * 2**20)))
    tracemalloc.start()
    with pytest.raises(SitemapInvalid, match="16 MiB"):
        parse(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * SITEMAP_BYTES


def test_a_torn_archive_gives_what_can_be_had() -> None:
    many = "<urlset>" + "".join(f"<url><loc>https://news.example/{n}</loc></url>" for n in range(5000)) + "</urlset>"
    packed = gzip.compress(many.encode())
    assert 1000 < len(parse(packed[: len(packed) // 2]).entries) < 5000


def test_a_text_sitemap_is_a_list_of_addresses() -> None:
    assert [entry.url for entry in parse("\ufeffhttps://news.example/a\r\n\r\nhttps://news.example/b\n").entries] == [
        "https://news.example/a",
        "https://news.example/b",
    ]


@pytest.mark.parametrize(
    "content",
    ["", "words", "https://news.example/a\nwords", "<html><body/></html>", "<rss/>", "\x1f\x8bxxxx", "{}"],
)
def test_what_is_no_sitemap_is_refused_with_a_sentence(content: str) -> None:
    with pytest.raises(SitemapInvalid) as refusal:
        parse(content.encode("latin-1"))
    assert refusal.value.detail.endswith(".")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_sitemaps_that_declare_entities_are_refused(encoding: str) -> None:
    laughs = '<!DOCTYPE urlset [<!ENTITY a "ha">]><urlset><url><loc>https://news.example/&a;</loc></url></urlset>'
    with pytest.raises(SitemapInvalid, match="refused"):
        parse(laughs.encode(encoding))


def test_entries_and_time_are_capped() -> None:
    started = time.process_time()
    urls = "".join(
        f"<url><loc>https://news.example/{n}</loc><lastmod>2026-03-03T10:00:00Z</lastmod></url>" for n in range(60_000)
    )
    assert len(parse(f"<urlset>{urls}</urlset>").entries) == SITEMAP_ENTRIES
    assert time.process_time() - started < 10


@pytest.mark.parametrize("end", ["</urlset>", "<url><loc>https://news.example/torn", "<url><loc>&", "</url></url></x>"])
def test_a_missing_or_crooked_tail_keeps_the_entries_before_it(end: str) -> None:
    urls = [entry.url for entry in parse(f"<urlset><url><loc>https://news.example/a?b=1&c=2</loc></url>{end}").entries]
    assert urls[0] == "https://news.example/a?b=1&c=2"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([NEWS, INDEX]), st.floats(0, 1), st.integers(0, 80), st.binary(max_size=20))
def test_no_bytes_raise_anything_but_sitemap_invalid(sitemap: str, where: float, cut: int, insert: bytes) -> None:
    content = sitemap.encode()
    at = int(where * len(content))
    for bytes_ in (content[:at] + insert + content[at + cut :], insert + content, insert):
        try:
            parsed = parse_sitemap(bytes_, url=URL)
        except SitemapInvalid:
            continue
        assert all(entry.url.lower().startswith("http") for entry in parsed.entries)

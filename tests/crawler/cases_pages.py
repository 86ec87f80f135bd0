"""Cases about addresses and pages: private networks, redirects, traps, bombs, and what publishers allow."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from typing import Any

from tests.crawler.case import PAGE_LIMIT, TIMEOUT, Case, Lab, Seen
from tests.crawler.cases_hosts import STORIES
from tests.crawler.site import Canary, Reply, Site, page

HIDDEN = "hidden-words-of-the-page"
SUMMARY = "Summary-as-published in the feed."


def to(location: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": location})


def towards(lab: Lab, forms: list[str]) -> Site:
    """A feed that links to a canary, written in these forms; `{port}` is the canary's."""
    canary = lab.canary()
    site = lab.site(["/story-a"])
    links = ["/story-a", *(form.format(port=canary.port) for form in forms)]
    return with_canary(with_links(site, links), canary)


def with_links(site: Site, links: list[str]) -> Site:
    from tests.crawler.site import feed

    site.routes["/feed"] = feed(site, links)
    return site


def with_canary(site: Site, canary: Canary) -> Site:
    site.canary = canary  # type: ignore[attr-defined]
    return site


def safe(seen: Seen) -> bool:
    """The story beside the trap was fetched, and nobody connected to the canary."""
    return "/story-a" in seen.pages and seen.site.canary.connections == 0  # type: ignore[attr-defined]


def written_as(*forms: str) -> Any:
    return lambda lab: towards(lab, list(forms))


def redirecting(hops: int, statuses: tuple[int, ...] = (302,)) -> Any:
    """Pages that lead to a canary after so many hops on their own site, one page per status."""

    def build(lab: Lab) -> Site:
        canary = lab.canary()
        site = lab.site(["/story-a", *(f"/r{status}" for status in statuses)])
        for status in statuses:
            names = [f"/r{status}", *(f"/r{status}-{hop}" for hop in range(1, hops))]
            for here, there in zip(names, [*names[1:], f"http://127.0.0.1:{canary.port}/"], strict=True):
                site.routes[here] = to(there, status)
        return with_canary(site, canary)

    return build


def meta_refresh(lab: Lab) -> Site:
    canary = lab.canary()
    refresh = f'<meta http-equiv="refresh" content="0; url=http://127.0.0.1:{canary.port}/">'
    site = lab.site(
        {
            "/story-a": Reply(
                page("Refreshing", head=refresh), headers={"Refresh": f"0; url=http://127.0.0.1:{canary.port}/"}
            )
        }
    )
    return with_canary(site, canary)


def other_schemes(lab: Lab) -> Site:
    schemes = (
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/x",
        "data:text/html,hidden-words-of-the-page",
        "s3://b/k",
    )
    site = lab.site(["/story-a", *(f"/r{number}" for number in range(len(schemes)))])
    for number, target in enumerate(schemes):
        site.routes[f"/r{number}"] = to(target)
    return site


def chain(length: int) -> Any:
    def build(lab: Lab) -> Site:
        site = lab.site(["/hop-0"])
        for hop in range(length):
            site.routes[f"/hop-{hop}"] = to(f"/hop-{hop + 1}")
        site.routes[f"/hop-{length}"] = Reply(page("The end of the chain"))
        return site

    return build


def loop(lab: Lab) -> Site:
    return lab.site({"/story-a": to("/story-b"), "/story-b": to("/story-a")})


def redirect_to_disallowed(lab: Lab) -> Site:
    other = lab.site(["/secret"], robots="User-agent: *\nDisallow: /secret")
    site = lab.site({"/story-a": to(f"{other.url}/secret"), "/story-b": Reply(page("B"))})
    site.other = other  # type: ignore[attr-defined]
    return site


def encoded(body: bytes, encoding: str) -> Any:
    reply = Reply(body, headers={"Content-Encoding": encoding})
    return lambda lab: lab.site({"/story-a": reply, "/story-b": Reply(page("Beside it"))})


def layers(count: int) -> bytes:
    body = page(HIDDEN)
    for _ in range(count):
        body = gzip.compress(body)
    return body


def pouring(handler: Any) -> None:
    """A page without end; the site notes how much was taken."""
    sent, block = 0, b"<p>" + b"x" * 65_533
    try:
        while sent < 256 * 2**20:
            handler.wfile.write(block)
            sent += len(block)
    except OSError:
        pass
    finally:
        handler.server.site.sent = sent


def dripping(handler: Any) -> None:
    """A byte now and then, for ever; the site notes for how long somebody listened."""
    began = time.monotonic()
    try:
        while time.monotonic() - began < 20 and not handler.server.site.closing.is_set():
            handler.wfile.write(b"x")
            handler.wfile.flush()
            handler.server.site.closing.wait(0.2)
    except OSError:
        pass
    finally:
        handler.server.site.listened = time.monotonic() - began


def dripping_headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    dripping(handler)


def one_story(reply: Reply) -> Any:
    return lambda lab: lab.site({"/story-a": reply, "/story-b": Reply(page("Beside it"))})


def patient(seen: Seen) -> bool:
    """Whether the slow page was given up in time, and the one beside it fetched."""
    return getattr(seen.site, "listened", 99.0) < TIMEOUT + 3 and "/story-b" in seen.pages


def marked(*, head: str = "", headers: dict[str, str] | None = None, text: str = SUMMARY) -> Any:
    reply = Reply(page(HIDDEN, head=head), headers=headers or {})
    return lambda lab: lab.site({"/story-a": reply, "/story-b": Reply(page("Beside it"))}, text=text)


def nothing_kept(seen: Seen) -> bool:
    return "/story-a" in seen.pages and "/story-a" not in seen.stored and "/story-b" in seen.stored


def feed_text_only(seen: Seen) -> bool:
    return SUMMARY in seen.stored.get("/story-a", "") and HIDDEN not in "".join(seen.stored.values())


def tdm_reserved(lab: Lab) -> Site:
    site = marked()(lab)
    rules = [{"location": "/story-a", "tdm-reservation": 1}]
    site.routes["/.well-known/tdmrep.json"] = Reply(json.dumps(rules).encode(), type="application/json")
    return site


def usage_reserved(lab: Lab) -> Site:
    return marked(headers={"Content-Usage": "train-ai=n"})(lab)


def section(links: list[str], *, head: str = "", deep: bool = False, headers: dict[str, str] | None = None) -> Any:
    """A section page with these links in words enough for a story."""

    def build(lab: Lab) -> Site:
        site = lab.site([])
        anchors = "".join(f'<p><a href="{link}">The harbour council met again today</a></p>' for link in links)
        body = f"<html><head>{head}</head><body><main>{anchors}</main></body></html>".encode()
        site.routes["/news"] = Reply(body, headers=headers or {})
        further = '<a href="/2026/11/a-story-behind-another-story">One more story behind this one</a>' if deep else ""
        site.routes["*"] = Reply(
            page("A story of the section").replace(b"</article>", further.encode() + b"</article>")
        )
        return site

    return build


def on_page(name: str, rule: str, build: Any, check: Any) -> Case:
    return Case(name, rule, build, check, kind="page", path="/news")


def only(*paths: str) -> Any:
    """Whether of all pages exactly these were asked for, once each."""
    return lambda seen: sorted(path for path in seen.pages if path != "/news") == sorted(paths)


def sitemap(entries: list[tuple[str, str | None]], *, index: bool = False) -> bytes:
    outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    rows = "".join(
        f"<{inner}><loc>{url}</loc>{f'<lastmod>{moment}</lastmod>' if moment else ''}</{inner}>"
        for url, moment in entries
    )
    return (
        f'<?xml version="1.0"?><{outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</{outer}>'.encode()
    )


def today() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))


def sitemap_index(lab: Lab) -> Site:
    site = lab.site([])
    site.routes["*"] = Reply(page("A page of the sitemap"))
    parts = [(f"{site.url}/new.xml", today()), (f"{site.url}/old.xml", "2019-01-01")]
    site.routes["/sitemap.xml"] = Reply(sitemap(parts, index=True), type="application/xml")
    pages = [(f"{site.url}/fresh", today()), (f"{site.url}/stale", "2019-01-01")]
    site.routes["/new.xml"] = Reply(sitemap(pages), type="application/xml")
    site.routes["/old.xml"] = Reply(sitemap([(f"{site.url}/stale-too", "2019-01-01")]), type="application/xml")
    return site


def sitemap_off_site(lab: Lab) -> Site:
    site, canary = lab.site([]), lab.canary()
    site.routes["*"] = Reply(page("A page of the sitemap"))
    pages = [
        (f"{site.url}/story-a", today()),
        ("http://other.example/story", today()),
        (f"http://127.0.0.1:{canary.port}/", today()),
    ]
    site.routes["/sitemap.xml"] = Reply(sitemap(pages), type="application/xml")
    return with_canary(site, canary)


def sitemap_bomb(lab: Lab) -> Site:
    site = lab.site([])
    site.routes["*"] = Reply(page("A page of the sitemap"))
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = bomb.compress(sitemap([(f"{site.url}/inside-the-bomb", today())])[:-9])
    body += b"".join(bomb.compress(b" " * 2**20) for _ in range(200)) + bomb.compress(b"</urlset>") + bomb.flush()
    site.routes["/sitemap.xml"] = Reply(body, type="application/gzip")
    return site


def laughs(lab: Lab) -> Site:
    site = lab.site(STORIES)
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    body = f'<?xml version="1.0"?><!DOCTYPE rss [{entities}<!ENTITY file SYSTEM "file:///etc/hostname">]>'
    body += f"<rss><channel><item><title>&l9;&file;</title><link>{site.url}/story-a</link></item></channel></rss>"
    site.routes["/feed"] = Reply(body.encode(), type="application/rss+xml")
    return site


STORY = "/2026/11/the-council-of-the-harbour-met"
NUMBERS = [
    "http://2130706433:{port}/",
    "http://127.1:{port}/",
    "http://0x7f.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0:{port}/",
]
V6 = [
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[::]:{port}/",
]
NAMES = [
    "http://localhost:{port}/",
    "http://LOCALHOST.:{port}/",
    "http://a.localhost:{port}/",
    "http://１２７。０。０。１:{port}/",
]
TRICKS = [
    "http://good.example@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@good.example/",
    "http://127.0.0.1:{port}#@good.example/",
]

ADDRESS_CASES = [
    Case("address-plain", "a private address is not connected to", written_as("http://127.0.0.1:{port}/"), safe),
    Case("address-numbers", "nor when written as numbers in odd forms", written_as(*NUMBERS), safe),
    Case("address-ipv6", "nor as IPv6, mapped or compatible", written_as(*V6), safe),
    Case("address-names", "nor by names that mean this machine", written_as(*NAMES), safe),
    Case("address-tricks", "nor by user names and backslashes", written_as(*TRICKS), safe),
    Case("redirect-inside", "no kind of redirect leads inside", redirecting(1, (301, 302, 303, 307, 308)), safe),
    Case("redirect-inside-late", "nor at the fifth hop", redirecting(5), safe),
    Case("meta-refresh", "nor does meta refresh, nor a Refresh header", meta_refresh, safe),
    Case("redirect-schemes", "redirects to files, ftp or data are not followed", other_schemes,
         lambda seen: "/story-a" in seen.pages and HIDDEN not in "".join(seen.stored.values())),
    Case("redirect-few", "a few redirects are followed", chain(3), lambda seen: "/hop-3" in seen.pages),
    Case("redirect-many", "not more than five redirects are followed", chain(9),
         lambda seen: "/hop-0" in seen.pages and "/hop-6" not in seen.pages),
    Case("redirect-loop", "a loop ends", loop, lambda seen: 2 <= len(seen.pages) <= 12),
    Case("redirect-robots", "the target's own robots.txt is obeyed after a redirect", redirect_to_disallowed,
         lambda seen: "/story-a" in seen.pages and "/secret" not in seen.site.other.paths()  # type: ignore[attr-defined]
         and "/robots.txt" in seen.site.other.paths()),  # type: ignore[attr-defined]
]  # fmt: skip

BODY_CASES = [
    Case("gzip", "a compressed page is read", encoded(layers(1), "gzip"), lambda seen: HIDDEN in seen.stored.get("/story-a", "")),
    Case("gzip-many", "a page compressed three times over is refused", encoded(layers(3), "gzip, gzip, gzip"), nothing_kept),
    Case("gzip-bomb", "a compressed page larger than the limit is refused",
         encoded(gzip.compress(page("Bomb") + b" " * 200 * 2**20), "gzip"), nothing_kept),
    Case("endless-page", "an endless page is cut off", one_story(Reply(pouring)),
         lambda seen: getattr(seen.site, "sent", 2**30) < PAGE_LIMIT + 16 * 2**20 and "/story-b" in seen.pages),
    Case("huge-length", "a page that announces 10 GB is not read",
         one_story(Reply(pouring, headers={"Content-Length": "10000000000"})),
         lambda seen: getattr(seen.site, "sent", 2**30) < 16 * 2**20 and "/story-a" not in seen.stored),
    Case("slow-body", "a page that drips is given up in time", one_story(Reply(dripping)), patient),
    Case("slow-headers", "headers that drip are given up in time", one_story(Reply(dripping_headers, raw=True)), patient),
    Case("entities", "a feed of entities is not expanded", laughs, lambda seen: "/feed" in seen.site.paths() and not seen.stored),
    Case("not-a-feed", "a page where a feed was is no feed", lambda lab: with_reply(lab, "/feed", Reply(page("Sign in"))),
         lambda seen: "/feed" in seen.site.paths() and not seen.stored),
    Case("sitemap-bomb", "a sitemap that unpacks to 200 MiB is refused", sitemap_bomb,
         lambda seen: "/sitemap.xml" in seen.site.paths() and "/inside-the-bomb" not in seen.pages, kind="sitemap", path="/sitemap.xml"),
    Case("unsupported", "pictures and archives are not kept",
         one_story(Reply(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, type="image/png")), nothing_kept),
]  # fmt: skip

RIGHTS_CASES = [
    Case("noindex-meta", "noindex: nothing is kept", marked(head='<meta name="robots" content="noindex">'), nothing_kept),
    Case("noindex-header", "X-Robots-Tag: noindex, too", marked(headers={"X-Robots-Tag": "noindex"}), nothing_kept),
    Case("none", "none means noindex", marked(head='<meta name="ROBOTS" content="NONE">'), nothing_kept),
    Case("expired", "unavailable_after in the past: nothing is kept",
         marked(headers={"X-Robots-Tag": "unavailable_after: 25 Jun 2010 15:00:00 GMT"}), nothing_kept),
    Case("noarchive", "noarchive: only the feed's text is kept", marked(head='<meta name="robots" content="noarchive">'), feed_text_only),
    Case("tdm-header", "tdm-reservation: only the feed's text is kept", marked(headers={"tdm-reservation": "1"}), feed_text_only),
    Case("tdm-file", "tdmrep.json is asked for and obeyed", tdm_reserved, feed_text_only),
    Case("content-usage", "Content-Usage: train-ai=n: only the feed's text is kept", usage_reserved, feed_text_only),
    Case("for-another", "a directive for another crawler does not bind",
         marked(headers={"X-Robots-Tag": "otherbot: noindex"}), lambda seen: HIDDEN in seen.stored.get("/story-a", "")),
]  # fmt: skip

LINK_CASES = [
    on_page("section", "stories of a section page are fetched", section([STORY]), only(STORY)),
    on_page("section-once", "spellings of one address are one address",
            section([f"{STORY}?b=2&a=1", f"{STORY}?a=1&b=2#top", f"{STORY}?utm_source=x&a=1&b=2"]), only(f"{STORY}?a=1&b=2")),
    on_page("section-depth", "links behind stories are not followed", section([STORY], deep=True), only(STORY)),
    on_page("section-off-site", "a section page does not lead to other sites",
            section([STORY, "http://other.example/2026/11/the-council-of-the-harbour-met"]), only(STORY)),
    on_page("section-nofollow", "a page that says nofollow is not followed",
            section([STORY], head='<meta name="robots" content="nofollow">'), only()),
    on_page("section-nofollow-header", "nor one whose header says so",
            section([STORY], headers={"X-Robots-Tag": "nofollow"}), only()),
    on_page("link-farm", "of a farm's links at most 500 are taken",
            section([f"/2026/11/the-council-of-the-harbour-met-{n}" for n in range(3000)]),
            lambda seen: 1 <= len(set(seen.pages)) <= 501),
    on_page("session-ids", "addresses with session ids are left alone",
            section([STORY, f"{STORY}-two?sessionid=a8f5f167f44f4964e6c998dee827110c"]), only(STORY)),
    on_page("repeated-paths", "paths that repeat themselves are left alone",
            section([STORY, "/a/b/a/b/a/b/the-council-of-the-harbour-met"]), only(STORY)),
    on_page("calendar", "calendars are left alone",
            section([STORY, "/events/the-month-of-the-harbour?month=12&year=2031"]), only(STORY)),
    Case("sitemap-index", "of an index the fresh parts are read, and of those the fresh pages", sitemap_index,
         lambda seen: "/fresh" in seen.pages and not {"/old.xml", "/stale", "/stale-too"} & set(seen.pages),
         kind="sitemap", path="/sitemap.xml"),
    Case("sitemap-off-site", "a sitemap speaks for its own site only", sitemap_off_site, safe, kind="sitemap", path="/sitemap.xml"),
]  # fmt: skip

PAGE_CASES = [*ADDRESS_CASES, *BODY_CASES, *RIGHTS_CASES, *LINK_CASES]


def with_reply(lab: Lab, path: str, reply: Reply) -> Site:
    site = lab.site(STORIES)
    site.routes[path] = reply
    return site

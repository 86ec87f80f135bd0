"""Cases: robots.txt, read first, obeyed, and taken for a refusal while it cannot be read (RFC 9309)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bench.conformance.case import STOPPED_BYTES, Judge, Seen, Site, case, need
from bench.conformance.server import Answer, Reply
from bench.conformance.sites import dropped, endless, page, redirect, silent, story

# Both crawlers' tokens, so that a group of their own binds either.
AGENTS = "User-agent: Tidings\nUser-agent: Scrapy\n"


def _closed(site: Site, robots: Answer) -> Judge:
    """Nothing but robots.txt is asked for."""
    site.stories("/council-hears-of-it")
    site.answer("/robots.txt", robots)

    def judge(seen: Seen) -> None:
        need(seen.requests("/robots.txt"), "robots.txt was not asked for")
        need(seen.paths == [], f"fetched {seen.paths}")
        if seen.is_ours:
            need(seen.source.error_code, "the source does not say why nothing comes")

    return judge


@case("robots.txt answers 503: nothing is fetched")
def robots_503(site: Site) -> Judge:
    return _closed(site, Reply(503))


@case("robots.txt answers 500: nothing is fetched")
def robots_500(site: Site) -> Judge:
    return _closed(site, Reply(500))


@case("the connection drops while robots.txt is asked for: nothing is fetched")
def robots_dropped(site: Site) -> Judge:
    return _closed(site, dropped())


@case("robots.txt never answers: nothing is fetched")
def robots_silent(site: Site) -> Judge:
    return _closed(site, silent())


@case("robots.txt answers 429 with Retry-After: nothing is fetched, and it is not asked again before")
def robots_429(site: Site) -> Judge:
    site.visits = 2
    closed = _closed(site, Reply(429, headers=(("Retry-After", "900"),)))

    def judge(seen: Seen) -> None:
        closed(seen)
        need(len(seen.requests("/robots.txt")) == 1, f"asked {len(seen.requests('/robots.txt'))} times")

    return judge


@case("robots.txt answers 401: taken for a refusal of everything")
def robots_401(site: Site) -> Judge:
    return _closed(site, Reply(401))


@case("robots.txt answers 403: taken for a refusal of everything")
def robots_403(site: Site) -> Judge:
    return _closed(site, Reply(403))


@case("robots.txt redirects without end: nothing is fetched")
def robots_loop(site: Site) -> Judge:
    return _closed(site, redirect("/robots.txt"))


@case("robots.txt answers 404: there are no rules, everything is fetched")
def robots_404(site: Site) -> Judge:
    site.stories("/council-hears-of-it")
    site.answer("/robots.txt", Reply(404))
    return _fetched("/council-hears-of-it")


def _fetched(*paths: str, forbidden: tuple[str, ...] = ()) -> Judge:
    def judge(seen: Seen) -> None:
        need(seen.asked and seen.asked[0].path == "/robots.txt", "robots.txt was not asked for first")
        for path in paths:
            need(seen.requests(path), f"{path} was not fetched")
            need(seen.page(path).state == "stored", f"{path} ended as {seen.page(path)}")
        for path in forbidden:
            need(not seen.requests(path), f"{path} was fetched")
            if seen.is_ours:
                need(seen.page(path).state == "refused", f"{path} ended as {seen.page(path)}")

    return judge


@case("a disallowed address of a feed is not fetched, and counted as refused")
def robots_disallow(site: Site) -> Judge:
    site.stories("/closed/council-hears-of-it", "/open/council-hears-of-it")
    site.robots("User-agent: *\nDisallow: /closed/\n")
    return _fetched("/open/council-hears-of-it", forbidden=("/closed/council-hears-of-it",))


@case("* and $ in rules are understood")
def robots_patterns(site: Site) -> Judge:
    site.stories("/council-hears-of-it-b", "/council-hears-of-it-bb", "/council-hears-of-it-b-c")
    site.robots("User-agent: *\nDisallow: /*-b$\nDisallow: /*bb\n")
    return _fetched("/council-hears-of-it-b-c", forbidden=("/council-hears-of-it-b", "/council-hears-of-it-bb"))


@case("a disallowed feed is not read")
def robots_feed(site: Site) -> Judge:
    closed = _closed(site, Reply())
    site.robots("User-agent: *\nDisallow: /feed.xml\n")
    return closed


@case("the group of our own token counts alone")
def robots_own_group(site: Site) -> Judge:
    site.stories("/closed/council-hears-of-it", "/open/council-hears-of-it")
    site.robots(f"User-agent: *\nDisallow: /\n\n{AGENTS}Disallow: /closed/\n")
    return _fetched("/open/council-hears-of-it", forbidden=("/closed/council-hears-of-it",))


@case("the longer rule wins: an Allow inside a Disallow")
def robots_longest(site: Site) -> Judge:
    site.stories("/news/open/council-hears-of-it", "/news/council-hears-of-it")
    site.robots("User-agent: *\nDisallow: /news/\nAllow: /news/open/\n")
    return _fetched("/news/open/council-hears-of-it", forbidden=("/news/council-hears-of-it",))


@case("robots.txt behind redirects on the same host is obeyed")
def robots_redirected(site: Site) -> Judge:
    site.stories("/closed/council-hears-of-it", "/open/council-hears-of-it")
    site.answer("/robots.txt", redirect("/rules/one", 301))
    site.answer("/rules/one", redirect("/rules/two", 307))
    site.answer("/rules/two", Reply(body=b"User-agent: *\nDisallow: /closed/\n", content_type="text/plain"))
    return _fetched("/open/council-hears-of-it", forbidden=("/closed/council-hears-of-it",))


@case("robots.txt behind a redirect to another host is obeyed")
def robots_elsewhere(site: Site) -> Judge:
    other = site.other()
    site.stories("/closed/council-hears-of-it", "/open/council-hears-of-it")
    site.answer("/robots.txt", redirect(f"{other.base}/rules"))
    other.answers["/rules"] = Reply(body=b"User-agent: *\nDisallow: /closed/\n", content_type="text/plain")
    return _fetched("/open/council-hears-of-it", forbidden=("/closed/council-hears-of-it",))


@case("a robots.txt without end: its first 512 KiB are obeyed, and reading stops")
def robots_endless(site: Site) -> Judge:
    site.stories("/closed/council-hears-of-it", "/open/council-hears-of-it")
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nUser-agent: *\nDisallow: /closed/\n"
    )
    site.answer("/robots.txt", endless(head, b"# more of the same\n" * 4000))
    inner = _fetched("/open/council-hears-of-it", forbidden=("/closed/council-hears-of-it",))

    def judge(seen: Seen) -> None:
        sent = max(asked.sent for asked in seen.requests("/robots.txt"))
        need(sent <= STOPPED_BYTES, f"read {sent / 2**20:.0f} MiB of it")
        inner(seen)

    return judge


@case("a robots.txt of 2 MiB: its first 512 KiB are obeyed")
def robots_long(site: Site) -> Judge:
    site.stories("/closed/council-hears-of-it", "/open/council-hears-of-it")
    site.robots("User-agent: *\nDisallow: /closed/\n" + "# more of the same\n" * 110_000)
    return _fetched("/open/council-hears-of-it", forbidden=("/closed/council-hears-of-it",))


@case("robots.txt with patterns that explode: the rest of the site is read without delay")
def robots_exploding(site: Site) -> Judge:
    # Beside few others, since it is judged by time.
    site.group = "rests"
    long = "/council-hears-of-it-" + "a" * 1500
    site.stories(long, "/open/council-hears-of-it")
    site.robots("User-agent: *\n" + f"Disallow: /{'*a' * 80}*b$\n" * 50)

    def judge(seen: Seen) -> None:
        _fetched("/open/council-hears-of-it")(seen)
        waited = seen.requests("/open/council-hears-of-it")[0].at - seen.requests("/robots.txt")[0].at
        need(waited < 20, f"it took {waited:.0f} s")

    return judge


@case("robots.txt is read again when its time is over, and obeyed then")
def robots_again(site: Site) -> Judge:
    site.visits = 2
    site.stories("/council-hears-of-it")
    first = Reply(body=b"User-agent: *\nAllow: /\n", content_type="text/plain")
    later = Reply(body=b"User-agent: *\nDisallow: /\n", content_type="text/plain")
    site.answer("/robots.txt", lambda asked: first if asked.number == 1 else later)
    site.between = lambda ours, number: ours.age_robots(site)

    def judge(seen: Seen) -> None:
        need("/feed.xml" in [asked.path for asked in seen.visit(1)], "the first visit fetched nothing")
        need([asked.path for asked in seen.visit(2)] == ["/robots.txt"], f"the second: {seen.visit(2)}")

    return judge


@case("robots.txt is kept for a day: a second visit does not ask for it")
def robots_remembered(site: Site) -> Judge:
    site.visits = 2
    site.stories("/council-hears-of-it")
    site.robots("User-agent: *\nAllow: /\n")

    def judge(seen: Seen) -> None:
        need(len(seen.visit(2)) > 0, "there was no second visit")
        need(len(seen.requests("/robots.txt")) == 1, f"asked {len(seen.requests('/robots.txt'))} times")
        if seen.is_ours:
            need(seen.robots.expires_at - seen.robots.fetched_at <= timedelta(hours=24), "kept for more than a day")

    return judge


@case("a redirect to another host obeys that host's robots.txt")
def robots_of_target(site: Site) -> Judge:
    other = site.other()
    other.answers["/robots.txt"] = Reply(body=b"User-agent: *\nDisallow: /\n", content_type="text/plain")
    site.feed("/council-hears-of-it")
    site.answer("/council-hears-of-it", redirect(f"{other.base}/council-hears-of-it"))
    return _no_request_to(other, "/council-hears-of-it")


def _no_request_to(host: Any, path: str) -> Judge:
    def judge(seen: Seen) -> None:
        need(seen.requests(path), "the redirect itself was not asked for")
        need(path not in [asked.path for asked in host.asked], "the page of the other host was fetched")
        if seen.is_ours:
            need(seen.page(path).state == "refused", f"it ended as {seen.page(path)}")

    return judge


@case("Crawl-delay is kept between all requests")
def crawl_delay(site: Site) -> Judge:
    site.stories("/council-hears-of-one", "/council-hears-of-two", "/council-hears-of-three")
    site.robots("User-agent: *\nCrawl-delay: 1.5\n")

    def judge(seen: Seen) -> None:
        need(len(seen.paths) == 4, f"fetched {seen.paths}")
        need(min(seen.gaps()) >= 1.4, f"gaps of {[round(gap, 2) for gap in seen.gaps()]} s")

    return judge


@case("a Crawl-delay of 10^9 seconds is capped: the source is read, and no faster than every 30 s")
def crawl_delay_endless(site: Site) -> Judge:
    site.group = "slow"
    site.stories("/council-hears-of-one")
    site.robots("User-agent: *\nCrawl-delay: 1000000000\n")

    def judge(seen: Seen) -> None:
        need(seen.paths, "the feed was not read")
        gap = seen.requests("/feed.xml")[0].at - seen.requests("/robots.txt")[0].at
        need(gap >= 28 and all(each >= 28 for each in seen.gaps()), f"{gap:.1f} s, then {seen.gaps()}")

    return judge


@case("robots.txt states that AI may not use a page: only what the feed said is kept")
def robots_content_usage(site: Site) -> Judge:
    site.feed("/council-hears-of-it", summary="The feed says that the council hears of a harbour and a bridge.")
    site.answer("/council-hears-of-it", page(story(site.phrase("/council-hears-of-it"))))
    site.robots("User-agent: *\nContent-Usage: ai=n, train-ai=n\nAllow: /\n")

    def judge(seen: Seen) -> None:
        kept = seen.page("/council-hears-of-it")
        need(site.phrase("/council-hears-of-it") not in kept.text, "the page's text is kept")
        need("no_ai" in kept.directives, f"it ended as {kept}")

    return judge

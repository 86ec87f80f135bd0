"""Cases about hosts: robots.txt, delays, rests and retries."""

from __future__ import annotations

import itertools
import time
from email.utils import formatdate
from typing import Any

from tests.crawler.case import DELAY, TOLERANCE, Case, Lab, Seen
from tests.crawler.site import Reply, Site, page, rss

STORIES = ["/story-a", "/story-b", "/story-c"]


def drop(handler: Any) -> None:
    """Close the connection without an answer."""
    handler.connection.close()


def hang(handler: Any) -> None:
    """Say nothing until the test ends."""
    site_closing(handler).wait(30)


def site_closing(handler: Any) -> Any:
    return handler.server.site.closing


def robots(reply: Reply | str | None) -> Any:
    """A site with three stories and this robots.txt."""
    return lambda lab: lab.site(STORIES, robots=reply)


def nothing_fetched(seen: Seen) -> bool:
    return "/robots.txt" in seen.site.paths() and set(seen.site.paths()) == {"/robots.txt"}


def all_fetched(seen: Seen) -> bool:
    return set(STORIES) <= set(seen.pages)


def gaps_at_least(seconds: float) -> Any:
    """Whether there were at least three requests, and never two closer than this."""
    return lambda seen: len(seen.site.log) >= 3 and min(seen.site.gaps()) >= seconds - TOLERANCE


def with_robots_elsewhere(lab: Lab) -> Site:
    site = lab.site(STORIES, robots=Reply(status=302, headers={"Location": "/rules.txt"}))
    site.routes["/rules.txt"] = Reply(b"User-agent: *\nDisallow: /story-b", type="text/plain")
    return site


def with_robots_inside(lab: Lab) -> Site:
    canary = lab.canary()
    site = lab.site(
        STORIES, robots=Reply(status=302, headers={"Location": f"http://127.0.0.1:{canary.port}/robots.txt"})
    )
    site.canary = canary  # type: ignore[attr-defined]
    return site


def endless_robots(handler: Any) -> None:
    """Rules, then comments without end; the site notes how much was taken."""
    handler.wfile.write(b"User-agent: *\nDisallow: /story-b\n")
    line, sent = b"# " + b"x" * 1021 + b"\n", 0
    try:
        while sent < 64 * 2**20:
            handler.wfile.write(line * 64)
            sent += len(line) * 64
    except OSError:
        pass
    finally:
        handler.server.site.sent = sent


def many_rules() -> Reply:
    rules = "".join(f"Disallow: /a*b*c{number}*\n" for number in range(20_000))
    return Reply(f"User-agent: *\n{rules}Disallow: /story-b".encode(), type="text/plain")


def refusing(status: int, headers: dict[str, str] | None = None) -> Any:
    """A site whose first story answers with this status, whatever is asked of the others."""

    def build(lab: Lab) -> Site:
        return lab.site({"/story-a": Reply(status=status, headers=headers or {}), "/story-b": None, "/story-c": None})  # type: ignore[dict-item]

    return build


def retry_date() -> dict[str, str]:
    return {"Retry-After": formatdate(time.time() + 8, usegmt=True)}


def once(*paths: str) -> Any:
    return lambda seen: all(seen.site.paths().count(path) == 1 for path in paths)


def left_alone(seen: Seen) -> bool:
    """Whether the failing page was not asked for again within ten seconds."""
    asked = [each.at for each in seen.site.asked("/story-a")]
    return bool(asked) and all(later - asked[0] >= 10 for later in asked[1:])


def slow_pages(lab: Lab) -> Site:
    site = lab.site(STORIES)

    def slow(_site: Site, _headers: Any) -> Reply:
        time.sleep(0.5)
        return Reply(page("Slow"))

    for path in STORIES:
        site.routes[path] = slow
    return site


def statuses(lab: Lab) -> Site:
    return lab.site({f"/{status}": Reply(status=status) for status in (401, 404, 410, 451)})


def with_cookie(lab: Lab) -> Site:
    site = lab.site(STORIES)
    for path in ("/feed", *STORIES):
        reply = site.routes[path]
        reply.headers = {"Set-Cookie": "id=7; Path=/"}  # type: ignore[union-attr]
    return site


def with_etag(lab: Lab) -> Site:
    site = lab.site(STORIES)
    whole = rss(site, STORIES)

    def answer(_site: Site, headers: Any) -> Reply:
        if headers.get("if-none-match") == '"v1"':
            return Reply(status=304)
        return Reply(whole, type="application/rss+xml", headers={"ETag": '"v1"'})

    site.routes["/feed"] = answer
    return site


def spread(seen: Seen) -> bool:
    """Whether no request was sent while another was being answered: pages take 0.5 s."""
    times = [each.at for each in seen.site.log if each.path in STORIES]
    return len(times) == 3 and all(later - earlier >= 0.5 for earlier, later in itertools.pairwise(times))


HOST_CASES = [
    Case("robots-503", "a robots.txt that answers 503 allows nothing", robots(Reply(status=503)), nothing_fetched),
    Case("robots-500", "a robots.txt that answers 500 allows nothing", robots(Reply(status=500)), nothing_fetched),
    Case("robots-dropped", "a dropped robots.txt allows nothing", robots(Reply(drop, raw=True)), nothing_fetched),
    Case("robots-silent", "a robots.txt that never answers allows nothing", robots(Reply(hang, raw=True)), nothing_fetched),
    Case("robots-429", "a robots.txt that answers 429 allows nothing",
         robots(Reply(status=429, headers={"Retry-After": "5"})), nothing_fetched),
    Case("robots-401", "401 refuses everything", robots(Reply(status=401)), nothing_fetched),
    Case("robots-403", "403 refuses everything", robots(Reply(status=403)), nothing_fetched),
    Case("robots-404", "no robots.txt, no rules", robots(Reply(status=404)), all_fetched),
    Case("robots-path", "a path that is disallowed is not asked for", robots("User-agent: *\nDisallow: /story-b"),
         lambda seen: "/story-a" in seen.pages and "/story-b" not in seen.pages),
    Case("robots-longest", "the longest rule wins", robots("User-agent: *\nDisallow: /\nAllow: /story-a\nAllow: /feed"),
         lambda seen: "/story-a" in seen.pages and "/story-b" not in seen.pages),
    Case("robots-pattern", "* and $ are understood", robots("User-agent: *\nDisallow: /*-b$"),
         lambda seen: "/story-a" in seen.pages and "/story-b" not in seen.pages),
    Case("robots-feed", "the source's own address is asked for only when allowed",
         robots("User-agent: *\nDisallow: /feed"), nothing_fetched),
    Case("robots-redirect", "a redirect of robots.txt is followed", with_robots_elsewhere,
         lambda seen: "/story-a" in seen.pages and "/story-b" not in seen.pages),
    Case("robots-inside", "a robots.txt that leads inside is not followed and allows nothing", with_robots_inside,
         lambda seen: seen.site.canary.connections == 0 and nothing_fetched(seen)),  # type: ignore[attr-defined]
    Case("robots-endless", "half a MiB of robots.txt is read and obeyed", robots(Reply(endless_robots, type="text/plain")),
         lambda seen: getattr(seen.site, "sent", 2**30) < 8 * 2**20 and "/story-a" in seen.pages and "/story-b" not in seen.pages),
    Case("robots-many-rules", "costly rules do not stop the crawler", robots(many_rules()),
         lambda seen: "/story-b" not in seen.pages and bool(seen.site.log)),
    Case("robots-once", "robots.txt is asked for once", robots(""), once("/robots.txt")),
    Case("crawl-delay", "Crawl-delay is kept", robots("User-agent: *\nCrawl-delay: 1"), gaps_at_least(1.0)),
    Case("crawl-delay-long", "a Crawl-delay of years is bounded, not ignored", robots("User-agent: *\nCrawl-delay: 1e9"),
         lambda seen: len(seen.site.log) >= 1 and all(gap > 5 for gap in seen.site.gaps())),
    Case("least-delay", "our own least delay is kept", robots(""), gaps_at_least(DELAY)),
    Case("one-at-a-time", "one request per host at a time", slow_pages, spread),
    Case("page-429", "429 with Retry-After lets the host rest", refusing(429, {"Retry-After": "5"}),
         lambda seen: seen.quiet_after("/story-a", 5)),
    Case("page-503", "503 with a date lets the host rest", refusing(503, retry_date()),
         lambda seen: seen.quiet_after("/story-a", 5)),
    Case("page-500", "a failing page is not hammered", refusing(500), left_alone),
    Case("page-dropped", "a dropped connection is not hammered",
         lambda lab: lab.site({"/story-a": Reply(drop, raw=True)}), left_alone),
    Case("never-retried", "401, 404, 410 and 451 are final", statuses, once("/401", "/404", "/410", "/451")),
    Case("cookies", "cookies are not sent back", with_cookie,
         lambda seen: all_fetched(seen) and not any("cookie" in each.headers for each in seen.site.log)),
    Case("no-referer", "no page learns where we came from", robots(""),
         lambda seen: all_fetched(seen) and not any("referer" in each.headers for each in seen.site.log)),
    Case("contact", "every request names a way to reach the operator", robots(""),
         lambda seen: bool(seen.site.log) and all("+https://" in each.headers["user-agent"] for each in seen.site.log)),
    Case("conditional", "a feed that did not change costs a 304", with_etag,
         lambda seen: len(seen.site.asked("/feed")) >= 2
         and seen.site.asked("/feed")[-1].headers.get("if-none-match") == '"v1"'
         and all(seen.site.paths().count(path) == 1 for path in STORIES), again=True),
]  # fmt: skip

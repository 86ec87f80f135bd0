"""What a conformance case is: a site that tempts, and a check that is made at the site.

The same cases run against Tidings (tests/crawler/test_conformance.py) and any other crawler (bench/conformance.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.crawler.site import Canary, Reply, Route, Site, feed, page

# Seconds: the least delay between two requests to a host, and the longest time for one request.
DELAY, TIMEOUT = 0.3, 3.0
PAGE_LIMIT = 2**20
# A request may leave late by this much without the next one being early.
TOLERANCE = 0.1


@dataclass
class Lab:
    """The sites and canaries of one run."""

    sites: list[Site] = field(default_factory=list)
    canaries: list[Canary] = field(default_factory=list)

    def site(
        self, paths: Mapping[str, Route] | list[str] | None = None, *, robots: Route | str | None = "", text: str = ""
    ) -> Site:
        """A site with a feed of these pages; those without a reply are plain stories."""
        site = Site()
        self.sites.append(site)
        routes = paths if isinstance(paths, Mapping) else dict.fromkeys(paths or (), None)
        for path, route in routes.items():
            site.routes[path] = route or Reply(page(f"Page {path} of {site.port}"))
        if robots is not None:
            site.routes["/robots.txt"] = (
                Reply(robots.encode(), type="text/plain") if isinstance(robots, str) else robots
            )
        site.routes["/feed"] = feed(site, list(routes), text=text)
        return site

    def canary(self) -> Canary:
        """A listener on this machine that nobody may connect to."""
        canary = Canary()
        self.canaries.append(canary)
        return canary

    def close(self) -> None:
        for each in (*self.sites, *self.canaries):
            each.close()


@dataclass
class Seen:
    """What became of a case: its site with the log of requests, and the pages that were kept, text by path."""

    site: Site
    stored: Mapping[str, str]

    @property
    def pages(self) -> list[str]:
        """Requested paths that are neither the source nor files about the host."""
        about = ("/feed", "/robots.txt", "/.well-known/tdmrep.json")
        return [path for path in self.site.paths() if path not in about]

    def quiet_after(self, path: str, seconds: float) -> bool:
        """Whether the host was left alone for so long after the first request for a path, and was asked for it."""
        asked = self.site.asked(path)
        return bool(asked) and all(not asked[0].at < each.at < asked[0].at + seconds for each in self.site.log)


@dataclass(frozen=True)
class Case:
    """`rule` says what a good crawler does. `build` makes the site; `check` judges what was seen there.

    `kind` and `path` name the source that is added. `again`: it is polled twice.
    """

    name: str
    rule: str
    build: Callable[[Lab], Site]
    check: Callable[[Seen], bool]
    kind: str = "feed"
    path: str = "/feed"
    again: bool = False

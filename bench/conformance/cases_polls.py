"""Cases: feeds, sitemaps and section pages: what a visit costs, what it reads, and what it leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bench.conformance.case import Judge, Seen, Site, case, need
from bench.conformance.server import Asked, Reply
from bench.conformance.sites import feed, news_sitemap, now, page, redirect, section, sitemap, story, title_of, xml

ONE, TWO, THREE = "/council-hears-of-one", "/council-hears-of-two", "/council-hears-of-three"
OLD = datetime(2020, 1, 1, tzinfo=UTC)


def _conditional(site: Site, header: tuple[str, str], asked_with: str) -> None:
    """The feed answers 304 to whoever shows this validator."""
    site.stories(ONE)
    full = xml(feed([site.base + ONE]), header)
    site.answer("/feed.xml", lambda asked: Reply(304) if asked.header(asked_with) == header[1] else full)


def _costs_nothing(asked_with: str, value: str) -> Judge:
    def judge(seen: Seen) -> None:
        polls = seen.requests("/feed.xml")
        need(len(polls) == 2, f"the feed was asked for {len(polls)} times")
        need(polls[0].header(asked_with) is None, "the first time with a condition")
        need(polls[1].header(asked_with) == value, f"the second time with {polls[1].headers}")
        need(len(seen.requests(ONE)) == 1, f"the story was fetched {len(seen.requests(ONE))} times")
        if seen.is_ours:
            need(seen.runs[0].http_status == 304, f"the last visit saw {seen.runs[0].http_status}")
            need(seen.source.error_code is None, f"the source shows {seen.source.error_code}")

    return judge


@case("an ETag is shown at the next visit, and 304 costs nothing")
def etag(site: Site) -> Judge:
    site.visits = 2
    _conditional(site, ("ETag", '"one"'), "if-none-match")
    return _costs_nothing("if-none-match", '"one"')


@case("Last-Modified is shown at the next visit, and 304 costs nothing")
def last_modified(site: Site) -> Judge:
    site.visits = 2
    value = "Fri, 20 Nov 2026 08:00:00 GMT"
    _conditional(site, ("Last-Modified", value), "if-modified-since")
    return _costs_nothing("if-modified-since", value)


@case("every 24th poll asks for everything", ours_only=True)
def full_every_24th(site: Site) -> Judge:
    site.visits = 3
    _conditional(site, ("ETag", '"one"'), "if-none-match")
    site.between = lambda ours, number: ours.age_validators(site, {2: 22, 3: 23}[number])

    def judge(seen: Seen) -> None:
        shown = [asked.header("if-none-match") for asked in seen.requests("/feed.xml")]
        need(shown == [None, '"one"', None], f"validators shown: {shown}")

    return judge


@case("a server that says 304 while there are new stories is caught, and no longer trusted", ours_only=True)
def liar_of_304(site: Site) -> Judge:
    site.visits = 4
    header = ("ETag", '"always"')
    site.stories(ONE, TWO)
    before, after = xml(feed([site.base + ONE]), header), xml(feed([site.base + TWO, site.base + ONE]), header)

    def answer(asked: Asked) -> Reply:
        if asked.header("if-none-match"):
            return Reply(304)
        return before if asked.number == 1 else after

    site.answer("/feed.xml", answer)
    site.between = lambda ours, number: ours.age_validators(site, 23) if number == 3 else None

    def judge(seen: Seen) -> None:
        shown = [asked.header("if-none-match") for asked in seen.requests("/feed.xml")]
        need(shown == [None, '"always"', None, None], f"validators shown: {shown}")
        need(seen.page(TWO).state == "stored", f"the hidden story ended as {seen.page(TWO)}")

    return judge


@case("stories are fetched once, however often the feed shows them, with trackers and fragments or without")
def fetched_once(site: Site) -> Judge:
    site.visits = 2
    site.stories(ONE, TWO)
    links = [ONE, f"{ONE}?utm_source=rss", f"{ONE}#top", TWO, f"{TWO}?utm_medium=feed&fbclid=1"]
    site.answer("/feed.xml", lambda asked: xml(feed([site.base + link for link in links])))

    def judge(seen: Seen) -> None:
        need(len(seen.requests("/feed.xml")) == 2, "the feed was not read twice")
        fetched = sorted(path for path in seen.paths if path != "/feed.xml")
        need([path.partition("?")[0] for path in fetched] == [ONE, TWO], f"fetched {fetched}")

    return judge


@case("a feed that moved (301) is followed and read")
def feed_moved(site: Site) -> Judge:
    site.stories(ONE)
    site.answer("/new-feed.xml", site.host.answers["/feed.xml"])
    site.answer("/feed.xml", redirect("/new-feed.xml", 301))

    def judge(seen: Seen) -> None:
        need(seen.page(ONE).state == "stored", f"the story ended as {seen.page(ONE)}")

    return judge


@case("a feed that became a web page says so")
def feed_gone(site: Site) -> Judge:
    site.answer("/feed.xml", page(section([site.base + ONE])))

    def judge(seen: Seen) -> None:
        need(seen.paths == ["/feed.xml"], f"fetched {seen.paths}")
        if seen.is_ours:
            need(seen.source.error_code == "feed_invalid", f"the source shows {seen.source.error_code}")

    return judge


@case("of a sitemap index only fresh parts are read, and of those only fresh addresses")
def sitemap_index(site: Site) -> Judge:
    site.kind, site.path = "sitemap", "/sitemap.xml"
    site.stories(ONE, TWO, THREE)
    fresh = now() - timedelta(days=1)
    parts = [(f"{site.base}/new.xml", fresh), (f"{site.base}/old.xml", OLD)]
    site.answer("/sitemap.xml", xml(sitemap(parts, index=True)))
    site.answer("/new.xml", xml(sitemap([(site.base + ONE, fresh), (site.base + TWO, OLD)])))
    site.answer("/old.xml", xml(sitemap([(site.base + THREE, OLD)])))

    def judge(seen: Seen) -> None:
        need(sorted(set(seen.paths)) == [ONE, "/new.xml", "/sitemap.xml"], f"fetched {seen.paths}")
        need(seen.page(ONE).state == "stored", f"the story ended as {seen.page(ONE)}")

    return judge


@case("a news sitemap brings its stories with their dates")
def news_sitemaps(site: Site) -> Judge:
    site.kind, site.path = "news_sitemap", "/news.xml"
    site.stories(ONE)
    at = now() - timedelta(hours=5)
    site.answer("/news.xml", xml(news_sitemap([(site.base + ONE, title_of("one"), at)])))

    def judge(seen: Seen) -> None:
        need(seen.page(ONE).state == "stored", f"the story ended as {seen.page(ONE)}")

    return judge


@case("a sitemap that lists pages of another site: they are not fetched, and counted as refused")
def sitemap_of_others(site: Site) -> Judge:
    site.kind, site.path = "sitemap", "/sitemap.xml"
    other = site.other()
    site.stories(ONE)
    fresh = now() - timedelta(days=1)
    site.answer("/sitemap.xml", xml(sitemap([(site.base + ONE, fresh), (other.base + TWO, fresh)])))

    def judge(seen: Seen) -> None:
        need(seen.page(ONE).state == "stored", f"the own story ended as {seen.page(ONE)}")
        need(not other.asked, f"the other site was asked for {[asked.path for asked in other.asked]}")
        if seen.is_ours:
            need(seen.page(other.base + TWO).state == "refused", f"ended as {seen.page(other.base + TWO)}")

    return judge


@case("a section page brings the stories of its own site; links to others are not followed")
def section_page(site: Site) -> Judge:
    site.kind, site.path = "page", "/news"
    other = site.other()
    site.stories(ONE, TWO)
    site.answer("/news", page(section([ONE, TWO, other.base + THREE, "//" + other.name + THREE])))

    def judge(seen: Seen) -> None:
        need({ONE, TWO} <= set(seen.paths), f"fetched {seen.paths}")
        need(not other.asked, f"the other site was asked for {[asked.path for asked in other.asked]}")

    return judge


@case("a story of a section page that redirects to another site is not followed there")
def section_redirect(site: Site) -> Judge:
    site.kind, site.path = "page", "/news"
    other = site.other()
    site.answer("/news", page(section([ONE])))
    site.answer(ONE, redirect(other.base + THREE))

    def judge(seen: Seen) -> None:
        need(seen.requests(ONE), "the story was not asked for")
        need(not other.asked, f"the other site was asked for {[asked.path for asked in other.asked]}")

    return judge


@case("stories are not read for further links: nothing is crawled that the source does not show")
def no_depth(site: Site) -> Judge:
    site.kind, site.path = "page", "/news"
    site.answer("/news", page(section([ONE])))
    site.answer(ONE, page(story(site.phrase(ONE), extra=f"<a href='{TWO}'>The council hears of one more thing</a>")))

    def judge(seen: Seen) -> None:
        need(seen.page(ONE).state == "stored", f"the story ended as {seen.page(ONE)}")
        need(not seen.requests(TWO), "a link of the story was followed")

    return judge


@case("asking twice at once, and the clock beside, is one visit", ours_only=True)
def overlapping(site: Site) -> Judge:
    site.stories(ONE)

    def judge(seen: Seen) -> None:
        need(len(seen.requests("/feed.xml")) == 1, f"the feed was read {len(seen.requests('/feed.xml'))} times")
        need(len(seen.runs) == 1, f"{len(seen.runs)} visits")

    return judge


@case("a domain that was taken down is refused: no connection, whoever links to it", ours_only=True)
def taken_down(site: Site) -> Judge:
    other = site.other()
    base = f"http://news.gone.example:{other.port}"
    site.names["news.gone.example"] = other.address
    site.allowed.add(f"news.gone.example:{other.port}")
    site.feed(base + ONE, TWO, THREE)
    site.answer(TWO, redirect(base + TWO))
    site.answer(THREE, page(story(site.phrase(THREE))))

    def judge(seen: Seen) -> None:
        need(seen.page(THREE).state == "stored", f"the own story ended as {seen.page(THREE)}")
        need(other.connections == 0, f"{other.connections} connections")
        for kept in (seen.page(base + ONE), seen.page(TWO)):
            need((kept.state, kept.reason) == ("refused", "taken_down"), f"ended as {kept}")

    return judge

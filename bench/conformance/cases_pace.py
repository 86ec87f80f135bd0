"""Cases: who we say we are, how fast we ask, and what follows from an answer that refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from bench.conformance.case import CONTACT, DELAY_SECONDS, Judge, Seen, Site, case, need
from bench.conformance.server import Asked, Reply
from bench.conformance.sites import dripping, feed, page, redirect, story, xml

STORIES = ("/council-hears-of-one", "/council-hears-of-two", "/council-hears-of-three")


@case("every request names the product and the operator's contact, robots.txt too")
def identity(site: Site) -> Judge:
    site.stories("/council-hears-of-it")

    def judge(seen: Seen) -> None:
        need(len(seen.asked) >= 3, "too few requests to judge")
        wrong = {
            asked.header("user-agent") for asked in seen.asked if CONTACT not in (asked.header("user-agent") or "")
        }
        need(not wrong, f"without contact: {wrong}")
        need(len({asked.header("user-agent") for asked in seen.asked}) == 1, "more than one name")

    return judge


@case("one request at a time to a host, the delay apart")
def delay(site: Site) -> Judge:
    site.stories(*STORIES)

    def judge(seen: Seen) -> None:
        need(len(seen.paths) == 4, f"fetched {seen.paths}")
        need(site.host.most_in_flight == 1, f"{site.host.most_in_flight} requests at once")
        need(min(seen.gaps()) >= DELAY_SECONDS * 0.85, f"gaps of {[round(gap, 2) for gap in seen.gaps()]} s")

    return judge


@case("a redirect waits for the host that it leads to", ours_only=True)
def delay_after_redirect(site: Site) -> Judge:
    other = site.other()
    slow = {
        path: dripping(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + story(path), b"\n" * 4, 0.2)
        for path in STORIES[1:]
    }
    other.answers.update(slow)
    site.feed(STORIES[0], f"{other.base}{STORIES[1]}")
    site.answer(STORIES[0], redirect(f"{other.base}{STORIES[2]}"))

    def judge(seen: Seen) -> None:
        need(slow.keys() <= {asked.path for asked in other.asked}, f"fetched {[asked.path for asked in other.asked]}")
        need(other.most_in_flight == 1, f"{other.most_in_flight} requests at once")

    return judge


@case("the delay is kept from one run to the next, in another process")
def delay_over_runs(site: Site) -> Judge:
    site.visits, site.group = 2, "twice"
    site.feed()
    site.robots("User-agent: *\nCrawl-delay: 8\n")

    def judge(seen: Seen) -> None:
        need(seen.visit(1)[-1].path == "/feed.xml", "the first visit did not read the feed")
        need(seen.visit(2), "the second visit asked for nothing")
        gap = seen.visit(2)[0].at - seen.visit(1)[-1].at
        need(gap >= 7.8, f"{gap:.1f} s between the runs")

    return judge


@case("without a contact no foreign host is asked, and the source says so", ours_only=True)
def contact_missing(site: Site) -> Judge:
    site.group = "no contact"
    site.names["news.foreign.example"] = "127.0.0.1"
    canary = site.canary
    site.url = f"http://news.foreign.example:{canary.port}/{site.host.address}"

    def judge(seen: Seen) -> None:
        need(seen.source.error_code == "contact_missing", f"the source shows {seen.source.error_code}")
        need(canary.connections == 0, f"{canary.connections} connections")

    return judge


@case("without a contact the hosts that the operator allowed are read", ours_only=True)
def contact_not_needed(site: Site) -> Judge:
    site.group = "no contact"
    site.stories(STORIES[0])

    def judge(seen: Seen) -> None:
        need(seen.page(STORIES[0]).state == "stored", f"it ended as {seen.page(STORIES[0])}")

    return judge


def _rests(site: Site, reply: Reply, least: timedelta, most: timedelta) -> Judge:
    """After one such answer the host is left alone; the story waits and is not lost."""
    site.group = "rests"
    site.feed(*STORIES)
    for path in STORIES:
        site.answer(path, reply)

    def judge(seen: Seen) -> None:
        stories = [asked for asked in seen.asked if asked.path in STORIES]
        need(stories, "no story was asked for")
        need(len(stories) == 1, f"{len(stories)} requests within {stories[-1].at - stories[0].at:.1f} s")
        need(seen.asked[-1] is stories[0], f"went on with {seen.asked[-1].path}")
        if seen.is_ours:
            need(all(seen.page(path).state == "pending" for path in STORIES), f"ended as {seen.kept}")
            # Rows hold no zone in SQLite, but all are UTC.
            until = seen.host.resting_until.replace(tzinfo=UTC)
            rest = until - datetime.now(UTC)
            need(least - timedelta(minutes=2) <= rest <= most, f"the host rests for {rest}")

    return judge


@case("429 with Retry-After in seconds: nothing more is asked of the host before")
def page_429_seconds(site: Site) -> Judge:
    reply = Reply(429, headers=(("Retry-After", "600"),))
    return _rests(site, reply, timedelta(minutes=10), timedelta(minutes=13))


@case("429 with Retry-After as a date: nothing more is asked of the host before")
def page_429_date(site: Site) -> Judge:
    at = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    return _rests(site, Reply(429, headers=(("Retry-After", at),)), timedelta(minutes=28), timedelta(minutes=40))


@case("503 with Retry-After: nothing more is asked of the host before")
def page_503(site: Site) -> Judge:
    reply = Reply(503, headers=(("Retry-After", "600"),))
    return _rests(site, reply, timedelta(minutes=10), timedelta(minutes=13))


@case("Retry-After: 0 still gives the host a minute")
def retry_after_zero(site: Site) -> Judge:
    return _rests(site, Reply(429, headers=(("Retry-After", "0"),)), timedelta(minutes=1), timedelta(minutes=2))


@case("Retry-After: 10^9 rests a day at most")
def retry_after_endless(site: Site) -> Judge:
    reply = Reply(429, headers=(("Retry-After", "1000000000"),))
    return _rests(site, reply, timedelta(hours=20), timedelta(hours=24))


@case("Retry-After in the past still gives the host a minute")
def retry_after_past(site: Site) -> Judge:
    reply = Reply(503, headers=(("Retry-After", "Fri, 01 Jan 1999 00:00:00 GMT"),))
    return _rests(site, reply, timedelta(minutes=1), timedelta(minutes=2))


@case("429 without Retry-After: nothing more is asked of the host for a minute")
def page_429_bare(site: Site) -> Judge:
    return _rests(site, Reply(429), timedelta(minutes=1), timedelta(minutes=2))


@case("500: the host is not asked again at once")
def page_500(site: Site) -> Judge:
    return _rests(site, Reply(500), timedelta(minutes=1), timedelta(minutes=2))


@case("a feed that answers 429: one request, and the next visit waits as long as it asked")
def feed_429(site: Site) -> Judge:
    site.answer("/feed.xml", Reply(429, headers=(("Retry-After", "7200"),)))

    def judge(seen: Seen) -> None:
        need(seen.paths == ["/feed.xml"], f"asked for {seen.paths}")
        if seen.is_ours:
            wait = seen.source.next_poll_at.replace(tzinfo=UTC) - datetime.now(UTC)
            need(timedelta(minutes=110) <= wait <= timedelta(hours=24), f"the next visit is in {wait}")

    return judge


@case("a story that was put off by 429 is fetched and stored when its time has come", ours_only=True)
def page_429_later(site: Site) -> Judge:
    site.visits = 2
    path = STORIES[0]
    site.feed(path)
    good, busy = page(story(site.phrase(path))), Reply(429, headers=(("Retry-After", "600"),))
    site.answer(path, lambda asked: busy if asked.number == 1 else good)
    site.between = lambda ours, number: ours.age_rests(site)

    def judge(seen: Seen) -> None:
        need(len(seen.requests(path)) == 2, f"asked {len(seen.requests(path))} times")
        need(seen.page(path).state == "stored", f"it ended as {seen.page(path)}")
        need(seen.host.refusals == 0, "its refusals are not forgotten")

    return judge


def _asked_once(site: Site, status: int) -> Judge:
    """Such an answer is final: one request over two visits, and the URL ends."""
    site.visits = 2
    site.feed(STORIES[0])
    site.answer(STORIES[0], Reply(status, b"<html><body>No.</body></html>"))
    site.between = lambda ours, number: ours.age_rests(site)

    def judge(seen: Seen) -> None:
        need(len(seen.requests(STORIES[0])) == 1, f"asked {len(seen.requests(STORIES[0]))} times")
        if seen.is_ours:
            need(seen.page(STORIES[0]).state in ("refused", "failed"), f"it ended as {seen.page(STORIES[0])}")
            need(seen.page(STORIES[0]).reason, "without a reason")

    return judge


@case("401 is never asked again")
def never_401(site: Site) -> Judge:
    return _asked_once(site, 401)


@case("403 is never asked again")
def never_403(site: Site) -> Judge:
    return _asked_once(site, 403)


@case("404 is never asked again")
def never_404(site: Site) -> Judge:
    return _asked_once(site, 404)


@case("410 is never asked again")
def never_410(site: Site) -> Judge:
    return _asked_once(site, 410)


@case("451 is never asked again")
def never_451(site: Site) -> Judge:
    return _asked_once(site, 451)


@case("a host that answers 403 is left alone for a minute at least")
def storm_of_403(site: Site) -> Judge:
    site.group = "rests"
    site.feed(*STORIES)
    for path in STORIES:
        site.answer(path, Reply(403))

    def judge(seen: Seen) -> None:
        stories = [asked for asked in seen.asked if asked.path in STORIES]
        need(len(stories) == 1, f"{len(stories)} stories were asked for")

    return judge


@case("cookies are never sent back")
def cookies(site: Site) -> Judge:
    site.visits = 2
    cookie = ("Set-Cookie", "reader=1; Path=/")
    links = [site.base + path for path in STORIES]
    site.answer("/feed.xml", xml(feed(links), cookie))
    site.answer(STORIES[0], redirect(STORIES[1]))
    site.answer(STORIES[1], page(story(site.phrase(STORIES[1])), cookie, ("Set-Cookie", "all=1; Domain=0.1")))
    site.answer(STORIES[2], page(story(site.phrase(STORIES[2])), cookie))

    def judge(seen: Seen) -> None:
        need(len(seen.paths) >= 4, f"fetched {seen.paths}")
        sent = [asked.path for asked in seen.asked if asked.header("cookie")]
        need(not sent, f"sent with {sent}")

    return judge


@case("no Referer is sent, neither to the site nor to others")
def referer(site: Site) -> Judge:
    other = site.other()
    site.feed(STORIES[0], f"{other.base}/council-hears-of-it")
    site.answer(STORIES[0], redirect(f"{other.base}/council-hears-of-more"))

    def judge(seen: Seen) -> None:
        requests: list[Asked] = [*seen.asked, *other.asked]
        need(len({asked.path for asked in other.asked} - {"/robots.txt"}) >= 2, "the other host was not asked")
        told = {asked.path: asked.header("referer") for asked in requests if asked.header("referer")}
        need(not told, f"sent: {told}")

    return judge

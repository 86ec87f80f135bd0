"""Cases: ways to lead a crawler into the network it stands in. A canary listens there and must not be connected to."""

from __future__ import annotations

from collections.abc import Sequence

from bench.conformance.case import Judge, Seen, Site, case, need
from bench.conformance.server import Host, Reply
from bench.conformance.sites import feed, now, page, redirect, section, sitemap, story, xml

GOOD = "/council-hears-of-a-good-one"
PATH = "/council-hears-of-it"


def _untouched(site: Site, canary: Host, links: Sequence[str]) -> Judge:
    """No connection; each link is counted as refused; the story among them is read."""
    site.feed(*links, GOOD)
    site.answer(GOOD, page(story(site.phrase(GOOD))))
    inner = _no_connection(site, canary, GOOD)

    def judge(seen: Seen) -> None:
        inner(seen)
        need(not seen.is_ours or len(seen.kept) == len(links) + 1, f"{len(seen.kept)} URLs are counted")

    return judge


def _no_connection(site: Site, canary: Host, *stories: str, refused: str | None = None) -> Judge:
    def judge(seen: Seen) -> None:
        asked = [each.path for each in canary.asked]
        need(canary.connections == 0, f"{canary.connections} connections, which asked for {asked[:3]}")
        for path in stories:
            need(seen.page(path).state == "stored", f"the own story ended as {seen.page(path)}")
        if not seen.is_ours:
            return
        for kept in seen.kept:
            if kept.url not in [site.base + path for path in stories]:
                need(kept.state == "refused" and kept.reason, f"ended as {kept}")
        if refused is not None:
            need(seen.source.error_code == refused, f"the source shows {seen.source.error_code}")

    return judge


def _links(site: Site, hosts: Sequence[str]) -> list[str]:
    """Addresses at the canary's port whose path tells which case asked."""
    port = site.canary.port
    return [f"http://{host}:{port}/{site.host.address}/{number}" for number, host in enumerate(hosts)]


@case("numbers for hosts, decimal, octal, hexadecimal and short: no connection")
def numbers(site: Site) -> Judge:
    hosts = [
        "127.0.0.1",
        "2130706433",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "0177.1",
        "0",
        "0.0.0.0",
    ]
    return _untouched(site, site.canary, _links(site, hosts))


@case("IPv6 spellings of this machine: no connection")
def ipv6(site: Site) -> Judge:
    hosts = [
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
    ]
    return _untouched(site, site.canary, _links(site, hosts))


@case("names of this machine: no connection")
def local_names(site: Site) -> Judge:
    hosts = ["localhost", "localhost.", "LOCALHOST", "a.localhost", "ip6-localhost", "localhost.localdomain"]
    return _untouched(site, site.canary, _links(site, hosts))


@case("digits and dots of other scripts: no connection")
def unicode_digits(site: Site) -> Judge:
    return _untouched(site, site.canary, _links(site, ["１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "ⓛocalhost"]))


@case("user names and backslashes that hide the host: no connection")
def userinfo(site: Site) -> Judge:
    port, tag = site.canary.port, site.host.address
    links = [
        f"http://news.good.example@127.0.0.1:{port}/{tag}/a",
        f"http://{site.host.name}@127.0.0.1:{port}/{tag}/b",
        f"http://user:word@127.0.0.1:{port}/{tag}/c",
        f"http://127.0.0.1:{port}\\@{site.host.name}/{tag}/d",
        f"http://{site.host.name}%2f@127.0.0.1:{port}/{tag}/e",
        f"http:/\\127.0.0.1:{port}/{tag}/f",
        f"http://127.0.0.1:{port}%23@{site.host.name}/{tag}/g",
    ]
    return _untouched(site, site.canary, links)


@case("a public name that resolves to this machine: no connection")
def private_name(site: Site) -> Judge:
    site.names |= {"news.inside.example": "127.0.0.1", "mapped.inside.example": "::ffff:127.0.0.1"}
    return _untouched(
        site, site.canary, _links(site, ["news.inside.example", "news.inside.example.", "mapped.inside.example"])
    )


@case("a name with one public address and one of this machine: no connection")
def half_private_name(site: Site) -> Judge:
    site.names |= {"half.inside.example": "127.0.0.1 93.184.216.34"}
    return _untouched(site, site.canary, _links(site, ["half.inside.example"]))


@case("ports of other services: no connection")
def odd_ports(site: Site) -> Judge:
    inside = site.other(allowed=False)
    site.names |= {"ports.inside.example": inside.address}
    links = [f"http://ports.inside.example:{inside.port}/a", f"https://ports.inside.example:{inside.port}/b"]
    return _untouched(site, inside, [*links, f"http://{site.host.address}:22/c", f"http://{site.host.address}:6379/d"])


@case("another port of an allowed host: no connection")
def other_port(site: Site) -> Judge:
    inside = site.server.add(site.host.address, 0)
    return _untouched(site, inside, [inside.base + PATH])


def _redirects(site: Site, first: dict[str, Reply], *, canary: Host | None = None) -> Judge:
    site.feed(*first, GOOD)
    for path, reply in first.items():
        site.answer(path, reply)
    site.answer(GOOD, page(story(site.phrase(GOOD))))
    inner = _no_connection(site, canary or site.canary, GOOD)

    def judge(seen: Seen) -> None:
        need(all(seen.requests(path) for path in first), f"fetched {seen.paths}")
        inner(seen)

    return judge


@case("redirects of each kind to the inside: no connection")
def redirects(site: Site) -> Judge:
    (target,) = _links(site, ["127.0.0.1"])
    return _redirects(site, {f"{PATH}-{status}": redirect(target, status) for status in (301, 302, 303, 307, 308)})


@case("redirects to the inside in other spellings: no connection")
def redirects_spelt(site: Site) -> Judge:
    hosts = ["2130706433", "localhost.", "[::ffff:127.0.0.1]", "user@127.0.0.1", "news.redirect.example"]
    site.names |= {"news.redirect.example": "127.0.0.1"}
    return _redirects(site, {f"{PATH}-{n}": redirect(to) for n, to in enumerate(_links(site, hosts))})


@case("a redirect to another private host that the operator did not allow: no connection")
def redirect_to_neighbour(site: Site) -> Judge:
    inside = site.other(allowed=False)
    return _redirects(site, {PATH: redirect(inside.base + PATH)}, canary=inside)


@case("the fifth redirect leads to the inside: no connection")
def redirect_at_last(site: Site) -> Judge:
    (target,) = _links(site, ["127.0.0.1"])
    for hop in range(1, 4):
        site.answer(f"/hop/{hop}", redirect(f"/hop/{hop + 1}"))
    site.answer("/hop/4", redirect(target))
    return _redirects(site, {PATH: redirect("/hop/1")})


@case("redirects to file:, ftp:, gopher:, data: and s3: are not followed")
def schemes(site: Site) -> Judge:
    port = site.canary.port
    targets = [
        "file:///etc/passwd",
        f"ftp://127.0.0.1:{port}/",
        f"gopher://127.0.0.1:{port}/_",
        "data:text/html,<p>In",
        "s3://bucket/key",
    ]
    return _redirects(site, {f"{PATH}-{n}": redirect(to) for n, to in enumerate(targets)})


@case("links to file:, ftp:, data: and s3: in a feed are not fetched")
def schemes_in_feed(site: Site) -> Judge:
    port = site.canary.port
    return _untouched(
        site,
        site.canary,
        ["file:///etc/passwd", f"ftp://127.0.0.1:{port}/a", "data://text/html,<p>In", "s3://bucket/key"],
    )


@case("Refresh, by header or meta element, is not followed to the inside")
def refresh(site: Site) -> Judge:
    (target,) = _links(site, ["127.0.0.1"])
    site.feed(PATH, GOOD)
    head = f'<meta http-equiv="refresh" content="0; url={target}">'
    site.answer(PATH, page(story(site.phrase(PATH), head=head), ("Refresh", f"0; url={target}")))
    site.answer(GOOD, page(story(site.phrase(GOOD))))
    canary = site.canary

    def judge(seen: Seen) -> None:
        need(seen.page(GOOD).state == "stored", f"the own story ended as {seen.page(GOOD)}")
        need(canary.connections == 0, f"{canary.connections} connections")

    return judge


@case("robots.txt that redirects to the inside: no connection, and nothing is fetched")
def robots_inside(site: Site) -> Judge:
    site.stories(GOOD)
    site.answer("/robots.txt", redirect(_links(site, ["127.0.0.1"])[0]))
    inner = _no_connection(site, site.canary)

    def judge(seen: Seen) -> None:
        inner(seen)
        need(seen.paths == [], f"fetched {seen.paths}")

    return judge


@case("tdmrep.json that redirects to the inside: no connection")
def tdmrep_inside(site: Site) -> Judge:
    site.stories(GOOD)
    site.answer("/.well-known/tdmrep.json", redirect(_links(site, ["127.0.0.1"])[0]))
    return _no_connection(site, site.canary, GOOD)


@case("a sitemap index whose parts lie inside: no connection")
def sitemap_parts(site: Site) -> Judge:
    site.kind, site.path = "sitemap", "/sitemap.xml"
    site.stories(GOOD)
    parts = [(url, now()) for url in _links(site, ["127.0.0.1", "localhost", "2130706433"])]
    site.answer("/sitemap.xml", xml(sitemap([*parts, (f"{site.base}/part.xml", now())], index=True)))
    site.answer("/part.xml", xml(sitemap([(site.base + GOOD, now())])))
    return _no_connection(site, site.canary, GOOD)


@case("a sitemap whose pages lie inside: no connection")
def sitemap_pages(site: Site) -> Judge:
    site.kind, site.path = "sitemap", "/sitemap.xml"
    site.stories(GOOD)
    links = [(url, now()) for url in _links(site, ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])]
    site.answer("/sitemap.xml", xml(sitemap([*links, (site.base + GOOD, now())])))
    return _no_connection(site, site.canary, GOOD)


@case("a section page with a base element of the inside: no connection")
def base_element(site: Site) -> Judge:
    site.kind, site.path = "page", "/news"
    (target,) = _links(site, ["127.0.0.1"])
    site.answer("/news", page(section([GOOD.removeprefix("/")], head=f"<base href='{target}/'>")))
    return _no_connection(site, site.canary)


@case("pictures and enclosures of a feed that lie inside: no connection")
def pictures(site: Site) -> Judge:
    (target,) = _links(site, ["127.0.0.1"])
    extra = f"<enclosure url='{target}/a.jpg' type='image/jpeg' length='1'/><image><url>{target}/b.png</url></image><comments>{target}/c</comments>"
    site.answer("/feed.xml", xml(feed([site.base + GOOD], extra=extra)))
    head = f"<meta property='og:image' content='{target}/d.jpg'><link rel='icon' href='{target}/e.ico'>"
    site.answer(GOOD, page(story(site.phrase(GOOD), head=head)))
    return _no_connection(site, site.canary, GOOD)


@case("a source whose own address lies inside: no connection, and the source says so", ours_only=True)
def source_inside(site: Site) -> Judge:
    site.names |= {"source.inside.example": "127.0.0.1"}
    site.url = _links(site, ["source.inside.example"])[0]
    return _no_connection(site, site.canary, refused="egress_denied")


@case("a feed that redirects to the inside: no connection, and the source says so")
def feed_inside(site: Site) -> Judge:
    site.answer("/feed.xml", redirect(_links(site, ["127.0.0.1"])[0]))
    return _no_connection(site, site.canary, refused="egress_denied")

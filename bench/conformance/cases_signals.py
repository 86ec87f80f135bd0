"""Cases: what publishers reserve, in meta elements, headers and files, and what is kept then."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

from bench.conformance.case import Judge, Seen, Site, case, need
from bench.conformance.server import Reply
from bench.conformance.sites import now, page, section, story

PATH = "/council-hears-of-it"
SUMMARY = "The feed says that the council hears of a harbour, a bridge and a river."


def _one_page(site: Site, head: str = "", *headers: tuple[str, str], extra: str = "", paragraphs: int = 4) -> None:
    site.feed(PATH, summary=SUMMARY)
    site.answer(PATH, page(story(site.phrase(PATH), head=head, extra=extra, paragraphs=paragraphs), *headers))


def _meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{content}">'


def _nothing_kept(site: Site, reason: str) -> Judge:
    def judge(seen: Seen) -> None:
        need(seen.requests(PATH), "the page was not fetched")
        kept = seen.page(PATH)
        need(kept.text == "", f"kept {len(kept.text)} characters")
        if seen.is_ours:
            need((kept.state, kept.reason) == ("reserved", reason), f"it ended as {kept}")

    return judge


def _feed_text_only(site: Site, directive: str) -> Judge:
    """The page's own text is not kept; what the feed published is, under this directive."""

    def judge(seen: Seen) -> None:
        need(seen.requests(PATH), "the page was not fetched")
        kept = seen.page(PATH)
        need(site.phrase(PATH) not in kept.text, "the page's text is kept")
        need(directive in kept.directives, f"directives {kept.directives}")
        need(SUMMARY in kept.text, f"what the feed said is not kept: {kept}")
        need(kept.partial, "it is not marked as a part of the story")

    return judge


def _kept_under(site: Site, *, directive: str | None = None, max_snippet: int | None = None) -> Judge:
    def judge(seen: Seen) -> None:
        kept = seen.page(PATH)
        need(site.phrase(PATH) in kept.text, f"the text is not kept: {kept}")
        need(directive is None or directive in kept.directives, f"directives {kept.directives}")
        need(kept.max_snippet == max_snippet, f"max_snippet is {kept.max_snippet}")

    return judge


@case("meta robots noindex: nothing is kept")
def noindex_meta(site: Site) -> Judge:
    _one_page(site, _meta("robots", "NOINDEX, follow"))
    return _nothing_kept(site, "noindex")


@case("X-Robots-Tag noindex: nothing is kept")
def noindex_header(site: Site) -> Judge:
    _one_page(site, "", ("X-Robots-Tag", "noindex"))
    return _nothing_kept(site, "noindex")


@case("the second of several X-Robots-Tag headers counts too")
def noindex_second_header(site: Site) -> Judge:
    _one_page(site, "", ("X-Robots-Tag", "max-image-preview:large"), ("X-Robots-Tag", "none"))
    return _nothing_kept(site, "noindex")


@case("meta robots in a body that has no head counts too")
def noindex_in_body(site: Site) -> Judge:
    _one_page(site)
    content = story(site.phrase(PATH)).replace(b"<article>", b"<meta name=robots content=noindex><article>")
    site.answer(PATH, page(content))
    return _nothing_kept(site, "noindex")


@case("noindex for another crawler does not bind us")
def noindex_for_others(site: Site) -> Judge:
    _one_page(site, _meta("otherbot", "noindex"), ("X-Robots-Tag", "otherbot: noindex, nofollow"))
    return _kept_under(site)


@case("noarchive: what the feed said is kept, not the page")
def noarchive(site: Site) -> Judge:
    _one_page(site, _meta("robots", "noarchive"))
    return _feed_text_only(site, "noarchive")


@case("nosnippet is kept on the document")
def nosnippet(site: Site) -> Judge:
    _one_page(site, _meta("robots", "nosnippet"))
    return _kept_under(site, directive="nosnippet")


@case("max-snippet is kept on the document, the smallest that was said")
def max_snippet(site: Site) -> Judge:
    _one_page(site, _meta("robots", "max-snippet:80, max-image-preview:large"), ("X-Robots-Tag", "max-snippet: 50"))
    return _kept_under(site, max_snippet=50)


@case("unavailable_after in the past: nothing is kept")
def expired(site: Site) -> Judge:
    _one_page(site, _meta("robots", "unavailable_after: 25 Jun 2010 15:00:00 GMT"))
    return _nothing_kept(site, "expired")


@case("unavailable_after in the future is kept on the document")
def expires(site: Site) -> Judge:
    at = now() + timedelta(days=30)
    _one_page(site, "", ("X-Robots-Tag", f"unavailable_after: {format_datetime(at, usegmt=True)}"))

    def judge(seen: Seen) -> None:
        kept = seen.page(PATH)
        need(kept.expires_at is not None, f"no end is known: {kept}")
        need(kept.expires_at is not None and kept.expires_at.replace(tzinfo=at.tzinfo) == at, f"{kept.expires_at}")

    return judge


def _not_followed(site: Site, content: bytes, *headers: tuple[str, str]) -> Judge:
    site.kind, site.path = "page", "/news"
    site.answer("/news", page(content, *headers))
    site.answer(PATH, page(story(site.phrase(PATH))))

    def judge(seen: Seen) -> None:
        need(seen.paths == ["/news"], f"fetched {seen.paths}")

    return judge


@case("meta robots nofollow on a section page: its links are left alone")
def nofollow_meta(site: Site) -> Judge:
    return _not_followed(site, section([PATH], head=_meta("robots", "nofollow")))


@case("X-Robots-Tag nofollow on a section page: its links are left alone")
def nofollow_header(site: Site) -> Judge:
    return _not_followed(site, section([PATH]), ("X-Robots-Tag", "nofollow"))


@case("a link with rel=nofollow is left alone")
def nofollow_link(site: Site) -> Judge:
    return _not_followed(site, section([PATH]).replace(b"<a href", b"<a rel='nofollow' href"))


@case("tdm-reservation in a header: what the feed said is kept, not the page")
def tdm_header(site: Site) -> Judge:
    _one_page(site, "", ("tdm-reservation", "1"))
    return _feed_text_only(site, "no_ai")


@case("tdm-reservation in a meta element: what the feed said is kept, not the page")
def tdm_meta(site: Site) -> Judge:
    _one_page(site, _meta("tdm-reservation", "1"))
    return _feed_text_only(site, "no_ai")


def _tdmrep(site: Site) -> None:
    body = b'[{"location": "/council*", "tdm-reservation": 1}, {"location": "/", "tdm-reservation": 0}]'
    site.answer("/.well-known/tdmrep.json", Reply(body=body, content_type="application/json"))


@case("tdmrep.json reserves an address: what the feed said is kept, not the page")
def tdm_file(site: Site) -> Judge:
    _one_page(site)
    _tdmrep(site)
    return _feed_text_only(site, "no_ai")


@case("a page that says tdm-reservation 0 is not bound by tdmrep.json")
def tdm_header_beats_file(site: Site) -> Judge:
    _one_page(site, "", ("tdm-reservation", "0"))
    _tdmrep(site)
    return _kept_under(site)


@case("Content-Usage in a header: what the feed said is kept, not the page")
def content_usage(site: Site) -> Judge:
    _one_page(site, "", ("Content-Usage", "ai-use=n"))
    return _feed_text_only(site, "no_ai")


@case("a licence note lifts the reservation of text mining", ours_only=True)
def licence(site: Site) -> Judge:
    site.licence = "Contract 12 of 2026 allows it."
    _one_page(site, _meta("tdm-reservation", "1"))

    def judge(seen: Seen) -> None:
        kept = seen.page(PATH)
        need(site.phrase(PATH) in kept.text, f"the text is not kept: {kept}")
        need("no_ai" not in kept.directives, f"directives {kept.directives}")

    return judge


@case("a licence note does not lift noindex", ours_only=True)
def licence_and_noindex(site: Site) -> Judge:
    site.licence = "Contract 12 of 2026 allows it."
    _one_page(site, _meta("robots", "noindex"))
    return _nothing_kept(site, "noindex")


@case("a story behind a paywall is marked as partial")
def paywall(site: Site) -> Judge:
    data = '<script type="application/ld+json">{"@context":"https://schema.org","@type":"NewsArticle","isAccessibleForFree":false}</script>'
    _one_page(site, data, paragraphs=1)

    def judge(seen: Seen) -> None:
        need(seen.page(PATH).partial, f"it ended as {seen.page(PATH)}")

    return judge

"""robots.txt as RFC 9309 reads it, and closed when in doubt."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sources.etiquette.robots import MAX_BYTES, RobotsRules, verdict

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ALL = "User-agent: *\n"


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Disallow: /", "/a", False),
        ("Disallow:", "/a", True),
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("Allow: /a\nDisallow: /a/b", "/a/b/c", False),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Disallow: /a$", "/a", False),
        ("Disallow: /a$", "/ab", True),
        ("Disallow: /a$", "/a$", True),
        ("Disallow: /a$b", "/a$b", False),
        ("Disallow: /*.gif$", "/x/y.gif", False),
        ("Disallow: /*.gif$", "/x/y.gif?z", True),
        ("Disallow: /*/private*/x", "/a/private-1/x", False),
        ("Disallow: /*?", "/a?b=1", False),
        ("Disallow: /*?", "/a", True),
        ("Disallow: /\nAllow: /*.html", "/a.html", True),
        ("Allow: /x\nDisallow: /*.html", "/x.html", False),
        ("Disallow: /foo/bar/%62%61%7A", "/foo/bar/baz", False),
        ("Disallow: /foo/bar/ツ", "/foo/bar/%e3%83%84", False),
        ("Disallow: /a%3cd.html", "/a%3Cd.html", False),
        ("Disallow: /a%2Fb", "/a/b", True),
        ("Disallow: /file-%2a", "/file-*", False),
        ("Disallow: private", "/private/x", False),
        ("Disallow /private", "/private/x", False),
        ("Dissalow: /private", "/private/x", False),
        ("Disallow: /", "/robots.txt", True),
        ("Disallow: /a # why", "/a", False),
        ("Disallow: /\nAllow: /a/index.html", "/a/", False),
        ("Disallow: /a\x0cAllow: /a/x", "/a\x0cAllow:%20/a/x", False),
        ("Disallow: /a\u2028Allow: /a/x\nDisallow: /a/x", "/a/x", False),
    ],
)
def test_the_longest_rule_that_matches_decides(rules: str, path: str, allowed: bool) -> None:
    read = RobotsRules.parse(ALL + rules + "\n")
    assert read.allows(path) is allowed
    assert read.allows(f"https://news.example:8443{path}#part") is allowed


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: *\nDisallow: /\n\nUser-agent: Tidings\nAllow: /", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: tidings\nDisallow:", True),
        ("User-agent: *\nAllow: /\n\nUser-agent: TIDINGS/2.0 (news)\nDisallow: /", False),
        ("User-agent: Tid\nDisallow: /", True),
        ("User-agent: Tidings-News\nDisallow: /", True),
        ("User-agent: GPTBot\nDisallow: /", True),
        ("User-agent: Tidings\nDisallow: /b\n\nUser-agent: x\nDisallow: /\n\nUser-agent: Tidings\nDisallow: /a", False),
        ("User-agent: Tidings\nUser-agent: x\nDisallow: /a", False),
        ("User-agent: x\nCrawl-delay: 5\nUser-agent: Tidings\nDisallow: /a\n", False),
        ("User-agent: Tidings\nSitemap: https://x.example/s\nUser-agent: x\nDisallow: /a", False),
        ("User-agent: Tidings\nFoo: bar\nUser-agent: x\nDisallow: /a", False),
        ("Disallow: /\n", True),
        ("<html><body>Disallow: nothing here</body></html>", True),
        ("", True),
    ],
)
def test_the_group_for_us_is_found(text: str, allowed: bool) -> None:
    assert RobotsRules.parse(text).allows("/a") is allowed


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_change_nothing(end: str, mark: bytes) -> None:
    body = mark + f"User-agent: *{end}Disallow: /a{end}Crawl-delay: 7{end}".encode()
    rules = RobotsRules.parse(body)
    assert not rules.allows("/a")
    assert rules.allows("/b")
    assert rules.crawl_delay == 7


def test_bytes_that_are_no_text_are_left_out() -> None:
    rules = RobotsRules.parse(b"\xff\x00\xfe\nUser-agent: *\nDisallow: /a\n\x80\x81: /\n")
    assert not rules.allows("/a")
    assert rules.allows("/b")


def test_nothing_past_the_cap_is_read() -> None:
    head = f"{ALL}Disallow: /a\n"
    filler = "#" * (MAX_BYTES - len(head) - len("\nAllow: /a"))
    body = f"{head}{filler}\nAllow: /a/only/here\nDisallow: /b\n".encode()
    rules = RobotsRules.parse(body)
    # The line that the cap cuts would read `Allow: /a`.
    assert not rules.allows("/a/x")
    assert rules.allows("/b")


LONG = "/" + "a" * 2000
HOSTILE = {
    "many stars": (f"Disallow: /{'*a' * 2000}b\n", "/" + "a" * 8000),
    "stars to the cap": (f"Disallow: /{'*a' * 250_000}b\n", "/" + "a" * 8000),
    "many rules": ("".join(f"Disallow: /*a*a*a*{i}b\n" for i in range(25_000)), LONG),
    "long parts": ("".join(f"Disallow: /*{'a' * 200}{i}b*\n" for i in range(2400)), LONG * 4),
    "periods": ("".join(f"Disallow: /*{'ab' * 500}{i}b*\n" for i in range(500)), "/" + "ab" * 4000),
    "anchored": ("".join(f"Disallow: /aaaaa*{i}$\n" for i in range(25_000)), LONG),
    "a hundred thousand": ("".join(f"Disallow: /{i}\n" for i in range(100_000)), "/zz"),
    "every length": ("".join(f"Disallow: /{'a' * i}b\n" for i in range(1000)), LONG * 4),
}


def best_seconds(work: Callable[[], object], rounds: int) -> float:
    """The best of several: what else the machine does is not the work's doing."""
    return min(timeit.repeat(work, number=1, repeat=rounds))


@pytest.fixture(scope="module")
def long_reading() -> float:
    """Seconds that this machine takes to read a file of 25,000 rules."""
    return best_seconds(lambda: RobotsRules.parse(ALL + HOSTILE["many rules"][0]), 3)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_decided_much_faster_than_a_long_one_is_read(name: str, long_reading: float) -> None:
    body, url = HOSTILE[name]
    rules = RobotsRules.parse(ALL + body)
    assert best_seconds(lambda: rules.allows(url), 7) <= long_reading / 4


def test_what_costs_too_much_is_not_allowed() -> None:
    body, url = HOSTILE["many rules"]
    assert not RobotsRules.parse(ALL + body).allows(url)


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("Crawl-delay: 5", 5.0),
        ("Crawl-delay: 2.5 # s", 2.5),
        ("crawl-delay: 5s", 5.0),
        ("Crawl-delay: 1000000000", 30.0),
        ("Crawl-delay: 1e9", 30.0),
        ("Crawl-delay: inf", 30.0),
        ("Crawl-delay: nan", None),
        ("Crawl-delay: -5", None),
        ("Crawl-delay: soon", None),
        ("Crawl-delay:", None),
        ("Crawl-delay: 2\nCrawl-delay: 9", 9.0),
    ],
)
def test_crawl_delay_is_kept_up_to_half_a_minute(line: str, seconds: float | None) -> None:
    rules = RobotsRules.parse(ALL + line + "\nDisallow: /x\n")
    assert rules.crawl_delay == seconds


def test_sitemaps_belong_to_no_group() -> None:
    rules = RobotsRules.parse(
        "Sitemap: https://x.example/a.xml\nUser-agent: y\nSITEMAP: http://x.example/b.xml\nSitemap: /c"
    )
    assert rules.sitemaps == ("https://x.example/a.xml", "http://x.example/b.xml")


@pytest.mark.parametrize(
    ("text", "path", "reserved"),
    [
        ("User-agent: *\nContent-Usage: train-ai=n", "/a", True),
        ("User-agent: *\nContent-Usage: / train-ai=n\nContent-Usage: /ok/ train-ai=y", "/ok/a", False),
        ("User-agent: *\nContent-Usage: / train-ai=n\nContent-Usage: /ok/ train-ai=y", "/a", True),
        ("User-agent: *\nContent-Usage: /x ai-use=n", "/a", False),
        ("User-agent: *\nContent-Usage: train-ai=n, ai-use=y", "/a", False),
        ("User-agent: *\nContent-Usage: search=n", "/a", False),
        ("User-agent: *\nContent-Usage: / ai-use=y\nContent-Usage: / ai-use=n", "/a", True),
        ("User-agent: *\nContent-Usage: ai-use=n\nUser-agent: Tidings\nAllow: /", "/a", False),
        ("User-agent: *\nContent-Signal: search=yes,ai-input=no", "/a", True),
        ("User-agent: GPTBot\nDisallow: /", "/a", False),
        ("User-agent: GPTBot\nContent-Usage: ai-use=n", "/a", False),
        ("# We reserve our rights under Article 4 of Directive (EU) 2019/790.", "/a", True),
        ("# Text and data mining of this site\n# is prohibited without our permission.", "/a", True),
        ("# The use of this content for training of AI models is not permitted.", "/a", True),
        ("# All rights reserved.", "/a", False),
        ("# Training courses are listed in the sitemap.", "/a", False),
        ("# Reserved under 2019/790 by signals\nUser-agent: *\nContent-Signal: ai-input=yes", "/a", False),
    ],
)
def test_only_what_is_said_to_everybody_or_us_reserves(text: str, path: str, reserved: bool) -> None:
    assert RobotsRules.parse(text).reserves_ai(path) is reserved


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "rules"),
        (204, "rules"),
        (400, "allow"),
        (401, "disallow"),
        (403, "disallow"),
        (404, "allow"),
        (410, "allow"),
        (429, "unreachable"),
        (301, "unreachable"),
        (304, "unreachable"),
        (500, "unreachable"),
        (503, "unreachable"),
        (None, "unreachable"),
        (999, "unreachable"),
    ],
)
def test_a_status_means_what_the_rfc_and_caution_say(status: int | None, outcome: str) -> None:
    assert verdict(status, now=NOW).outcome == outcome


def test_an_error_counts_whatever_the_status() -> None:
    assert verdict(200, error="dropped", now=NOW).outcome == "unreachable"


def test_unreachable_lasts_an_hour_or_as_long_as_it_asks() -> None:
    assert verdict(503, now=NOW).expires_at == NOW + timedelta(hours=1)
    assert verdict(None, error="dns", now=NOW).expires_at == NOW + timedelta(hours=1)
    assert verdict(429, retry_after="7200", now=NOW).expires_at == NOW + timedelta(hours=2)
    assert verdict(429, retry_after="0", now=NOW).expires_at == NOW + timedelta(minutes=10)


@given(
    status=st.none() | st.integers(0, 999),
    retry_after=st.none() | st.text(max_size=30) | st.integers(-(10**12), 10**12).map(str),
    max_age=st.none() | st.floats() | st.integers(-(10**9), 10**9),
)
def test_a_verdict_lives_ten_minutes_to_a_day(
    status: int | None, retry_after: str | None, max_age: float | None
) -> None:
    life = verdict(status, retry_after=retry_after, max_age_seconds=max_age, now=NOW).expires_at - NOW
    assert timedelta(minutes=10) <= life <= timedelta(hours=24)


@given(st.binary(max_size=300), st.text(max_size=60))
def test_no_file_and_no_address_breaks_the_reading(body: bytes, path: str) -> None:
    rules = RobotsRules.parse(ALL.encode() + body)
    assert rules.allows(f"/{path}") in (True, False)
    assert rules.crawl_delay is None or 0 <= rules.crawl_delay <= 30
    rules.reserves_ai(f"/{path}")
    rules.allows(path)
    rules.allows(f"https://[{path}")


@pytest.mark.parametrize(
    "words", ["training " * 2500, "not permitted " * 2000, "train " + "x" * 19_000, "2019/790 reser " * 1500]
)
def test_long_comments_are_read_quickly(words: str, long_reading: float) -> None:
    assert best_seconds(lambda: RobotsRules.parse(f"# {words}\n"), 3) <= long_reading


@given(
    st.lists(st.text(alphabet="ab/*$", max_size=6).map(lambda text: f"/{text}"), max_size=6), st.text("ab/", max_size=8)
)
def test_the_matcher_agrees_with_the_rfc_as_regular_expressions(patterns: list[str], rest: str) -> None:
    import re

    path = f"/{rest}"
    text = ALL + "".join(f"{'Allow' if i % 2 else 'Disallow'}: {pattern}\n" for i, pattern in enumerate(patterns))

    def match(pattern: str) -> bool:
        body, end = pattern.removesuffix("$"), "$" if pattern.endswith("$") else ""
        return (
            re.match("".join(".*" if c == "*" else re.escape(c) for c in body) + ("\\Z" if end else ""), path)
            is not None
        )

    def weight(pattern: str) -> int:
        return len(re.sub(r"\*+", "*", pattern.removesuffix("$").replace("$", "%24"))) + pattern.endswith("$")

    hits = [(weight(pattern), bool(i % 2)) for i, pattern in enumerate(patterns) if match(pattern)]
    assert RobotsRules.parse(text).allows(path) is (max(hits)[1] if hits else True)

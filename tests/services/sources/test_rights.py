"""What publishers say about a page, from every place where they say it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.types import NO_AI, NOARCHIVE, NOSNIPPET, Rights
from services.sources.etiquette.rights import page_rights, tdmrep_reserves

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = datetime(2027, 6, 25, 15, tzinfo=UTC)


def tags(*values: str) -> list[tuple[str, str]]:
    return [("X-Robots-Tag", value) for value in values]


def test_a_page_that_says_nothing_is_free() -> None:
    found = page_rights({}, [("description", "noindex")], now=NOW)
    assert (found.rights, found.index, found.follow, found.reasons) == (Rights(), True, True, ())


@pytest.mark.parametrize(
    ("headers", "index", "follow", "directives"),
    [
        (tags("noindex"), False, True, ()),
        (tags("NoIndex, NoFollow"), False, False, ()),
        (tags("none"), False, False, ()),
        (tags("all"), True, True, ()),
        (tags("noarchive"), True, True, (NOARCHIVE,)),
        (tags("nosnippet"), True, True, (NOSNIPPET,)),
        (tags("noai, noimageai"), True, True, (NO_AI,)),
        (tags("noimageai"), True, True, ()),
        (tags("otherbot: noindex, nofollow"), True, True, ()),
        (tags("Tidings: noindex"), False, True, ()),
        (tags("tidings:noarchive", "nofollow"), True, False, (NOARCHIVE,)),
        (tags("otherbot: noindex", "noarchive"), True, True, (NOARCHIVE,)),
        (tags("otherbot: noindex, tidings: nosnippet"), True, True, (NOSNIPPET,)),
        (tags("max-snippet:0"), True, True, (NOSNIPPET,)),
    ],
)
def test_headers_bind_us_when_meant_for_all_or_for_us(
    headers: list[tuple[str, str]], index: bool, follow: bool, directives: tuple[str, ...]
) -> None:
    found = page_rights(headers, [], now=NOW)
    assert (found.index, found.follow, found.rights.directives) == (index, follow, directives)


def test_meta_elements_bind_us_when_meant_for_all_or_for_us() -> None:
    metas = [("ROBOTS", "noarchive max-snippet: 80"), ("googlebot", "noindex"), ("Tidings", "max-snippet:50, nofollow")]
    found = page_rights({}, metas, now=NOW)
    assert found.rights == Rights((NOARCHIVE,), 50)
    assert found.index
    assert not found.follow
    assert found.reasons == ("nofollow", "noarchive", "max_snippet")


@pytest.mark.parametrize(("value", "length"), [("-1", None), ("160", 160), ("x", None), ("", None), ("-7", None)])
def test_a_snippet_is_as_long_as_allowed(value: str, length: int | None) -> None:
    assert page_rights({}, [("robots", f"max-snippet:{value}")], now=NOW).rights == Rights((), length)


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 25 Jun 2027 15:00:00 GMT",
        "Friday, 25-Jun-27 15:00:00 UTC",
        "25 Jun 2027 17:00:00 +0200",
        "2027-06-25T15:00:00Z",
        "2027-06-25 15:00:00",
    ],
)
def test_a_page_expires_when_it_says(date: str) -> None:
    for found in (
        page_rights(tags(f"unavailable_after: {date}"), [], now=NOW),
        page_rights({}, [("robots", f"noarchive, unavailable_after: {date}, nofollow")], now=NOW),
    ):
        assert found.rights.expires_at == LATER
        assert found.index
        assert "unavailable_after" in found.reasons
    past = page_rights(tags(f"unavailable_after: {date}"), [], now=LATER + timedelta(seconds=1))
    assert not past.index
    assert past.reasons == ("expired",)


def test_a_date_that_cannot_be_read_is_left_out() -> None:
    assert page_rights(tags("unavailable_after: whenever"), [], now=NOW).rights == Rights()


@pytest.mark.parametrize(
    ("header", "meta", "file", "reserved"),
    [
        ("1", None, None, True),
        ("0", None, "1", False),
        (None, "1", None, True),
        (None, "0", "1", False),
        ("0", "1", None, True),
        (None, None, "1", True),
        (None, None, "0", False),
        ("maybe", None, "1", True),
    ],
)
def test_the_page_beats_the_file_and_a_reservation_beats_none(
    header: str | None, meta: str | None, file: str | None, reserved: bool
) -> None:
    headers = {"TDM-Reservation": header} if header else {}
    metas = [("tdm-reservation", meta)] if meta else []
    tdmrep = json.dumps([{"location": "/", "tdm-reservation": int(file)}]) if file else None
    found = page_rights(headers, metas, now=NOW, url="https://x.example/a", tdmrep=tdmrep)
    assert (NO_AI in found.rights.directives) is reserved


@pytest.mark.parametrize(
    ("path", "reserved"),
    [
        ("/", True),
        ("/a.html", True),
        ("/free/a", False),
        ("/free/paid/a", True),
        ("/x/a.jpg", False),
        ("/x/a.jpgs", True),
    ],
)
def test_the_longest_location_of_a_file_decides(path: str, reserved: bool) -> None:
    rules = [
        {"location": "/", "tdm-reservation": 1, "tdm-policy": "https://x.example/policy"},
        {"location": "/free/", "tdm-reservation": 0},
        {"location": "/free/paid*", "tdm-reservation": "1"},
        {"location": "/*.jpg$", "tdm-reservation": 0},
    ]
    assert tdmrep_reserves(json.dumps(rules), f"https://x.example{path}") is reserved


@pytest.mark.parametrize("body", ["", "<html>", "null", "[1]", "[" * 100_000, '{"location": 1}', "[{}]"])
def test_a_file_that_is_none_says_nothing(body: str) -> None:
    assert not tdmrep_reserves(body, "/a")


def test_preferences_on_use_reserve() -> None:
    assert page_rights({"content-usage": "train-ai=n"}, [], now=NOW).rights.directives == (NO_AI,)
    assert page_rights({"content-usage": "search=y, ai-use=n"}, [], now=NOW).reasons == ("content_usage",)
    assert page_rights({"content-usage": "ai-use=y, train-ai=n"}, [], now=NOW).rights.directives == ()
    assert page_rights({}, [], now=NOW, robots_reserves=True).reasons == ("robots_reservation",)


def test_a_licence_lifts_reservations_and_nothing_else() -> None:
    found = page_rights(
        [("X-Robots-Tag", "noindex, noai, noarchive"), ("tdm-reservation", "1")],
        [],
        now=NOW,
        robots_reserves=True,
        licensed=True,
    )
    assert found.rights.directives == (NOARCHIVE,)
    assert not found.index
    assert found.reasons[-1] == "licensed"


@given(st.lists(st.tuples(st.sampled_from(["X-Robots-Tag", "tdm-reservation", "Content-Usage"]), st.text(max_size=60))))
def test_no_statement_breaks_the_judgement(headers: list[tuple[str, str]]) -> None:
    found = page_rights(headers, [("robots", value) for _, value in headers], now=NOW)
    assert found.rights.max_snippet is None or found.rights.max_snippet > 0
    assert found.rights.expires_at is None or found.rights.expires_at.tzinfo is not None


@given(st.text(alphabet="abc:,- ;", max_size=40))
def test_a_refusal_stands_whatever_follows_it(rest: str) -> None:
    assert not page_rights(tags(f"noindex, {rest}"), [], now=NOW).index

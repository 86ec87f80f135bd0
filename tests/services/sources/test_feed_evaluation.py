"""The measure of feed reading counts what it says, and the floor holds on the labelled feeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.common import SHARED
from services.sources.evaluate import evaluate_feeds
from tests.cli.conftest import run_inside
from tests.require import need
from tests.server import environment_for

FEED = """<rss version="2.0"><channel><title>T</title><item><title>One</title><link>/1</link><author>a@x.org (Ann)</author>
<pubDate>Tue, 03 Mar 2026 10:00:00 +0200</pubDate><description>&lt;p&gt;Text  here&lt;/p&gt;</description></item></channel></rss>"""
RIGHT = {
    "feedType": "rss",
    "title": "T",
    "items": [
        {
            "title": "<b>One</b>",
            "link": "/1",
            "authors": [{"name": "Ann"}],
            "publishedParsed": "2026-03-03T08:00:00Z",
            "description": "Text here",
        }
    ],
}


def folder_of(path: Path, expectation: object, feed: str = FEED) -> Path:
    """A folder with one labelled feed."""
    (path / "one.xml").write_text(feed)
    (path / "one.json").write_text(json.dumps(expectation))
    return path


def test_a_right_reading_agrees_in_every_field(tmp_path: Path) -> None:
    report = evaluate_feeds(folder_of(tmp_path, RIGHT))
    assert (report.feeds, report.expected, report.refused, report.wrong) == (1, 1, {}, [])
    assert dict(report.ours.counted) == {"title": 2, "links": 1, "dates": 1, "authors": 1, "content": 1}
    assert report.ours.overall == report.feedparser.overall == report.ours.whole_share == 1


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("title", {"title": "Two"}),
        ("links", {"link": "/2"}),
        ("dates", {"publishedParsed": "2026-03-03T10:00:00Z"}),
        ("authors", {"authors": [{"name": "Bo"}]}),
        ("content", {"description": "Text there"}),
        ("content", {"description": None}),
        ("dates", {"updatedParsed": "2026-03-03T10:00:00Z"}),
    ],
)
def test_each_kind_of_difference_is_counted_against_its_field(
    tmp_path: Path, field: str, change: dict[str, object]
) -> None:
    wrong = {**RIGHT, "items": [{**RIGHT["items"][0], **change}]}  # type: ignore[dict-item]
    report = evaluate_feeds(folder_of(tmp_path, wrong))
    assert report.ours.agreed[field] == report.ours.counted[field] - 1
    assert report.ours.agreed.total() == report.ours.counted.total() - 1
    assert len(report.wrong) == 1
    assert report.ours.whole_share == 0


def test_a_refused_feed_has_a_reason_and_agrees_in_nothing(tmp_path: Path) -> None:
    report = evaluate_feeds(folder_of(tmp_path, RIGHT, feed="<html/>"))
    assert "web page" in report.refused["one.xml"]
    assert report.ours.agreed.total() == 0 < report.ours.counted.total()


def test_the_command_fails_below_the_least_agreement(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "data")
    (tmp_path / "feeds").mkdir()
    feeds = str(folder_of(tmp_path / "feeds", {**RIGHT, "title": "Other"}))
    failed = run_inside(environment, ("eval", "feeds", feeds))
    assert failed.code == 1
    assert "one.xml" in failed.out
    passed = run_inside(environment, ("--json", "eval", "feeds", feeds, "--least", "0.8"))
    assert passed.json["agreement"]["title"] == 0.5


def test_labelled_feeds_are_read_in_agreement_with_their_expectation() -> None:
    folder = SHARED / "feeds"
    need(folder.exists(), f"No labelled feeds at {folder}: set TIDINGS_SHARED_DATA.")
    report = evaluate_feeds(folder)
    assert report.expected > 500
    assert report.ours.overall >= 0.99, "\n".join(report.wrong)
    assert report.ours.overall > report.feedparser.overall

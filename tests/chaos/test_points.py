"""A fault at each named moment: nothing accepted is lost, doubled, half-deleted, or another tenant's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.jobs import claim
from tests.chaos.points import ACTIONS, POINTS, Point, find, targets
from tests.chaos.runs import Template, actions_for, make_template, replay_command, scenario_of, strike
from tests.crawler.site import Site, news_site

PAGES = 4
# Where more than one call is of interest: the second upload, batch or document.
SECOND_HITS = (
    "upload-commit-after",
    "claim-commit-after",
    "upsert-after",
    "ready-commit-before",
    "purge-blob-after",
    "part-commit-before",
    "part-commit-after",
    "segment-commit-after",
)
# Beside every kill, in each run.
SOME = (
    ("upsert-write", "full", 1),
    ("claim-commit-after", "ahead", 1),
    ("upload-commit-after", "back", 2),
)
EVERY = os.environ.get("TIDINGS_CHAOS_ALL") == "1"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template") / "data")


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "FIRST_RETRY_SECONDS", 0.05)


@pytest.fixture
def site() -> Iterator[Site]:
    site = news_site([f"/page-{number}" for number in range(PAGES)])
    yield site
    site.close()


def runs() -> list[tuple[str, str, int]]:
    """Each point killed once, and SOME; with TIDINGS_CHAOS_ALL=1 every point under every action, and later calls too."""
    if not EVERY:
        return [*((name, "kill", 1) for name in POINTS), *SOME]
    first = [(name, action, 1) for name, point in POINTS.items() for action in actions_for(point, ACTIONS)]
    return first + [(name, action, 2) for name in SECOND_HITS for action in actions_for(POINTS[name], ACTIONS)]


@pytest.mark.parametrize(("name", "action", "hit"), runs(), ids=lambda value: str(value))
def test_a_fault_at_this_point_breaks_nothing(
    name: str, action: str, hit: int, template: Template, tmp_path: Path, site: Site
) -> None:
    wrong = strike(template, tmp_path, name, action, hit, site if scenario_of(POINTS[name]) == "crawl" else None)
    assert wrong == [], replay_command(name, action, hit)


@pytest.mark.skipif("TIDINGS_CHAOS_POINT" not in os.environ, reason="set TIDINGS_CHAOS_POINT to see one run again")
def test_replay_one_point(template: Template, tmp_path: Path, site: Site) -> None:
    name, action = os.environ["TIDINGS_CHAOS_POINT"], os.environ.get("TIDINGS_CHAOS_ACTION", "kill")
    hit = int(os.environ.get("TIDINGS_CHAOS_HIT", "1"))
    assert strike(template, tmp_path, name, action, hit, site if scenario_of(POINTS[name]) == "crawl" else None) == []


def test_every_point_is_a_name_of_the_code() -> None:
    for point in POINTS.values():
        for target in targets(point):
            assert callable(find(target)[2])


def test_a_point_whose_name_is_gone_says_so() -> None:
    with pytest.raises(LookupError, match="no longer in the code"):
        find(targets(Point("services.ingest.pipeline:index_none"))[0])

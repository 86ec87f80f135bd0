"""One run per point and action: a child process meets the fault, this process finishes its work, the oracle judges."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.jobs.tick import take_back
from services.models import Base, Tenant
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from tests.chaos import life
from tests.chaos.oracle import Expected, digest, violations
from tests.chaos.points import POINTS, STEPS, WRITES, Point
from tests.crawler.site import Site
from tests.factories import make_scope, store, text_document
from tests.server import ROOT, environment_for

CHILD_SECONDS = 90
# A second worker cannot share the crawl process's folder, which belongs to the one that started it; and a machine's clock
# is one for both.
NOT_IN_CRAWLER = frozenset({"stall", "duplicate", *STEPS})
BYSTANDER = "canarybystander"
# Blobs that a kill may leave to the hourly sweep: those of one request, and the parts of an upload that just ended.
LITTER = {"life": 1, "book": 3, "crawl": 1}
SETTINGS = {
    "embedder_model": "fake:hash",
    "job_lease_seconds": "2",
    "crawl_delay_seconds": "0.05",
    "crawl_batch_seconds": "20",
    "fetch_seconds": "3",
    "job_attempts": "3",
    "contact": "https://news.example.org/crawler",
}


@dataclass(frozen=True)
class Template:
    """A data folder with two tenants; the second has documents that nobody is to touch."""

    folder: Path
    tenant_id: str
    bystander_id: str
    digest: str


@contextmanager
def opened(folder: Path, **settings: object) -> Iterator[Runtime]:
    """A runtime of this process on a folder, with the model ready."""
    runtime = open_runtime(Settings(data_dir=folder, **{**SETTINGS, **settings}), with_bell=False)  # type: ignore[arg-type]
    runtime.embedder.start()
    runtime.embedder.wait(10)
    try:
        yield runtime
    finally:
        runtime.close()


def make_template(folder: Path) -> Template:
    """Make it; runs begin from copies."""
    with opened(folder) as runtime:
        Base.metadata.create_all(runtime.database)
        scope, bystander = make_scope(runtime, "victim"), make_scope(runtime, "bystander")
        for number in range(2):
            text = life.text_of(f"{BYSTANDER}{number}")
            store(bystander, text_document(text, title=f"Report {BYSTANDER}{number}"))
        return Template(folder, scope.tenant_id, bystander.tenant_id, digest(bystander))


def actions_for(point: Point, actions: tuple[str, ...]) -> list[str]:
    """The faults that make sense at a point."""
    impossible = NOT_IN_CRAWLER if point.scenario == "crawler" else frozenset()
    if point.when != "before" or point.target not in WRITES:
        impossible |= {"full"}
    return [action for action in actions if action not in impossible]


def scenario_of(point: Point) -> str:
    """The scenario to run: the crawl process is started by that of crawling."""
    return "crawl" if point.scenario == "crawler" else point.scenario


def strike(template: Template, folder: Path, name: str, action: str, hit: int, site: Site | None) -> list[str]:
    """Run the scenario with the fault in a child, finish here, and return what the oracle finds wrong."""
    data, marker, history = folder / "data", folder / "marker", folder / "history"
    shutil.copytree(template.folder, data)
    scenario = scenario_of(POINTS[name])
    words = [scenario, template.tenant_id, str(history), *([site.url] if site else [])]
    hosts = [site.host] if site else []
    command = [sys.executable, "-m", "tests.chaos.points", "--point", name, "--hit", str(hit), "--action", action]
    environment = environment_for(data, **SETTINGS, fetch_private_hosts=json.dumps(hosts))
    child = subprocess.run(
        [*command, "--marker", str(marker), "--", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        start_new_session=True,
        check=False,
    )
    if not marker.exists():
        return [f"{name} was never reached (hit {hit}): {child.stderr[-2000:]}"]
    with opened(data, fetch_private_hosts=hosts) as runtime:
        take_back(runtime)
        ours = life.Life(runtime, template.tenant_id, history, site.url if site else "")
        ours.go(life.steps_of(scenario))
        life.settle(runtime)
        return list(judge(runtime, template, scenario, action, site)) + survived(child, action, scenario, name)


def survived(child: subprocess.CompletedProcess[str], action: str, scenario: str, name: str) -> list[str]:
    """A fault that is no kill, or one inside the crawl process, must not end the process that it struck."""
    inside_crawler = POINTS[name].scenario == "crawler"
    if action == "kill" and not inside_crawler:
        return [] if child.returncode < 0 else [f"the child was to be killed and ended with {child.returncode}"]
    return [] if child.returncode == 0 else [f"the child ended with {child.returncode}: {child.stderr[-3000:]}"]


def judge(runtime: Runtime, template: Template, scenario: str, action: str, site: Site | None) -> Iterator[str]:
    """The oracle, and the tenant that nobody touched."""
    expected = life.expected_of(life.steps_of(scenario))
    bystander = Expected(tuple(f"{BYSTANDER}{number}" for number in range(2)))
    everybody = {template.tenant_id: expected, template.bystander_id: bystander}
    yield from violations(runtime, everybody, litter=LITTER[scenario])
    if digest(Scope(runtime, template.bystander_id, "oracle")) != template.digest:
        yield "the other tenant's rows or points changed"
    if site is not None:
        yield from crawl_result(runtime, template, site, may_fail=action == "exception")


def crawl_result(runtime: Runtime, template: Template, site: Site, *, may_fail: bool) -> Iterator[str]:
    """Each page of the site is stored once, and was asked for at most once more than without the fault."""
    pages = sorted(path for path in site.routes if path.startswith("/page-"))
    scope = Scope(runtime, template.tenant_id, "oracle")
    with scope.read() as tx:
        stored = sorted(
            "/" + url.rsplit("/", 1)[-1]
            for url in tx.session.scalars(tx.select_columns(life.Document, life.Document.canonical_url))
        )
        name = tx.session.get_one(Tenant, template.tenant_id).name
    lost = [page for page in pages if page not in stored]
    if stored != pages and not (may_fail and len(lost) <= 1 and len(set(stored)) == len(stored)):
        yield f"{name}: stored {stored} of {pages}"
    for page in pages:
        if len(site.asked(page)) > 2:
            yield f"{page} was fetched {len(site.asked(page))} times"


def replay_command(name: str, action: str, hit: int) -> str:
    """How to see a run again."""
    chosen = f"TIDINGS_CHAOS_POINT={name} TIDINGS_CHAOS_ACTION={action} TIDINGS_CHAOS_HIT={hit}"
    return f"{chosen} {os.path.basename(sys.executable)} -m pytest tests/chaos/test_points.py -k replay"

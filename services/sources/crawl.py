"""One visit to a source, as rows: begin, record the poll, hand out its URLs, finish. Nothing here fetches.

A visit is made by one job and outlives processes: killed at any moment, the next one goes on where the rows stand.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from services.errors import TidingsError
from services.ids import new_id
from services.jobs.events import record
from services.models import CrawlItem, CrawlRun, Source, utc_now
from services.scope import Scope, Tx
from services.sources import parts, repository
from services.sources.etiquette.rights import page_rights
from services.sources.polls import Found, Reading, read_poll
from services.sources.schedule import MIN_INTERVAL, PollOutcome, ScheduleState, after_poll, plan_poll, server_wait
from services.sources.taking import LIMIT_REACHED, add_items, take_up_refused

MANUAL = "manual"
SETTING_MISSING = frozenset({"contact_missing", "egress_denied"})
SETTING_AGAIN = timedelta(minutes=10)
STATE_FIELDS = tuple(ScheduleState.__dataclass_fields__)
# Words for what may go wrong with an answer, by status; other 4xx are `refused`.
STATUS_CODES = {
    401: "forbidden",
    403: "forbidden",
    404: "not_found",
    410: "not_found",
    429: "rate_limited",
    451: "forbidden",
}
# Our words for failures to the schedule's, which weighs them.
SCHEDULE_ERRORS = {
    "unreachable": "connection",
    "timeout": "timeout",
    "dns": "dns",
    "tls": "tls",
    "robots_unreachable": "timeout",
}


@dataclass(frozen=True)
class Answer:
    """What a request brought. `code` and `detail` say why there is no answer; None when there is one.

    `requests` and `took_ms` count everything done for it, redirects included.
    """

    url: str
    final_url: str
    at: datetime
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)
    code: str | None = None
    detail: str = ""
    retry_at: datetime | None = None
    requests: int = 1
    took_ms: int = 0
    tdmrep: str | None = None
    robots_reserves: bool = False

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def problem(self) -> tuple[str, str] | None:
        """A stable word and a sentence for what is wrong with this answer; None for 2xx and 304."""
        if self.code is not None:
            return self.code, self.detail
        if self.status is None or 200 <= self.status < 300 or self.status == 304:
            return None
        code = STATUS_CODES.get(self.status, "server_error" if self.status >= 500 else "refused")
        return code, f"The server answered {self.status}."


@dataclass
class Visit:
    """A source being visited. `poll`: it is due; else only URLs left from before are fetched.

    `parts`: sitemaps of its index left from before; `since`: when all that it showed had been taken up.
    `polled`: the poll was recorded by this process; a visit that ends without it is not over.
    """

    source_id: str
    job_id: str
    run_id: str
    kind: str
    url: str
    poll: bool
    licensed: bool
    category: str | None
    conditional: dict[str, str] = field(default_factory=dict)
    since: datetime | None = None
    parts: tuple[str, ...] = ()
    polled: bool = False


def begin_visit(scope: Scope, source_id: str, job_id: str, *, manual: bool, now: datetime) -> Visit | None:
    """Begin a visit, or go on with the one this job began. None when the source is gone, or paused and not asked for."""
    with scope.write() as tx:
        source = repository.find(tx, source_id)
        if source is None or (source.paused_at is not None and not manual):
            return None
        run = repository.find_run(tx, job_id)
        if run is None:
            run = CrawlRun(
                id=new_id("run"), source_id=source_id, job_id=job_id, trigger=MANUAL if manual else "schedule",
                started_at=now, counts={},
            )  # fmt: skip
            tx.add(run)
        # A person's wish counts until it was fulfilled once.
        poll = source.next_poll_at <= now or (manual and run.http_status is None)
        run.status = "running"
        conditional = _conditional_headers(source, now) if poll else {}
        return Visit(
            source_id, job_id, run.id, source.kind, source.url, poll, source.licence_note is not None, source.category,
            conditional, source.whole_at, () if poll else parts.due(source.parts, now),
        )  # fmt: skip


def record_poll(
    scope: Scope, visit: Visit, answer: Answer, *, network_down: bool = False, part: bool = False
) -> Sequence[str]:
    """Record what a poll brought: new items, the source's next poll, the run's figures. Returns further sitemaps to read.

    `part`: the answer is one of those further sitemaps, which say nothing about the source's schedule.
    """
    reading, problem = _read(scope, visit, answer)
    visit.polled = visit.polled or not part
    rng = random.Random()  # noqa: S311
    with scope.write() as tx:
        source = repository.find(tx, visit.source_id)
        run = repository.find_run(tx, visit.job_id)
        if source is None or run is None:
            return ()
        run.request_count += answer.requests
        run.byte_count += len(answer.content)
        if not part and problem is None:
            # What went wrong at an earlier poll of this visit is over.
            run.error_code = run.error_detail = None
            take_up_refused(tx, source, run.id, scope.runtime.settings.fetch_private_hosts, answer.at)
        added = add_items(tx, source, run, reading, scope.runtime.settings.crawl_run_urls, answer.at)
        if not part:
            outcome = _outcome(source, answer, reading, problem, added, network_down)
            _schedule(source, after_poll(_state_of(source), outcome, answer.at, rng))
            if problem is not None and problem[0] in SETTING_MISSING and not answer.requests:
                # Nobody was asked, and a restart with the setting mends it.
                source.next_poll_at = answer.at + SETTING_AGAIN
            _remember(source, run, answer, reading, problem)
        else:
            _remember_part(source, answer, problem, added)
        _keep_whole(source, run, answer, is_read=part or problem is None)
        record(
            tx, visit.job_id, visit.source_id, "polled", url=answer.final_url, status=answer.status,
            bytes=len(answer.content), ms=answer.took_ms, seen=len(reading.found), new=len(added),
            **({"reason": problem[0], "detail": problem[1]} if problem else {}),
        )  # fmt: skip
        return () if part else parts.due(source.parts, answer.at)


def put_off(scope: Scope, visit: Visit, until: datetime) -> None:
    """The source's host rests past this batch: poll it then."""
    with scope.write() as tx:
        source, run = repository.find(tx, visit.source_id), repository.find_run(tx, visit.job_id)
        if source is not None and run is not None:
            source.next_poll_at = max(source.next_poll_at, until)
            run.status, run.error_code = "interrupted", "waiting"
            run.error_detail = "The host asked to be left alone for a while; the visit goes on by itself."
            record(tx, visit.job_id, visit.source_id, "waiting", url=visit.url, until=until.isoformat())


def put_off_part(scope: Scope, visit: Visit, url: str, until: datetime) -> None:
    """A further sitemap was not asked for: it is read then."""
    with scope.write() as tx:
        source = repository.find(tx, visit.source_id)
        if source is not None:
            source.parts = parts.put_off(source.parts, url, until)


def pending(scope: Scope, visit: Visit, now: datetime, limit: int) -> list[CrawlItem]:
    """URLs of this source that may be fetched now."""
    with scope.read() as tx:
        return list(repository.pending_items(tx, visit.source_id, now, limit))


def finish_visit(scope: Scope, visit: Visit, now: datetime) -> None:
    """End a visit, or mark it `interrupted` while its poll or URLs are still to come: the job then goes on later."""
    with scope.write() as tx:
        run = repository.find_run(tx, visit.job_id)
        if run is None or run.error_code == "waiting":
            return
        source = repository.find(tx, visit.source_id)
        unpolled = visit.poll and not visit.polled and source is not None
        if unpolled and source is not None:
            source.next_poll_at = min(source.next_poll_at, now)
        left = unpolled or _goes_on_at(tx, source, visit.source_id) is not None
        _end(tx, run, now, left=left)


def _end(tx: Tx, run: CrawlRun, now: datetime, *, left: bool) -> None:
    """Write down how a visit ended, or that something is left of it."""
    run.counts = counts = repository.counts_so_far(tx, run)
    failed = run.error_code is not None and run.error_code != LIMIT_REACHED
    bad = counts.get("failed", 0)
    run.status = "interrupted" if left else "failed" if failed else "partial" if bad else "succeeded"
    run.finished_at = None if left else now
    if not left:
        record(tx, run.job_id, run.source_id, "finished", status=run.status, counts=counts)


def resume_at(tx: Tx, source_id: str, job_id: str) -> datetime | None:
    """When an interrupted visit goes on; None when it has ended."""
    run = repository.find_run(tx, job_id)
    source = repository.find(tx, source_id)
    if run is None or source is None or run.status not in ("running", "interrupted"):
        return None
    if source.paused_at is not None and run.trigger != MANUAL:
        # What is left waits in its rows until the source goes on.
        run.status, run.finished_at = "partial", utc_now()
        return None
    left = _goes_on_at(tx, source, source_id)
    polled = run.http_status is not None or run.error_code not in (None, "waiting")
    if left is None and polled and source.next_poll_at > utc_now():
        # The process died after its last URL, before it could say so.
        _end(tx, run, utc_now(), left=False)
        return None
    run.status = "interrupted"
    return min(left or source.next_poll_at, source.next_poll_at)


def _goes_on_at(tx: Tx, source: Source | None, source_id: str) -> datetime | None:
    """When the first URL or further sitemap that is left may be fetched."""
    moments = (repository.next_try(tx, source_id), parts.next_at(source.parts) if source else None)
    return min((moment for moment in moments if moment is not None), default=None)


def _read(scope: Scope, visit: Visit, answer: Answer) -> tuple[Reading, tuple[str, str] | None]:
    """The items that an answer shows, and what is wrong with it."""
    if answer.problem is not None or answer.status == 304:
        return Reading(), answer.problem
    if visit.kind == "page" and not page_rights(answer.headers, (), now=answer.at, url=answer.final_url).follow:
        return Reading(), None
    try:
        reading = read_poll(
            visit.kind, answer.content, headers=answer.headers, content_type=answer.header("content-type"),
            url=answer.final_url, since=visit.since, now=answer.at,
        )  # fmt: skip
    except TidingsError as error:
        return Reading(), (error.code, error.detail)
    return reading, None


def _outcome(
    source: Source,
    answer: Answer,
    reading: Reading,
    problem: tuple[str, str] | None,
    added: Sequence[Found],
    network_down: bool,
) -> PollOutcome:
    dates = [found.published_at for found in reading.found if found.published_at is not None]
    wait = server_wait(
        answer.at, ttl_seconds=reading.ttl_seconds, max_age_seconds=_max_age(answer), retry_at=answer.retry_at,
        expires_at=_date(answer.header("expires")),
    )  # fmt: skip
    validators = {value for value in (source.etag, source.last_modified) if value}
    return PollOutcome(
        status=answer.status,
        error=SCHEDULE_ERRORS.get(problem[0], problem[0]) if problem else None,
        item_count=len(reading.found),
        new_count=len(added),
        dates=dates,
        oldest_new_at=min((found.published_at for found in added if found.published_at), default=None),
        same_validators=bool(validators & {answer.header("etag"), answer.header("last-modified")}),
        wait_seconds=wait,
        network_down=network_down,
    )


def _remember(source: Source, run: CrawlRun, answer: Answer, reading: Reading, problem: tuple[str, str] | None) -> None:
    """What the page about the source shows, and what makes the next poll cheap."""
    run.http_status = answer.status or 0
    source.error_code, source.error_detail = problem or (None, None)
    if problem is not None:
        run.error_code, run.error_detail = problem
        return
    if reading.site_url and not source.site_url:
        source.site_url = reading.site_url
    source.parts = parts.opened(source.parts, reading.parts, answer.at)
    if reading.is_index:
        # Its sitemaps may change while it stays as it is, and tell nothing of its tempo.
        source.etag = source.last_modified = None
    elif answer.status != 304:
        source.etag = (answer.header("etag") or "")[:500] or None
        source.last_modified = (answer.header("last-modified") or "")[:100] or None
    if answer.status != 304:
        source.body_hash = hashlib.sha256(answer.content).hexdigest()


def _remember_part(source: Source, answer: Answer, problem: tuple[str, str] | None, added: Sequence[Found]) -> None:
    """A further sitemap was read, or is read later."""
    code = problem[0] if problem else None
    source.parts = parts.answered(source.parts, answer.url, answer.at, problem=code, retry_at=answer.retry_at)
    if added:
        source.new_at = answer.at


def _keep_whole(source: Source, run: CrawlRun, answer: Answer, *, is_read: bool) -> None:
    """Note that all a source showed was taken up; while it was not, it is soon asked for everything again."""
    if run.error_code == LIMIT_REACHED:
        source.etag = source.last_modified = None
        wait = server_wait(answer.at, max_age_seconds=_max_age(answer), retry_at=answer.retry_at)
        soon = answer.at + max(MIN_INTERVAL, timedelta(seconds=wait))
        source.next_poll_at = min(source.next_poll_at, soon)
    elif is_read and not source.parts:
        source.whole_at = source.succeeded_at


def _conditional_headers(source: Source, now: datetime) -> dict[str, str]:
    named = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
    headers = {name: value for name, value in named.items() if value}
    return headers if plan_poll(_state_of(source), now, has_validators=bool(headers)) else {}


def _state_of(source: Source) -> ScheduleState:
    return ScheduleState(**{name: getattr(source, name) for name in STATE_FIELDS})


def _schedule(source: Source, state: ScheduleState) -> None:
    for name, value in asdict(state).items():
        setattr(source, name, value)


def _max_age(answer: Answer) -> float | None:
    for part in (answer.header("cache-control") or "").lower().split(","):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.strip('" ').isdigit():
            return float(value.strip('" ')[:12])
    return None


def _date(text: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else None

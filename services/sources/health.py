"""How sources fare: one status each with a sentence that says why and what to do, and the figures behind it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.errors import NotFound
from services.models import Source, utc_now
from services.scope import Scope
from services.sources import repository
from services.sources.sources import NOT_FOUND

WINDOW = timedelta(days=14)
# Pages whose reading is judged, and what the latest few are compared with: an alarm within five articles of a change.
JUDGED = 100
LATEST = 5
GOOD_QUALITY = 0.5
# Layout drift: the latest few are mostly bad while those before were mostly good.
DRIFT_BELOW, DRIFT_FROM = 0.4, 0.8
# Silent: nothing new for so many times the usual gap, and at least so long.
SILENT_GAPS = 3.0
SILENT_AT_LEAST = timedelta(days=2)

# Plain words for what a poll ended with: what it means, and what to do.
CAUSES: Mapping[str, str] = {
    "contact_missing": (
        "No contact is set, so foreign sites are not crawled. Set TIDINGS_CONTACT to your page or e-mail address and "
        "restart; it is tried again within ten minutes."
    ),
    "robots_refused": "The site's robots.txt does not allow this address. Ask the site, or choose another address.",
    "robots_unreachable": "The site's robots.txt could not be read, so nothing is fetched until it can. It is tried again by itself.",
    "feed_invalid": "The address no longer gives a feed. Look at it again with 'Add source' and replace it.",
    "not_found": "The address is gone (404 or 410). Look at the site again with 'Add source' and replace it.",
    "forbidden": "The site refuses us (401 or 403). Ask the site for access, or pause the source.",
    "rate_limited": "The site asked us to come more seldom (429); the next visit waits as long as it asked.",
    "server_error": "The site answered with an error of its own. It is tried again by itself.",
    "timeout": "The site did not answer in time. It is tried again by itself.",
    "unreachable": (
        "The site could not be connected to. Check the address, and that this server is online; it is tried again by itself."
    ),
    "egress_denied": (
        "The address is not on the public internet. The operator can allow a host with TIDINGS_FETCH_PRIVATE_HOSTS and a "
        "restart; its pages are then fetched at the next visit."
    ),
    "taken_down": "This domain was taken down. Lift the take-down to crawl it again.",
    "sitemap_invalid": "The address no longer gives a sitemap. Look at the site again with 'Add source' and replace it.",
    "redirects": "The address redirects in a circle. Look at the site again with 'Add source' and replace it.",
    "off_site": "The address redirects to another site. Subscribe to that site if you want it.",
    "broken": "The answer broke off or could not be unpacked. It is tried again by itself.",
    "limit_reached": "It showed more new URLs than one visit takes (TIDINGS_CRAWL_RUN_URLS); the next visit takes the rest.",
    "internal_error": "An unexpected error on our side; the server log has the details. It is tried again by itself.",
    "too_large": "The answer is larger than the limit (TIDINGS_MAX_PAGE_MIB).",
}


@dataclass(frozen=True)
class Summary:
    """A source's status, the sentence for it, and how much it brings."""

    status: str
    detail: str
    items_per_day: float
    document_count: int


@dataclass(frozen=True)
class Health:
    """All figures of one source, as the API shows them."""

    summary: Summary
    counts: dict[str, int]
    days: list[tuple[date, int]]
    extraction_share: float | None
    duplicate_share: float | None
    delay_median_seconds: float | None
    delay_p95_seconds: float | None
    alarms: list[str]


def summaries(scope: Scope, sources: Sequence[Source]) -> dict[str, Summary]:
    """The status of several sources, by id. Cost: two statements, however many; drift is looked for in `health` only."""
    now = utc_now()
    ids = [source.id for source in sources]
    with scope.read() as tx:
        counts = repository.document_counts(tx, ids, now - WINDOW)
        running = repository.crawling(tx, ids)
    found = {}
    for source in sources:
        total, recent = counts.get(source.id, (0, 0))
        per_day = recent / max(1.0, min(WINDOW, now - source.created_at) / timedelta(days=1))
        status, detail = status_of(source, now, per_day, is_running=source.id in running)
        found[source.id] = Summary(status, detail, round(per_day, 2), total)
    return found


def status_of(source: Source, now: datetime, per_day: float, *, is_running: bool) -> tuple[str, str]:
    """One word and one sentence: the first that holds of running, paused, failing, new, silent, ok."""
    if is_running:
        return "running", "Being visited now."
    if source.paused_at is not None:
        return "paused", "Paused: it is not visited until you resume it."
    if source.error_count:
        cause = CAUSES.get(source.error_code or "", source.error_detail or "The last visit failed.")
        times = "once" if source.error_count == 1 else f"{source.error_count} times in a row"
        return "failing", f"Failed {times}. {cause}"
    if source.succeeded_at is None:
        return "new", "Waits for its first visit."
    silence = now - (source.new_at or source.created_at)
    limit = max(SILENT_AT_LEAST, timedelta(days=SILENT_GAPS / per_day) if per_day else SILENT_AT_LEAST)
    if silence > limit:
        days = silence // timedelta(days=1)
        return "silent", f"Nothing new for {days} days, though visits succeed. Check whether the feed has moved."
    return "ok", "Visited as planned."


def health(scope: Scope, source_id: str) -> Health:
    """The figures of one source. Raises NotFound."""
    now = utc_now()
    with scope.read() as tx:
        source = repository.find(tx, source_id)
        if source is None:
            raise NotFound(NOT_FOUND)
        counts = repository.counts_by_state(tx, source_id)
        outcomes = repository.latest_outcomes(tx, source_id, JUDGED)
        moments = repository.moments(tx, source_id, now - WINDOW)
    summary = summaries(scope, [source])[source_id]
    alarms = [summary.detail] if summary.status in ("failing", "silent") else []
    drift = drift_alarm(outcomes)
    if drift:
        alarms.append(drift)
        if summary.status == "ok":
            summary = Summary("drifting", drift, summary.items_per_day, summary.document_count)
    read = judged(outcomes)
    fetched = [state for state, _ in outcomes]
    delays = sorted(
        (ready - max(published, source.created_at)).total_seconds()
        for _, published, ready in moments
        if published and ready and published >= source.created_at
    )
    return Health(
        summary=summary,
        counts=counts,
        days=per_day(moments, now),
        extraction_share=share(read.count(True), len(read)),
        duplicate_share=share(fetched.count("duplicate"), len(fetched)),
        delay_median_seconds=statistics.median(delays) if delays else None,
        delay_p95_seconds=delays[min(len(delays) - 1, int(len(delays) * 0.95))] if delays else None,
        alarms=alarms,
    )


def drift_alarm(outcomes: Sequence[tuple[str, float | None]]) -> str | None:
    """A sentence when the pages of a site stopped being readable, as after a change of its layout."""
    read = judged(outcomes)
    latest, before = read[:LATEST], read[LATEST:]
    if len(latest) < LATEST or len(before) < LATEST:
        return None
    if latest.count(True) / LATEST > DRIFT_BELOW or before.count(True) / len(before) < DRIFT_FROM:
        return None
    return (
        f"{latest.count(False)} of its last {LATEST} pages could not be read well, unlike those before: "
        "the site may have changed its layout. A site rule can say where the text stands."
    )


def judged(outcomes: Sequence[tuple[str, float | None]]) -> list[bool]:
    """Of the pages that were read, whether each gave a useful text; what a paywall shows of it is one, too."""
    return [(quality or 0.0) >= GOOD_QUALITY for state, quality in outcomes if quality is not None or state == "failed"]


def per_day(
    moments: Sequence[tuple[datetime, datetime | None, datetime | None]], now: datetime
) -> list[tuple[date, int]]:
    """How many documents were first seen on each day of the window, the oldest first."""
    counts = Counter(seen.date() for seen, _, _ in moments)
    days = [now.date() - timedelta(days=back) for back in range(WINDOW.days - 1, -1, -1)]
    return [(day, counts[day]) for day in days]


def share(part: int, whole: int) -> float | None:
    """A share of 0..1; None of nothing."""
    return round(part / whole, 3) if whole else None

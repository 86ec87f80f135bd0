"""Taking up what a poll showed: new URLs become rows, changed stories are fetched again, the rest is counted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from services.ids import new_id
from services.ingest.hints import hints_json
from services.ingest.types import Hints
from services.models import CrawlItem, CrawlRun, Source
from services.scope import Tx
from services.sources import repository
from services.sources.etiquette.politeness import host_key
from services.sources.polls import Found, Reading

# A story that changed is fetched again, but not more often than this.
REVISIT_AFTER = timedelta(hours=1)
LIMIT_REACHED = "limit_reached"
# Refusals that end by what people do, without the site's doing.
LIFTABLE = frozenset({"contact_missing", "taken_down"})
# How often a page of an allowed host is tried in all: it may lead on to a host that is not allowed.
DENIED_TRIES = 3


def add_items(tx: Tx, source: Source, run: CrawlRun, reading: Reading, limit: int, now: datetime) -> list[Found]:
    """Add the new ones, take up those that changed, and count the rest as unchanged."""
    known = repository.known_items(tx, source.id, [found.identity for found in reading.found])
    fresh = [found for found in reading.found if found.identity not in known]
    room = max(0, limit - int(run.counts.get("taken", 0)))
    unchanged = 0
    for found in reading.found:
        item = known.get(found.identity)
        if item is None:
            continue
        item.last_seen_at = now
        if item.state != "pending" and (_changed(item, found, now) or _may_be_lifted(item, found)):
            item.state, item.run_id, item.attempts, item.next_try_at = "pending", run.id, 0, now
            item.hints, item.reason, item.detail = hints_json(found.hints), None, None
        elif item.run_id != run.id:
            unchanged += 1
    taken = fresh[:room]
    for found in taken:
        tx.add(_item(source.id, run.id, found, now))
    counts = dict(run.counts)
    counts["taken"] = counts.get("taken", 0) + len(taken)
    counts["unchanged_seen"] = counts.get("unchanged_seen", 0) + unchanged
    run.counts = counts
    if len(fresh) > room:
        run.error_code = LIMIT_REACHED
        run.error_detail = f"{len(fresh) - room} URLs more than one visit takes ({limit}); the next visit takes them."
    return taken


def take_up_refused(tx: Tx, source: Source, run_id: str, allowed: Collection[str], now: datetime) -> None:
    """Let URLs wait again that were refused for want of a setting that is there now.

    `allowed`: the private hosts (host:port) that may be fetched. Only for a source that answered a poll.
    """
    repository.take_up_refused(tx, source, run_id, now)
    hosts = {host.strip().lower() for host in allowed}
    for item in repository.denied_items(tx, source, DENIED_TRIES) if hosts else ():
        if host_key(item.url).lower() in hosts:
            item.state, item.run_id, item.next_try_at = "pending", run_id, now
            item.reason = item.detail = None


def _item(source_id: str, run_id: str, found: Found, now: datetime) -> CrawlItem:
    return CrawlItem(
        id=new_id("itm"),
        source_id=source_id,
        run_id=run_id,
        identity=found.identity,
        url=found.url,
        hints=hints_json(Hints(title=found.hints.title) if found.refused else found.hints),
        published_at=found.published_at,
        state="refused" if found.refused else "pending",
        reason=found.refused,
        detail=found.detail,
        next_try_at=now,
        first_seen_at=now,
        last_seen_at=now,
    )


def _may_be_lifted(item: CrawlItem, found: Found) -> bool:
    return item.state == "refused" and item.reason in LIFTABLE and not found.refused


def _changed(item: CrawlItem, found: Found, now: datetime) -> bool:
    """Whether a story should be fetched again: another title, or a later date than our look.

    A look that found nothing new (`unchanged`) shows that this publisher's dates mean nothing; then only titles count.
    """
    if found.refused or item.fetched_at is None or now - item.fetched_at < REVISIT_AFTER:
        return False
    if found.hints.title and found.hints.title != item.hints.get("title"):
        return True
    return item.state == "stored" and found.updated_at is not None and item.fetched_at < found.updated_at <= now

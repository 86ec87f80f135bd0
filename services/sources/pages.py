"""One URL to its end: what its answer means, what its publisher allows, and into which single state it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lxml.html import HtmlElement

from services.errors import EngineUnavailable, TakenDown, TidingsError
from services.ingest import repository as documents
from services.ingest.documents import delete_in
from services.ingest.hints import stored_hints
from services.ingest.submit import submit
from services.ingest.tombstones import refuse_taken_down
from services.ingest.types import NO_AI, NOARCHIVE, Hints, RawDocument, Rights
from services.ingest.urls import normalise_url
from services.jobs.events import record
from services.models import CrawlItem, Document
from services.scope import Scope, Tx
from services.sources import repository
from services.sources.crawl import Answer, Visit
from services.sources.etiquette.politeness import is_soft
from services.sources.etiquette.rights import PageRights, page_rights
from services.sources.links import read_page

QUEUE = "ingest"
# Answered failures before a URL is given up, and tries that a dying process may eat.
MAX_TRIES, MAX_CLAIMS = 3, 10
FIRST_RETRY = timedelta(minutes=1)
PASSING = frozenset(
    {"timeout", "unreachable", "dns", "tls", "robots_unreachable", "rate_limited", "server_error", "broken"}
)
REFUSALS = frozenset(
    {
        "forbidden",
        "robots_refused",
        "egress_denied",
        "contact_missing",
        "taken_down",
        "off_site",
        "refused",
        "unsupported_type",
    }
)


@dataclass(frozen=True)
class End:
    """How a URL ended: `state` as in models.CrawlItem, with a stable reason and a sentence."""

    state: str
    reason: str | None = None
    detail: str | None = None
    document_id: str | None = None


def claim(scope: Scope, visit: Visit, item: CrawlItem, now: datetime) -> CrawlItem | None:
    """Take a pending URL in hand. None when it needs no request: it has ended, or its page is already there."""
    with scope.write() as tx:
        taken = repository.claim_item(tx, item.id, item.attempts, now)
        if taken is None:
            return None
        if taken.attempts >= MAX_CLAIMS:
            _end(tx, visit, taken, End("failed", "gave_up", "The crawler stopped each time it fetched this page."), now)
            return None
        try:
            refuse_taken_down(tx, item.url)
        except TakenDown as error:
            _end(tx, visit, taken, End("refused", error.code, error.detail), now)
            return None
        there = documents.find_by_url(tx, item.url) if item.document_id is None else None
        if there is None or there.status == "failed":
            return taken
        # Stored by this source, and the process died before it said so; or brought by another source.
        state = "stored" if there.source_id == visit.source_id else "duplicate"
        _end(tx, visit, taken, End(state, None if state == "stored" else "known_page", None, there.id), now)
        return None


def release(scope: Scope, item: CrawlItem, until: datetime) -> None:
    """Give a URL back without counting the try: it was not asked for."""
    with scope.write() as tx:
        repository.change_pending(tx, item.id, {"attempts": max(item.attempts - 1, 0), "next_try_at": until})


def finish_page(scope: Scope, visit: Visit, item: CrawlItem, answer: Answer) -> End | None:
    """Store what a URL's answer holds and record its end; None when it is tried again later."""
    problem = answer.problem
    if problem is None:
        try:
            end = _store(scope, visit, item, answer)
        except EngineUnavailable:
            raise
        except TidingsError as error:
            end = End("refused" if error.code in REFUSALS else "failed", error.code, error.detail)
    else:
        later = _later(item, problem[0], answer)
        if later is not None:
            _try_again(scope, visit, item, answer, later)
            return None
        end = End("refused" if problem[0] in REFUSALS else "failed", *problem)
    with scope.write() as tx:
        repository.add_traffic(tx, visit.run_id, answer.requests, len(answer.content))
        if end.state == "reserved":
            _withdraw(tx, visit, item, answer, keep=end.document_id)
        _end(tx, visit, item, end, answer.at, answer)
    if end.document_id is not None:
        _forget_if_removed(scope, visit, end.document_id)
    return end


def _withdraw(tx: Tx, visit: Visit, item: CrawlItem, answer: Answer, *, keep: str | None) -> None:
    """Delete what an earlier visit stored of a page that its publisher reserves now, but for `keep`."""
    address = normalise_url(answer.final_url)
    earlier = documents.find(tx, item.document_id) if item.document_id is not None else None
    for document in (earlier, documents.find_by_url(tx, address)):
        if document is None or document.id == keep or document.status == "deleting":
            continue
        of_item = document.id == item.document_id
        is_own = document.source_id == visit.source_id
        # Bytes that another URL of the source gives too are that URL's own.
        same_page = document.canonical_url in (address, normalise_url(item.url))
        if (of_item or is_own) and (same_page or (is_own and not repository.has_other_item(tx, document.id, item.id))):
            delete_in(tx, document)


def _forget_if_removed(scope: Scope, visit: Visit, document_id: str) -> None:
    """Delete a page whose source was removed while it was fetched; an earlier version stays, as the source's others do."""
    with scope.write() as tx:
        document = documents.find(tx, document_id)
        if document is None or document.source_id != visit.source_id or repository.find(tx, visit.source_id):
            return
        if document.version == 1:
            delete_in(tx, document)
        else:
            document.source_id = None


def _store(scope: Scope, visit: Visit, item: CrawlItem, answer: Answer) -> End:
    """Submit the page, or what its publisher lets us keep of it."""
    hints = _hints(visit, item)
    found = _rights(visit, answer)
    reasons = ", ".join(found.reasons)
    if not found.index:
        reason = "expired" if "expired" in found.reasons else "noindex"
        return End("reserved", reason, f"The publisher does not want this page to be kept ({reasons}).")
    if not {NOARCHIVE, NO_AI} & set(found.rights.directives):
        return _submit(scope, visit, item, answer, hints, found.rights)
    reason = next((word for word in found.reasons if word not in ("nosnippet", "nofollow", "max_snippet")), "reserved")
    detail = f"The publisher reserves this page ({reasons}); only what its feed said is kept."
    if hints.text is None:
        return End("reserved", reason, detail)
    text = "\n\n".join(part for part in (hints.title, hints.text) if part)
    raw = RawDocument(
        text.encode(), "text/plain", url=answer.final_url, title=hints.title, fetched_at=answer.at,
        source_id=visit.source_id, hints=hints, rights=found.rights, partial=True,
    )  # fmt: skip
    return End("reserved", reason, detail, submit(scope, raw, queue=QUEUE).document.id)


def _submit(scope: Scope, visit: Visit, item: CrawlItem, answer: Answer, hints: Hints, rights: Rights) -> End:
    raw = RawDocument(
        answer.content, answer.header("content-type"), url=answer.final_url, fetched_at=answer.at,
        source_id=visit.source_id, hints=hints, rights=rights,
    )  # fmt: skip
    submission = submit(scope, raw, queue=QUEUE)
    document = submission.document
    if not submission.duplicate:
        return End("stored", document_id=document.id)
    if document.id == item.document_id:
        return End("unchanged", document_id=document.id)
    if _is_own(document, visit, answer):
        return End("stored", document_id=document.id)
    return End("duplicate", "same_bytes", "Another address gave the same bytes.", document.id)


def _is_own(document: Document, visit: Visit, answer: Answer) -> bool:
    """Whether the stored bytes are this very page, stored by a process that died before it said so."""
    return document.source_id == visit.source_id and document.canonical_url == normalise_url(answer.final_url)


def _rights(visit: Visit, answer: Answer) -> PageRights:
    tree = read_page(answer.content) if _is_html(answer) else None
    return page_rights(
        answer.headers, _metas(tree), now=answer.at, url=answer.final_url, tdmrep=answer.tdmrep,
        robots_reserves=answer.robots_reserves, licensed=visit.licensed,
    )  # fmt: skip


def _is_html(answer: Answer) -> bool:
    content_type = (answer.header("content-type") or "text/html").lower()
    return "html" in content_type or "xml" in content_type


def _metas(tree: HtmlElement | None) -> list[tuple[str, str]]:
    if tree is None:
        return []
    return [(meta.get("name"), meta.get("content")) for meta in tree.xpath("//meta[@name and @content]")]


def _hints(visit: Visit, item: CrawlItem) -> Hints:
    known = stored_hints(item.hints) or Hints()
    return Hints(**{**vars(known), "category": visit.category})


def _later(item: CrawlItem, code: str, answer: Answer) -> datetime | None:
    """When a failure that may pass is tried again; None when it is final."""
    passing = code in PASSING or (answer.status is not None and is_soft(answer.status))
    if not passing or item.attempts >= MAX_TRIES:
        return None
    later: datetime = answer.at + FIRST_RETRY * int(4 ** (item.attempts - 1))
    return max(answer.retry_at or answer.at, later)


def _try_again(scope: Scope, visit: Visit, item: CrawlItem, answer: Answer, later: datetime) -> None:
    problem = answer.problem or ("broken", "")
    with scope.write() as tx:
        repository.add_traffic(tx, visit.run_id, answer.requests, len(answer.content))
        repository.change_pending(
            tx, item.id, {"next_try_at": later, "reason": problem[0], "detail": problem[1], "fetched_at": answer.at}
        )
        _tell(tx, visit, item, "waiting", answer, reason=problem[0], until=later.isoformat())


def _end(tx: Tx, visit: Visit, item: CrawlItem, end: End, at: datetime, answer: Answer | None = None) -> None:
    values: dict[str, Any] = {"state": end.state, "reason": end.reason, "detail": end.detail}
    # What a feed said was for reading the page; the title alone tells later whether the story changed.
    values["hints"] = {name: value for name, value in item.hints.items() if name == "title"}
    if end.document_id is not None:
        values["document_id"] = end.document_id
    if answer is not None:
        values["fetched_at"] = at
    if repository.change_pending(tx, item.id, values):
        _tell(tx, visit, item, end.state, answer, reason=end.reason, detail=end.detail, document_id=end.document_id)


def _tell(tx: Tx, visit: Visit, item: CrawlItem, stage: str, answer: Answer | None, **more: Any) -> None:
    known: dict[str, Any] = {"url": item.url, **more}
    if answer is not None:
        known |= {"status": answer.status, "bytes": len(answer.content), "ms": answer.took_ms}
    record(
        tx, visit.job_id, visit.source_id, stage, **{name: value for name, value in known.items() if value is not None}
    )

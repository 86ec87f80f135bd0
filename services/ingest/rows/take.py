"""The job that makes documents of a table's rows, a batch at a time, each batch and the progress in one transaction.

What is killed goes on behind the last batch that was recorded: no row is lost, and none is there twice. A long table is
taken in turns, so that other work is done in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from textwrap import shorten
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from services.errors import ParseFailed, QuotaReached, TidingsError
from services.ids import new_id
from services.ingest import repository
from services.ingest.extract.records.answers import RECORDS
from services.ingest.extract.records.record import Record, content_of, read_record
from services.ingest.extract.sandbox import Sandbox
from services.ingest.library import repository as library
from services.ingest.library.steer import UNDER_WAY
from services.ingest.library.work import TITLE_CHARACTERS, Unwanted, waited
from services.ingest.pipeline import lane_of
from services.ingest.rows.progress import NO_TEXT, TAKEN_DOWN, Progress, progress_of
from services.ingest.submit import INGEST_JOB, RETRIABLE, ROWS_JOB, UPLOAD_SOURCE, blob_key, quota_words, restart
from services.ingest.types import ROW_MEDIA
from services.ingest.urls import normalise_url, registrable_domain
from services.jobs.claim import Batch, Claimed
from services.jobs.jobs import enqueue
from services.models import Document, DocumentTag, utc_now
from services.scope import Tx

# Rows of one turn, 16 s on two cores under a load of 20: mostly flushing their bytes to disk. The next turn reads the
# file again up to where it goes on.
TURN_ROWS = 1_000
STAGE = "rows"


def take_rows(batch: Batch) -> None:
    """Take a turn at each table; one that cannot be read, or may not go on, fails by itself with what it has so far."""
    for job in batch.jobs:
        batch.go_on()
        try:
            with job.in_log():
                take(batch, job)
        except Unwanted:
            set_aside(batch, job)
        except TidingsError as error:
            # What fails because the process is stopping is not the table's fault.
            batch.go_on()
            batch.fail(job, error)


def take(batch: Batch, job: Claimed) -> None:
    """One turn at one table. Raises Unwanted, ParseFailed, QuotaReached."""
    scope, started = batch.scope, perf_counter()
    with scope.write() as tx:
        table = find(tx, job)
        progress = begun = progress_of(table.rows or {})
        table.status = "processing"
        if not any(step["stage"] == "waiting" for step in table.stages):
            table.stages = [{"stage": name, "milliseconds": took} for name, took in waited(job, table).items()]
        tell(batch, tx, job, table, progress)
    content = scope.runtime.blobs.get(table.blob_key)
    sandbox = scope.runtime.keep(f"sandbox/{lane_of(batch)}", lambda: Sandbox(scope.runtime.settings))
    request = {"plan": asdict(begun.plan), "skip": begun.taken, "limit": TURN_ROWS}
    with closing(sandbox.answers(RECORDS, content, **request)) as told:
        for message in told:
            batch.go_on()
            progress = add(batch, job, records_of(message, after=progress.taken))
    with scope.write() as tx:
        table = find(tx, job)
        table.stages = with_turn(table.stages, round((perf_counter() - started) * 1000))
        if progress.taken - begun.taken == TURN_ROWS:
            batch.defer(tx, job, 0, anew=True)
            return
        # The table itself holds no text, and is not searched.
        table.status = table.stage = "ready"
        table.text, table.embedded, table.ready_at = "", True, utc_now()
        batch.event(tx, job, "ready", row=progress.taken, of=progress.total)
        batch.done(tx, job)


def add(batch: Batch, job: Claimed, records: Sequence[Record]) -> Progress:
    """Make documents of some rows: their bytes first, then rows, jobs and the progress in one transaction.

    Raises QuotaReached when not all of them may be taken; those that may were.
    """
    scope = batch.scope
    digests = [hashlib.sha256(content_of(record)).hexdigest() for record in records]
    with scope.read() as tx:
        known = repository.by_hash(tx, digests)
    new: dict[str, Document] = {}
    for record, digest in zip(records, digests, strict=True):
        if record.text and digest not in known and digest not in new:
            content = content_of(record)
            new[digest] = document_of(record, digest, len(content), table_id=job.subject_id)
            new[digest].blob_key = blob_key(scope.tenant_id, new[digest].id)
            scope.runtime.blobs.put(new[digest].blob_key, content)
    with scope.write() as tx:
        table = find(tx, job)
        progress = store(tx, batch, table, list(zip(records, digests, strict=True)), new)
        table.rows = progress.json()
        tell(batch, tx, job, table, progress)
    # What another upload stored meanwhile, or there was no room for: it was not added, and belongs to no tenant.
    for document in new.values():
        if document.tenant_id is None:
            scope.runtime.blobs.delete(document.blob_key)
    if progress.taken < records[-1].number:
        most = scope.runtime.settings.max_documents
        raise QuotaReached(f"{progress.taken:,} of {progress.total:,} rows were taken. {quota_words(most)}")
    return progress


def store(
    tx: Tx, batch: Batch, table: Document, rows: Sequence[tuple[Record, str]], new: Mapping[str, Document]
) -> Progress:
    """Add what is new where the table lies, in order, as long as there is room; the progress after that."""
    known = repository.by_hash(tx, [digest for _, digest in rows])
    room = repository.room(tx, batch.scope.runtime.settings.max_documents)
    closed: dict[str, bool] = {}
    skipped: list[tuple[int, str]] = []
    tagged: list[dict[str, str]] = []
    added = duplicates = 0
    for record, digest in rows:
        if not record.text:
            skipped.append((record.number, NO_TEXT))
        elif digest in known:
            duplicates += 1
            try_again(tx, batch, table, known[digest])
        elif is_taken_down(tx, new[digest].source, closed):
            skipped.append((record.number, TAKEN_DOWN))
        elif room < 1:
            break
        else:
            row = known[digest] = new[digest]
            row.folder, row.tags = table.folder, list(table.tags)
            tagged += [{"document_id": row.id, "tag": tag} for tag in row.tags]
            tx.add(row)
            enqueue(tx, INGEST_JOB, row.id, queue=batch.queue)
            added, room = added + 1, room - 1
    tx.add_rows(DocumentTag, tagged)
    return progress_of(table.rows or {}).after(added=added, duplicates=duplicates, skipped=skipped)


def try_again(tx: Tx, batch: Batch, table: Document, document: Document) -> None:
    """A row that was not read when it came before is tried again, as any upload is.

    What a person cancelled of this very table is not.
    """
    if document.status in RETRIABLE and (document.status == "failed" or document.parent_id != table.id):
        restart(document)
        enqueue(tx, INGEST_JOB, document.id, queue=batch.queue)


def is_taken_down(tx: Tx, source: str, closed: dict[str, bool]) -> bool:
    """Whether a row's source lies in a domain that was taken down; `closed` remembers."""
    if source not in closed:
        closed[source] = repository.tombstone_over(tx, source) is not None
    return closed[source]


def document_of(record: Record, digest: str, byte_count: int, *, table_id: str) -> Document:
    """The document of a row, before it is read. Its source is the host of its address, else what the table says."""
    host = host_of(record.url)
    source = host or source_of(record.source)
    return Document(
        id=new_id("doc"),
        version=1,
        type="csv",
        content_type=ROW_MEDIA,
        url=record.url if host else None,
        source=source,
        family=registrable_domain(host) if host else source,
        parent_id=table_id,
        row_number=record.number,
        content_hash=digest,
        byte_count=byte_count,
        title=record.title or shorten(record.text[:1000].split("\n", 1)[0], TITLE_CHARACTERS, placeholder=" …"),
        status="queued",
        stage="received",
        blob_key="",
    )


def host_of(url: str) -> str:
    """The host of an address, without `www.`; nothing for one that is none."""
    try:
        return (urlsplit(normalise_url(url)).hostname or "").removeprefix("www.") if url else ""
    except TidingsError:
        return ""


def source_of(name: str) -> str:
    """What the table calls the source: a host as hosts are written, any other name as it stands."""
    return host_of(f"https://{name}/") if "." in name and " " not in name else name or UPLOAD_SOURCE


def find(tx: Tx, job: Claimed) -> Document:
    """The table; raises Unwanted when it is not to be taken any more, or by a newer job."""
    table = repository.find(tx, job.subject_id, lock=True)
    if table is None or table.status not in UNDER_WAY or not is_newest(tx, job):
        raise Unwanted
    return table


def is_newest(tx: Tx, job: Claimed) -> bool:
    """Whether no other job was made for the table since: of one that was cancelled and tried again there are two."""
    made = library.jobs_of(tx, job.subject_id, ROWS_JOB, "queued", "running", "paused")
    return not made or made[-1].id == job.job_id


def set_aside(batch: Batch, job: Claimed) -> None:
    """End the job of a table that is deleted, cancelled or taken already, or put it aside when that is paused.

    Rows that were added stay.
    """
    with batch.scope.write() as tx:
        table = repository.find(tx, job.subject_id)
        if table is None or table.status == "ready":
            batch.done(tx, job)
        elif not is_newest(tx, job) or table.status not in (*UNDER_WAY, "paused"):
            batch.cancel(tx, job)
        elif table.status == "paused":
            batch.pause(tx, job)
        else:
            # Resumed meanwhile.
            batch.defer(tx, job, 0)


def with_turn(stages: Sequence[dict[str, Any]], milliseconds: int) -> list[dict[str, Any]]:
    """The steps of a table after one more turn of taking rows."""
    before = sum(step["milliseconds"] for step in stages if step["stage"] == STAGE)
    others = [step for step in stages if step["stage"] != STAGE]
    return [*others, {"stage": STAGE, "milliseconds": before + milliseconds}]


def tell(batch: Batch, tx: Tx, job: Claimed, table: Document, progress: Progress) -> None:
    """Say how far it is, if the job is still ours. Raises LeaseLost."""
    batch.hold(tx, job)
    table.stage = STAGE
    batch.event(tx, job, STAGE, row=progress.taken, of=progress.total)


def records_of(message: dict[str, Any], *, after: int) -> list[Record]:
    """The records of a message, which must be the next ones. Raises ParseFailed: the child handled hostile bytes."""
    try:
        records = [read_record(each) for each in message["records"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        records = []
    if not records or [record.number for record in records] != list(range(after + 1, after + 1 + len(records))):
        raise ParseFailed("parser_crash", "The table could not be read. Try saving it anew.")
    return records


def mark_failed(tx: Tx, job: Claimed, code: str, detail: str) -> None:
    """Show on the table why it was not taken, or not all of it; what was taken stays."""
    table = repository.find(tx, job.subject_id)
    if table is not None and table.status in UNDER_WAY:
        taken = progress_of(table.rows or {}).taken
        table.status = table.stage = "failed"
        table.error_code = code
        table.error_detail = (
            detail if not taken or code == QuotaReached.code else f"{taken:,} rows were taken. {detail}"
        )

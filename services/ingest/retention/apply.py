"""Applying rules: every night by a job per tenant, and at once when somebody asks."""

from __future__ import annotations

from datetime import timedelta

import structlog

from services.ingest import repository as documents
from services.ingest.documents import delete_in
from services.ingest.retention import repository
from services.ingest.retention.archive import archive
from services.ingest.retention.rules import draft_of, found, taken
from services.jobs.claim import Batch, Claimed
from services.jobs.jobs import enqueue
from services.models import RetentionRule, utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.tenants.tenants import list_tenants

log = structlog.get_logger()

RETENTION_JOB = "retention"
CLOCK = "clock"
EVERY = timedelta(hours=24)
# Documents taken in one transaction: others of the tenant write in between.
SLICE = 100


def apply_rules(batch: Batch) -> None:
    """Apply all enabled rules of a tenant, or the one that a job is about; told in events and in the log."""
    for job in batch.jobs:
        with batch.scope.read() as tx:
            if job.subject_id == batch.scope.tenant_id:
                wanted = list(repository.rules(tx, only_enabled=True))
            else:
                wanted = [rule for rule in (repository.rule(tx, job.subject_id),) if rule is not None]
        for rule in wanted:
            apply_one(batch, job, rule)
        with batch.scope.write() as tx:
            batch.done(tx, job)


def apply_one(batch: Batch, job: Claimed, rule: RetentionRule) -> None:
    """Take what a rule says, some documents at a time. Interrupted, the next run takes the rest."""
    scope, draft, count = batch.scope, draft_of(rule), 0
    act = delete_in if draft.action == "delete" else archive
    while True:
        batch.go_on()
        with scope.write() as tx:
            # Asked again for each slice: what was cited or filed elsewhere meanwhile is left alone.
            some = repository.oldest(tx, taken(tx, draft.action, draft.conditions, keep_cited=draft.keep_cited), SLICE)
            for document in some:
                act(tx, document)
        count += len(some)
        if len(some) < SLICE:
            break
    with scope.write() as tx:
        stored = repository.rule(tx, rule.id)
        if stored is not None:
            stored.applied_at, stored.applied_count = utc_now(), count
        batch.event(tx, job, "retention", rule=rule.id, action=draft.action, documents=count)
    log.info("retention rule applied", tenant_id=scope.tenant_id, rule_id=rule.id, action=draft.action, documents=count)


def request_apply(scope: Scope, rule_id: str) -> str:
    """Have a rule applied now; returns the job's id, that of one under way when there is one. Raises NotFound."""
    with scope.write() as tx:
        rule = found(tx, rule_id)
        job = documents.open_job(tx, rule.id, RETENTION_JOB)
        return (job or enqueue(tx, RETENTION_JOB, rule.id, queue="maintenance")).id


def enqueue_nightly(runtime: Runtime) -> int:
    """Make the job for each tenant with rules whose last one is a day old; returns how many. Safe in any number of clocks."""
    made = 0
    for tenant in list_tenants(runtime):
        with Scope(runtime, tenant.id, CLOCK).write() as tx:
            documents.tenant(tx, lock=True)
            rules = repository.rules(tx, only_enabled=True)
            last = documents.last_job(tx, RETENTION_JOB, subject_id=tenant.id)
            if rules and (last.created_at if last else rules[0].created_at) < utc_now() - EVERY:
                enqueue(tx, RETENTION_JOB, tenant.id, queue="maintenance", stage=None)
                made += 1
    return made

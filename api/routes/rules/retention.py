"""Retention: rules of what is kept for how long, what they would do, and doing it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import ReadScope, WriteScope
from api.idempotency import Idempotent
from api.schemas.common import Page, Total
from api.schemas.retention import (
    RetentionPreview,
    RetentionRuleBody,
    RetentionRuleResource,
    RetentionRun,
    preview_resource,
    rule_resource,
)
from services.ingest.retention import rules
from services.ingest.retention.apply import request_apply

router = APIRouter(prefix="/v1", tags=["Retention"])


@router.get("/retention_rules")
def retention_rules_list(scope: ReadScope) -> Page[RetentionRuleResource]:
    """All rules, the oldest first."""
    found = [rule_resource(rule) for rule in rules.list_rules(scope)]
    return Page(data=found, total=Total(value=len(found)))


@router.post("/retention_rules", status_code=201, response_model=RetentionRuleResource)
def retention_rules_create(body: RetentionRuleBody, scope: WriteScope, once: Idempotent) -> Response:
    """Add a rule. It is applied the next night; look at its preview before."""
    return once.run(lambda: (201, rule_resource(rules.add_rule(scope, body.to_draft()))), scope=scope, body=body)


@router.post("/retention_preview")
def retention_preview(body: RetentionRuleBody, scope: ReadScope) -> RetentionPreview:
    """What a rule would take if it were applied now, with examples. Changes nothing."""
    return preview_resource(rules.preview(scope, body.to_draft()))


@router.get("/retention_rules/{rule_id}")
def retention_rules_get(rule_id: str, scope: ReadScope) -> RetentionRuleResource:
    """One rule."""
    return rule_resource(rules.get_rule(scope, rule_id))


@router.put("/retention_rules/{rule_id}")
def retention_rules_replace(rule_id: str, body: RetentionRuleBody, scope: WriteScope) -> RetentionRuleResource:
    """Put another rule in the place of one."""
    return rule_resource(rules.change_rule(scope, rule_id, body.to_draft()))


@router.delete("/retention_rules/{rule_id}", status_code=204)
def retention_rules_delete(rule_id: str, scope: WriteScope) -> None:
    """Remove a rule. What it archived or deleted stays so."""
    rules.remove_rule(scope, rule_id)


@router.post("/retention_rules/{rule_id}/apply", status_code=202, response_model=RetentionRun)
def retention_rules_apply(rule_id: str, scope: WriteScope, once: Idempotent) -> Response:
    """Apply a rule now, also one that is not enabled."""
    return once.run(lambda: (202, RetentionRun(job_id=request_apply(scope, rule_id))), scope=scope)

"""What travels with sources: OPML in and out, starter packs, how a domain is read, and what was taken down."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import Operator, ReadScope, WriteScope
from api.idempotency import Idempotent, Reply
from api.routes.sources import source_resources
from api.schemas.common import Page, Total
from api.schemas.sources import (
    Imported,
    OpmlImport,
    Pack,
    RefusedOutline,
    SiteRuleBody,
    SiteRuleResource,
    TakedownRequest,
    TakedownResource,
    TakenDownEverywhere,
)
from services.scope import Scope
from services.sources import packs, site_rules, sources, takedown

router = APIRouter(prefix="/v1", tags=["Sources"])
operator_router = APIRouter(prefix="/v1/admin", tags=["Admin"])


@router.get(
    "/opml",
    response_class=Response,
    responses={200: {"content": {"text/x-opml": {"schema": {"type": "string"}}}}},
)
def opml_export(scope: ReadScope) -> Response:
    """All feeds as an OPML 2.0 file."""
    headers = {"Content-Disposition": 'attachment; filename="tidings.opml"'}
    return Response(sources.export_opml(scope), media_type="text/x-opml", headers=headers)


@router.post("/opml", response_model=Imported)
def opml_import(scope: WriteScope, body: OpmlImport, once: Idempotent) -> Response:
    """Add the feeds of an OPML file; folders are kept. One that is refused does not stop the others."""
    return once.run(lambda: imported(scope, sources.import_opml(scope, body.opml.encode())), scope=scope, body=body)


@router.get("/source_packs")
def source_packs_list(scope: ReadScope) -> Page[Pack]:
    """Starter packs: well-known feeds by field."""
    found = [
        Pack(
            name=pack.name,
            title=pack.title,
            source_count=len(pack.outlines),
            titles=[outline.title for outline in pack.outlines],
        )
        for pack in packs.packs()
    ]
    return Page(data=found, total=Total(value=len(found)))


@router.post("/source_packs/{name}", response_model=Imported)
def source_packs_add(name: str, scope: WriteScope, once: Idempotent) -> Response:
    """Add all feeds of a starter pack."""
    return once.run(
        lambda: imported(scope, sources.import_outlines(scope, packs.find_pack(name).outlines)), scope=scope
    )


@router.get("/site_rules")
def site_rules_list(scope: ReadScope) -> Page[SiteRuleResource]:
    """How the pages of some domains are read where the general reading errs."""
    data = [SiteRuleResource.model_validate(row) for row in site_rules.list_rules(scope)]
    return Page(data=data, total=Total(value=len(data)))


@router.put("/site_rules/{domain}")
def site_rules_put(domain: str, scope: WriteScope, body: SiteRuleBody) -> SiteRuleResource:
    """Say how the pages of a domain are read from now on."""
    return SiteRuleResource.model_validate(site_rules.put_rule(scope, domain, body.model_dump()))


@router.delete("/site_rules/{domain}", status_code=204)
def site_rules_delete(domain: str, scope: WriteScope) -> None:
    """Read the pages of a domain in the general way again."""
    site_rules.remove_rule(scope, domain)


@router.get("/takedowns")
def takedowns_list(scope: ReadScope) -> Page[TakedownResource]:
    """The domains that were taken down, the latest first."""
    data = [TakedownResource.model_validate(row) for row in takedown.list_takedowns(scope)]
    return Page(data=data, total=Total(value=len(data)))


@router.post("/takedowns")
def takedowns_create(scope: WriteScope, body: TakedownRequest) -> TakedownResource:
    """Take a domain down: its documents are gone at once, its sources pause, and it is not fetched again."""
    return TakedownResource.model_validate(takedown.take_down(scope, body.domain, body.reason))


@router.delete("/takedowns/{domain}", status_code=204)
def takedowns_lift(domain: str, scope: WriteScope) -> None:
    """Allow a domain again. What was removed stays removed."""
    takedown.lift(scope, domain)


@operator_router.post("/takedowns")
def takedowns_everywhere(runtime: Operator, body: TakedownRequest) -> TakenDownEverywhere:
    """Take a domain down in every organisation."""
    gone = takedown.take_down_everywhere(runtime, body.domain, body.reason)
    return TakenDownEverywhere(domain=takedown.clean_domain(body.domain), document_count=gone)


@operator_router.delete("/takedowns/{domain}", status_code=204)
def takedowns_lift_everywhere(domain: str, runtime: Operator) -> None:
    """Undo the operator's take-down in every organisation. What was removed stays removed."""
    takedown.lift_everywhere(runtime, domain)


def imported(scope: Scope, done: sources.Imported) -> Reply:
    """The answer to an import."""
    refused = [RefusedOutline(url=url, reason=reason) for url, reason in done.refused]
    return 200, Imported(added=source_resources(scope, done.added), known_count=done.known_count, refused=refused)

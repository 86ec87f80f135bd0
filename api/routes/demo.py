"""The demo: bring it in, see how far it is, take it out."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import ReadScope, WriteScope
from api.idempotency import Idempotent
from api.schemas.demo import DemoStatus
from services.demo import demo

router = APIRouter(prefix="/v1/demo", tags=["Demo"])


@router.get("")
def demo_get(scope: ReadScope) -> DemoStatus:
    """Say how much of the demo is there."""
    return DemoStatus.model_validate(demo.standing(scope))


@router.post("", status_code=202, response_model=DemoStatus)
def demo_load(scope: WriteScope, once: Idempotent) -> Response:
    """Load the demo: its documents are searchable within seconds. What is there already stays as it is."""
    return once.run(lambda: (202, DemoStatus.model_validate(demo.load(scope))), scope=scope)


@router.delete("", status_code=202)
def demo_remove(scope: WriteScope) -> DemoStatus:
    """Remove what came with the demo, and nothing else. It is gone from every read at once."""
    return DemoStatus.model_validate(demo.remove(scope))

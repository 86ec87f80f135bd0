"""The demo as the API shows it."""

from __future__ import annotations

from pydantic import Field

from api.schemas.common import Resource


class DemoStatus(Resource):
    """What is there of the demo pack: invented news of two weeks, to look around with."""

    loaded: bool = Field(description="Whether any of it is there.")
    ready: int
    working: int
    failed: int
    pack_size: int = Field(description="How many documents the pack has.")
    questions: list[str] = Field(description="Questions that show what answers look like.")

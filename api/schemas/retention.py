"""Retention rules, as the API shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.schemas.common import Moment, Request, Resource
from api.schemas.documents import DocumentType
from api.schemas.search import MAX_VALUES, Values
from services.ingest.retention.rules import Conditions, Draft, Preview, draft_of
from services.models import RetentionRule

Days = Annotated[int, Field(ge=0, le=36_500)]
EXAMPLE: JsonDict = {
    "name": "Wire news after 90 days",
    "action": "archive",
    "conditions": {"older_than_days": 90, "source": ["news.example.org"]},
    "keep_cited": True,
}


class RetentionConditions(Request):
    """Which documents. All that are given must hold; values of one are alternatives. At least one is needed."""

    model_config = ConfigDict(strict=True)
    older_than_days: Days | None = None
    age_of: Literal["published", "added"] = Field(
        "published", description="Since when age counts: publication, where that is known, or the day it came in."
    )
    source: Values = Field(default_factory=list, max_length=MAX_VALUES, description="Hosts, or `upload`.")
    folder: Values = Field(default_factory=list, max_length=MAX_VALUES, description="With the folders below.")
    tag: Values = Field(default_factory=list, max_length=MAX_VALUES)
    type: list[DocumentType] = Field(default_factory=list, max_length=MAX_VALUES)
    quality_below: float | None = Field(None, ge=0, le=1)
    partial: bool | None = Field(None, description="Only part of the story is there; false: all of it.")


class RetentionRuleBody(Request):
    """A rule: what happens to which documents every night. Tables themselves, and what is being read, are left alone."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [EXAMPLE]})
    name: str = Field(min_length=1, max_length=200)
    action: Literal["delete", "archive"] = Field(
        description="`archive` takes documents out of search and lists and keeps them; `delete` is for good."
    )
    conditions: RetentionConditions
    keep_cited: bool = Field(True, description="Leave documents alone that stored answers rest on.")
    is_enabled: bool = Field(True, description="Whether it is applied every night.")

    def to_draft(self) -> Draft:
        """The product's draft."""
        given = self.conditions
        return Draft(
            self.name,
            self.action,
            Conditions(
                older_than_days=given.older_than_days,
                age_of=given.age_of,
                sources=tuple(given.source),
                folders=tuple(given.folder),
                tags=tuple(given.tag),
                types=tuple(given.type),
                quality_below=given.quality_below,
                partial=given.partial,
            ),
            self.keep_cited,
            self.is_enabled,
        )


class RetentionRuleResource(Resource):
    """A stored rule. `applied_at`, `applied_count`: the last time, and how many documents it took then."""

    id: str
    name: str
    action: Literal["delete", "archive"]
    conditions: RetentionConditions
    keep_cited: bool
    is_enabled: bool
    created_at: Moment
    applied_at: Moment | None
    applied_count: int


class RetentionExample(Resource):
    """A document that a rule would take."""

    id: str
    title: str
    source: str
    published_at: Moment | None
    first_seen_at: Moment


class RetentionPreview(Resource):
    """What a rule would take now. `kept_cited`: how many more it would but for `keep_cited`; examples, the oldest first."""

    count: int
    kept_cited: int
    examples: list[RetentionExample]


class RetentionRun(Resource):
    """The job that applies a rule."""

    job_id: str


def rule_resource(rule: RetentionRule) -> RetentionRuleResource:
    """A row as the API shows it."""
    draft = draft_of(rule)
    given = draft.conditions
    return RetentionRuleResource(
        id=rule.id,
        name=rule.name,
        action=draft.action,
        conditions=RetentionConditions.model_validate(
            {
                "older_than_days": given.older_than_days,
                "age_of": given.age_of,
                "source": list(given.sources),
                "folder": list(given.folders),
                "tag": list(given.tags),
                "type": list(given.types),
                "quality_below": given.quality_below,
                "partial": given.partial,
            }
        ),
        keep_cited=rule.keep_cited,
        is_enabled=rule.is_enabled,
        created_at=rule.created_at,
        applied_at=rule.applied_at,
        applied_count=rule.applied_count,
    )


def preview_resource(preview: Preview) -> RetentionPreview:
    """A preview as the API shows it."""
    examples = [RetentionExample.model_validate(document) for document in preview.examples]
    return RetentionPreview(count=preview.count, kept_cited=preview.kept_cited, examples=examples)

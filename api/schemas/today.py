"""How news comes in, and searches that people keep."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.common import Moment, Request, Resource
from api.schemas.documents import DocumentCard, document_card
from api.schemas.search import FilterBody
from services.search.query import MAX_QUERY_CHARACTERS
from services.today.briefing import Briefing, Story
from services.today.saved import Change, Kept

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]


class HeartbeatResource(Resource):
    """How news comes in."""

    documents: int = Field(description="That came in the last 24 hours and can be found.")
    outlets: int = Field(description="Of how many hosts these are.")
    watched: int = Field(description="Sources that are visited; paused ones are not.")
    latest_at: Moment | None = Field(description="When the latest document came in, however long ago.")


class StoryResource(Resource):
    """A sentence of a document that tells what is new, at characters [start, end) of its text, in Unicode code points."""

    sentence: str
    document: DocumentCard
    start: int
    end: int
    page: int | None
    outlets: int = Field(description="Other outlets that printed the same text.")


class BriefingResource(Resource):
    """The newest stories: of the last day, or of three or seven days when a day has few.

    Without `is_current` nothing came in the last seven days: they are of the seven days up to the newest.
    """

    stories: list[StoryResource]
    documents: int = Field(
        description="That were published (else first seen) in this time; copies of one text count once."
    )
    since: Moment
    until: Moment
    is_current: bool


class SavedSearchCreate(Request):
    """A search to keep: a query as it is typed, and filters."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Rates", "query": "central bank rates", "filters": {"lang": ["en"]}}]}
    )
    name: Name
    query: str = Field("", max_length=MAX_QUERY_CHARACTERS)
    filters: FilterBody = Field(default_factory=FilterBody)


class SavedSearchChange(Request):
    """What to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Interest rates"}, {"seen": True}]})
    name: Name | None = None
    query: str | None = Field(None, max_length=MAX_QUERY_CHARACTERS)
    filters: FilterBody | None = None
    seen: bool = Field(False, strict=True, description="What it finds now is no longer new.")

    def to_change(self) -> Change:
        """The product's change."""
        filters = None if self.filters is None else self.filters.to_filters()
        return Change(self.name, self.query, filters, self.seen)


class SavedSearchResource(Resource):
    """A search that the person who asks keeps; others do not see it."""

    id: str
    name: str
    query: str
    filters: FilterBody
    new: int = Field(description="Documents it finds that became ready since it was looked at; copies count once.")
    seen_at: Moment
    created_at: Moment


def briefing_resource(found: Briefing) -> BriefingResource:
    """The API's view of the newest stories."""
    return BriefingResource(
        stories=[story_resource(story) for story in found.stories],
        documents=found.documents,
        since=found.since,
        until=found.until,
        is_current=found.is_current,
    )


def story_resource(story: Story) -> StoryResource:
    """The API's view of one story."""
    return StoryResource(
        sentence=story.sentence,
        document=document_card(story.document),
        start=story.start,
        end=story.end,
        page=story.page,
        outlets=story.copies.outlets,
    )


def saved_resource(kept: Kept) -> SavedSearchResource:
    """The API's view of a saved search."""
    row = kept.row
    return SavedSearchResource(
        id=row.id,
        name=row.name,
        query=row.query,
        filters=FilterBody(**row.filters),
        new=kept.new,
        seen_at=row.seen_at,
        created_at=row.created_at,
    )

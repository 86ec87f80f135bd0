"""Sources, what they showed and how they fare, as the API reads and writes them."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from api.schemas.common import Moment, Request, Resource
from services.ingest.types import CATEGORIES

Kind = Literal["feed", "news_sitemap", "sitemap", "page"]
Category = Literal[
    "world", "politics", "business", "technology", "science", "health", "environment", "sport", "culture", "society",
    "crime", "opinion",
]  # fmt: skip
ItemState = Literal["pending", "new", "unchanged", "duplicate", "refused", "reserved", "partial", "failed"]
SourceStatus = Literal["new", "running", "ok", "silent", "drifting", "failing", "paused"]
Address = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"\S")]
Folder = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"\S")]
Domain = Annotated[str, StringConstraints(min_length=1, max_length=253)]
Selector = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Reason = Annotated[str, StringConstraints(min_length=3, max_length=1000, pattern=r"\S")]
MAX_OPML = 900_000

if get_args(Category) != CATEGORIES:
    raise RuntimeError("the API's categories are not the product's")


class DiscoverRequest(Request):
    """An address to look for sources at: of a site, a section, a feed or a sitemap."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://example.org"}]})
    url: Address


class PreviewItem(Resource):
    """One entry that a source shows at present."""

    title: str
    url: str | None
    published_at: Moment | None


class RobotsAnswer(Resource):
    """What the site's robots.txt says to us about this address."""

    allowed: bool
    detail: str = Field(description="The verdict as a sentence.")
    crawl_delay_seconds: float | None


class Candidate(Resource):
    """One thing that can be subscribed to, the most fitting first. `items_per_day` is null without dates to count by."""

    kind: Kind
    url: str
    title: str
    site_url: str | None
    robots: RobotsAnswer
    item_count: int
    items_per_day: float | None
    items: list[PreviewItem]
    source_id: str | None = Field(description="The source that has this address already.")


class Discovery(Resource):
    """What was found at an address. `notes` are sentences about what was tried and not found."""

    url: str
    candidates: list[Candidate]
    notes: list[str]


class SourceCreate(Request):
    """A source to crawl. Without `kind` the address is looked at first and the most fitting source taken."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://example.org/feed.xml", "kind": "feed"}]})
    url: Address
    kind: Kind | None = None
    title: Title | None = None
    folder: Folder | None = None
    category: Category | None = None


class SourceChange(Request):
    """What to change; a field that is left out stays, null empties folder, category and licence note."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"paused": True}]})
    title: Title | None = None
    folder: Folder | None = None
    category: Category | None = None
    paused: bool | None = None
    licence_note: Reason | None = Field(
        None, description="Why this publisher's reservations against mining do not bind you, such as a licence held."
    )

    @field_validator("title", "paused")
    @classmethod
    def given(cls, value: object) -> object:
        """These two cannot be emptied."""
        if value is None:
            raise ValueError("leave the field out, or give a value")
        return value


class SourceOut(Resource):
    """A source and how it fares. `status_detail` is a sentence that says why and what to do."""

    id: str
    kind: Kind
    url: str
    site_url: str | None
    title: str
    folder: str | None
    category: Category | None
    paused: bool
    licence_note: str | None
    created_at: Moment
    status: SourceStatus
    status_detail: str
    interval_seconds: int
    next_poll_at: Moment
    polled_at: Moment | None
    succeeded_at: Moment | None
    new_at: Moment | None
    error_count: int
    error_code: str | None
    error_detail: str | None
    items_per_day: float = Field(description="New documents a day, over the last 14 days or since it was added.")
    document_count: int
    duplicate: bool = Field(False, description="True when this address was a source already.")


class DayCount(Resource):
    """New documents of one day (UTC)."""

    day: str
    count: int


class SourceHealth(Resource):
    """How a source fared lately. Shares are 0..1 over its last 100 fetched pages, null before the first.

    Delays: from publication to searchable, over dated documents of the last 14 days, seconds.
    """

    source_id: str
    status: SourceStatus
    status_detail: str
    counts: dict[ItemState, int]
    days: list[DayCount]
    extraction_share: float | None
    duplicate_share: float | None
    delay_median_seconds: float | None
    delay_p95_seconds: float | None
    alarms: list[str]


class ItemResource(Resource):
    """One URL that a source showed, and what became of it."""

    id: str
    url: str
    title: str
    state: ItemState
    reason: str | None
    detail: str | None
    document_id: str | None
    published_at: Moment | None
    first_seen_at: Moment
    fetched_at: Moment | None


class RunResource(Resource):
    """One visit to a source. `counts` adds up to the URLs it showed."""

    id: str
    trigger: Literal["schedule", "manual"]
    status: Literal["running", "succeeded", "partial", "failed", "interrupted"]
    started_at: Moment
    finished_at: Moment | None
    http_status: int | None
    request_count: int
    byte_count: int
    counts: dict[str, int]
    error_code: str | None
    error_detail: str | None


class RunAccepted(Resource):
    """The crawl was asked for; follow it by the source's events."""

    source_id: str
    job_id: str


class LogEvent(Resource):
    """One step of a crawl."""

    job_id: str
    source_id: str
    at: Moment
    stage: str
    detail: dict[str, str | int | float | bool | None]


class OpmlImport(Request):
    """An OPML file's text."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opml": '<opml version="2.0"><body><outline text="Example" xmlUrl="https://example.org/feed.xml"/></body></opml>'
                }
            ]
        }
    )
    opml: Annotated[str, StringConstraints(min_length=1, max_length=MAX_OPML)]


class RefusedOutline(Resource):
    """An entry that did not become a source."""

    url: str
    reason: str


class Imported(Resource):
    """What an import did."""

    added: list[SourceOut]
    known_count: int
    refused: list[RefusedOutline]


class Pack(Resource):
    """A starter pack of sources."""

    name: str
    title: str
    source_count: int
    titles: list[str]


class SiteRuleBody(Request):
    """Where the parts of a domain's pages stand: XPath when it begins with `/` or `(`, else CSS."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"content": "div.story-body", "remove": "aside"}]})
    content: Selector | None = None
    remove: Selector | None = None
    title: Selector | None = None
    authors: Selector | None = None
    published: Selector | None = None


class SiteRuleResource(Resource):
    """How the pages of one domain are read."""

    domain: str
    content: str | None
    remove: str | None
    title: str | None
    authors: str | None
    published: str | None
    created_at: Moment


class TakedownRequest(Request):
    """A domain to remove, with all its subdomains."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"domain": "example.org", "reason": "Publisher asked on 3 November."}]}
    )
    domain: Domain
    reason: Reason


class TakedownResource(Resource):
    """A domain that was taken down: its documents are gone and it is not fetched again."""

    domain: str
    reason: str
    document_count: int
    by_operator: bool = Field(description="For every organisation; only the operator of the server lifts it.")
    created_at: Moment


class TakenDownEverywhere(Resource):
    """What the operator's take-down removed, over all organisations."""

    domain: str
    document_count: int

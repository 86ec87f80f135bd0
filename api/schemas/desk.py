"""What people think of answers, and what they may ask next."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from api.schemas.common import Moment, Request, Resource
from services.answer.after.feedback import Opinion, Rating, Reason, Tally
from services.models import Answer, AnswerFeedback


class FeedbackGive(Request):
    """An opinion on an answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rating": "down", "reasons": ["missing"], "comment": "It leaves out the second vote."}]
        }
    )
    rating: Rating
    reasons: list[Reason] = Field(default_factory=list, max_length=5, description="Why; each once.")
    comment: str = Field("", max_length=2000)

    def to_opinion(self) -> Opinion:
        """The product's opinion."""
        return Opinion(self.rating, tuple(dict.fromkeys(self.reasons)), self.comment)


class OpinionResource(Resource):
    """What somebody said of an answer."""

    rating: Rating
    reasons: list[Reason]
    comment: str
    updated_at: Moment


class TallyResource(Resource):
    """How an answer fares: your own opinion, and how many there are of each kind."""

    own: OpinionResource | None
    up: int
    down: int


class FeedbackResource(OpinionResource):
    """An opinion with the answer it is on."""

    id: str
    actor_id: str
    answer_id: str
    question: str
    mode: str
    usage: dict[str, Any]


class FollowUpResource(Resource):
    """A question that has an answer."""

    question: str
    source_count: int = Field(description="Documents that tell of what it asks about; copies of one text count once.")


class FollowUps(Resource):
    """Questions to go on with, up to three."""

    data: list[FollowUpResource]


def tally_resource(tally: Tally) -> TallyResource:
    """The API's view of how an answer fares."""
    own = None if tally.own is None else OpinionResource.model_validate(tally.own)
    return TallyResource(own=own, up=tally.up, down=tally.down)


def feedback_resource(row: AnswerFeedback, answer: Answer) -> FeedbackResource:
    """The API's view of an opinion."""
    given = {name: getattr(row, name) for name in ("id", "actor_id", "answer_id", "rating", "reasons", "comment")}
    of = {"question": answer.question, "mode": answer.mode, "usage": answer.usage}
    return FeedbackResource(**given, **of, updated_at=row.updated_at)

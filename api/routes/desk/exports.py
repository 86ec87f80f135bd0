"""Answers to take away as files, and questions to go on with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from api.deps import ReadScope
from api.schemas.desk import FollowUpResource, FollowUps
from services.answer import answer as answers
from services.answer.after.followups import follow_ups
from services.answer.after.markdown import as_markdown
from services.answer.after.material import MEDIA_TYPES, Format, exported
from services.answer.types import Whole

router = APIRouter(prefix="/v1", tags=["Answers"])

FILES = {kind.split(";")[0]: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()}


@router.get("/answers/{answer_id}/export", response_class=Response, responses={200: {"content": FILES}})
def answers_export(answer_id: str, request: Request, scope: ReadScope, format: Format = Format.MD) -> Response:
    """An answer as a file, with its citations, the exact passages and where they are."""
    return file_of([answers.get_answer(scope, answer_id)], format, request)


@router.get("/threads/{thread_id}/export", response_class=Response, responses={200: {"content": FILES}})
def threads_export(thread_id: str, request: Request, scope: ReadScope, format: Format = Format.MD) -> Response:
    """All answers of a thread as a file, in the order in which they were asked."""
    return file_of(answers.get_thread(scope, thread_id), format, request)


@router.get("/answers/{answer_id}/followups")
def followups_list(answer_id: str, scope: ReadScope) -> FollowUps:
    """Up to three questions about what the sources tell and the answer does not; each has an answer."""
    found = follow_ups(scope, answer_id)
    return FollowUps(data=[FollowUpResource.model_validate(each, from_attributes=True) for each in found])


def file_of(wholes: Sequence[Whole], wanted: Format, request: Request) -> Response:
    """The file of these answers, named after the first question."""
    material = [exported(whole, str(request.base_url).rstrip("/")) for whole in wholes]
    if wanted is Format.DOCX:
        # Here, since a start would be 50 ms longer with it.
        from services.answer.after.word import as_docx

        content = as_docx(material)
    else:
        content = as_markdown(material).encode()
    words = re.findall("[a-z0-9]+", material[0].question.lower())[:8]
    name = "-".join(["tidings", *words])
    headers = {"Content-Disposition": f'attachment; filename="{name}.{wanted.value}"'}
    return Response(content, media_type=MEDIA_TYPES[wanted], headers=headers)

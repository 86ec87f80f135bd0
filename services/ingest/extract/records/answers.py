"""What the parser's child answers about a table: its survey, or its records in batches; then the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.errors import ParseFailed
from services.ingest.extract.records.read import read_records
from services.ingest.extract.records.record import plan_of, record_json
from services.ingest.extract.records.survey import survey

# The types of these requests, beside those of documents.
SURVEY, RECORDS = "survey", "records"


def answers(request: dict[str, Any], content: bytes) -> Iterator[dict[str, Any]]:
    """The messages of one request. Raises ParseFailed; whatever hostile bytes cause is `damaged`, except MemoryError."""
    try:
        if request["type"] == SURVEY:
            yield {"survey": survey(content, request["wanted"], request["max_rows"])}
        else:
            plan = plan_of(request["plan"])
            for batch in read_records(content, plan, skip=request["skip"], limit=request["limit"]):
                yield {"records": [record_json(record) for record in batch]}
    except (ParseFailed, MemoryError):
        raise
    except Exception as error:
        raise ParseFailed("damaged", "The table is damaged and could not be read. Try saving it anew.") from error
    yield {"end": True}

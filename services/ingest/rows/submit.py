"""The door for tables taken row by row: the upload becomes a document of type `rows` and a job, once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from time import perf_counter

from services.errors import FieldError, InvalidInput, TooLarge
from services.ingest.rows.options import RowOptions
from services.ingest.rows.preview import survey
from services.ingest.rows.progress import Progress
from services.ingest.submit import BULK, INTERACTIVE, MOST_INTERACTIVE, Submission, accept, new_document
from services.ingest.types import ROWS, TYPES, RawDocument
from services.scope import Scope


def submit_rows(scope: Scope, raw: RawDocument, options: RowOptions) -> Submission:
    """Accept a table whose rows are to be documents; idempotent: the same bytes read the same way are one upload.

    Raises: as `submit`; InvalidInput for columns that are not there, or none with texts; TooLarge for too many rows;
    ParseFailed for a table that cannot be read.
    """
    started = perf_counter()
    found = survey(scope, raw, options)
    if not found.plan.text:
        reason = "say which column holds the texts"
        raise InvalidInput(
            "No column of this table looks like texts. Choose one, or add the table as one document.",
            errors=(FieldError("/options/columns/text", reason),),
        )
    if not found.is_complete and not found.problem:
        most = scope.runtime.settings.max_table_rows
        raise TooLarge(f"The table has more than {most:,} rows, which is the limit. Split it or raise the limit.")
    document = new_document(raw, found.type)
    plan = json.dumps(asdict(found.plan), sort_keys=True).encode()
    document.type, document.content_type = ROWS, TYPES["csv"]
    document.content_hash = hashlib.sha256(ROWS.encode() + plan + raw.content).hexdigest()
    document.rows = Progress(found.plan, found.row_count).json()
    document.stages = [{"stage": "checking", "milliseconds": round((perf_counter() - started) * 1000)}]
    queue = INTERACTIVE if found.row_count <= MOST_INTERACTIVE else BULK
    return accept(scope, document, raw.content, queue=queue)

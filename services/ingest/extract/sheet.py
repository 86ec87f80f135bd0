"""CSV and its kin: a whole table as one document, or one row of it."""

from __future__ import annotations

from services.ingest.extract import Limits
from services.ingest.extract.encoding import SURE, decode
from services.ingest.extract.records.record import read as read_row
from services.ingest.extract.table import read_table, row_text
from services.ingest.types import ROW_MEDIA, Article, RawDocument


def read(raw: RawDocument, limits: Limits) -> Article:
    """Read a table, or a stored row of one: a paragraph per row, `column: value; column: value`, so that each says what it means by itself."""
    if raw.content_type == ROW_MEDIA:
        return read_row(raw, limits)
    decoded = decode(raw.content, raw.content_type)
    table = read_table(decoded.text)
    text = "\n\n".join([*table.preamble, *(line for row in table.rows if (line := row_text(table.header, row)))])
    reasons = ("low_confidence_encoding",) if decoded.confidence < SURE else ()
    return Article(title="", text=text or "; ".join(table.header), quality_reasons=reasons)

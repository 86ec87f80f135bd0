"""What a table is like, and what its rows would become: one pass over the file, which keeps counts and samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

from services.errors import ParseFailed
from services.ingest.extract.clean import one_line
from services.ingest.extract.records.dates import may_be_either, order_of
from services.ingest.extract.records.guess import guess
from services.ingest.extract.records.read import found_encoding, record_of, rows_of, text_of
from services.ingest.extract.records.record import ROLES, Plan, Record, record_json
from services.ingest.extract.table import (
    find_delimiter,
    has_header,
    iterate,
    preamble_rows,
    usual_width,
    without_separator_line,
)

HEAD_ROWS = 200
# What is shown: rows as they stand, rows as documents, columns, values of a column.
SHOWN_ROWS, SHOWN_DOCUMENTS, SHOWN_COLUMNS, SAMPLES = 5, 3, 100, 3
CELL_CHARACTERS, TEXT_CHARACTERS = 160, 600


def survey(content: bytes, wanted: dict[str, Any], max_rows: int) -> dict[str, Any]:
    """Read a table with what the person `wanted` (rows.options), else with what is likely; stops after `max_rows`.

    The answer is what `rows.preview.read_survey` rebuilds. `errors` are pairs of an option and what is wrong with it.
    Raises: ParseFailed when there is no table.
    """
    encoding, confidence = found_encoding(content)
    encoding = wanted.get("encoding") or encoding
    text = text_of(content, encoding)
    delimiter = wanted.get("delimiter") or find_delimiter(text)[0]
    head = _head(text, delimiter)
    preamble = preamble_rows(head)
    head = head[preamble:]
    named = bool(wanted.get("has_header"))
    if wanted.get("has_header") is None:
        named = _names_columns(wanted.get("columns") or {}) or has_header(head)
    header = [one_line(name, CELL_CHARACTERS) for name in head[0]] if named else []
    sample = head[1:] if named else head
    width = max(usual_width(head), len(header))
    guessed = guess(header, sample)
    columns, errors = _columns(wanted.get("columns"), header, width, guessed.roles)
    plan = Plan(encoding, delimiter, named, preamble, **columns)
    order = wanted.get("day_first")
    plan = replace(plan, day_first=_day_first(sample, plan.date) if order is None else bool(order))
    answer = {
        "plan": asdict(plan),
        "errors": errors,
        "confidence": confidence,
        "columns": [_column(number, header, sample) for number in range(min(width, SHOWN_COLUMNS))],
        "column_count": width,
        "roles": {column: role for role, column in guessed.roles.items()},
        "by_rows": guessed.by_rows,
        "sample": [[_cut(cell) for cell in row[:SHOWN_COLUMNS]] for row in sample[:SHOWN_ROWS]],
    }
    certain = order is not None or any(each is not None for each in _orders(sample, plan.date))
    return answer | _pass(text, plan, width, max_rows, certain=certain)


def _head(text: str, delimiter: str) -> list[list[str]]:
    """The first rows, up to the first that cannot be read. Raises ParseFailed when there are none."""
    head: list[list[str]] = []
    try:
        for row in islice(iterate(without_separator_line(text), delimiter, one_line=False), HEAD_ROWS):
            head.append(row)
    except ParseFailed:
        if not head:
            raise
    if not head:
        raise ParseFailed("no_text", "There are no rows in this table.")
    return head


def _pass(text: str, plan: Plan, width: int, max_rows: int, *, certain: bool) -> dict[str, Any]:
    """Read all rows once: how many there are, the first documents, and what to be warned of.

    `certain`: whether the day of a date comes first is known.
    """
    shown: list[dict[str, Any]] = []
    found: Counter[str] = Counter()
    examples: dict[str, tuple[int, str]] = {}
    count, problem, goes_on = 0, "", False
    try:
        for number, row in enumerate(rows_of(text, plan), 1):
            goes_on = number > max_rows
            if goes_on:
                break
            count = number
            record = record_of(number, row, plan)
            for code, value in _oddities(row, record, plan, width):
                found[code] += 1
                examples.setdefault(code, (number, _cut(value)))
            if plan.text and len(shown) < SHOWN_DOCUMENTS:
                shown.append(record_json(replace(record, text=_cut(record.text, TEXT_CHARACTERS))))
    except ParseFailed as error:
        problem = error.detail
    if certain:
        found.pop("ambiguous_date", None)
    return {
        "row_count": count,
        "is_complete": not problem and not goes_on,
        "documents": shown,
        "warnings": [[code, number, *examples[code]] for code, number in found.items()],
        "problem": problem,
    }


def _oddities(row: Sequence[str], record: Record, plan: Plan, width: int) -> Iterator[tuple[str, str]]:
    """What to be warned of about one row, with the value that causes it."""
    if len(row) != width:
        yield "ragged", f"{len(row)} cells"
    if plan.text and not record.text:
        yield "no_text", ""
    if record.date:
        yield "no_date", record.date
    elif plan.date is not None and plan.date < len(row) and may_be_either(row[plan.date]):
        yield "ambiguous_date", row[plan.date]
    if plan.url is not None and plan.url < len(row) and row[plan.url] and not record.url:
        yield "no_url", row[plan.url]


def _columns(
    wanted: dict[str, Any] | None, header: Sequence[str], width: int, guessed: dict[str, int]
) -> tuple[dict[str, Any], list[list[str]]]:
    """The positions of the columns that were asked for, by name or number from 1; and what is wrong with those."""
    if wanted is None:
        roles: dict[str, Any] = {role: guessed.get(role) for role in ROLES if role != "text"}
        return {**roles, "text": (guessed["text"],) if "text" in guessed else ()}, []
    found: dict[str, Any] = {}
    errors: list[list[str]] = []
    for role in ROLES:
        given = wanted.get(role)
        many = given if isinstance(given, list) else [] if given is None else [given]
        positions = [_position(each, header, width) for each in many]
        for each, position in zip(many, positions, strict=True):
            if position is None:
                errors.append([role, _no_column(each, header, width)])
        # A column that is named twenty times is read once.
        known = tuple(dict.fromkeys(position for position in positions if position is not None))
        found[role] = known if role == "text" else next(iter(known), None)
    return found, errors


def _names_columns(wanted: dict[str, Any]) -> bool:
    """Whether a column is asked for by its name: then there must be a header, whatever it looks like."""
    given = [each for value in wanted.values() for each in (value if isinstance(value, list) else [value])]
    return any(isinstance(each, str) for each in given)


def _position(given: Any, header: Sequence[str], width: int) -> int | None:
    if isinstance(given, int):
        return given - 1 if 1 <= given <= width else None
    if given in header:
        return header.index(given)
    folded = [name.casefold() for name in header]
    name = " ".join(str(given).split()).casefold()
    return folded.index(name) if name in folded else None


def _no_column(given: Any, header: Sequence[str], width: int) -> str:
    if isinstance(given, int):
        return f"there are only columns 1 to {width}"
    if not header:
        return f"the columns have no names; give a number from 1 to {width}"
    return f"there is no such column; there are {one_line(', '.join(name for name in header if name), 300)}"


def _day_first(sample: Sequence[Sequence[str]], column: int | None) -> bool:
    """What the dates say by themselves: the side on which something above 12 stands; else day first."""
    orders = _orders(sample, column)
    return orders.count(False) <= orders.count(True)


def _orders(sample: Sequence[Sequence[str]], column: int | None) -> list[bool | None]:
    return [order_of(row[column]) for row in sample if column is not None and column < len(row)]


def _column(number: int, header: Sequence[str], sample: Sequence[Sequence[str]]) -> dict[str, Any]:
    values = dict.fromkeys(_cut(row[number]) for row in sample if number < len(row) and row[number])
    name = header[number] if number < len(header) else ""
    return {"number": number + 1, "name": name, "samples": list(values)[:SAMPLES]}


def _cut(text: str, most: int = CELL_CHARACTERS) -> str:
    line = text[: most * 2] if most == TEXT_CHARACTERS else one_line(text[: most * 4], most)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"

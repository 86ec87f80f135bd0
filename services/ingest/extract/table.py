"""Tables as text files (CSV and its kin): `read_table` finds the cells, `row_text` makes a row readable by itself."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from services.errors import ParseFailed
from services.ingest.extract.clean import MAX_CHARACTERS, tidy

DELIMITERS = (",", ";", "\t", "|")
SEPARATOR_LINE = re.compile(r"""\A["']?sep=(.)["']?\r?\n""", re.IGNORECASE)
# As csv.reader wants them; a quoted cell may hold several.
LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
SAMPLE_ROWS = 100
SAMPLE_CHARACTERS = 200_000
MAX_FIELD_CHARACTERS = 1_000_000
MAX_COLUMNS = 10_000
HEADER_CHARACTERS = 80
# What data looks like and names of columns do not: numbers, amounts, dates, addresses.
DATA = re.compile(r"[-+(]?[\d$€£¥%][\d\s.,:/%$€£¥()+TZ-]*$|\S+@\S+\.\S+$|https?://|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b")
YEAR = re.compile(r"(?:19|20)\d\d$")
# A text is taken for a table only when it looks like one all through; prose has a space after its commas.
LEAST_ROWS, LEAST_COLUMNS = 4, 3
SPACED_SHARE = 0.2
CELL_CHARACTERS = 60


@dataclass(frozen=True)
class Table:
    """Cells as they stand. `header` is empty when the table names no columns; `preamble` are the lines above it."""

    header: tuple[str, ...]
    rows: list[list[str]]
    preamble: tuple[str, ...] = ()


def read_table(text: str) -> Table:
    """Find delimiter, preamble and header, and read all rows; empty ones are left out.

    Raises: ParseFailed `too_complex` past a million characters in a cell or 10,000 columns, `damaged`.
    """
    delimiter, text = find_delimiter(text)
    lines = iterate(text, delimiter)
    head = list(islice(lines, SAMPLE_ROWS))
    start = preamble_rows(head)
    preamble = tuple(" ".join(cell for cell in row if cell) for row in head[:start])
    head = head[start:]
    header: tuple[str, ...] = ()
    if has_header(head):
        header = tuple(head.pop(0))
    rows: list[list[str]] = []
    characters = 0
    for row in chain(head, lines):
        # What a row becomes has the names of the columns in it, too.
        characters += len(row) + sum(map(len, row)) + sum(map(len, header))
        if characters > MAX_CHARACTERS:
            raise ParseFailed("too_complex", "This table is too large to be read as a document. Split it into parts.")
        rows.append(row)
    return Table(header, rows, preamble)


def row_text(header: Sequence[str], row: Sequence[str]) -> str:
    """One row as a line: `column: value` where there are names; empty cells are left out."""
    named = (
        f"{header[column]}: {cell}" if column < len(header) and header[column] else cell
        for column, cell in enumerate(row)
        if cell
    )
    return "; ".join(named)


def looks_tabular(text: str) -> bool:
    """Whether the beginning of a text that nobody calls a table is one: the same columns in each row, short cells."""
    delimiter, text = find_delimiter(text)
    # The last line of a beginning may be half a row.
    try:
        rows = list(islice(iterate(text.rpartition("\n")[0] or text, delimiter), SAMPLE_ROWS))
    except ParseFailed:
        return False
    if len(rows) < LEAST_ROWS or len(rows[0]) < LEAST_COLUMNS or len({len(row) for row in rows}) > 1:
        return False
    spaced = len(re.findall(rf"{re.escape(delimiter)} ", text))
    cells = [cell for row in rows for cell in row]
    is_short = all(len(cell) <= CELL_CHARACTERS for cell in cells)
    return is_short and has_header(rows) and spaced <= len(cells) * SPACED_SHARE


def find_delimiter(text: str) -> tuple[str, str]:
    """The delimiter with which most rows have the same number of cells, and the text without Excel's `sep=` line."""
    named = SEPARATOR_LINE.match(text)
    if named:
        return named[1], without_separator_line(text)
    sample = text[:SAMPLE_CHARACTERS]
    best = max(DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))
    return best, text


def without_separator_line(text: str) -> str:
    """The text without the line with which Excel names the delimiter."""
    named = SEPARATOR_LINE.match(text)
    return text[named.end() :] if named else text


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    """Share of rows with the usual number of cells, nothing for one cell; and that number."""
    if delimiter not in sample:
        return 0.0, 0
    try:
        rows = list(islice(iterate(sample, delimiter), SAMPLE_ROWS))
    except ParseFailed:
        return 0.0, 0
    width = usual_width(rows)
    return (sum(len(row) == width for row in rows) / len(rows), width) if width > 1 else (0.0, 0)


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """The number of cells that most rows have."""
    widths = Counter(len(row) for row in rows)
    return max(widths, key=lambda width: (widths[width], width), default=0)


def iterate(text: str, delimiter: str, *, one_line: bool = True) -> Iterator[list[str]]:
    """Rows that hold something, as they are read; a cell is `one_line`, or has no space around it.

    Raises: ParseFailed `too_complex` past a million characters in a cell or 10,000 columns.
    """
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    lines = (line[0] for line in LINE.finditer(text.replace("\0", "")))
    try:
        for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True):
            if len(row) > MAX_COLUMNS:
                raise ParseFailed(
                    "too_complex", f"This table has more than {MAX_COLUMNS:,} columns. Split it into parts."
                )
            cells = [" ".join(cell.split()) if one_line else cell.strip() for cell in row]
            if any(cells):
                yield cells
    except csv.Error as error:
        raise ParseFailed(
            "too_complex", "A cell of this table is too long to be read. Is a quotation mark open?"
        ) from error


def preamble_rows(head: Sequence[Sequence[str]]) -> int:
    """How many rows stand above the table, such as its name: they fill at most half of the usual columns."""
    width = usual_width(head)
    return next((index for index, row in enumerate(head) if 2 * sum(map(bool, row)) > width), 0)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: short names, each once, none that looks like data."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    names = [tidy(cell) for cell in rows[0]]
    given = [name for name in names if name]
    return (
        len(given) * 2 > len(names)
        and len(set(given)) == len(given)
        and not all(map(YEAR.match, given))
        and not any((DATA.match(name) and not YEAR.match(name)) or len(name) > HEADER_CHARACTERS for name in given)
    )

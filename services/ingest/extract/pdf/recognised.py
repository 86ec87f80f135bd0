"""Recognised lines in reading order, as paragraphs: what MuPDF does for printed text, done for pictures of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from services.ingest.extract.clean import tidy
from services.ingest.extract.pdf.layout import LINE_HYPHEN, Line
from services.ingest.extract.places import Word

# White space is a gutter between columns when it is as wide as a line is high, and prose stands on both sides of it:
# so many lines, of so many words on the mean. Columns of a table have fewer.
COLUMN_LINES, COLUMN_WORDS = 4, 3
# A paragraph ends where the next line is further off, in line heights, than lines usually are; where print changes its
# size; or where a line ends early.
EXTRA_GAP = 0.5
SIZE_CHANGE = 1.25
SHORT_LINE = 0.75


def paragraphs(lines: Sequence[Line]) -> list[str]:
    """Paragraphs of the lines of a page."""
    found = []
    for column in _columns(_in_rows(lines)):
        for group in _groups(column):
            text = LINE_HYPHEN.sub(r"\1\2", tidy("\n".join(line.text for line in group))).replace("\n", " ")
            if text:
                found.append(text)
    return found


def words(lines: Sequence[Line]) -> list[Word]:
    """The words of the lines of a page, in the order of its paragraphs."""
    return [word for column in _columns(_in_rows(lines)) for line in column for word in line.words]


def _in_rows(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.y0 + line.y1, line.x0))


def _columns(lines: list[Line]) -> Iterator[list[Line]]:
    """Parts of a page in reading order: cut at a gutter where there is one, else above the lines that span it."""
    gutter = _gutter(lines)
    if gutter is None:
        yield _rows(lines)
        return
    above: list[Line] = []
    below: list[Line] = []
    for line in lines:
        spans = line.x0 < gutter < line.x1
        if spans and below:
            yield from _sides(below, gutter)
            below = []
        if spans:
            above.append(line)
            continue
        if above:
            yield _rows(above)
            above = []
        below.append(line)
    if above:
        yield _rows(above)
    yield from _sides(below, gutter)


def _sides(lines: list[Line], gutter: float) -> Iterator[list[Line]]:
    """The left column, then the right one; each may have columns of its own."""
    for side in ([line for line in lines if line.x1 <= gutter], [line for line in lines if line.x0 >= gutter]):
        if side:
            yield from _columns(side)


def _gutter(lines: list[Line]) -> float | None:
    """Where prose stands on both sides of a white stripe that few lines cross; None without one."""
    if len(lines) < 2 * COLUMN_LINES:
        return None
    height = median(line.y1 - line.y0 for line in lines)
    best: tuple[int, float] | None = None
    for position in sorted({line.x1 + height / 2 for line in lines}):
        left = [line for line in lines if line.x1 <= position]
        right = [line for line in lines if line.x0 >= position + height / 4]
        across = len(lines) - len(left) - len(right)
        if across * 4 < len(lines) and _is_prose(left) and _is_prose(right):
            best = min(best or (across, position), (across, position))
    return best[1] if best else None


def _is_prose(lines: list[Line]) -> bool:
    words = sum(len(line.text.split()) for line in lines)
    return len(lines) >= COLUMN_LINES and words >= COLUMN_WORDS * len(lines)


def _rows(lines: list[Line]) -> list[Line]:
    """Lines of one column from top to bottom, those beside each other from left to right as one."""
    rows: list[list[Line]] = []
    for line in lines:
        last = rows[-1][-1] if rows else None
        if last and min(line.y1, last.y1) - max(line.y0, last.y0) > 0.5 * min(line.y1 - line.y0, last.y1 - last.y0):
            rows[-1].append(line)
        else:
            rows.append([line])
    joined = []
    for row in rows:
        row.sort(key=lambda line: line.x0)
        x0, y0, x1, y1 = row[0].x0, min(each.y0 for each in row), row[-1].x1, max(each.y1 for each in row)
        text = " ".join(each.text for each in row)
        joined.append(Line(0, x0, y0, x1, y1, text, tuple(word for each in row for word in each.words)))
    return joined


def _groups(lines: list[Line]) -> Iterator[list[Line]]:
    """Lines that are one paragraph."""
    if not lines:
        return
    gaps = [after.y0 - before.y1 for before, after in pairwise(lines)]
    usual = median(gaps) if gaps else 0.0
    right = max(line.x1 for line in lines)
    left = min(line.x0 for line in lines)
    group = [lines[0]]
    for (before, after), gap in zip(pairwise(lines), gaps, strict=True):
        height = before.y1 - before.y0
        sizes = sorted((height, after.y1 - after.y0))
        ends_early = before.x1 < left + (right - left) * SHORT_LINE and not after.text[:1].islower()
        if gap > usual + EXTRA_GAP * height or sizes[1] > SIZE_CHANGE * sizes[0] or ends_early:
            yield group
            group = []
        group.append(after)
    yield group

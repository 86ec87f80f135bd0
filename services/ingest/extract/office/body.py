"""The text of a Word document's body: paragraphs, lists, tables, notes, comments and text boxes, in document order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from typing import Any

from services.ingest.extract.clean import tidy
from services.ingest.extract.office.numbering import Numbering, W, int_of

MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
# How formulas are told on a line: x^2, a/b, (a+b).
MATH_BEFORE = {f"{MATH}oMath": " ", f"{MATH}den": "/", f"{MATH}sup": "^", f"{MATH}sub": "_", f"{MATH}d": "("}
MATH_AFTER = {f"{MATH}oMath": " ", f"{MATH}d": ")"}
# What a reader of the document does not see: removed and hidden text, field codes, readings above characters.
UNSEEN = frozenset(
    f"{W}{name}" for name in ("del", "moveFrom", "delText", "instrText", "delInstrText", "fldData", "rPr", "pPr", "rt")
)
# Elements around paragraphs, rows and runs that say nothing by themselves.
WRAPPERS = frozenset(
    f"{W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "dir", "bdo")
)
BREAKS = {f"{W}tab": " ", f"{W}ptab": " ", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
NOTES = {f"{W}footnoteReference": "footnotes", f"{W}endnoteReference": "endnotes", f"{W}commentReference": "comments"}
# A row is one line while each cell is no longer than this; longer ones are layout, and read cell by cell.
CELL_CHARACTERS = 300


class Kind(Enum):
    """What a block is."""

    TITLE = "title"
    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    ROWS = "rows"


@dataclass(frozen=True)
class Block:
    """A paragraph, a list item or the rows of a table."""

    text: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class Style:
    """What a paragraph style says: its kind and its list (id and level), its own or its parents'."""

    kind: Kind = Kind.TEXT
    list_id: str | None = None
    level: int = 0


@dataclass
class _Line:
    """What was found in one paragraph: its text, and what is read after it."""

    parts: list[str] = field(default_factory=list)
    notes: list[Any] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)


class Body:
    """Reads one document. `notes`: note element by part and id, each is read once, where it is first mentioned."""

    def __init__(self, numbering: Numbering, styles: dict[str, Style], notes: dict[tuple[str, str], Any]) -> None:
        self._numbering = numbering
        self._styles = styles
        self._notes = dict(notes)

    def blocks(self, container: Any) -> Iterator[Block]:
        """The blocks of a body, cell, note or text box."""
        for child in _content(container):
            if child.tag == f"{W}p":
                yield from self._paragraph(child)
            elif child.tag == f"{W}tbl":
                yield from self._table(child)
            elif child.tag in (f"{MATH}oMathPara", f"{MATH}oMath"):
                yield from self._paragraph((child,))

    def _paragraph(self, element: Any) -> Iterator[Block]:
        """What a paragraph, or a run of what stands in one, says; then its text boxes and notes."""
        line = _Line()
        self._collect(element, line)
        text = tidy("".join(line.parts))
        style, list_id, level = self._format(element)
        mark = self._numbering.mark(list_id, level) if list_id and text else ""
        if text:
            kind = Kind.ITEM if mark and style.kind is Kind.TEXT else style.kind
            # A bullet before a heading is ornament, a number is part of it.
            yield Block(text if mark == "- " and kind is not Kind.ITEM else mark + text, kind)
        for box in line.boxes:
            yield from self.blocks(box)
        for note in line.notes:
            yield from self._note(note)

    def _format(self, element: Any) -> tuple[Style, str | None, int]:
        """The paragraph's style, list and level."""
        properties = next((child for child in element if child.tag == f"{W}pPr"), None)
        if properties is None:
            return Style(), None, 0
        named = properties.find(f"{W}pStyle")
        style = self._styles.get(named.get(f"{W}val", ""), Style()) if named is not None else Style()
        if properties.find(f"{W}outlineLvl") is not None and style.kind is Kind.TEXT:
            outline = int_of(properties.find(f"{W}outlineLvl").get(f"{W}val"), 9)
            style = Style(Kind.HEADING, style.list_id, style.level) if outline < 9 else style
        list_id, level = list_of(properties)
        return style, list_id or style.list_id, level if list_id else style.level

    def _collect(self, element: Any, line: _Line) -> None:
        """Gather what a paragraph shows."""
        for child in element:
            tag = child.tag
            if tag == f"{W}t" or tag == f"{MATH}t":
                line.parts.append(child.text or "")
            elif tag in BREAKS:
                line.parts.append(BREAKS[tag])
            elif tag == f"{W}sym":
                line.parts.append(_symbol(child))
            elif tag in NOTES:
                note = self._notes.pop((NOTES[tag], child.get(f"{W}id", "")), None)
                line.notes += [] if note is None else [note]
            elif tag == f"{W}txbxContent":
                line.boxes.append(child)
            elif tag == f"{MC}AlternateContent":
                self._collect(_chosen(child), line)
            elif isinstance(tag, str) and tag not in UNSEEN and not _is_hidden(child):
                line.parts.append(MATH_BEFORE.get(tag, ""))
                self._collect(child, line)
                line.parts.append(MATH_AFTER.get(tag, ""))

    def _note(self, note: Any) -> Iterator[Block]:
        found = list(self.blocks(note))
        if note.tag != f"{W}comment":
            yield from found
        elif found:
            author = tidy(note.get(f"{W}author", ""))
            yield Block(f"Comment ({author}): {flat(found)}" if author else f"Comment: {flat(found)}")

    def _table(self, element: Any) -> Iterator[Block]:
        """Rows as lines, `a | b`; a table that only lays out the page is read cell by cell."""
        above: dict[int, str] = {}
        rows: list[Block] = []
        for row in _content(element):
            if row.tag != f"{W}tr" or row.find(f"{W}trPr/{W}del") is not None:
                continue
            cells = [(cell, list(self.blocks(cell))) for cell in _content(row) if cell.tag == f"{W}tc"]
            texts = _row(cells, above)
            if len(cells) < 2 or max(map(len, texts)) > CELL_CHARACTERS:
                rows += [block for _, blocks in cells for block in blocks]
            elif any(texts):
                rows.append(Block(" | ".join(texts).rstrip(" |"), Kind.ROWS))
        yield from rows


def joined(blocks: Iterable[Block]) -> str:
    """Blocks as a text: items of a list and rows of a table a line each, all else paragraphs."""
    runs = []
    for kind, run in groupby(blocks, key=lambda block: block.kind):
        runs.append(("\n" if kind in (Kind.ITEM, Kind.ROWS) else "\n\n").join(block.text for block in run))
    return "\n\n".join(runs)


def flat(blocks: Iterable[Block]) -> str:
    """Blocks on one line."""
    return " ".join(" ".join(block.text.split()) for block in blocks)


def list_of(properties: Any) -> tuple[str | None, int]:
    """List id and level of paragraph properties; no id when they name none."""
    numbered = properties.find(f"{W}numPr")
    if numbered is None:
        return None, 0
    list_id, level = numbered.find(f"{W}numId"), numbered.find(f"{W}ilvl")
    return (
        None if list_id is None else list_id.get(f"{W}val"),
        0 if level is None else int_of(level.get(f"{W}val")),
    )


def _content(container: Any) -> Iterator[Any]:
    """The children of an element, and those of wrappers among them."""
    for child in container:
        if child.tag in WRAPPERS:
            yield from _content(child)
        elif child.tag == f"{MC}AlternateContent":
            yield from _content(_chosen(child))
        else:
            yield child


def _chosen(alternates: Any) -> Any:
    """The first choice; the fallback says the same to older programs."""
    choice = alternates.find(f"{MC}Choice")
    fallback = alternates.find(f"{MC}Fallback")
    return choice if choice is not None and len(choice) else fallback if fallback is not None else ()


def _row(cells: list[tuple[Any, list[Block]]], above: dict[int, str]) -> list[str]:
    """The texts of a row. A cell that goes on from the row above says again what stands there."""
    texts, column = [], 0
    for cell, blocks in cells:
        properties = cell.find(f"{W}tcPr")
        merge = properties.find(f"{W}vMerge") if properties is not None else None
        span = properties.find(f"{W}gridSpan") if properties is not None else None
        goes_on = merge is not None and merge.get(f"{W}val", "continue") == "continue"
        text = above.get(column, "") if goes_on else flat(blocks)
        above[column] = text
        texts.append(text)
        column += max(1, int_of(span.get(f"{W}val"), 1)) if span is not None else 1
    return texts


def _symbol(element: Any) -> str:
    """A character given by its number; those of symbol fonts mean nothing outside them."""
    try:
        number = int(element.get(f"{W}char", ""), 16)
    except ValueError:
        return ""
    return "" if number < 32 or 0xE000 <= number <= 0xF8FF or number > 0xFFFF else chr(number)


def _is_hidden(run: Any) -> bool:
    if run.tag != f"{W}r":
        return False
    hidden = run.find(f"{W}rPr/{W}vanish")
    return hidden is not None and hidden.get(f"{W}val", "true") not in ("0", "false", "off")

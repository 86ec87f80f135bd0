"""Word documents (DOCX, DOCM, DOTX; Transitional and Strict)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from lxml import etree

from services.errors import ParseFailed
from services.ingest.extract import Limits
from services.ingest.extract.clean import is_file_name, one_line
from services.ingest.extract.office.archive import OLE_SIGNATURE
from services.ingest.extract.office.body import Block, Body, Kind, Style, joined, list_of
from services.ingest.extract.office.numbering import Numbering, W, int_of
from services.ingest.extract.office.package import parse, refusal, text_parts, written
from services.ingest.extract.text import first_line_title
from services.ingest.types import Article, RawDocument

HEADING = re.compile(r"heading [1-9]$")
NOTE_PARTS = ("footnotes", "endnotes", "comments")
NAMES = re.compile(r"[;,&]| and ")
# Separators and notices stand among the notes with a type of their own.
ORDINARY = (None, "normal")
MAX_PARENTS = 20
# What documents made with python-docx say when their maker says nothing.
TEMPLATE_AUTHOR, TEMPLATE_DATE = "python-docx", datetime(2013, 12, 23, 23, 15, tzinfo=UTC)


def read(raw: RawDocument, limits: Limits) -> Article:
    """Read a Word document: what is on its pages, without heads and feet, in document order; notes where they are named.

    Macros, embedded files and pictures are never unpacked, nothing outside is fetched; `active_content` says that such
    things were there. Raises: ParseFailed `encrypted`, `damaged`, `too_complex`, `no_text`.
    """
    if raw.content.startswith(OLE_SIGNATURE):
        raise ParseFailed(
            "encrypted", "This document is protected by a password. Save a copy without one and upload that."
        )
    parts = text_parts(raw.content, limits.max_unpacked_mib * 2**20)
    try:
        document = Document(written(parts))
    except etree.XMLSyntaxError as error:
        raise refusal(error) from error
    part = document.part
    roots = {kind: _root(part, kind) for kind in (*NOTE_PARTS, "numbering")}
    body = Body(Numbering(roots["numbering"]), _styles(document) if "styles" in parts.xml else {}, _notes(roots))
    blocks = list(body.blocks(document.element.body))
    text = joined(blocks)
    properties = document.core_properties if "core" in parts.xml else None
    published = _date(properties)
    return Article(
        title=_title(blocks, properties),
        text=text,
        authors=_authors(properties),
        published_at=published,
        published_from="docx-core" if published else None,
        language=(properties.language or None) if properties else None,
        quality_reasons=("active_content",) if parts.active else (),
    )


def _root(part: Any, kind: str) -> Any | None:
    """The root element of a part that the document names."""
    try:
        related = part.part_related_by(getattr(RELATIONSHIP_TYPE, kind.upper()))
    except KeyError:
        return None
    element = getattr(related, "element", None)
    return parse(related.blob) if element is None else element


def _notes(roots: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """The notes that people wrote, by part and id."""
    return {
        (kind, note.get(f"{W}id", "")): note
        for kind in NOTE_PARTS
        if roots[kind] is not None
        for note in roots[kind]
        if isinstance(note.tag, str) and note.get(f"{W}type") in ORDINARY
    }


def _styles(document: Any) -> dict[str, Style]:
    """What each paragraph style means, parents asked for what it does not say."""
    elements = {style.get(f"{W}styleId", ""): style for style in document.styles.element.iterchildren(f"{W}style")}
    return {style_id: _style(element, elements) for style_id, element in elements.items()}


def _style(element: Any, elements: dict[str, Any]) -> Style:
    kind, list_id, level = Kind.TEXT, None, 0
    for _ in range(MAX_PARENTS):
        name = _value(element, "name").lower()
        outline = element.find(f"{W}pPr/{W}outlineLvl")
        if kind is Kind.TEXT and name == "title":
            kind = Kind.TITLE
        elif kind is Kind.TEXT and (
            HEADING.match(name) or (outline is not None and int_of(outline.get(f"{W}val"), 9) < 9)
        ):
            kind = Kind.HEADING
        properties = element.find(f"{W}pPr")
        if list_id is None and properties is not None:
            list_id, level = list_of(properties)
        element = elements.get(_value(element, "basedOn"))
        if element is None:
            break
    return Style(kind, list_id, level)


def _value(element: Any, tag: str) -> str:
    child = element.find(f"{W}{tag}")
    return "" if child is None else str(child.get(f"{W}val", ""))


def _title(blocks: list[Block], properties: Any | None) -> str:
    """The paragraph that is styled as the title, else what the properties say, else the first heading."""
    own = one_line(properties.title or "", 300) if properties else ""
    first = {
        kind: next((block.text for block in blocks if block.kind is kind), "") for kind in (Kind.TITLE, Kind.HEADING)
    }
    begins = first_line_title(blocks[0].text) if blocks and blocks[0].kind is Kind.TEXT else ""
    return first[Kind.TITLE] or ("" if is_file_name(own) else own) or first[Kind.HEADING] or begins


def _authors(properties: Any | None) -> tuple[str, ...]:
    names = NAMES.split(properties.author or "") if properties else []
    return tuple(name.strip() for name in names if name.strip() not in ("", TEMPLATE_AUTHOR))


def _date(properties: Any | None) -> datetime | None:
    """When it was written, else last changed; never in the future."""
    moment = (properties.created or properties.modified) if properties else None
    if moment is None:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    is_real = moment != TEMPLATE_DATE and moment <= datetime.now(UTC) + timedelta(days=1)
    return moment.astimezone(UTC) if is_real else None

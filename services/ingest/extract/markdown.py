"""Markdown: the words without the marks. Headings, items and table rows become lines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from html import unescape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.ingest.extract import Limits
from services.ingest.extract.clean import tidy
from services.ingest.extract.encoding import SURE, decode
from services.ingest.extract.text import first_line_title, paragraphs
from services.ingest.types import Article, RawDocument

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,10000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
FIELD = re.compile(r"^(title|date|author|authors|lang|language)[ \t]*:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
# What is opened and never closed goes to the end, as browsers read it; searching each time in vain is quadratic.
TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?:script|style)\b.*?(?:</(?:script|style)\s*>|\Z)|</?[a-zA-Z][^<>]*>",
    re.DOTALL | re.IGNORECASE,
)
CONTAINERS = {"bullet_list", "ordered_list", "table"}
ITEM_MARK = re.compile(r"- |\d+[.)] ")


def read(raw: RawDocument, limits: Limits) -> Article:
    """Read Markdown (CommonMark and tables). YAML front matter gives title, date, authors and language."""
    decoded = decode(raw.content, raw.content_type)
    source = tidy_lines(decoded.text)
    fields, body = _front_matter(source)
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    # The parser gives up on what is nested more than 20 deep; then the source itself is the text.
    text = "\n\n".join(block for block in _blocks(tokens) if block) or paragraphs(tidy(body))
    published = _date(fields.get("date", ""))
    authors = fields.get("authors") or fields.get("author", "")
    return Article(
        title=fields.get("title") or _heading(tokens) or first_line_title(text),
        text=text,
        authors=tuple(name.strip(" \"'") for name in authors.strip("[]").split(",")) if authors else (),
        published_at=published,
        published_from="meta" if published else None,
        language=fields.get("lang") or fields.get("language"),
        quality_reasons=("low_confidence_encoding",) if decoded.confidence < SURE else (),
    )


def tidy_lines(text: str) -> str:
    """Tidy that keeps indents and spaces at line ends, which mean something in Markdown."""
    return "\n".join(
        line[: len(line) - len(line.lstrip())] + tidy(line) for line in text.replace("\r\n", "\n").split("\n")
    )


def _front_matter(source: str) -> tuple[dict[str, str], str]:
    match = FRONT_MATTER.match(source)
    if not match:
        return {}, source
    return {name.lower(): value.strip(" \"'") for name, value in FIELD.findall(match[1])}, source[match.end() :]


def _date(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _heading(tokens: list[Token]) -> str:
    """The text of the first top heading."""
    for token, following in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            return _inline(following)
    return ""


def _blocks(tokens: list[Token]) -> Iterable[str]:
    """One string per paragraph; the items of a list and the rows of a table together, a line each."""
    depth, lines, row = 0, list[str](), list[str]()
    for token in tokens:
        if token.type.removesuffix("_open").removesuffix("_close") in CONTAINERS:
            depth += token.nesting
        elif token.type == "list_item_open":
            lines.append(f"{token.info}{token.markup} " if token.info else "- ")
        elif token.type in ("th_open", "td_open"):
            row.append("")
        elif token.type == "tr_close":
            lines.append(" | ".join(row))
            row = []
        elif piece := _piece(token):
            _put(piece, lines, row)
        if depth == 0 and lines:
            yield "\n".join(lines)
            lines = []


def _put(piece: str, lines: list[str], row: list[str]) -> None:
    """Add to the open cell, else to an item that has only its mark, else as a line."""
    if row:
        row[-1] += piece
    elif lines and ITEM_MARK.fullmatch(lines[-1]):
        lines[-1] += piece
    else:
        lines.append(piece)


def _piece(token: Token) -> str:
    if token.type == "inline":
        return _inline(token)
    if token.type in ("fence", "code_block"):
        return token.content.strip("\n")
    return _without_tags(token.content) if token.type == "html_block" else ""


def _inline(token: Token) -> str:
    """Text of an inline token: links and images give their words, line breaks inside a paragraph a space."""
    parts = []
    for child in token.children or []:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type == "image":
            parts.append(_inline(child))
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak":
            parts.append("\n")
    return "".join(parts).strip()


def _without_tags(html: str) -> str:
    return tidy(unescape(TAG.sub(" ", html)))

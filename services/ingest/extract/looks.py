"""How a page of a stored document looks: what may be asked of the parser's child, and what it answers."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import asdict, dataclass
from typing import Any, Literal

from services.ingest.extract.places import Box

Question = Literal["sizes", "picture", "boxes"]
# A page of A4 at 245 dpi: print stays sharp on a phone that is zoomed in, and a picture takes 24 MB while it is drawn.
MAX_PICTURE_PIXELS = 6_000_000
MAX_PICTURE_BYTES = 24 * 2**20


@dataclass(frozen=True)
class PageLook:
    """A question about page `number` (from 1) of a PDF.

    `picture`: at most `width` pixels wide, turned by `turn` quarters against the clock. `boxes`: of the characters
    [start, end) of `text`, which is that of the page. `sizes` is about all pages and needs nothing.
    """

    question: Question
    number: int = 1
    width: int = 0
    turn: int = 0
    text: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Picture:
    """A page as WebP, and its sides in pixels."""

    content: bytes
    width: int
    height: int


def look_json(look: PageLook) -> dict[str, Any]:
    """A question on its way to the child."""
    return asdict(look)


def read_sizes(answer: Any) -> list[tuple[float, float]] | None:
    """Sizes that a child answered. It handled hostile bytes, so they are checked; None when they are not what they should be."""
    try:
        return [(_side(width), _side(height)) for width, height in answer]
    except (TypeError, ValueError, OverflowError):
        return None


def read_picture(answer: Any) -> Picture | None:
    """A picture that a child answered; None when it is none."""
    try:
        content = b64decode(answer["content"], validate=True)
        width, height = int(answer["width"]), int(answer["height"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) <= MAX_PICTURE_BYTES
    return Picture(content, width, height) if is_webp else None


def read_boxes(answer: Any) -> list[Box] | None:
    """Boxes that a child answered; None when they are no parts of a page."""
    try:
        boxes = [Box(*(float(edge) for edge in edges)) for edges in answer]
    except (TypeError, ValueError, OverflowError):
        return None
    return boxes if all(0 <= edge <= 1 for box in boxes for edge in box) else None


def _side(value: Any) -> float:
    side = float(value)
    if not 0 <= side < 1e6:
        raise ValueError("not the side of a page")
    return side

"""What the demo pack holds, read from the plain files beside this one.

`pack/articles/<outlet>/<slug>.md` are articles with front matter, `pack/files/` other documents, which `files.json`
names, and `questions.json` what can be asked of them. Everything is invented: the region of Halvern, its people and its
outlets, whose addresses end in `.example` and lead nowhere (RFC 2606). Dates are days before loading, and no text names
a weekday or a date.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from html import escape
from importlib import resources
from typing import Any, Literal

from services.ingest.types import Hints, RawDocument

FOLDER = resources.files("services.demo") / "pack"
OUTLETS = {
    "brennholtlantern": "Brennholt Lantern",
    "coastandharbour": "Coast & Harbour",
    "halverncourier": "The Halvern Courier",
    "northgatewire": "Northgate Wire",
    "tolmeblatt": "Tolmeblatt",
    "tolmerecord": "Tolme Valley Record",
}
ARTICLE = re.compile(r"\A---\n(.+?)\n---\n\n(.+)\Z", re.DOTALL)
PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta property="og:title" content="{title}"><meta property="og:site_name" content="{outlet}">
<meta name="author" content="{author}"><meta property="article:section" content="{section}"></head>
<body><article><h1>{title}</h1>
{paragraphs}
</article></body></html>
"""
# The kinds of question: one figure or fact; a report that was corrected later; outlets that contradict each other; and
# what nothing in the pack answers.
Kind = Literal["fact", "correction", "contradiction", "absent"]


@dataclass(frozen=True)
class Item:
    """A document of the pack: when it was published, counted back from loading, and how it comes in."""

    days_ago: int
    at: time
    raw: RawDocument

    def dated(self, loaded_at: datetime) -> RawDocument:
        """The document as it is submitted, with the date that loading gives it."""
        day = loaded_at.astimezone(UTC).date() - timedelta(days=self.days_ago)
        hints = replace(self.raw.hints or Hints(), published_at=datetime.combine(day, self.at, UTC))
        return replace(self.raw, hints=hints, fetched_at=loaded_at)


@dataclass(frozen=True)
class Question:
    """A golden question: what is asked, what answers it, and what the answer says.

    `expected` names documents by address, or by title where they have none; all of them belong to the answer when the
    kind is `correction` or `contradiction`, else any. `says`: figures and words that the cited sentences hold.
    """

    text: str
    kind: Kind
    expected: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    offered: bool = False


@cache
def items() -> tuple[Item, ...]:
    """All documents, in the order in which they were published."""
    return tuple(sorted((*_articles(), *_files()), key=lambda item: (-item.days_ago, item.at)))


@cache
def questions() -> tuple[Question, ...]:
    """The golden questions."""
    return tuple(
        Question(
            each["text"],
            each["kind"],
            expected=tuple(each.get("expected", ())),
            says=tuple(each.get("says", ())),
            offered=each.get("offered", False),
        )
        for each in json.loads((FOLDER / "questions.json").read_text(encoding="utf-8"))
    )


def offered() -> Sequence[str]:
    """The questions that people are shown first."""
    return [question.text for question in questions() if question.offered]


def _articles() -> Sequence[Item]:
    """Articles as the pages of their outlets."""
    found = []
    for outlet in OUTLETS:
        for path in (FOLDER / "articles" / outlet).iterdir():
            match = ARTICLE.match(path.read_text(encoding="utf-8"))
            if match is None:
                raise RuntimeError(f"{path.name} in the demo pack has no front matter")
            fields = dict(line.split(": ", 1) for line in match[1].splitlines())
            url = f"https://{outlet}.example/{fields['section']}/{path.name.removesuffix('.md')}"
            found.append(_item(fields, RawDocument(_page(outlet, fields, match[2]), "text/html", url, hints=Hints())))
    return found


def _files() -> Sequence[Item]:
    """The other documents: files with an address as somebody fetched them, without one as somebody uploaded them."""
    found = []
    for fields in json.loads((FOLDER / "files.json").read_text()):
        content = (FOLDER / "files" / fields["file"]).read_bytes()
        raw = RawDocument(
            content,
            mimetypes.guess_type(fields["file"])[0],
            url=fields.get("url"),
            filename=fields["file"],
            title=fields["title"],
            hints=Hints(category=fields["category"]),
        )
        found.append(_item(fields, raw))
    return found


def _item(fields: dict[str, Any], raw: RawDocument) -> Item:
    return Item(int(fields["day"]), time.fromisoformat(fields["time"]), raw)


def _page(outlet: str, fields: dict[str, str], body: str) -> bytes:
    """An article as a web page."""
    paragraphs = "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in body.strip().split("\n\n"))
    known = {name: escape(fields.get(name, "")) for name in ("title", "author", "section")}
    language = fields.get("language", "en")
    return PAGE.format(language=language, outlet=escape(OUTLETS[outlet]), paragraphs=paragraphs, **known).encode()

"""RSS, RDF and Atom: from a tree to a Feed.

Elements are told apart by a short name, `dc:creator` or `title`, whatever prefix or namespace spelling a publisher chose:
known namespaces give their usual prefix, the root's own gives none, and an undeclared prefix is taken as it stands. Each
field then has a list of names, the most specific first.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Literal

from lxml import etree

from services.sources.formats.limits import (
    AUTHORS,
    CATEGORIES,
    CONTENT_CHARS,
    GUID_CHARS,
    ITEMS,
    NAME_CHARS,
    SUMMARY_CHARS,
    TITLE_CHARS,
)
from services.sources.formats.plain import absolute, one_line, parse_date, plain_text, tidy, tree_text
from services.sources.formats.safexml import local_name
from services.sources.types import Feed, FeedItem

NAMESPACES = {
    "http://www.w3.org/2005/atom": "atom",
    "http://purl.org/atom/ns#": "atom",
    "http://purl.org/rss/1.0": "",
    "http://my.netscape.com/rdf/simple/0.9": "",
    "http://channel.netscape.com/rdf/simple/0.9": "",
    "http://backend.userland.com/rss2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/dc/elements/1.1": "dc",
    "http://purl.org/dc/elements/1.0": "dc",
    "http://purl.org/dc/terms": "dcterms",
    "http://purl.org/rss/1.0/modules/content": "content",
    "http://purl.org/rss/1.0/modules/syndication": "sy",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://search.yahoo.com/mrss": "media",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://www.pheedo.com/namespace/pheedo": "pheedo",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.w3.org/1999/xhtml": "xhtml",
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

TITLE = ("title", "dc:title", "atom:title", "media:title")
GUID = ("guid", "id", "atom:id", "dc:identifier")
ORIGINAL = ("feedburner:origlink", "pheedo:origlink")
PUBLISHED = (
    "pubdate",
    "published",
    "issued",
    "dc:date",
    "dcterms:issued",
    "dcterms:created",
    "atom:published",
    "created",
)
UPDATED = ("updated", "modified", "atom:updated", "dcterms:modified", "dc:date")
AUTHOR = ("author", "dc:author", "dc:creator", "itunes:author", "atom:author")
SUMMARY = ("description", "summary", "dc:description", "itunes:summary", "atom:summary", "media:description")
CONTENT = ("content:encoded", "content", "atom:content", "xhtml:body", "xhtml:div")
CATEGORY = ("category", "dc:subject", "itunes:keywords", "atom:category")
AROUND_ITEMS = frozenset(("rss", "rdf", "channel", "items", "item", "feed", "entry"))
LANGUAGE = ("language", "dc:language")
PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
TTL_SECONDS = (60, 2_592_000)
DATE_TRIES = 3
TEXT_TYPES = ("", "text", "html", "xhtml", "text/plain", "text/html", "escaped")
# `name (mail)`, `mail (name)`, `mail name` or `mail`. Possessive, so that no text makes it go back and forth.
MAIL = r"[^\s()<>@]++@[^\s()<>@]++"
PERSON = re.compile(
    rf"(?P<mail>{MAIL})(?:\s*+[(<]?(?P<after>[^()<>]*+)[)>]?)|(?P<name>[^()<>]++)[(<]\s*+(?P<mail2>{MAIL})\s*+[)>]"
)
IMAGE_TAG = re.compile(r"<img\b[^<>]{0,2000}?\bsrc\s*=\s*[\"']([^\"'<>]{1,2048})[\"']", re.IGNORECASE)

Fields = dict[str, list[etree._Element]]


class Namer(dict[str, str]):
    """Short names by lxml tag, worked out once per tag."""

    def __init__(self, root_namespace: str, *, atom: bool) -> None:
        super().__init__()
        self.root_namespace = root_namespace
        self.atom = atom

    def name(self, element: etree._Element) -> str:
        """`prefix:local` in lower case, or `local` for the format's own elements."""
        tag = element.tag
        if tag not in self:
            self[tag] = self._name(tag, element.prefix)
        return self[tag]

    def _name(self, tag: str, prefix: str | None) -> str:
        if tag[0] != "{":
            # An undeclared prefix stays in the tag: `dc:creator`.
            return tag.lower()
        namespace, _, local = tag[1:].rpartition("}")
        namespace = namespace.strip().lower().rstrip("/")
        prefix = "" if namespace == self.root_namespace else NAMESPACES.get(namespace, prefix or "")
        return f"{prefix}:{local}".lower() if prefix else local.lower()


def read(root: etree._Element, url: str) -> Feed:
    """The feed below a root element; links are resolved against xml:base and `url`."""
    names = _namer(root)
    kind = _kind(root)
    channel = root if kind == "atom" or local_name(root) == "channel" else _child(root, "channel")
    fields = _fields(channel, names)
    entry = "entry" if kind == "atom" else "item"
    return Feed(
        kind=kind,
        title=_first_text(fields, TITLE, TITLE_CHARS, one=True) or "",
        site_url=_link(fields, url),
        description=_first_text(fields, ("description", "subtitle", "tagline", *SUMMARY[2:]), SUMMARY_CHARS),
        language=_language(channel, fields) or root.get(XML_LANG),
        items=tuple(_item(element, names, url) for element in _entries(root, names, entry)),
        ttl_seconds=_ttl(fields),
    )


def _item(element: etree._Element, names: Namer, url: str) -> FeedItem:
    fields = _fields(element, names)
    updated_at = _date(fields, UPDATED)
    return FeedItem(
        url=_original(fields, url) or _link(fields, url) or _permalink(fields, url),
        guid=_first_raw(fields, GUID)[:GUID_CHARS] or None,
        title=_first_text(fields, TITLE, TITLE_CHARS, one=True) or "",
        authors=_authors(fields),
        published_at=_date(fields, PUBLISHED) or (updated_at if names.atom else None),
        updated_at=updated_at,
        categories=_categories(fields),
        summary=_first_text(fields, SUMMARY, SUMMARY_CHARS),
        content=_first_text(fields, CONTENT, CONTENT_CHARS),
        language=_language(element, fields),
        image_url=_image(fields, url),
    )


def _namer(root: etree._Element) -> Namer:
    namespace = root.tag[1:].rpartition("}")[0] if root.tag[0] == "{" and local_name(root) != "rdf" else ""
    return Namer(namespace.strip().lower().rstrip("/"), atom=local_name(root) == "feed")


def _kind(root: etree._Element) -> Literal["rss", "atom", "rdf"]:
    return {"feed": "atom", "rdf": "rdf"}.get(local_name(root), "rss")  # type: ignore[return-value]


def _child(root: etree._Element, name: str) -> etree._Element:
    """The first child of that local name, else the root itself: broken feeds leave their channel out."""
    return next((child for child in root if local_name(child) == name), root)


def _entries(root: etree._Element, names: Namer, entry: str) -> Iterator[etree._Element]:
    """Items in the channel, beside it as in RDF, or in one whose end tag is missing.

    Not those inside a field: its text would be read once per level.
    """
    found = (element for element in root.iter(etree.Element) if names.name(element) == entry)
    placed = (element for element in found if element is not root and local_name(element.getparent()) in AROUND_ITEMS)
    return islice(placed, ITEMS)


def _fields(element: etree._Element, names: Namer) -> Fields:
    """Children by short name; those inside media:group count as the element's own."""
    fields: Fields = {}
    for child in element:
        if isinstance(child.tag, str):
            name = names.name(child)
            if name == "media:group":
                for member in child:
                    if isinstance(member.tag, str):
                        fields.setdefault(names.name(member), []).append(member)
            else:
                fields.setdefault(name, []).append(child)
    return fields


def _elements(fields: Fields, wanted: tuple[str, ...]) -> list[etree._Element]:
    return [element for name in wanted if name in fields for element in fields[name]]


def _first_raw(fields: Fields, wanted: tuple[str, ...]) -> str:
    return next((text for element in _elements(fields, wanted) if (text := "".join(element.itertext()).strip())), "")


def _first_text(fields: Fields, wanted: tuple[str, ...], max_chars: int, *, one: bool = False) -> str | None:
    """Plain text of the first named element that has any; on one line if `one`."""
    for element in _elements(fields, wanted):
        if text := _plain(element, max_chars):
            return " ".join(text.split()) if one and "\n" in text else text
    return None


def _plain(element: etree._Element, max_chars: int) -> str:
    """An element's words: child elements, escaped HTML, Atom's plain text and base64."""
    if len(element):
        return tree_text(element, max_chars)
    text = element.text or ""
    kind = element.get("type", "").strip().lower()
    if element.get("mode") == "base64" or (
        kind not in TEXT_TYPES and not kind.startswith("text/") and not kind.endswith("xml")
    ):
        text = _base64(text)
    return tidy(text, max_chars) if kind == "text" else plain_text(text, max_chars)


def _base64(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return text


def _date(fields: Fields, wanted: tuple[str, ...]) -> datetime | None:
    # A few tries: a date that cannot be read costs a hundred times one that can.
    for element in _elements(fields, wanted)[:DATE_TRIES]:
        if found := parse_date(element.text):
            return found
    return None


def _original(fields: Fields, url: str) -> str | None:
    return next((found for element in _elements(fields, ORIGINAL) if (found := absolute(element.text, url))), None)


def _link(fields: Fields, url: str) -> str | None:
    """The page's own address: Atom's first alternate, RSS's last link, an embedded Atom alternate."""
    plain: str | None = None
    for element in fields.get("link", ()):
        href = element.get("href")
        if element.get("rel", "alternate").strip().lower() != "alternate":
            continue
        found = absolute(href if href is not None else element.text, element.base or url)
        if found and href is not None and element.get("rel"):
            return found
        plain = found or plain
    if plain:
        return plain
    for element in fields.get("atom:link", ()):
        if element.get("rel", "alternate").strip().lower() == "alternate" and (
            found := absolute(element.get("href"), element.base or url)
        ):
            return found
    return None


def _permalink(fields: Fields, url: str) -> str | None:
    """An item without a link may name its page in the guid, as RSS 2.0 has it."""
    for element in fields.get("guid", ()):
        text = (element.text or "").strip()
        if element.get("isPermaLink", "true").strip().lower() != "false" and text[:8].lower().startswith(
            ("http://", "https://")
        ):
            return absolute(text, url)
    return None


def _authors(fields: Fields) -> tuple[str, ...]:
    """Names from the first kind of element that has any; a mail address only where there is no name."""
    for name in AUTHOR:
        people = (_person(element) for element in fields.get(name, ())[:AUTHORS])
        if found := tuple(dict.fromkeys(filter(None, people))):
            return found
    return ()


def _person(element: etree._Element) -> str:
    parts = {local_name(child): child.text for child in element} if len(element) else {}
    if parts.keys() & {"name", "email"}:
        return one_line(parts.get("name"), NAME_CHARS) or one_line(parts.get("email"), NAME_CHARS)
    text = " ".join(_plain(element, NAME_CHARS).split())
    match = PERSON.fullmatch(text) if "@" in text else None
    if match is None:
        return text
    return (match["name"] or match["after"] or "").strip() or match["mail"] or match["mail2"]


def _categories(fields: Fields) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for element in _elements(fields, CATEGORY):
        text = element.get("label") or element.get("term") or "".join(element.itertext())
        words = text.split(",") if "keywords" in element.tag else [text]
        for word in words[:CATEGORIES]:
            if category := one_line(word, NAME_CHARS):
                found[category] = None
    return tuple(found)[:CATEGORIES]


def _language(element: etree._Element, fields: Fields) -> str | None:
    found = _first_raw(fields, LANGUAGE) or (element.get(XML_LANG) or "").strip()
    return found[:NAME_CHARS] or None


def _image(fields: Fields, url: str) -> str | None:
    """A picture the publisher names, else the first one in the text."""
    for element in _elements(fields, ("media:thumbnail", "media:content", "itunes:image", "enclosure")):
        kind = f"{element.get('medium', '')} {element.get('type', '')}".lower()
        if local_name(element) in ("content", "enclosure") and "image" not in kind:
            continue
        if found := absolute(element.get("url") or element.get("href"), element.base or url):
            return found
    for element in _elements(fields, CONTENT + SUMMARY):
        match = IMAGE_TAG.search((element.text or "")[:SUMMARY_CHARS])
        if match and (found := absolute(match[1].replace("&amp;", "&"), element.base or url)):
            return found
    return None


def _ttl(fields: Fields) -> int | None:
    """RSS's ttl in minutes, else the syndication module's period over its frequency, within bounds."""
    if "ttl" not in fields and "sy:updateperiod" not in fields:
        return None
    minutes = _first_raw(fields, ("ttl",))
    period = PERIODS.get(_first_raw(fields, ("sy:updateperiod",)).lower())
    if minutes.isdecimal() and len(minutes) < 9:
        seconds = int(minutes) * 60
    elif period:
        times = _first_raw(fields, ("sy:updatefrequency",))
        seconds = period // max(1, int(times) if times.isdecimal() and len(times) < 9 else 1)
    else:
        return None
    return min(max(seconds, TTL_SECONDS[0]), TTL_SECONDS[1]) if seconds else None

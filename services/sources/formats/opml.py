"""Lists of feeds in and out as OPML 1 and 2 (opml.org/spec2.opml)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from services.errors import OutlineInvalid
from services.sources.formats.limits import NAME_CHARS, OUTLINES
from services.sources.formats.plain import absolute
from services.sources.formats.safexml import NOT_XML, UnsafeXml, decode, local_name, parse_xml

ROOTS = frozenset(("opml",))
# Nested folders become one name: "News / Europe".
SEPARATOR = " / "

# Longer addresses are none (engines.addresses).
URL_CHARS = 8192


@dataclass(frozen=True)
class Outline:
    """One feed of a list. `folder` is None at the top; `title` falls back to the feed's address."""

    url: str
    title: str
    folder: str | None = None
    site_url: str | None = None


def read_opml(content: bytes) -> list[Outline]:
    """The feeds of an OPML file in order, each address once. Outlines that are no feeds are folders, or left out.

    Raises: OutlineInvalid for what is no OPML, declares entities, or holds more than 10,000 outlines.
    """
    try:
        root = parse_xml(decode(content), ROOTS)
    except UnsafeXml as error:
        raise OutlineInvalid(f"The file was refused. {error}") from error
    if root is None:
        raise OutlineInvalid("The file is no OPML. Export the list again as OPML from the other reader.")
    folders: dict[etree._Element, str] = {}
    found: dict[str, Outline] = {}
    for count, element in enumerate(element for element in root.iter() if local_name(element) == "outline"):
        if count >= OUTLINES:
            raise OutlineInvalid("The file has more than 10,000 outlines. Split it and bring in the parts.")
        values = {name.lower(): value for name, value in element.attrib.items()}
        title = _words(values.get("title") or values.get("text"))
        folder = folders.get(element.getparent(), "")
        # What is no web address stays as it is written: whoever brings it in is told that it was refused.
        given = _address(values.get("xmlurl"))[:URL_CHARS]
        url = absolute(given, "") or given
        if not url:
            folders[element] = SEPARATOR.join(filter(None, (folder, title)))
        else:
            found.setdefault(url, Outline(url, title or url, folder or None, absolute(values.get("htmlurl"), "")))
            folders[element] = folder
    return list(found.values())


def write_opml(title: str, outlines: Iterable[Outline]) -> bytes:
    """An OPML 2.0 file; read_opml gives the same outlines back, those of one folder together."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _words(title)
    folders = {"": etree.SubElement(root, "body")}
    for outline in outlines:
        words = {"type": "rss", "text": _words(outline.title), "title": _words(outline.title), "xmlUrl": outline.url}
        if outline.site_url:
            words["htmlUrl"] = outline.site_url
        etree.SubElement(_folder(folders, outline.folder or ""), "outline", words)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return written


def _folder(folders: dict[str, etree._Element], name: str) -> etree._Element:
    """The element of a folder, made with those around it when it is new."""
    path = ""
    for part in filter(None, map(_words, name.split(SEPARATOR))):
        parent, path = folders[path], SEPARATOR.join(filter(None, (path, part)))
        if path not in folders:
            folders[path] = etree.SubElement(parent, "outline", text=part, title=part)
    return folders[path]


def _address(url: str | None) -> str:
    """Some readers write feed:// or feed:https:// for what is http."""
    url = (url or "").strip()
    if url[:5].lower() != "feed:":
        return url
    return f"http:{url[5:]}" if url[5:7] == "//" else url[5:]


def _words(text: str | None) -> str:
    return " ".join(NOT_XML.sub("", text or "").split())[:NAME_CHARS].rstrip()

"""Word documents as packages: cut down to the parts that hold text before a library opens them.

Nothing else of a package is ever unpacked: no macro, embedded file, picture or custom part, and nothing outside it is
fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import BytesIO
from posixpath import basename, dirname, join, normpath
from typing import Any
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_STORED, ZipFile

from lxml import etree

from services.errors import ParseFailed
from services.ingest.extract.office.archive import Archive, damaged, too_large

# XML that is parsed, in bytes and in `<`: 64 MiB are 20 novels, and a tree takes about 100 bytes for each `<`.
MAX_XML_BYTES = 64 * 2**20
MAX_TAGS = 4_000_000

# Kinds of parts that are read, by the last word of their relationship's type.
TEXT_PARTS = ("styles", "numbering", "footnotes", "endnotes", "comments")
ACTIVE_KINDS = frozenset(("oleObject", "package", "attachedTemplate", "subDocument", "frame", "control", "vbaProject"))
ACTIVE_NAME = re.compile(r"vbaproject\.bin$|/embeddings/|/activex/", re.IGNORECASE)
# ISO 29500 Strict names the same vocabulary differently.
STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
TRANSITIONAL = rb"http://schemas.openxmlformats.org/\1/2006/"
RESOURCE_ERRORS = (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_ENTITY_LOOP)
DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))

RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CORE = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
CORE_TYPE = "application/vnd.openxmlformats-package.core-properties+xml"
WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"
NAMESPACE = "http://schemas.openxmlformats.org/package/2006"


@dataclass
class TextParts:
    """The XML of a Word document: by kind `document`, `core` and TEXT_PARTS. `active`: it brings things that run."""

    xml: dict[str, bytes] = field(default_factory=dict)
    active: bool = False


def text_parts(content: bytes, max_unpacked_bytes: int) -> TextParts:
    """Check a package and unpack the parts that hold a Word document's text.

    Raises: ParseFailed `encrypted`, `damaged`, `too_complex`.
    """
    archive = Archive(content, max_unpacked_bytes)
    package = _Package(archive)
    found = TextParts(active=any(ACTIVE_NAME.search(name) for name in archive.names))
    roots = package.relationships("")
    main = next((target for kind, target in roots if kind == "officeDocument"), "word/document.xml")
    core = next((target for kind, target in roots if kind == "core-properties"), None)
    kinds = package.relationships(main)
    found.active = found.active or any(kind in ACTIVE_KINDS for kind, _ in kinds)
    wanted = {"document": main, "core": core} | {kind: target for kind, target in kinds if kind in TEXT_PARTS}
    for kind, target in wanted.items():
        part = package.xml(target) if target else None
        if part is not None:
            found.xml[kind] = part
    if "document" not in found.xml:
        raise damaged()
    return found


def written(parts: TextParts) -> BytesIO:
    """A package of nothing but these parts, for a library to open."""
    others = [kind for kind in TEXT_PARTS if kind in parts.xml]
    types = {f"/word/{kind}.xml": WORD_TYPE.format(kind) for kind in others}
    types["/word/document.xml"] = WORD_TYPE.format("document.main")
    roots = [(f"{RELATIONSHIPS}/officeDocument", "word/document.xml")]
    if "core" in parts.xml:
        types["/word/core.xml"] = CORE_TYPE
        roots.append((CORE, "word/core.xml"))
    overrides = "".join(
        f"<Override PartName={quoteattr(name)} ContentType={quoteattr(types[name])}/>" for name in types
    )
    result = BytesIO()
    with ZipFile(result, "w", ZIP_STORED) as package:
        package.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{NAMESPACE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}</Types>',
        )
        package.writestr("_rels/.rels", _relationships(roots))
        package.writestr(
            "word/_rels/document.xml.rels",
            _relationships([(f"{RELATIONSHIPS}/{kind}", f"{kind}.xml") for kind in others]),
        )
        for kind, xml in parts.xml.items():
            package.writestr(f"word/{kind}.xml", xml)
    return result


def parse(xml: bytes) -> Any:
    """Parse XML with no entity, no document type, no network and no huge tree.

    Raises: ParseFailed `damaged`, `too_complex`; MemoryError.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise refusal(error) from error


def refusal(error: etree.XMLSyntaxError) -> Exception:
    """What an error of the XML parser means."""
    if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
        return MemoryError()
    return too_large() if error.code in RESOURCE_ERRORS else damaged()


class _Package:
    """The XML parts of an archive, and what they say of each other."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._budget = MAX_XML_BYTES

    def xml(self, name: str) -> bytes | None:
        """The bytes of an XML part in the Transitional vocabulary; None when there is no such part."""
        size = self._archive.size(name)
        if size is None:
            return None
        self._budget -= size
        if self._budget < 0:
            raise too_large()
        content = self._archive.unpack(name)
        if content.count(b"<") > MAX_TAGS:
            raise too_large()
        if any(mark in content for mark in DOCTYPES):
            raise ParseFailed("damaged", "This document declares entities, which Word does not write. Save it anew.")
        return STRICT.sub(TRANSITIONAL, content)

    def relationships(self, source: str) -> list[tuple[str, str]]:
        """Kind and target of a part's relationships. What lies outside the package has no target."""
        folder = dirname(source)
        xml = self.xml(join(folder, "_rels", f"{basename(source)}.rels"))
        found = []
        for relationship in parse(xml).iterchildren("{*}Relationship") if xml else ():
            kind = str(relationship.get("Type", "")).rsplit("/", 1)[-1]
            outside = relationship.get("TargetMode") == "External"
            target = "" if outside else normpath(join("/", folder, relationship.get("Target", "")))
            found.append((kind, target.lstrip("/")))
        return found


def _relationships(targets: list[tuple[str, str]]) -> str:
    entries = "".join(
        f"<Relationship Id={quoteattr(f'rId{number}')} Type={quoteattr(type_)} Target={quoteattr(target)}/>"
        for number, (type_, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{NAMESPACE}/relationships">{entries}</Relationships>'

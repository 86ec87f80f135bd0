"""Bytes of strangers to an XML tree, without ever handing a parser a document type.

The bytes are decoded here, once, by a fixed precedence (RFC 7303, section 3: byte order mark, charset of the media type,
encoding of the prolog), so that no second reader can see another text. Parsing then begins at the root element: what
stands before it (declaration, comments, document type) never reaches libxml2, so no entity can be declared, expanded or
fetched. A document type with an internal subset is refused; a bare one (RSS 0.91 names Netscape's) is passed over.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from html.entities import html5
from io import BytesIO

from lxml import etree

# libxml2 itself stops at 256 levels and at texts of 10 MB, because huge_tree is off.
OPTIONS = {"recover": True, "resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
PARSER = etree.XMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, **OPTIONS)
BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
# Without a mark, XML 1.0, appendix F: the zero bytes around the first character tell.
BARE_UTF16 = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
# As browsers do, these labels mean their superset; an encoding missing here is not believed (UTF-7, EBCDIC).
SUPERSETS = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "gb2312": "gb18030",
             "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs"}  # fmt: skip
BELIEVED = re.compile(
    r"utf-8|cp(?:125\d|866|874|932|949)|iso8859-\d+|koi8-[ru]|gb18030|big5hkscs|euc_jp|iso2022_jp|mac-\w+|tis-620"
)
DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
CONTROLS = bytes(code for code in range(32) if chr(code) not in "\t\n\r")
ASCII = bytes(range(128))
# Begins a shift of ISO 2022, whose bytes are all ASCII.
ESCAPE = b"\x1b"
# An ampersand that begins no reference XML knows, with the HTML name that may follow it.
AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#[xX][0-9a-fA-F]+);)(?:([A-Za-z]\w{1,31};))?")
NUMERIC = re.compile(r"&(#\d+|#[xX][0-9a-fA-F]+);?")
MARK = re.compile(r"<(?:!--|\?|!DOCTYPE|!ENTITY|([A-Za-z_][\w.:-]{0,100}))", re.IGNORECASE)
PROLOG_CHARS = 100_000


class UnsafeXml(Exception):
    """Markup that is refused; `str(error)` is a sentence for the person."""


def decode(content: bytes, content_type: str | None = None) -> str:
    """The text of the bytes, without characters XML forbids. Never fails: at worst it holds replacement characters.

    A claim is tried in the order above and passed over when the bytes contradict it. Nothing contradicts a single-byte
    claim, so bytes that are UTF-8 but for a few (a torn end, one pasted word) are read as that before any is believed.
    """
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return NOT_XML.sub("", content[len(mark) :].decode(encoding, "replace"))
    for start, encoding in BARE_UTF16:
        if content.startswith(start):
            return NOT_XML.sub("", content.decode(encoding, "replace"))
    if ESCAPE not in content:
        # Dropping control characters from UTF-8 as bytes is five times as fast as from text.
        text = content.translate(None, CONTROLS).decode("utf-8", "replace")
        wrong = text.count("\ufffd") - content.count(b"\xef\xbf\xbd")
        if wrong * 4 <= len(content.translate(None, ASCII)):
            return NOT_XML.sub("", text) if "\ufffe" in text or "\uffff" in text else text
    charset, declared = CHARSET.search(content_type or ""), DECLARED.match(content[:400])
    claims = [charset[1] if charset else None, declared[1].decode("ascii") if declared else None]
    for encoding in (*filter(None, map(_encoding, claims)), "utf-8", "cp1252"):
        try:
            return NOT_XML.sub("", content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return NOT_XML.sub("", content.decode("cp1252", "replace"))


def parse_xml(text: str, roots: frozenset[str], url: str = "") -> etree._Element | None:
    """The tree below the first element named as one of `roots` (local names, lower case); None when there is none.

    Lenient: bare ampersands, HTML's entity names, undeclared prefixes, junk before the root and a missing tail are
    repaired or passed over. Comments and processing instructions are left out. `url` is the base of elements' `.base`.
    Raises: UnsafeXml for a document type with declarations of its own.
    """
    start = _root(text, roots)
    if start is None:
        return None
    try:
        return etree.fromstring(_ampersands(text[start:]).encode(), PARSER, base_url=url or None)
    except (etree.LxmlError, ValueError):
        return None


def stream_xml(text: str, roots: frozenset[str]) -> Iterator[etree._Element]:
    """The root, still empty, then each of its children when it is complete: memory for one child, whatever the length.

    As parse_xml otherwise; yields nothing when there is no such root. Raises: UnsafeXml.
    """
    start = _root(text, roots)
    if start is None:
        return
    source = BytesIO(_ampersands(text[start:]).encode())
    events = etree.iterparse(
        source, ("start", "end"), encoding="utf-8", remove_comments=True, remove_pis=True, **OPTIONS
    )
    depth = 0
    try:
        for event, element in events:
            depth += 1 if event == "start" else -1
            if depth == 1:
                yield element
                if event == "end":
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
    except etree.LxmlError:
        return


def numeric_references(text: str) -> str:
    """References to what is no character become U+FFFD, as in HTML: libxml2 would let half a character through."""
    return NUMERIC.sub(_character, text) if "&#" in text else text


def local_name(element: etree._Element) -> str:
    """An element's name in lower case, without namespace and prefix; empty for what is no element."""
    return _local(element.tag)


def first_element(text: str) -> str | None:
    """Local name, in lower case, of the first element of the prolog's end; None when there is no markup."""
    found = next((match for match in MARK.finditer(text, 0, PROLOG_CHARS) if match[1]), None)
    return found[1].rpartition(":")[2].lower() if found else None


@lru_cache(maxsize=1024)
def _local(tag: object) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def _character(match: re.Match[str]) -> str:
    digits = match[1][1:].lstrip("0")[:9]
    code = int(digits[1:] or "0", 16) if digits[:1] in ("x", "X") else int(digits or "0")
    if 0x80 <= code < 0xA0:
        # Nobody means the control characters of this range.
        return bytes([code]).decode("cp1252", "replace")
    return "\ufffd" if code > 0x10FFFF or NOT_XML.match(chr(code)) else match[0]


def _encoding(label: str | None) -> str | None:
    """The codec of a claimed label when it is one that we believe."""
    if label is None:
        return None
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    name = SUPERSETS.get(name, name)
    return name if BELIEVED.fullmatch(name) else None


def _root(text: str, roots: frozenset[str]) -> int | None:
    """Where the root element begins, past prolog and junk, all in one pass."""
    position = 0
    while (match := MARK.search(text, position, PROLOG_CHARS)) is not None:
        opening = match[0].upper()
        if match[1]:
            if match[1].rpartition(":")[2].lower() in roots:
                return match.start()
            position = match.end()
        elif opening == "<!ENTITY":
            raise UnsafeXml("It declares entities, which are not read. Ask its publisher for one without.")
        else:
            closing = {"<!--": "-->", "<?": "?>"}.get(opening, ">")
            position = text.find(closing, match.end()) + len(closing)
            if position < len(closing):
                return None
            if opening == "<!DOCTYPE" and "[" in text[match.end() : position]:
                raise UnsafeXml(
                    "Its document type has declarations, which are not read. Ask its publisher for one without."
                )
    return None


def _ampersands(text: str) -> str:
    """Escape or resolve what XML cannot read after `&`, outside CDATA sections."""
    if "&" not in text:
        return text
    # Everywhere, since libxml2 may see a section end elsewhere than we do.
    text = numeric_references(text)
    parts, position = [], 0
    while position < len(text):
        start = text.find("<![CDATA[", position)
        start = len(text) if start < 0 else start
        parts.append(AMPERSAND.sub(_reference, text[position:start]))
        end = text.find("]]>", start)
        position = len(text) if end < 0 else end + 3
        parts.append(text[start:position])
    return "".join(parts)


def _reference(match: re.Match[str]) -> str:
    # Escaped again, so that &AMP; begins no reference with what follows it.
    return escape(html5.get(match[1], f"&{match[1]}"), quote=False) if match[1] else "&amp;"

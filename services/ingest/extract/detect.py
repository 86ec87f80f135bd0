"""What kind of document some bytes are. The bytes decide; file name and content type only break ties."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from services.errors import EmptyFile, UnsupportedType
from services.ingest.extract.encoding import looks_binary, peek
from services.ingest.extract.office.archive import OLE_SIGNATURE, entry_names
from services.ingest.extract.table import looks_tabular
from services.ingest.types import IMAGES, TYPES, RawDocument

HEAD_BYTES = 4096

# First bytes of formats that are not read (yet), and the word people know them by.
SIGNATURES = (
    (b"PK\x05\x06", "a ZIP archive"),
    (b"{\\rtf", "RTF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"GIF8", "a GIF image; save it as PNG"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"%!PS", "PostScript"),
    (b"OggS", "audio or video"),
    (b"ID3", "audio"),
    (b"SQLite format 3\x00", "a database"),
)
# Text formats that are not articles; reading them as plain text would fill the index with markup and numbers.
OTHER_TEXT = {
    "json": "JSON", "jsonl": "JSON", "xml": "XML", "rss": "a feed", "atom": "a feed",
    "svg": "a drawing; save it as PNG or PDF", "eml": "an e-mail message", "mht": "a web archive", "mhtml": "a web archive",
    "ics": "a calendar", "css": "CSS", "js": "JavaScript",
}  # fmt: skip
OTHER_MEDIA = {
    "application/json": "JSON", "application/ld+json": "JSON",
    "application/rss+xml": "a feed", "application/atom+xml": "a feed", "message/rfc822": "an e-mail message",
    "text/css": "CSS", "text/javascript": "JavaScript", "application/javascript": "JavaScript",
    "image/svg+xml": "a drawing; save it as PNG or PDF",
}  # fmt: skip
MARKDOWN_SUFFIXES = {"md", "markdown", "mdown", "mkd"}
HTML_SUFFIXES = {"html", "htm", "xhtml"}
CSV_SUFFIXES = {"csv", "tsv", "tab"}
CSV_MEDIA = {"text/csv", "text/tab-separated-values"}
DOCX_SUFFIXES = {"docx", "docm", "dotx", "dotm"}
# Endings that name a format which is no text, and the type of document that keeps the promise; None: none does.
NAMED = (
    {"pdf": "pdf"} | dict.fromkeys(DOCX_SUFFIXES, "docx") | dict.fromkeys(("png", "jpg", "jpeg", "tif", "tiff"), "image")
    | dict.fromkeys(("doc", "xls", "xlsx", "xlsm", "ppt", "pptx", "odt", "ods", "odp", "epub", "zip", "gif"))
)  # fmt: skip
# What a ZIP archive is, by the beginning of a name in it; a file of its own says nothing.
PACKAGES = (
    ("xl/", "an Excel workbook; export its sheets as CSV"), ("ppt/", "a PowerPoint presentation; export it as PDF"),
    ("content.xml", "an OpenDocument file; save it as DOCX or PDF"), ("oebps/", "an e-book"),
)  # fmt: skip
# Streams of an OLE container, by name in UTF-16: what it is, and what helps.
OLD_OFFICE = (
    ("WordDocument", "a Word document from before 2007; open it in Word or LibreOffice and save it as DOCX or PDF"),
    ("Workbook", "an old Excel workbook; export its sheets as CSV"),
    ("PowerPoint Document", "an old PowerPoint presentation; export it as PDF"),
    ("__substg1.0_", "an Outlook message; save it as text or PDF"),
)

HTML_DOCUMENT = re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
# Possessive: one way to read a run of comments. With a plain star, 40 of them and no tag took minutes, with the
# interpreter stopped, because each may also be read as the end of a longer one.
HTML_FRAGMENT = re.compile(
    r"\s*(?:<!--.*?-->\s*)*+<(?:head|body|script|style|title|meta|link|article|section|main|h[1-6]|div|p|a|table|ul|ol|span|b|i|br|img|iframe|font)[\s/>]",
    re.IGNORECASE | re.DOTALL,
)
ANY_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
XML_START = re.compile(r"\s*<(?:\?xml|rss|feed|svg|urlset|sitemapindex|opml)\b", re.IGNORECASE)
MAIL_START = re.compile(
    r"(?:[\w-]+: [^\n]*\n(?:[ \t][^\n]*\n)*)*?(?:Received|MIME-Version|Message-ID|Return-Path|Delivered-To): ",
    re.IGNORECASE,
)


def detect(raw: RawDocument) -> str:
    """Tell the type of a document: one of TYPES.

    Cost: looks at the first kilobytes, and at all bytes only for white space.
    Raises: EmptyFile for no bytes or only white space; UnsupportedType, with the list of what is read, for the rest.
    """
    content = raw.content
    if not content or content.isspace():
        raise EmptyFile("The file is empty. Choose one that has text in it.")
    suffix = suffix_of(raw.filename)
    media = (raw.content_type or "").split(";")[0].strip().lower()
    if _is_pdf(content, claims_pdf=suffix == "pdf" or media == TYPES["pdf"]):
        return "pdf"
    if content.startswith(tuple(IMAGES)):
        return "image"
    if content.startswith(b"PK\x03\x04"):
        return _package_type(content, claims_docx=suffix in DOCX_SUFFIXES or media == TYPES["docx"])
    if content.startswith(OLE_SIGNATURE):
        return _container_type(content, suffix)
    for signature, name in SIGNATURES:
        if content.startswith(signature):
            raise unsupported(name)
    if looks_binary(content):
        raise unsupported("binary data")
    head = peek(content[:HEAD_BYTES])
    if not head.strip("\ufeff\0 \t\r\n\f\v") and not content.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n\f\v"):
        raise EmptyFile("The file holds only white space. Choose one that has text in it.")
    return _text_type(head, suffix, media)


def is_misnamed(filename: str | None, type_: str) -> bool:
    """Whether a file's name promises a format, such as PDF, that its content does not have."""
    suffix = suffix_of(filename)
    return suffix in NAMED and NAMED[suffix] != type_


def suffix_of(filename: str | None) -> str:
    """The ending of a name in small letters, without its dot; empty where there is none."""
    return PurePosixPath(filename or "").suffix.lower().lstrip(".")


def media_type(type_: str, content: bytes) -> str:
    """What the bytes of a document are stored and handed out as."""
    return next((IMAGES[start] for start in IMAGES if type_ == "image" and content.startswith(start)), TYPES[type_])


def unsupported(name: str) -> UnsupportedType:
    """The refusal for a type that is not read, with what is."""
    name, _, advice = name.partition("; ")
    what = f"Tidings does not read {name}" if advice else f"This looks like {name}, which Tidings does not read"
    advice = f" {advice[:1].upper()}{advice[1:]}." if advice else ""
    return UnsupportedType(f"{what}.{advice} Accepted: {', '.join(TYPES)}.")


def _is_pdf(content: bytes, *, claims_pdf: bool) -> bool:
    """A PDF header may follow some junk (PDF 1.7, implementation note 13); a text that mentions %PDF is not one."""
    position = content.find(b"%PDF-", 0, 1024)
    if position >= 0 and (claims_pdf or not content[:position].strip(b"\xef\xbb\xbf\0 \t\r\n\f")):
        return True
    return claims_pdf and (b"%%EOF" in content or b"endobj" in content or b"startxref" in content)


def _package_type(content: bytes, *, claims_docx: bool) -> str:
    """A Word document, else refused. One whose directory cannot be read is what it claims to be, and fails as that."""
    names = [name.replace("\\", "/").lstrip("/").lower() for name in entry_names(content)]
    if any(name.startswith("word/") for name in names) or (claims_docx and not names):
        return "docx"
    for start, name in PACKAGES:
        if any(entry.startswith(start) for entry in names):
            raise unsupported(name)
    raise unsupported("a ZIP archive")


def _container_type(content: bytes, suffix: str) -> str:
    """Documents of any age are encrypted into an OLE container; all else in one is old."""
    if _has_stream(content, "EncryptedPackage") and suffix not in ("xlsx", "xlsm", "xlsb", "pptx", "pptm"):
        return "docx"
    for stream, name in OLD_OFFICE:
        if _has_stream(content, stream):
            raise unsupported(name)
    raise unsupported("an old Office document; save it as DOCX or PDF")


def _has_stream(content: bytes, name: str) -> bool:
    return name.encode("utf-16-le") in content


def _text_type(head: str, suffix: str, media: str) -> str:
    if HTML_DOCUMENT.search(head[:2048]) and (
        head.lstrip("\ufeff \t\r\n").startswith("<") or media in ("text/html", "application/xhtml+xml")
    ):
        return "html"
    if suffix in OTHER_TEXT or media in OTHER_MEDIA:
        raise unsupported(OTHER_TEXT.get(suffix) or OTHER_MEDIA[media])
    if XML_START.match(head):
        raise unsupported("XML")
    if MAIL_START.match(head):
        raise unsupported("an e-mail message")
    if suffix in CSV_SUFFIXES or media in CSV_MEDIA:
        return "csv"
    if suffix in MARKDOWN_SUFFIXES or media == TYPES["markdown"]:
        return "markdown"
    if HTML_FRAGMENT.match(head):
        return "html"
    claims_html = suffix in HTML_SUFFIXES or media in ("text/html", "application/xhtml+xml")
    if claims_html and ANY_TAG.search(head):
        return "html"
    return "csv" if looks_tabular(head) else "text"

"""What kind of document some bytes are. The bytes decide; file name and content type only break ties."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from services.errors import EmptyFile, UnsupportedType
from services.ingest.extract.encoding import looks_binary, peek
from services.ingest.types import TYPES, RawDocument

HEAD_BYTES = 4096

# First bytes of formats that are not read (yet), and the word people know them by.
SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive or Office document"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document or Outlook message"),
    (b"{\\rtf", "RTF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"II*\x00", "an image"),
    (b"MM\x00*", "an image"),
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
    "csv": "CSV", "tsv": "CSV", "json": "JSON", "jsonl": "JSON", "xml": "XML", "rss": "a feed", "atom": "a feed",
    "svg": "an image", "eml": "an e-mail message", "mht": "a web archive", "mhtml": "a web archive",
    "ics": "a calendar", "css": "CSS", "js": "JavaScript",
}  # fmt: skip
OTHER_MEDIA = {
    "text/csv": "CSV", "text/tab-separated-values": "CSV", "application/json": "JSON", "application/ld+json": "JSON",
    "application/rss+xml": "a feed", "application/atom+xml": "a feed", "message/rfc822": "an e-mail message",
    "text/css": "CSS", "text/javascript": "JavaScript", "application/javascript": "JavaScript",
    "image/svg+xml": "an image",
}  # fmt: skip
MARKDOWN_SUFFIXES = {"md", "markdown", "mdown", "mkd"}
HTML_SUFFIXES = {"html", "htm", "xhtml"}

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
    suffix = PurePosixPath(raw.filename or "").suffix.lower().lstrip(".")
    media = (raw.content_type or "").split(";")[0].strip().lower()
    if _is_pdf(content, claims_pdf=suffix == "pdf" or media == TYPES["pdf"]):
        return "pdf"
    for signature, name in SIGNATURES:
        if content.startswith(signature):
            raise unsupported(name)
    if looks_binary(content):
        raise unsupported("binary data")
    head = peek(content[:HEAD_BYTES])
    if not head.strip("\ufeff\0 \t\r\n\f\v") and not content.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n\f\v"):
        raise EmptyFile("The file holds only white space. Choose one that has text in it.")
    return _text_type(head, suffix, media)


def unsupported(name: str) -> UnsupportedType:
    """The refusal for a type that is not read, with what is."""
    return UnsupportedType(f"This looks like {name}, which Tidings does not read. Accepted: {', '.join(TYPES)}.")


def _is_pdf(content: bytes, *, claims_pdf: bool) -> bool:
    """A PDF header may follow some junk (PDF 1.7, implementation note 13); a text that mentions %PDF is not one."""
    position = content.find(b"%PDF-", 0, 1024)
    if position >= 0 and (claims_pdf or not content[:position].strip(b"\xef\xbb\xbf\0 \t\r\n\f")):
        return True
    return claims_pdf and (b"%%EOF" in content or b"endobj" in content or b"startxref" in content)


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
    if suffix in MARKDOWN_SUFFIXES or media == TYPES["markdown"]:
        return "markdown"
    if HTML_FRAGMENT.match(head):
        return "html"
    claims_html = suffix in HTML_SUFFIXES or media in ("text/html", "application/xhtml+xml")
    return "html" if claims_html and ANY_TAG.search(head) else "text"

"""Types are told from bytes; names and headers only break ties."""

from __future__ import annotations

import pytest

from services.errors import EmptyFile, UnsupportedType
from services.ingest.extract import detect, is_misnamed
from services.ingest.types import TYPES, RawDocument
from tests.services.ingest.extract.word import docx, p, zipped

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("content", "filename", "content_type", "type_"),
    [
        (b"%PDF-1.7\n...", "x.txt", "text/plain", "pdf"),
        (b"\n\n%PDF-1.4", None, None, "pdf"),
        (b"junk before %PDF-1.4", "x.pdf", None, "pdf"),
        (b"The header %PDF-1.4 opens a file.", "x.txt", None, "text"),
        (b"<!DOCTYPE html><html><p>x", "x.pdf", "application/pdf", "html"),
        (b"\xef\xbb\xbf  <html><body>x", None, None, "html"),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x'><html>", None, None, "html"),
        (b"<!-- saved --><div>hello</div>", None, None, "html"),
        ("<html><p>x</p></html>".encode("utf-16"), None, None, "html"),
        (b"hello <b>bold</b>", None, "text/html; charset=utf-8", "html"),
        (b"hello 1 < 2 > 0", None, "text/html", "text"),
        (b"# Title\n\ntext", "notes.md", None, "markdown"),
        (b"# Title\n\ntext", None, "text/markdown", "markdown"),
        (b"<p align=center>logo</p>\n\n# Title", "README.md", None, "markdown"),
        (b"<!doctype html><title>x</title>", "page.md", None, "html"),
        (b"just words", None, None, "text"),
        (b"just words", "unknown.xyz", "application/octet-stream", "text"),
        ("ÄÖÜ straße".encode("latin-1"), "x.txt", None, "text"),
        ("text in utf-16, no mark".encode("utf-16-le"), None, None, "text"),
        ("没有标记的文本。新闻。".encode("utf-16-be"), None, None, "text"),
        ("没有标记的文本。新闻。".encode("gb18030"), "x.txt", None, "text"),
        (b"\x01\x02\x03\x04\x05", "x.txt", "text/plain", "text"),
        (b"a,b\n1,2\n", "x.csv", None, "csv"),
        (b"a\tb\n1\t2\n", None, "text/tab-separated-values", "csv"),
        (b"<!doctype html><title>x</title>", "x.csv", "text/csv", "html"),
        (docx(p("Words.")), "x.zip", "application/zip", "docx"),
        (b"PK\x03\x04cut off", "x.docx", None, "docx"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "x.docx", None, "docx"),
    ],
)
def test_bytes_decide(content: bytes, filename: str | None, content_type: str | None, type_: str) -> None:
    assert detect(RawDocument(content, content_type=content_type, filename=filename)) == type_


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n ", b"\xef\xbb\xbf  ", "\ufeff \n".encode("utf-16-le")])
def test_nothing_and_white_space_are_empty_files(content: bytes) -> None:
    with pytest.raises(EmptyFile):
        detect(RawDocument(content, filename="x.txt"))


@pytest.mark.parametrize(
    ("content", "filename"),
    [
        (b"PK\x03\x04rest", "x.zip"),
        (zipped({"xl/workbook.xml": b"<x/>"}), "x.docx"),
        (zipped({"notes/word/a.txt": b"x"}), "x.zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "x.msg"),
        (b"{\\rtf1 text}", "x.rtf"),
        (b"GIF89a", "x.txt"),
        (b"\x1f\x8b\x08\x00", "x.html"),
        (b"From: a@b.example\nSubject: x\nMIME-Version: 1.0\n\nbody", None),
        (b"Received: from x\n\tby y\nSubject: z\n\nbody", "x.txt"),
        (b'{"a": 1}', "x.json"),
        (b"<?xml version='1.0'?><rss></rss>", None),
        (b"<svg xmlns='x'></svg>", "x.svg"),
        (bytes(range(256)) * 40, "x.txt"),
        (bytes(range(256)) * 40, None),
    ],
)
def test_other_types_are_refused_with_the_list_of_accepted_ones(content: bytes, filename: str | None) -> None:
    with pytest.raises(UnsupportedType) as caught:
        detect(RawDocument(content, filename=filename))
    assert all(type_ in str(caught.value) for type_ in TYPES)


@pytest.mark.parametrize(
    ("filename", "type_", "misnamed"),
    [
        ("fake.pdf", "text", True),
        ("Fake.PDF", "html", True),
        ("fake.pdf", "pdf", False),
        ("letter.docx", "text", True),
        ("letter.docm", "docx", False),
        ("photo.jpg", "image", False),
        ("photo.jpeg", "html", True),
        ("table.xlsx", "csv", True),
        ("notes.txt", "pdf", False),
        ("notes.xyz", "text", False),
        ("notes", "text", False),
        (None, "text", False),
    ],
)
def test_a_name_that_promises_another_format_is_noticed(filename: str | None, type_: str, misnamed: bool) -> None:
    assert is_misnamed(filename, type_) is misnamed


def test_an_empty_header_does_not_make_a_pdf_of_a_text() -> None:
    assert detect(RawDocument(b"plain words, wrongly announced", content_type="application/pdf")) == "text"


def test_a_run_of_comments_without_a_tag_costs_nothing() -> None:
    # Exponential once: each comment doubled the time, and the request's thread held the interpreter meanwhile.
    content = b"<!---->" * 500 + b"words"
    assert detect(RawDocument(content)) == "text"


def test_an_old_word_document_is_told_what_to_do() -> None:
    with pytest.raises(UnsupportedType, match="save it as DOCX or PDF"):
        detect(RawDocument(OLE + "WordDocument".encode("utf-16-le"), filename="x.doc"))

"""Word documents made to do harm: each is refused with its reason, or read without what would do it."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pytest

from services.errors import ParseFailed
from services.ingest.extract import detect
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import Article, RawDocument
from tests.services.ingest.extract.word import NAMESPACES, OFFICE, docx, p, zipped

BILLION = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))


def read(sandbox: Sandbox, content: bytes) -> Article:
    raw = RawDocument(content, filename="x.docx")
    return sandbox.extract(raw, detect(raw))


def with_document(xml: bytes, **more: bytes) -> bytes:
    """A package whose document is this XML."""
    with zipfile.ZipFile(io.BytesIO(docx(""))) as package:
        files = {name: package.read(name) for name in package.namelist()}
    return zipped(files | {"word/document.xml": xml} | more)


def document(body: str, doctype: str = "") -> bytes:
    return with_document(f"{doctype}<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>".encode())


def flat_bomb() -> bytes:
    return docx(p("Bomb."), files={"word/media/zeros.bin": bytes(300 * 2**20)})


def unlisted_bomb() -> bytes:
    """The directory says a kilobyte; the entry unpacks to 64 MiB."""
    content = bytearray(with_document(b" " * 64 * 2**20))
    directory = content.find(b"PK\x01\x02")
    while content[directory + 46 : directory + 63] != b"word/document.xml":
        directory = content.find(b"PK\x01\x02", directory + 4)
    struct.pack_into("<I", content, directory + 24, 1024)
    return bytes(content)


def nested_bomb() -> bytes:
    inner = zipped({"a": bytes(2**24)})
    for _ in range(4):
        inner = zipped({f"{n}.zip": inner for n in range(16)})
    return docx(p("Only text."), files={"word/embeddings/package.docx": inner})


def many_entries() -> bytes:
    return docx(p("Many."), files={f"word/media/{n}.png": b"" for n in range(100_000)})


def overlapping() -> bytes:
    """Two entries of the directory point at one place."""
    content = bytearray(docx(p("Over."), files={"word/a.bin": b"same" * 100, "word/b.bin": b"same" * 100}))
    entries = [n for n in range(len(content)) if content[n : n + 4] == b"PK\x01\x02"]
    content[entries[-1] + 42 : entries[-1] + 46] = content[entries[-2] + 42 : entries[-2] + 46]
    return bytes(content)


def twice() -> bytes:
    result = io.BytesIO(docx(p("Twice.")))
    with zipfile.ZipFile(result, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr("word/document.xml", b"<x/>")
    return result.getvalue()


def truncated() -> bytes:
    return docx(p("Half of this."))[:-200]


def broken_checksum() -> bytes:
    content = docx(p("Words."))
    position = content.find(b"word/document.xml") + 25
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


def nested_tables() -> bytes:
    return document("<w:tbl><w:tr><w:tc>" * 10_000 + p("Deep.") + "</w:tc></w:tr></w:tbl>" * 10_000)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (flat_bomb, "too_complex"),
        (unlisted_bomb, "damaged"),
        (many_entries, "too_complex"),
        (overlapping, "damaged"),
        (twice, "damaged"),
        (truncated, "damaged"),
        (broken_checksum, "damaged"),
        (nested_tables, "too_complex"),
        (lambda: document(p("word ") * 1_000_000), "too_complex"),
        (lambda: document(p("x" * 12_000_000)), "too_complex"),
        (lambda: document(p("&l9;"), f"<!DOCTYPE d [<!ENTITY l0 'lol'>{BILLION}]>"), "damaged"),
        (lambda: document(p("&x;"), "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"), "damaged"),
        (lambda: with_document(f"<!DOCTYPE d [{BILLION}]><a/>".encode("utf-16")), "damaged"),
        (lambda: with_document(b"not XML"), "damaged"),
        (lambda: document(""), "no_text"),
    ],
)
def test_each_fails_with_its_reason(sandbox: Sandbox, make: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(ParseFailed) as caught:
        read(sandbox, make())
    assert caught.value.reason == reason


def test_an_entity_in_the_properties_is_refused(sandbox: Sandbox) -> None:
    core = b"<!DOCTYPE c [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><cp:coreProperties xmlns:cp='x'>&x;</cp:coreProperties>"
    with pytest.raises(ParseFailed) as caught:
        read(sandbox, with_document(b"<a/>", **{"docProps/core.xml": core}))
    assert caught.value.reason == "damaged"


def test_an_encrypted_archive_says_so(sandbox: Sandbox) -> None:
    content = bytearray(docx(p("Secret.")))
    for mark, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.find(mark) + flags] |= 1
    with pytest.raises(ParseFailed) as caught:
        read(sandbox, bytes(content))
    assert caught.value.reason == "encrypted"


def test_what_is_embedded_is_not_opened_and_said_to_be_there(sandbox: Sandbox) -> None:
    for content in (nested_bomb(), docx(p("Only text."), files={"word/vbaProject.bin": b"macro"})):
        article = read(sandbox, content)
        assert article.text == "Only text."
        assert article.quality_reasons == ("active_content",)


def test_what_lies_outside_is_not_fetched(sandbox: Sandbox) -> None:
    outside = '<Relationship Id="{0}" Type="{1}/{0}" Target="{2}" TargetMode="External"/>'
    related = {
        kind: outside.format(kind, OFFICE, target)
        for kind, target in (
            ("attachedTemplate", r"\\127.0.0.1\share\evil.dotm"),
            ("image", "http://127.0.0.1:9/x.png"),
            ("footnotes", "http://127.0.0.1:9/footnotes.xml"),
            ("comments", "file:///etc/passwd"),
        )
    }
    article = read(sandbox, docx(p("Only text."), related=related))
    assert article.text == "Only text."
    assert article.quality_reasons == ("active_content",)


@pytest.mark.parametrize("target", ["../../etc/passwd", "/etc/passwd", "NULL", "", "word/", "document.xml"])
def test_parts_that_are_not_there_do_not_hinder_reading(sandbox: Sandbox, target: str) -> None:
    related = {"x": f'<Relationship Id="x" Type="{OFFICE}/footnotes" Target="{target}"/>'}
    assert read(sandbox, docx(p("Only text."), related=related)).text == "Only text."

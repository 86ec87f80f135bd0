"""PDFs made to do harm: each ends within its limits, with a reason or with the part that can be read."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from services.errors import ParseFailed
from services.ingest.extract import SCAN, detect
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import Article, RawDocument
from services.settings import Settings

WORDS = b"BT /F 12 Tf 50 700 Td (Readable words.) Tj ET"
FONT = b"<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"


@pytest.fixture(scope="module")
def strict() -> Iterator[Sandbox]:
    """A sandbox with a short clock."""
    sandbox = Sandbox(Settings(parse_seconds=4))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def recogniser() -> Iterator[Sandbox]:
    """One for text recognition."""
    sandbox = Sandbox(Settings(parse_seconds=20), duty="recognise")
    yield sandbox
    sandbox.close()


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1; the first is the catalogue."""
    result = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(result))
        result += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(result)
    result += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    result += b"".join(b"%010d 00000 n \n" % place for place in places)
    result += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, start)
    return bytes(result)


def page(content: bytes, resources: bytes = FONT, box: bytes = b"0 0 595 842", more: bytes = b"") -> bytes:
    """A file of one page, whose contents are object 4; `more`: what follows it."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Resources%s/Contents 4 0 R>>" % (box, resources),
        content,
        *([more] if more else []),
    )


def picture(entries: bytes, content: bytes, box: bytes = b"0 0 595 842") -> bytes:
    """A page that is one image."""
    image = stream(content, b"/Type/XObject/Subtype/Image" + entries)
    return page(stream(b"595 0 0 842 0 0 cm /I Do"), b"<</XObject<</I 5 0 R>>>>", box, image)


def filters(count: int) -> bytes:
    content = WORDS
    for _ in range(count):
        content = zlib.compress(content)
    return page(stream(content, b"/Filter[%s]" % (b"/FlateDecode " * count)))


def nested_forms() -> bytes:
    """Each form draws the next one thirty times: 30^9 words."""
    forms = [
        stream(b"/X Do " * 30, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>" % (n + 6))
        for n in range(9)
    ]
    last = stream(WORDS, b"/Type/XObject/Subtype/Form/BBox[0 0 900 900]/Resources" + FONT)
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</X 5 0 R>>>>/Contents 4 0 R>>",
        stream(b"/X Do"),
        *forms,
        last,
    )


def spaces() -> bytes:
    """1 GiB of spaces, packed twice. Made by the test that needs it: it takes seconds."""
    packed = zlib.compressobj(9)
    once = b"".join(packed.compress(b" " * 2**20) for _ in range(2**10)) + packed.flush()
    return page(stream(zlib.compress(once), b"/Filter[/FlateDecode/FlateDecode]"))


def outcome(sandbox: Sandbox, content: bytes, type_: str = "pdf") -> str:
    """The text that was read, `picture`, or the reason why nothing was."""
    raw = RawDocument(content, filename="x.pdf")
    assert detect(raw) == "pdf"
    try:
        article: Article = sandbox.extract(raw, type_)
    except ParseFailed as error:
        return error.reason
    return article.text or "picture"


XREF_STREAM = stream(
    b"", b"/Type/XRef/Size 2147483647/W[0 0 0]/Root 1 0 R"
)  # an index of two billion objects that takes no bytes
LOOPED = page(stream(WORDS))
HOSTILE: dict[str, tuple[bytes | Callable[[], bytes], set[str]]] = {
    "a page as large as a country": (page(stream(WORDS), box=b"0 0 1000000000 1000000000"), {"Readable words."}),
    "a page without a size": (page(stream(WORDS), box=b"0 0 0 0"), {"Readable words.", "no_text"}),
    "a hundred filters": (filters(100), {"Readable words.", "no_text", "damaged"}),
    "a stream of 1 GiB of spaces": (
        spaces,
        {"no_text", "damaged", "resource_exhausted", "parse_timeout"},
    ),
    "forms in forms in forms": (nested_forms(), {"parse_timeout", "no_text", "damaged", "too_complex"}),
    "an index that comes before itself": (
        LOOPED.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % LOOPED.rfind(b"xref\n0")),
        {"Readable words.", "damaged"},
    ),
    "pages that are their own parents": (
        pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 9999999>>"),
        {"damaged", "no_text"},
    ),
    "an index of two billion objects": (
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n2 0 obj\n" + XREF_STREAM + b"\nendobj\nstartxref\n45\n%%EOF",
        {"damaged", "no_text"},
    ),
    "an object stream within itself": (
        pdf(
            b"<</Type/Catalog/Pages 2 0 R>>",
            stream(b"2 0 3 9 <</Kids[3 0 R]>>", b"/Type/ObjStm/N 2/First 8/Extends 2 0 R"),
        ),
        {"damaged", "no_text"},
    ),
    "a million boxes": (page(stream(b"0 0 1 1 re f " * 1_000_000 + WORDS)), {"Readable words.", "parse_timeout"}),
    "a million dictionaries deep": (
        page(b"<</A" * 1_000_000 + b">>" * 1_000_000),
        {"damaged", "no_text", "parser_crash"},
    ),
    "scripts, files and forms": (
        page(stream(WORDS)).replace(
            b"<</Type/Catalog",
            b"<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.launchURL('http://127.0.0.1:9'))>>"
            b"/Names<</EmbeddedFiles<</Names[(../../x)<</Type/Filespec/F(../../x)>>]>>>>/AA<</O<</S/Launch/F(/bin/sh)>>>>",
        ),
        {"Readable words."},
    ),
}


def hostile(name: str) -> bytes:
    made, _ = HOSTILE[name]
    return made() if callable(made) else made


@pytest.mark.parametrize("name", HOSTILE)
def test_each_ends_within_its_limits(strict: Sandbox, name: str) -> None:
    assert outcome(strict, hostile(name)) in HOSTILE[name][1]


BOMBS = {
    "a picture of 65,500 by 65,500": picture(
        b"/Width 65500/Height 65500/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode",
        zlib.compress(bytes(2**22)),
    ),
    "a fax of a million lines": picture(
        b"/Width 65000/Height 1000000/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/CCITTFaxDecode"
        b"/DecodeParms<</K -1/Columns 65000/Rows 1000000>>",
        bytes(1000),
    ),
    "a page of a billion pixels": picture(
        b"/Width 2/Height 2/BitsPerComponent 8/ColorSpace/DeviceGray", b"\x00\xff\xff\x00", b"0 0 14000 14000"
    ),
    "a picture that is none": picture(
        b"/Width 100/Height 100/ColorSpace/DeviceRGB/Filter/JPXDecode", b"\xff\x4f\xff\x51none"
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_pictures_are_drawn_within_their_limits(strict: Sandbox, recogniser: Sandbox, name: str) -> None:
    stands = {"picture", "no_text", "damaged", "resource_exhausted", "parse_timeout"}
    assert outcome(strict, BOMBS[name]) in stands
    assert outcome(recogniser, BOMBS[name], SCAN) in stands


def test_the_shared_documents_each_end_with_text_or_a_reason(strict: Sandbox, shared_data: Path) -> None:
    outcome(strict, LOOPED)
    child = strict._child
    assert child is not None
    process = psutil.Process(child._process.pid)
    before = process.memory_info().rss
    for path in sorted((shared_data / "documents" / "malformed").glob("*.pdf")):
        said = outcome(strict, path.read_bytes())
        assert said
        assert said not in ("parser_crash", "parse_timeout", "resource_exhausted"), path.name
    assert child is strict._child
    assert process.memory_info().rss < before + 128 * 2**20


def test_nine_encryptions_give_the_same_text_or_say_so(strict: Sandbox, shared_data: Path) -> None:
    said = {
        path.name: outcome(strict, path.read_bytes())
        for path in (shared_data / "documents" / "encrypted").glob("*.pdf")
    }
    plain = said.pop("base.pdf")
    said.pop("encrypted_doc_no_id.pdf", None)
    assert len(said) >= 7
    assert set(said.values()) <= {plain, "encrypted"}

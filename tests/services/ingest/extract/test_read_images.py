"""Images by themselves are read like scanned pages; hostile ones end within the limits, with a reason."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image

from services.errors import ParseFailed
from services.ingest.extract import SCAN, detect, media_type
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import RawDocument
from services.settings import Settings
from tests.services.ingest.extract.prints import agreement, photographed, printed

HELD_UPSIDE_DOWN = Image.Exif()
HELD_UPSIDE_DOWN[0x112] = 3
TEXT = ["The ferry ran late on Tuesday.", "Nobody in the harbour was told the reason until the evening."]


@pytest.fixture(scope="module")
def recogniser() -> Iterator[Sandbox]:
    """One for text recognition."""
    sandbox = Sandbox(Settings(parse_seconds=60), duty="recognise")
    yield sandbox
    sandbox.close()


def picture(*text: str) -> Image.Image:
    """The upper part of a printed page."""
    page = Image.open(io.BytesIO(photographed(printed(list(text)))))
    return page.crop((0, 0, page.width, page.height // 4))


def saved(form: str, **options: object) -> bytes:
    """The text as an image file of a format of Pillow's."""
    file = io.BytesIO()
    picture(*TEXT).save(file, form, **options)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    """A white picture of any size, packed into next to nothing."""

    def part(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    row = b"\x00" + b"\xff" * ((width + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", packed) + part(b"IEND", b"")


@pytest.mark.parametrize(
    ("form", "media", "options"),
    [
        ("PNG", "image/png", {"dpi": (150, 150)}),
        ("JPEG", "image/jpeg", {"quality": 80}),
        # A photograph that says only in its notes which side is up.
        ("JPEG", "image/jpeg", {"exif": HELD_UPSIDE_DOWN}),
        ("TIFF", "image/tiff", {"compression": "tiff_lzw"}),
    ],
)  # fmt: skip
def test_an_image_reads_like_its_print(recogniser: Sandbox, form: str, media: str, options: dict[str, object]) -> None:
    content = saved(form, **options)
    raw = RawDocument(content, filename="letter.bin")
    assert (detect(raw), media_type("image", content)) == ("image", media)
    assert recogniser.extract(raw, "image").pictures == (1,)
    article = recogniser.extract(raw, SCAN)
    assert agreement(article.text, "\n\n".join(TEXT)) >= 0.97
    assert article.pages[0].confidence is not None


def test_each_page_of_a_fax_is_read(recogniser: Sandbox) -> None:
    pages = [picture(text).convert("1") for text in TEXT]
    file = io.BytesIO()
    pages[0].save(file, "TIFF", compression="group4", dpi=(150, 150), save_all=True, append_images=pages[1:])
    article = recogniser.extract(RawDocument(file.getvalue()), SCAN)
    assert [page.number for page in article.pages] == [1, 2]
    assert agreement(article.text, "\n\n".join(TEXT)) >= 0.97


def read_and_recognise(recogniser: Sandbox, raw: RawDocument) -> None:
    """Both steps, as the pipeline takes them."""
    if recogniser.extract(raw, detect(raw)).pictures:
        recogniser.extract(raw, SCAN)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"\xff\xd8\xff" + bytes(200),
        b"II*\x00" + b"\xff" * 200,
        # A directory of a TIFF that names itself as the next one.
        b"II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00",
        saved("PNG")[:2000],
        png(60_000, 60_000),
    ],
    ids=["no pixels", "zeros", "JPEG of zeros", "TIFF of ones", "circle", "cut off", "bomb"],
)
def test_a_hostile_image_ends_with_a_reason(recogniser: Sandbox, content: bytes) -> None:
    raw = RawDocument(content, filename="picture")
    with pytest.raises(ParseFailed) as caught:
        read_and_recognise(recogniser, raw)
    assert caught.value.reason in {"damaged", "no_text", "resource_exhausted"}
    assert recogniser.extract(RawDocument(b"The ferry ran late.", filename="a.txt"), "text").text


def test_a_photograph_without_text_says_so(recogniser: Sandbox) -> None:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((800, 600)).save(file, "JPEG")
    with pytest.raises(ParseFailed) as caught:
        recogniser.extract(RawDocument(file.getvalue()), SCAN)
    assert caught.value.reason == "no_text"

"""Pictures of pages, and boxes around spans of their text, compared with where the words were printed."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest

from services.errors import ParseFailed
from services.ingest.extract import SCAN
from services.ingest.extract.looks import MAX_PICTURE_PIXELS, PageLook, read_boxes, read_picture, read_sizes
from services.ingest.extract.places import Box, Place, Word, align, boxes_of
from services.ingest.extract.sandbox import Sandbox
from services.ingest.types import PARTS, RawDocument
from services.settings import Settings
from tests.services.ingest.extract.prints import (
    is_boxed,
    known_places,
    printed,
    pymupdf,
    scanned,
    spans_of_words,
    story,
    turned,
)

SPANS = 40


@pytest.fixture(scope="module")
def looker() -> Iterator[Sandbox]:
    """A sandbox that looks at pages."""
    sandbox = Sandbox(Settings(parse_seconds=20), duty="look")
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize(
    ("columns", "across", "hyphens", "quarters"),
    [
        *[(1, False, False, 0), (2, False, False, 0), (2, True, False, 0), (1, False, True, 0), (2, False, True, 0)],
        *[(1, False, False, 1), (1, False, False, 2), (2, False, False, 3)],
    ],
)
def test_a_span_is_boxed_where_it_was_printed(
    sandbox: Sandbox, looker: Sandbox, columns: int, across: bool, hyphens: bool, quarters: int
) -> None:
    paragraphs = story(6 * columns, seed=columns)
    with pymupdf.open(stream=printed(paragraphs, columns, across=across, hyphens=hyphens), filetype="pdf") as document:
        document[0].set_rotation(90 * quarters)
        raw = RawDocument(bytes(document.tobytes()))
    text = sandbox.extract(raw, "pdf").text
    words = spans_of_words(text, known_places(paragraphs, columns, hyphens=hyphens))
    pick = random.Random(7)
    for _ in range(SPANS):
        first = pick.randrange(len(words))
        last = min(len(words), first + pick.randint(1, 25))
        start, end = words[first][0], words[last - 1][1]
        boxes = looker.boxes(raw, PageLook("boxes", text=text, start=start, end=end))
        parts = [[turned(part, quarters) for part in each[2]] for each in words]
        inside = [part for word in parts[first:last] for part in word]
        outside = [part for word in parts[:first] + parts[last:] for part in word]
        assert is_boxed(boxes, inside, outside), text[start:end]


def test_lines_of_a_span_are_a_box_each(looker: Sandbox, sandbox: Sandbox) -> None:
    raw = RawDocument(printed(story(4)))
    text = sandbox.extract(raw, "pdf").text
    with pymupdf.open(stream=raw.content, filetype="pdf") as document:
        lines = len(document[0].get_text().strip().split("\n"))
    boxes = looker.boxes(raw, PageLook("boxes", text=text, start=0, end=len(text)))
    assert len(boxes) == lines


def test_a_cut_page_is_measured_from_its_visible_corner(looker: Sandbox, sandbox: Sandbox) -> None:
    with pymupdf.open(stream=printed(["The ferry ran late on Tuesday."]), filetype="pdf") as document:
        document[0].set_cropbox(pymupdf.Rect(50, 60, 350, 160))
        raw = RawDocument(bytes(document.tobytes()))
    text = sandbox.extract(raw, "pdf").text
    (box,) = looker.boxes(raw, PageLook("boxes", text=text, start=0, end=len(text)))
    assert looker.page_sizes(raw) == [(300.0, 100.0)]
    assert box.x0 == pytest.approx((60 - 50) / 300, abs=0.01)
    assert box.y0 < (90 - 60) / 100 < box.y1


@pytest.mark.parametrize("turn", [0, 90])
def test_a_scan_keeps_where_its_words_stand(looker: Sandbox, turn: int) -> None:
    paragraphs = story(3)
    raw = RawDocument(scanned(printed(paragraphs), turn=turn))
    sandbox = Sandbox(Settings(), duty="recognise")
    page = sandbox.extract(raw, SCAN).pages[0]
    sandbox.close()
    text = "\n\n".join(paragraphs)
    words = spans_of_words(text, known_places(paragraphs))
    places = [Place(start, end, Box(*(edge / PARTS for edge in box))) for start, end, *box in page.words]
    right = sum(
        is_boxed(boxes_of(places, start, end), parts, [part for each in words for part in each[2] if part not in parts])
        for start, end, parts in words
    )
    assert right >= 0.9 * len(words)
    # The picture is turned as it was read: upright, higher than wide.
    picture = looker.picture(raw, PageLook("picture", width=400, turn=page.turn))
    assert (picture.width, page.turn) == (400, {0: 0, 90: 3}[turn])
    assert picture.height == pytest.approx(400 * 842 / 595, abs=2)


def test_a_picture_is_as_wide_as_asked_and_never_too_large(looker: Sandbox) -> None:
    with pymupdf.open() as document:
        document.new_page(width=595, height=842).insert_text((72, 72), "Upright")
        document.new_page(width=100, height=14_000)
        document.new_page(width=14_000, height=3)
        raw = RawDocument(bytes(document.tobytes()))
    upright = looker.picture(raw, PageLook("picture", 1, width=1000))
    assert (upright.width, upright.height) == (1000, 1416)
    long = looker.picture(raw, PageLook("picture", 2, width=2400))
    assert long.width * long.height <= MAX_PICTURE_PIXELS * 1.01
    assert looker.picture(raw, PageLook("picture", 3, width=100)).height >= 1
    assert looker.page_sizes(raw) == [(595.0, 842.0), (100.0, 14_000.0), (14_000.0, 3.0)]


def test_what_is_not_there_is_refused(looker: Sandbox) -> None:
    raw = RawDocument(printed(["One page."]))
    with pytest.raises(ParseFailed) as refused:
        looker.picture(raw, PageLook("picture", 2, width=400))
    assert refused.value.reason == "no_page"
    assert looker.boxes(raw, PageLook("boxes", text="Nothing alike", start=0, end=13)) == []


def test_running_heads_and_bars_of_tables_do_not_shift_places() -> None:
    words = [
        Word(text, 0.1 * n, 0.1, 0.1 * n + 0.05, 0.12) for n, text in enumerate("Head 12 Ferry late 3 euro".split())
    ]
    text = "Ferry | late\n3 | euro"
    places = align(words, text)
    assert [text[place.start : place.end] for place in places] == ["Ferry", "late", "3", "euro"]
    assert [round(place.box.x0, 1) for place in places] == [0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize(
    ("read", "lie"),
    [
        (read_sizes, [[595]]),
        (read_sizes, [[595, -1]]),
        (read_sizes, [[595, float("nan")]]),
        (read_boxes, [[0, 0, 1, 2]]),
        (read_boxes, [[0, 0, 1]]),
        (read_boxes, "boxes"),
        (read_picture, {"content": b64encode(b"<script>").decode(), "width": 1, "height": 1}),
        (read_picture, {"content": "!", "width": 1, "height": 1}),
        (read_picture, None),
    ],
)
def test_what_a_child_that_was_taken_over_tells_is_not_believed(read: Callable[[object], object], lie: object) -> None:
    assert read(lie) is None


def test_offsets_are_code_points() -> None:
    words = [Word("𝒜-ferry", 0, 0, 0.1, 0.1), Word("ran", 0.2, 0, 0.3, 0.1)]
    assert [place[:2] for place in align(words, "𝒜-ferry ran")] == [(0, 7), (8, 11)]

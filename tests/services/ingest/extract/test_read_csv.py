"""Tables: delimiters, headers and encodings are found, and every row can be read by itself."""

from __future__ import annotations

import pytest

from services.errors import ParseFailed
from services.ingest.extract import detect, extract
from services.ingest.extract.table import read_table, row_text
from services.ingest.types import RawDocument
from services.settings import Settings

ROWS = [["Town", "River", "Bridges"], ["Norrvik", "Alva", "4"], ["Söderby", "Lilla ån", "12"], ["Östra", "Alva", "1"]]
LINES = "Town: Norrvik; River: Alva; Bridges: 4\n\nTown: Söderby; River: Lilla ån; Bridges: 12\n\nTown: Östra; River: Alva; Bridges: 1"


def text(content: bytes, filename: str | None = "towns.csv") -> str:
    raw = RawDocument(content, filename=filename)
    assert detect(raw) == "csv"
    return extract(raw, "csv", Settings()).text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_and_encoding_are_found(delimiter: str, encoding: str, end: str) -> None:
    content = end.join(delimiter.join(row) for row in ROWS).encode(encoding)
    assert text(content) == LINES


def test_a_table_is_told_by_its_content_too() -> None:
    content = "\n".join(";".join(row) for row in ROWS).encode()
    assert text(content + b"\n", None) == text(content + b"\n", "towns.txt") == LINES


@pytest.mark.parametrize(
    "content",
    [
        "One, two, three.\nFour, five, six.\nSeven, eight, nine.\nTen, eleven, twelve.\n",
        "A line\nanother\nand one more\nthe last\n",
        "a,b,c\n1,2,3\n",
        "Dear all,\n\nthe council, the mayor, and others voted.\n\nYours,\nAnn\n",
    ],
)
def test_prose_is_no_table(content: str) -> None:
    assert detect(RawDocument(content.encode())) == "text"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('name,said\nAnn,"One, ""two"",\nthree"\nBo,\n', 'name: Ann; said: One, "two", three\n\nname: Bo'),
        ("1,2,3\n4,5,6\n", "1; 2; 3\n\n4; 5; 6"),
        ("country,2019,2020\nNorway,5.3,5.4\n", "country: Norway; 2019: 5.3; 2020: 5.4"),
        (
            "Towns of the north\n\ntown,river\nNorrvik,Alva\nÖstra,Alva\n",
            "Towns of the north\n\ntown: Norrvik; river: Alva\n\ntown: Östra; river: Alva",
        ),
        ("sep=;\ntown;river\nNorrvik;Alva\n", "town: Norrvik; river: Alva"),
        ("only\none\ncolumn\n", "only\n\none\n\ncolumn"),
        ("town,river\n", "town; river"),
        ("a@b.example,Ann\nc@d.example,Bo\n", "a@b.example; Ann\n\nc@d.example; Bo"),
        ("town,river\nNorrvik,Alva,and more\n", "town: Norrvik; river: Alva; and more"),
    ],
)
def test_headers_preambles_and_odd_rows(content: str, expected: str) -> None:
    assert text(content.encode()) == expected


def test_names_and_numbers_are_in_no_language() -> None:
    rows = "\n".join(f"{n},Baxter-{n},Rasmussen,0{n}7.5154x718,zunig{n}@smith.info" for n in range(20))
    raw = RawDocument(f"id,name,company,phone,mail\n{rows}".encode(), filename="x.csv")
    assert extract(raw, "csv", Settings()).language is None


def test_rows_come_apart_from_their_text() -> None:
    table = read_table("town,river\nNorrvik,Alva\n")
    assert (table.header, table.rows) == (("town", "river"), [["Norrvik", "Alva"]])
    assert row_text(table.header, table.rows[0]) == "town: Norrvik; river: Alva"


@pytest.mark.parametrize("content", ["a,b\n" + '"' + "x" * 1_100_000, "a,b\n" + "," * 20_000 + "x"])
def test_endless_cells_and_rows_are_refused(content: str) -> None:
    with pytest.raises(ParseFailed) as caught:
        extract(RawDocument(content.encode()), "csv", Settings())
    assert caught.value.reason == "too_complex"

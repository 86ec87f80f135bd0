"""The same news as a file of every kind that can be read."""

from __future__ import annotations

from typing import NamedTuple

from tests.services.ingest.extract.prints import photographed, printed, scanned
from tests.services.ingest.extract.word import docx, p

PHRASE = "The lighthouse keeper of Varnholm sold seven copper lanterns to a travelling circus."
PARAGRAPHS = [
    "Children of the village had polished them every winter since the great storm.",
    PHRASE,
    "The council of the island will decide in spring who climbs the stairs from now on.",
]


class File(NamedTuple):
    """A file and the type that it is read as."""

    name: str
    content: bytes
    type: str


def files() -> dict[str, File]:
    """A file of each kind, by kind; a scan is a PDF of one picture, an image that picture by itself."""
    head = "<head><title>Lanterns of Varnholm</title></head>"
    body = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    html = f"<!doctype html><html lang='en'>{head}<body><article><h1>Lanterns</h1>{body}</article></body></html>"
    table = "place,news\n" + "\n".join(f'Varnholm,"{each}"' for each in PARAGRAPHS)
    text = "\n\n".join(PARAGRAPHS)
    return {
        "pdf": File("report.pdf", printed(PARAGRAPHS), "pdf"),
        "scan": File("scan.pdf", scanned(printed(PARAGRAPHS)), "pdf"),
        "image": File("scan.jpg", photographed(printed(PARAGRAPHS)), "image"),
        "docx": File("report.docx", docx("".join(map(p, PARAGRAPHS))), "docx"),
        "text": File("report.txt", text.encode(), "text"),
        "markdown": File("report.md", f"# Lanterns\n\n{text}".encode(), "markdown"),
        "html": File("report.html", html.encode(), "html"),
        "csv": File("report.csv", table.encode(), "csv"),
    }

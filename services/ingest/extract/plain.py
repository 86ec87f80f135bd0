"""Documents as libraries read them with one line of code: what our reading is measured against."""

from __future__ import annotations

from io import BytesIO

from docx import Document
from lxml import html

from services.ingest.extract.encoding import decode
from services.ingest.extract.pdf.layout import pymupdf

# What stands beside our figures, by type.
RIVALS = {"pdf": "PyMuPDF", "docx": "python-docx", "html": "lxml, all text", "csv": "raw text"}


def read_plainly(content: bytes, type_: str) -> str:
    """The text of a document, as its library gives it without further ado."""
    if type_ == "pdf":
        with pymupdf.open(stream=content, filetype="pdf") as pages:
            return "\n".join(page.get_text() for page in pages)
    if type_ == "docx":
        return "\n".join(paragraph.text for paragraph in Document(BytesIO(content)).paragraphs)
    text = decode(content).text
    return str(html.fromstring(text.encode()).text_content()) if type_ == "html" else text

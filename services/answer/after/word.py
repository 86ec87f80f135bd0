"""Answers as a Word document (DOCX). What others wrote goes in as text alone; only addresses of the web become links."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from services.answer.after.material import Exported, Reference


def as_docx(answers: Sequence[Exported]) -> bytes:
    """A file: the only answer, or those of a thread in the order in which they were asked."""
    file = Document()
    properties = file.core_properties
    properties.title, properties.author = answers[0].question[:255] if answers else "", "Tidings"
    properties.comments = ""
    for answer in answers:
        write_answer(file, answer)
    content = io.BytesIO()
    file.save(content)
    return content.getvalue()


def write_answer(file: Any, answer: Exported) -> None:
    """Put one answer at the end of a document."""
    file.add_heading(answer.question, level=1)
    for name, value in answer.facts:
        paragraph = file.add_paragraph(style="List Bullet")
        paragraph.add_run(f"{name}: ").bold = True
        paragraph.add_run(value)
    add_link(file.add_paragraph(style="List Bullet"), "In Tidings", answer.link)
    if not answer.sentences:
        file.add_paragraph("No document answered this.")
    for text, numbers in answer.sentences:
        paragraph = file.add_paragraph(f"{text} ")
        paragraph.add_run("".join(f"[{number}]" for number in numbers)).bold = True
    if answer.differences:
        file.add_heading("Sources differ", level=2)
    for difference in answer.differences:
        file.add_paragraph("; ".join(f"{value} [{number}]" for value, number in difference), style="List Bullet")
    for title, references in (("Sources", answer.references), ("Also considered", answer.also)):
        if references:
            file.add_heading(title, level=2)
            for reference in references:
                write_reference(file, reference)


def write_reference(file: Any, reference: Reference) -> None:
    """Put a source with its exact passages at the end of a document."""
    page = "" if reference.page is None else f", page {reference.page}"
    paragraph = file.add_paragraph()
    paragraph.add_run(f"[{reference.number}] {reference.title}").bold = True
    paragraph.add_run(f" ({reference.outlet}, {reference.dated}{page})")
    for quoted in reference.quotes:
        file.add_paragraph(quoted, style="Quote")
    links = file.add_paragraph()
    if reference.original:
        add_link(links, "original", reference.original)
        links.add_run(" | ")
    add_link(links, "in Tidings", reference.link)


def add_link(paragraph: Any, text: str, address: str) -> None:
    """Put a link at the end of a paragraph; python-docx has no word for it."""
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    run = paragraph.add_run(text)
    run.underline = True
    link.append(run._r)
    paragraph._p.append(link)

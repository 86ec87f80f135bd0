"""The files of the demo pack that are not plain text, made from the texts beside this and the figures here."""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from pathlib import Path

import docx
import pymupdf
from PIL import Image

from tests.demo_pack.paper import BOLD, Paper

TEXTS = Path(__file__).parent / "texts"
REMARKS = {
    0: "first alarm at Ostmere",
    6: "dyke at Skarrow broken since 3.20 a.m.",
    30: "peak at Ostmere",
    36: "peak at Lindquay",
    39: "gap in the dyke closed",
    72: "below the alarm level",
}
OSTMERE = (
    *(5.50, 5.91, 6.22, 6.38, 6.49, 6.58, 6.66, 6.74, 6.81, 6.88, 6.94, 6.92, 6.87, 6.79, 6.69, 6.57, 6.44),
    *(6.31, 6.18, 6.05, 5.93, 5.81, 5.70, 5.59, 5.48),
)
SKARROW = (
    *(4.62, 5.01, 4.88, 4.79, 4.81, 4.86, 4.92, 4.98, 5.04, 5.09, 5.14, 5.16, 5.15, 5.21, 5.17, 5.08, 4.98),
    *(4.87, 4.76, 4.66, 4.56, 4.47, 4.38, 4.30, 4.22),
)
LINDQUAY = (
    *(2.90, 3.05, 3.21, 3.33, 3.42, 3.51, 3.60, 3.70, 3.80, 3.90, 4.00, 4.07, 4.12, 4.10, 4.05, 3.98, 3.90),
    *(3.82, 3.73, 3.65, 3.57, 3.50, 3.43, 3.37, 3.31),
)
OVERDUE = {3: 14, 6: 15, 9: 19, 14: 26, 17: 13, 21: 22, 22: 22, 27: 16, 30: 18}


def make_files(folder: Path) -> None:
    """Write all of them into a folder."""
    make_inquiry(folder / "skarrow-inquiry.pdf")
    make_statement(folder / "kettle-bridge-statement.pdf")
    make_letter(folder / "letter-of-the-dyke-warden.pdf")
    make_release(folder / "kettle-bridge-footway.docx")
    make_gauges(folder / "tolme-gauges.csv")


def flow(paper: Paper, name: str) -> None:
    """Set one of the texts: headings begin with #, every other line is a paragraph."""
    for line in (TEXTS / f"{name}.txt").read_text().splitlines():
        if line.startswith("# "):
            paper.heading(line[2:], paper.size + 1.5)
        else:
            paper.text(line)


def make_inquiry(path: Path) -> None:
    """The report: two columns, a register that runs over two pages, a budget."""
    title = "Report of the regional inquiry into the flood at Skarrow"
    paper = Paper(head="Region of Halvern, Inquiry into the flood at Skarrow")
    paper.text(title, size=20, font=BOLD)
    paper.text(
        "Laid before the regional council by its seven members. Chair: Dr Philippa Orrin.", size=paper.size, font=BOLD
    )
    paper.across(2)
    flow(paper, "inquiry")
    paper.columns, paper.column = 1, 0
    paper.turn()
    paper.heading("7. How the register was kept")
    flow(paper, "inquiry-register")
    paper.heading("8. Register of dyke sections on the day of the breach")
    paper.text("Full inspections are due after twelve months. Months since the last one, as of the day of the breach:")
    paper.table(register(), (0.14, 0.34, 0.16, 0.2, 0.16))
    paper.heading("Spending of the Water Board in million crowns")
    paper.table(
        [
            ("Year", "Inspections", "Repairs", "Offices"),
            ("Four years ago", "1.9", "6.2", "2.4"),
            ("Three years ago", "1.7", "6.0", "2.6"),
            ("Two years ago", "1.5", "5.7", "2.8"),
            ("Last year", "1.2", "5.9", "3.0"),
            ("This year, planned", "1.1", "5.8", "3.1"),
        ],
        (0.4, 0.2, 0.2, 0.2),
    )
    flow(paper, "inquiry-recommendations")
    paper.save(path, title)


def register() -> list[tuple[str, ...]]:
    """The 31 sections between Ostmere and the sea."""
    reaches = ("Ostmere to Skarrow", "Skarrow", "Skarrow to Brennholt", "Brennholt", "Brennholt to Lindquay")
    ends = (11, 16, 21, 25, 31)
    rows: list[tuple[str, ...]] = [("Section", "Reach", "Length, m", "Months since", "State")]
    for number in range(1, 32):
        reach = next(name for name, end in zip(reaches, ends, strict=True) if number <= end)
        months = OVERDUE.get(number, 1 + number * 7 % 11)
        state = "overdue" if number in OVERDUE else "in time"
        rows.append((str(number), reach, str(420 + number * 137 % 610), str(months), state))
    return rows


def make_statement(path: Path) -> None:
    """The statement: one page, one column."""
    paper = Paper(size=11)
    paper.text("MAREN HOLT STEELWORKS", size=11, font=BOLD)
    paper.text("Statement on the closing of Kettle Bridge", size=20, font=BOLD)
    flow(paper, "statement")
    paper.text("Brennholt, for the board: Cornelia Maren, Tavish Holt")
    paper.save(path, "Maren Holt: statement on Kettle Bridge")


def make_letter(path: Path) -> None:
    """The letter: typed, put on the glass a little askew, and scanned in black and white. No text in it."""
    page = pymupdf.open().new_page(width=595, height=842)
    for number, line in enumerate((TEXTS / "letter.txt").read_text().splitlines()):
        page.insert_text((80, 90 + number * 15.5), line, fontsize=11, fontname="cour")
    page.insert_text((330, 140), "RECEIVED", fontsize=16, fontname="cobo", rotate=0)
    pixels = page.get_pixmap(dpi=170, colorspace=pymupdf.csGRAY)
    image = Image.frombytes("L", (pixels.width, pixels.height), pixels.samples)
    image = image.rotate(0.5, resample=Image.Resampling.BICUBIC, fillcolor=255)
    dust = random.Random(14)
    for _ in range(90):
        image.putpixel((dust.randrange(image.width), dust.randrange(image.height)), 0)
    scan = io.BytesIO()
    image.point(lambda value: 255 if value > 140 else 0).convert("1").save(scan, "PNG", optimize=True)
    document = pymupdf.open()
    document.new_page(width=595, height=842).insert_image(pymupdf.Rect(0, 0, 595, 842), stream=scan.getvalue())
    document.save(path, garbage=4, deflate=True, no_new_id=True)


def make_release(path: Path) -> None:
    """The press release: headings, a list and a table, as a word processor writes them."""
    document = docx.Document()
    document.add_heading("Kettle Bridge: the footway reopens", level=0)
    document.add_paragraph(
        "City of Brennholt, press office. In nine days people may cross Kettle Bridge again on foot. The load test has"
        " shown that the downstream footway can carry up to 200 people at a time."
    )
    document.add_heading("What is allowed", level=1)
    for item in (
        "Walking, also with prams and wheelchairs.",
        "Pushing a bicycle. Riding is not allowed; the ferry takes bicycles.",
        "Dogs on a lead.",
    ):
        document.add_paragraph(item, style="List Bullet")
    document.add_heading("Opening hours", level=1)
    document.add_paragraph(
        "Stewards count at both ends. When 200 people are on the bridge, the gate closes until some leave."
    )
    table = document.add_table(rows=1, cols=3, style="Table Grid")
    rows = (("Days", "Footway", "Ferry Little Auk"), ("Working days", "6 a.m. to 10 p.m.", "6 a.m. to 11 p.m."))
    for cells in (*rows, ("Weekends and holidays", "8 a.m. to 10 p.m.", "7 a.m. to midnight")):
        row = table.rows[0] if cells is rows[0] else table.add_row()
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_heading("What follows", level=1)
    document.add_paragraph(
        "Vehicles must wait for the end of the repair, in about five months. The stewards cost 2,300 crowns a week and are"
        " paid from the budget for the ferry. Questions to the city engineer, Leonie Tranter."
    )
    document.core_properties.author = "City of Brennholt"
    document.save(str(path))
    repack(path)


def repack(path: Path) -> None:
    """Compress as well as can be, and leave out the preview picture and the dates that the library's template brings."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist() if name != "docProps/thumbnail.jpeg"}
    parts["_rels/.rels"] = re.sub(rb"<Relationship [^>]*thumbnail[^>]*/>", b"", parts["_rels/.rels"])
    core = "docProps/core.xml"
    parts[core] = re.sub(rb"<(dcterms:(?:created|modified)|dc:description)\b[^>]*>[^<]*</\1>", b"", parts[core])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name, content in parts.items():
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)


def make_gauges(path: Path) -> None:
    """The table of water levels, every three hours."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("hours since first alarm", "Ostmere (m)", "Skarrow (m)", "Lindquay (m)", "remark"))
        for number, levels in enumerate(zip(OSTMERE, SKARROW, LINDQUAY, strict=True)):
            hours = number * 3
            rows.writerow((hours, *(f"{level:.2f}" for level in levels), REMARKS.get(hours, "")))

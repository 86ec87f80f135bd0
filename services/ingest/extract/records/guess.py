"""What the columns of a table are likely to be for, by their names and by what stands in them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from services.ingest.extract.records.dates import parse_date

# Names by role, most telling first; English, German, French, Spanish, Italian, Portuguese, Dutch.
NAMES = {
    "title": "title headline heading subject titel uberschrift schlagzeile titre titulo titolo titular kop name",
    "text": """text body content article fulltext articletext story message comment review transcript inhalt volltext artikel
        texte contenu corps texto contenido cuerpo testo contenuto conteudo tekst inhoud description summary abstract
        beschreibung resume descripcion""",
    "date": """date published publishedat publisheddate publicationdate pubdate publishdate datetime datepublished day
        timestamp createdat created time datum veroffentlicht fecha data""",
    "url": "url link permalink href address uri webpage articleurl sourceurl weburl",
    "author": "author authors byline writer autor auteur autore reporter journalist verfasser by",
    "source": "source publisher outlet publication newspaper medium quelle herausgeber journal fuente fonte bron site domain",
    "language": "language lang sprache langue idioma lingua taal locale",
}  # fmt: skip
# Columns whose cells hold this many characters on average are texts, whatever they are called.
TEXT_CHARACTERS = 100
# A column that is called a text is one from this length on; below it the table is data.
CALLED_TEXT_CHARACTERS = 40
LEAST_TITLE, MOST_TITLE = 12, 160
MOST = 0.8
LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z]{2,4})?$", re.IGNORECASE)


@dataclass(frozen=True)
class Guess:
    """Roles by column, from 0, and whether the rows look like documents."""

    roles: dict[str, int]
    by_rows: bool


def guess(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Guess:
    """Look at the names and at some rows."""
    width = max((len(row) for row in rows), default=len(header))
    columns = [[row[column] for row in rows if column < len(row) and row[column]] for column in range(width)]
    lengths = [sum(map(len, cells)) / max(len(rows), 1) for cells in columns]
    roles = _by_name(header, columns, lengths)
    taken = set(roles.values())
    free = [column for column in range(width) if column not in taken and columns[column]]
    for role, looks in (("url", _are_urls), ("date", _are_dates)):
        if role not in roles:
            found = next((column for column in free if looks(columns[column])), None)
            if found is not None:
                roles[role] = found
                free.remove(found)
    longest = max(free, key=lambda column: lengths[column], default=None)
    named = roles.get("text")
    # A summary that is called a text gives way to a column that is much longer.
    if (
        longest is not None
        and lengths[longest] >= TEXT_CHARACTERS
        and (named is None or lengths[longest] > 2 * lengths[named])
    ):
        roles["text"] = longest
        free.remove(longest)
    if "title" not in roles:
        titles = [
            column for column in free if LEAST_TITLE <= lengths[column] <= MOST_TITLE and _differ(columns[column])
        ]
        if titles:
            roles["title"] = titles[0]
    text = roles.get("text")
    by_rows = text is not None and lengths[text] >= CALLED_TEXT_CHARACTERS and len(rows) > 1
    return Guess(roles, by_rows)


def _by_name(header: Sequence[str], columns: Sequence[Sequence[str]], lengths: Sequence[float]) -> dict[str, int]:
    """The roles that names tell; what stands in the columns must not speak against it."""
    plain = [_plain(name) for name in header]
    roles: dict[str, int] = {}
    fits = {"date": _are_dates, "url": _are_urls, "language": _are_languages}
    for role, names in NAMES.items():
        for name in names.split():
            column = plain.index(name) if name in plain else None
            if column is None or column >= len(columns) or column in roles.values():
                continue
            if role in fits and columns[column] and not fits[role](columns[column]):
                continue
            roles[role] = column
            break
    return roles


def _are_dates(cells: Sequence[str]) -> bool:
    return sum(parse_date(cell, day_first=True) is not None for cell in cells) >= MOST * max(len(cells), 1)


def _are_urls(cells: Sequence[str]) -> bool:
    return sum(cell.lower().startswith(("http://", "https://")) for cell in cells) >= MOST * max(len(cells), 1)


def _are_languages(cells: Sequence[str]) -> bool:
    return all(LANGUAGE.match(cell) for cell in cells)


def _differ(cells: Sequence[str]) -> bool:
    return len(set(cells)) >= MOST * len(cells)


def _plain(name: str) -> str:
    """Letters alone, without case and accents."""
    text = unicodedata.normalize("NFKD", name[:80].casefold())
    return "".join(char for char in text if char.isalnum() and not unicodedata.combining(char))

"""The news category of a document, from the section that its publisher put it in. Pure; none when unsure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from urllib.parse import unquote, urlsplit

from services.ingest.types import CATEGORIES

# Who names a section, the most trusted first.
WITNESSES = ("source", "json-ld", "meta", "feed", "url")
# Words of front pages, without accents: English, German, French, Spanish, Italian, Portuguese, Dutch, and a few more.
WORDS = {
    "world": """world international global foreign africa asia europe americas mideast welt ausland internationales
        monde etranger internacional mundo exterior mondo esteri internazionale wereld buitenland internationaal
        varlden utrikes verden udland swiat zagranica""",
    "politics": """politics political government election elections congress senate parliament whitehouse westminster brexit
        politik innenpolitik bundestag wahlen wahl politique elections politica gobierno elecciones elezioni governo eleicoes
        politiek verkiezingen inrikespolitik polityka""",
    "business": """business economy economics finance financial money markets market companies stocks investing economie
        wirtschaft finanzen borse boerse unternehmen geld konjunktur entreprises bourse argent economia empresas finanzas
        negocios mercados dinero finanza mercati aziende soldi financas bedrijven beurs ekonomi naringsliv okonomi erhverv
        gospodarka biznes""",
    "technology": """technology tech digital internet gadgets computing software cybersecurity netzwelt technik technologie
        computer technologies numerique tecnologia informatica hitech technologia teknik teknologi""",
    "science": """science sciences space astronomy physics archaeology wissenschaft wissen forschung weltraum espace
        recherche ciencia espacio scienza scienze spazio wetenschap ruimtevaart vetenskap videnskab nauka""",
    "health": """health healthcare medicine medical wellness wellbeing coronavirus covid gesundheit medizin sante medecine
        salud bienestar salute benessere sanita saude gezondheid halsa sundhed zdrowie""",
    "environment": """environment climate nature weather wildlife sustainability umwelt klima natur wetter nachhaltigkeit
        environnement climat planete meteo medioambiente naturaleza sostenibilidad ambiente ecologia sostenibilita
        sustentabilidade milieu klimaat natuur weer miljo""",
    "sport": """sport sports football soccer nfl nba mlb nhl basketball baseball cricket tennis golf rugby athletics olympics
        boxing motorsport formula1 f1 racing fussball bundesliga handball foot cyclisme deportes deporte futbol baloncesto
        tenis calcio ciclismo esporte esportes desporto futebol voetbal wielrennen fotboll pilka""",
    "culture": """culture arts art entertainment music movies movie film films books theatre theater tv television celebrity
        celebrities showbiz lifestyle style fashion food travel kultur unterhaltung musik kino bucher buecher literatur
        feuilleton mode reise kunst cinema musique livres culturel divertissement voyage cultura entretenimiento
        musica cine libros espectaculos moda viajes cultural spettacoli libri viaggi entretenimento filmes livros viagem
        cultuur muziek boeken media nojeskultur kultura""",
    "society": """society education religion family schools school university social community communities demographics
        gesellschaft bildung schule familie panorama societe ecole religion sociedad educacion familia educacao sociedade
        societa scuola istruzione samenleving onderwijs religie samhalle samfund spoleczenstwo""",
    "crime": """crime courts court law justice police crimes criminal kriminalitat kriminalitaet justiz polizei recht
        police justice sucesos justicia tribunales policia giustizia crimen policial seguranca
        misdaad justitie politie brott krimi""",
    "opinion": """opinion opinions editorial editorials columnists columnist commentary comment commentisfree letters oped
        meinung kommentar kommentare kolumne kolumnen debatte debats tribune tribunes chronique chroniques opinione opinioni
        editoriali commenti opiniao colunas colunistas columnas editoriales opinie columns columnisten ledare debatt""",
}  # fmt: skip
PHRASES = {
    "climate change": "environment", "real estate": "business", "personal finance": "business", "middle east": "world",
    "white house": "politics", "artificial intelligence": "technology", "video games": "culture",
    "public health": "health", "faits divers": "crime", "medio ambiente": "environment", "meio ambiente": "environment",
    "hi tech": "technology", "op ed": "opinion", "bem estar": "health", "cronaca nera": "crime", "vie numerique": "technology",
    "science fiction": "culture", "sports business": "sport", "ai": "technology",
    "world cup": "sport", "world series": "sport", "state of the art": "culture", "law and order": "crime",
}  # fmt: skip
# In paths these say "an article", and nothing about it.
MAX_PATH_PARTS = 4
MAX_SECTION_CHARACTERS = 60
KEPT = "/>|»,;:&+"
SEPARATORS = re.compile(r"[/>|»,;:&+]| (?:and|und|et|y|e|en|och|og) ")


def categorise(sections: Mapping[str, Sequence[str]]) -> tuple[str | None, str | None]:
    """The category and who named it, from the sections that each witness names.

    What a person gave to the source wins. Of the others the category with most witnesses wins, then the most trusted.
    """
    given = next((name for name in sections.get("source", ()) if name in CATEGORIES), None)
    if given:
        return given, "source"
    votes = {witness: _first(sections.get(witness, ())) for witness in WITNESSES[1:]}
    found = {witness: category for witness, category in votes.items() if category}
    if not found:
        return None, None
    named = list(found.values())
    witness = max(found, key=lambda name: (named.count(found[name]), -WITNESSES.index(name)))
    return found[witness], witness


def of_section(section: str) -> str | None:
    """The category of one section's name."""
    plain = _plain(section)
    if not plain or len(plain) > MAX_SECTION_CHARACTERS:
        return None
    if plain in PHRASES:
        return PHRASES[plain]
    for part in SEPARATORS.split(_plain(section, keep=KEPT)):
        words = part.split()
        found = {_lexicon()[word] for word in words if word in _lexicon()}
        phrase = PHRASES.get(" ".join(words))
        if phrase or len(found) == 1:
            return phrase or found.pop()
    return None


def path_sections(url: str | None) -> tuple[str, ...]:
    """The folders of a page's address that may name its section; never its own name, which is a headline."""
    try:
        parts = [unquote(part) for part in urlsplit(url or "").path.split("/") if part]
    except ValueError:
        return ()
    return tuple(part for part in parts[:-1][:MAX_PATH_PARTS] if len(part) <= 25 and part.count("-") <= 1)


def _first(names: Iterable[str]) -> str | None:
    return next((category for name in names if (category := of_section(name))), None)


def _plain(text: str, keep: str = "") -> str:
    """Lower case, without accents and punctuation other than that kept."""
    text = unicodedata.normalize("NFKD", text[: 4 * MAX_SECTION_CHARACTERS].casefold())
    kept = "".join(char if char.isalnum() or char in keep else " " for char in text if not unicodedata.combining(char))
    return " ".join(kept.split())


@cache
def _lexicon() -> dict[str, str]:
    return {word: category for category, words in WORDS.items() for word in words.split()}

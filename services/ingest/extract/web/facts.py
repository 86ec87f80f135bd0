"""Title, authors, section, language and image of a page: independent witnesses are heard and the agreeing ones believed.

Witnesses are JSON-LD, meta tags, microdata, what the page shows, and the feed. Each candidate is compared with those of
the other witnesses; the one with most agreement wins, and the order of trust decides between equals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from trafilatura.metadata import extract_author, extract_catstags, extract_title

from services.ingest.extract.web.jsonld import strings
from services.ingest.extract.web.page import Page, words_of

SITE_SUFFIX = re.compile(r"\s+[|–—·»-]\s+[^|–—·»]{2,40}$")
BYLINE = re.compile(r"^\s*(?:\w+ )?by\s+(?=\w)|^\s*(?:von|par|por|di|door|av|af)\s+(?=\w)", re.IGNORECASE)
BETWEEN_NAMES = re.compile(r"\s*(?:;|\||\s(?:and|und|et|y|e|en|och|og|&)\s)\s*", re.IGNORECASE)
TRAILING = re.compile(
    r"[\s,]+(?:published|updated|posted|associated press|jan|feb|march|april|june|july|august|september|october|november|december)\W*$",
    re.IGNORECASE,
)
# After a comma stands another name, or who the first one is.
ROLE = re.compile(
    r"\b(?:writer|editor|correspondent|reporter|columnist|analyst|news|press|staff|media|magazine|times|post|journal|contributor|"
    r"bureau|desk|redakteur\w*|journalist\w*|korrespondent\w*|special|senior|chief|ap|afp|reuters|md|phd|ms|rdn?)\b|\.\w{2,4}$",
    re.IGNORECASE,
)
NO_NAME = re.compile(
    r"https?:|www\.|@|\d{2}|^(?:admin\w*|staff|editor(?:s|ial)?|redaktion|redaction|rédaction|redacción|redazione|"
    r"redação|redactie|news ?desk|unknown|author|none|null)$",
    re.IGNORECASE,
)
TAGS = re.compile(r",\S|,.*,")
# Two titles say the same when most words of the shorter are in the longer, and the longer is not much longer.
SHARED_WORDS = 0.8
MUCH_LONGER = 4
MAX_IMAGE_CHARACTERS = 2000
MAX_FACT_CHARACTERS = 1000
MAX_NAME_WORDS = 6

Candidates = list[tuple[str, str]]


def title_of(page: Page) -> str:
    """The title that most witnesses share; without the site's name at its end."""
    shown = page.headlines[0] if len(page.headlines) == 1 else ""
    candidates: Candidates = [("json-ld", text) for text in page.declared("headline")]
    candidates += [("meta", page.meta("og:title")), ("meta", page.meta("twitter:title", "dc.title", "parsely-title"))]
    candidates += [("shown", shown), ("feed", (page.hints.title if page.hints else None) or ""), ("title", page.name)]
    candidates = [(witness, _without_site(_short(text), page)) for witness, text in candidates if text.strip()]
    best = _elect(candidates, _same_title)
    if best is None:
        return _without_site(_short(extract_title(page.tree) or ""), page)
    return best


def authors_of(page: Page) -> tuple[str, ...]:
    """Names of the people who wrote it: the list with a name that most witnesses share."""
    lists: list[tuple[str, tuple[str, ...]]] = [("json-ld", _names(_json_ld_authors(page.items), page))]
    metas = ("author", "article:author", "parsely-author", "sailthru.author", "dc.creator", "byl", "citation_author")
    lists.append(("meta", next((names for key in metas if (names := _names(page.metas.get(key, ()), page))), ())))
    marked = page.tree.xpath("//*[@itemprop='author']//*[@itemprop='name'] | //a[@rel='author']")
    lists.append(("microdata", _names((element.text_content() for element in marked[:20]), page)))
    lists.append(("feed", _names(page.hints.authors if page.hints else (), page)))
    named = [(witness, names) for witness, names in lists if names]
    if not named:
        found = extract_author(page.tree)
        return _names((found or "").split(";"), page)

    def votes(candidate: tuple[str, tuple[str, ...]]) -> int:
        known = {name.casefold() for name in candidate[1]}
        return sum(bool(known & {name.casefold() for name in names}) for _, names in named)

    return max(named, key=votes)[1]


def sections_of(page: Page) -> dict[str, list[str]]:
    """The publisher's own sections of the page by witness: json-ld, meta, feed."""
    meta = [value for name in ("article:section", "section", "parsely-section") for value in page.metas.get(name, ())]
    return {
        "json-ld": _split_tags(page.declared("articleSection")),
        "meta": _split_tags(meta),
        "feed": list(page.hints.categories if page.hints else ()),
    }


def section_of(page: Page, sections: dict[str, list[str]]) -> str | None:
    """The section that most witnesses name."""
    candidates = [(witness, name) for witness, names in sections.items() for name in names]
    best = _elect(candidates, lambda one, other: one.casefold() == other.casefold())
    if best is None:
        return next(iter(_split_tags(extract_catstags("category", page.tree))), None)
    return best


def claimed_language(page: Page) -> str | None:
    """The language that most of its claims name; the text itself is asked later."""
    candidates = [("json-ld", code) for code in page.declared("inLanguage")]
    candidates += [("html", str(page.tree.xpath("string(/html/@lang)"))), ("meta", page.meta("og:locale"))]
    candidates += [
        ("http", page.meta("content-language")),
        ("feed", (page.hints.language if page.hints else None) or ""),
    ]
    return _elect(
        [(witness, code.strip()) for witness, code in candidates],
        lambda one, other: one[:2].lower() == other[:2].lower(),
    )


def image_of(page: Page) -> str | None:
    """The address of the story's picture: that of most witnesses. It is never fetched here."""
    candidates: Candidates = [("meta", page.meta("og:image:secure_url", "og:image", "og:image:url"))]
    candidates += [("json-ld", address) for item in page.items for address in _images(item.get("image"))[:3]]
    candidates += [("meta", page.meta("twitter:image", "twitter:image:src"))]
    candidates += [("feed", (page.hints.image_url if page.hints else None) or "")]
    absolute = [(witness, link) for witness, text in candidates if text and (link := _absolute(page.url, text))]
    return _elect(absolute, lambda one, other: _file_name(one) == _file_name(other))


def _elect(candidates: Candidates, same: Any) -> str | None:
    """The candidate that most witnesses share; the first of equals."""
    candidates = [(witness, text) for witness, text in candidates if text]

    def votes(candidate: tuple[str, str]) -> int:
        return len({witness for witness, text in candidates if same(candidate[1], text)})

    return max(candidates, key=votes)[1] if candidates else None


def _same_title(one: str, other: str) -> bool:
    ours, theirs = words_of(one), words_of(other)
    small, large = sorted((len(ours), len(theirs)))
    return large <= MUCH_LONGER * small and len(ours & theirs) >= SHARED_WORDS * small


def _without_site(title: str, page: Page) -> str:
    """Drop a site's name after a dash or a bar: when it is known as such, or the headline stands there without it."""
    stripped = SITE_SUFFIX.sub("", title)
    suffix = words_of(title[len(stripped) :])
    host = (urlsplit(page.url or "").hostname or "").replace(".", "")
    if not stripped or not suffix:
        return title
    is_site = words_of(page.site) >= suffix or (len("".join(suffix)) > 3 and all(word in host for word in suffix))
    return stripped if is_site or any(_plain(text) == _plain(stripped) for text in page.headlines) else title


def _short(text: str) -> str:
    """One line of bounded length: patterns that look for an end would be slow on a page's worth of blanks."""
    return " ".join(text[:MAX_FACT_CHARACTERS].split())


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _json_ld_authors(items: Sequence[dict[str, Any]]) -> list[str]:
    """The names under `author` of the first object that has any."""
    for item in items:
        authors = item.get("author")
        entries = authors if isinstance(authors, list) else [authors]
        names = [name for entry in entries for name in strings(entry.get("name") if isinstance(entry, dict) else entry)]
        if names:
            return names
    return []


def _names(texts: Iterable[str], page: Page) -> tuple[str, ...]:
    """Names in the texts, without bylines, roles, addresses, handles and the site's own name."""
    found: dict[str, str] = {}
    for text in texts:
        for part in BETWEEN_NAMES.split(BYLINE.sub("", _short(text))):
            for name in _apart(part):
                if not (_is_site(name, page) or NO_NAME.search(name) or len(name.split()) > MAX_NAME_WORDS):
                    found.setdefault(name.casefold(), name)
    return tuple(found.values())


def _apart(part: str) -> list[str]:
    """The names of a list with commas: those after the first count when they are no role and not one word alone."""
    first, *others = (BYLINE.sub("", TRAILING.sub("", name)).strip(" ,.-–|") for name in part.split(","))
    names = [first, *(name for name in others if " " in name and not ROLE.search(name))]
    return [name for name in names if name]


def _is_site(name: str, page: Page) -> bool:
    host = (urlsplit(page.url or "").hostname or "").split(".")
    plain = "".join(re.findall(r"\w+", name.casefold()))
    return plain in host or name.casefold() == page.site.casefold()


def _split_tags(names: Iterable[str]) -> list[str]:
    """Some pages put all their tags there; the first is the section."""
    return [name.split(",")[0].strip() if TAGS.search(name) else name for name in names if name.strip()]


def _images(value: Any) -> list[str]:
    entries = value if isinstance(value, list) else [value]
    return [url for entry in entries for url in strings(entry.get("url") if isinstance(entry, dict) else entry)]


def _absolute(base: str | None, link: str) -> str | None:
    try:
        absolute = urljoin(base or "", link.strip())
        parts = urlsplit(absolute)
    except ValueError:
        return None
    fits = parts.scheme in ("http", "https") and parts.hostname and len(absolute) <= MAX_IMAGE_CHARACTERS
    return absolute if fits else None


def _file_name(url: str) -> str:
    return urlsplit(url).path.rsplit("/", 1)[-1].casefold()

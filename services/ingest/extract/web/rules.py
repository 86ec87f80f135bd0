"""How people said that the pages of one domain are to be read: CSS or XPath, data and never code.

A rule is an expression that somebody typed, and it meets pages that nobody checked: it runs in the parser's child
process, under its limits. One that is no expression, or that finds nothing it could find, is passed over.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass

from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from lxml.etree import XPath, XPathError
from lxml.html import HtmlElement

from services.ingest.types import Selectors

BAD_RULE = "bad_rule"
MAX_SELECTOR_CHARACTERS = 500
BLOCKS = frozenset(
    "address article aside blockquote dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main nav ol p "
    "pre section table tbody tr ul".split()
)
UNREAD = frozenset("script style noscript template svg iframe form button select textarea head".split())


@dataclass(frozen=True)
class Override:
    """What a domain's rules found on a page; None where they have nothing to say."""

    text: str | None = None
    title: str | None = None
    authors: tuple[str, ...] | None = None
    published: str | None = None
    reasons: tuple[str, ...] = ()


def check_selectors(selectors: Selectors) -> dict[str, str]:
    """What is wrong with the selectors, one sentence by field; empty when all can be used."""
    problems: dict[str, str] = {}
    for name, expression in asdict(selectors).items():
        if not expression:
            continue
        if len(expression) > MAX_SELECTOR_CHARACTERS:
            problems[name] = f"A selector has at most {MAX_SELECTOR_CHARACTERS} characters."
            continue
        try:
            _compile(expression)
        except (SelectorError, XPathError, ValueError) as error:
            kind = "XPath expression" if _is_xpath(expression) else "CSS selector"
            problems[name] = f"This is no {kind} that can be used: {error}"
    return problems


def apply(tree: HtmlElement, selectors: Selectors) -> Override:
    """Remove what the rules say from the tree, and read what they point at."""
    reasons: list[str] = []
    title = _first(_texts(tree, selectors.title, reasons))
    authors = _texts(tree, selectors.authors, reasons)
    published = _first(_moments(tree, selectors.published, reasons))
    for element in _select(tree, selectors.remove, reasons):
        if isinstance(element, HtmlElement) and element.getparent() is not None:
            element.drop_tree()
    blocks = [
        block_text(e) if isinstance(e, HtmlElement) else str(e)
        for e in _outermost(_select(tree, selectors.content, reasons))
    ]
    text = "\n".join(block for block in blocks if block.strip())
    if selectors.content and not text:
        reasons.append(BAD_RULE)
    return Override(text or None, title, tuple(authors) or None, published, tuple(dict.fromkeys(reasons)))


def block_text(element: HtmlElement) -> str:
    """The text of an element, one line per block."""
    parts: list[str] = []
    # (element, whether it is being left), so that deep trees need no recursion.
    waiting: list[tuple[HtmlElement, bool]] = [(element, False)]
    while waiting:
        current, leaving = waiting.pop()
        is_read = isinstance(current.tag, str) and current.tag not in UNREAD
        breaks = current.tag == "br" or (isinstance(current.tag, str) and current.tag in BLOCKS)
        if leaving:
            parts.append("\n" if breaks else "")
            parts.append(_flat(current.tail) if current is not element else "")
            continue
        waiting.append((current, True))
        if is_read:
            parts += ["\n" if breaks else "", _flat(current.text)]
            waiting += [(child, False) for child in reversed(current)]
    lines = ("".join(parts)).split("\n")
    return "\n".join(line for raw in lines if (line := " ".join(raw.split())))


def _flat(text: str | None) -> str:
    return (text or "").replace("\n", " ")


def _is_xpath(expression: str) -> bool:
    return expression.startswith(("/", "("))


def _compile(expression: str) -> XPath:
    return XPath(expression) if _is_xpath(expression) else CSSSelector(expression, translator="html")


def _select(tree: HtmlElement, expression: str | None, reasons: list[str]) -> list[HtmlElement | str]:
    if not expression:
        return []
    with suppress(SelectorError, XPathError, ValueError):
        found = _compile(expression)(tree)
        if isinstance(found, list):
            return found
        return [str(found)] if isinstance(found, str) and found else []
    reasons.append(BAD_RULE)
    return []


def _outermost(found: list[HtmlElement | str]) -> list[HtmlElement | str]:
    """Without elements inside others of the list: their text would be there twice."""
    chosen = {element for element in found if isinstance(element, HtmlElement)}
    return [item for item in found if not isinstance(item, HtmlElement) or chosen.isdisjoint(item.iterancestors())]


def _texts(tree: HtmlElement, expression: str | None, reasons: list[str]) -> list[str]:
    found = _select(tree, expression, reasons)
    texts = (
        item.get("content") or item.text_content() if isinstance(item, HtmlElement) else str(item) for item in found
    )
    return [text for raw in texts if (text := " ".join(raw.split()))]


def _moments(tree: HtmlElement, expression: str | None, reasons: list[str]) -> list[str]:
    """Machine-readable dates first: the attributes of a time or meta tag, else the text."""
    found = _select(tree, expression, reasons)
    return [
        (item.get("datetime") or item.get("content") or item.text_content()).strip()
        if isinstance(item, HtmlElement)
        else str(item)
        for item in found
    ]


def _first(texts: list[str]) -> str | None:
    return next(iter(texts), None)

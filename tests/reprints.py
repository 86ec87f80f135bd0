"""Reprints as newsrooms make them, and look-alikes that are other stories, from any set of articles; the same each time."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from services.ingest.types import RawDocument
from tests.factories import html_document

AGENCIES = ("AP", "Reuters", "AFP", "dpa")
CITIES = ("LONDON", "BERLIN", "NAIROBI", "LIMA", "SEOUL")
BOILERPLATE = (
    "Sign up for our morning newsletter and never miss a story from our newsroom.",
    "This material may not be published, broadcast, rewritten or redistributed without permission.",
    "Follow us for more news from around the world, or write to the editors with your comments.",
    "Read more: five other stories that our readers liked this week. Advertisement.",
)
FILLERS = "major latest report officials say after amid new big local news update exclusive world today".split()
EDITS = "however also later meanwhile reportedly nearly roughly further several about earlier still now often".split()


@dataclass(frozen=True)
class Article:
    """A story: its headline and its paragraphs, a sentence each."""

    title: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The text as it would be read from a page."""
        return "\n\n".join(self.sentences)

    def page(self, url: str, date: str = "2026-11-20") -> RawDocument:
        """The story as a news page of that day."""
        return html_document(self.title, "|".join(self.sentences), url=url, date=date)


SANCTIONS = Article(
    "EU agrees 12th package of sanctions",
    (
        "Ministers in Brussels agreed on the 12th package of sanctions on Monday after two weeks of talks.",
        "The package bans the import of diamonds and makes it harder to sell tankers to shell companies.",
        "Hungary had held back its consent until late on Sunday, diplomats from three countries said.",
        "The Commission will report in spring on how well the member states enforce what they decided.",
        "Ukraine thanked the ministers and asked them to begin work on the next measures without delay.",
        "Traders in Antwerp said that they had expected the ban and had found other suppliers in Botswana.",
    ),
)


Change = Callable[[random.Random, Article], Article]


def headline(chance: random.Random, article: Article) -> Article:
    """Another headline over the same text."""
    words = article.title.split()
    kept = chance.sample(words, len(words) // 3)
    return Article(" ".join([*chance.sample(FILLERS, 4), *kept]), article.sentences)


def cut_tail(chance: random.Random, article: Article) -> Article:
    """The first half to three quarters, for want of space."""
    count = max(2, round(len(article.sentences) * chance.uniform(0.5, 0.75)))
    return Article(article.title, article.sentences[:count])


def edit(chance: random.Random, article: Article) -> Article:
    """A word in ten replaced, dropped or added, and a sentence in eight gone; numbers and names stay."""
    edited = []
    for sentence in article.sentences:
        if chance.random() < 1 / 8 and len(article.sentences) > 4:
            continue
        words = []
        for word in sentence.split():
            if not word.islower() or chance.random() > 0.1:
                words.append(word)
            else:
                words += chance.choice(([], [chance.choice(EDITS)], [word, chance.choice(EDITS)]))
        edited.append(" ".join(words))
    return Article(article.title, tuple(edited))


def wrap(chance: random.Random, article: Article) -> Article:
    """An agency's line in front, the outlet's own sentences behind."""
    first, *rest = article.sentences
    line = f"{chance.choice(CITIES)} ({chance.choice(AGENCIES)}) - {first}"
    return Article(article.title, (line, *rest, *chance.sample(BOILERPLATE, 2)))


def noise(chance: random.Random, article: Article) -> Article:
    """Characters misread, as in scanned pages: one word in eight."""
    return Article(article.title, tuple(_misread(chance, sentence) for sentence in article.sentences))


def _misread(chance: random.Random, sentence: str) -> str:
    words = sentence.split()
    for index, word in enumerate(words):
        if len(word) > 2 and word.isalpha() and chance.random() < 1 / 8:
            place = chance.randrange(len(word))
            words[index] = word[:place] + chance.choice(["", "~", chance.choice("aeilnrt")]) + word[place + 1 :]
    return " ".join(words)


def reorder(chance: random.Random, article: Article) -> Article:
    """Paragraphs in another order, the lead first."""
    first, *rest = article.sentences
    chance.shuffle(rest)
    return Article(article.title, (first, *rest))


def several(chance: random.Random, article: Article) -> Article:
    """Two changes at once."""
    for change in chance.sample((headline, cut_tail, edit, wrap, noise, reorder), 2):
        article = change(chance, article)
    return article


REPRINTS: dict[str, Change] = {
    "headline": headline,
    "cut_tail": cut_tail,
    "edit": edit,
    "wrap": wrap,
    "noise": noise,
    "reorder": reorder,
    "several": several,
}
NUMBER = re.compile(r"\b\d+(?:[.,]\d+)*(?=\b|st\b|nd\b|rd\b|th\b)")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")


def other_numbers(chance: random.Random, article: Article) -> Article | None:
    """The same story a year later: every number is another one. None without numbers."""
    shift = chance.randrange(1, 9)
    found = NUMBER.findall(" ".join(article.sentences))
    if not found:
        return None
    moved = {number: str(int(re.sub(r"\D", "", number)) + shift) for number in {*found, *NUMBER.findall(article.title)}}
    swap: Callable[[str], str] = lambda text: NUMBER.sub(lambda match: moved[match[0]], text)  # noqa: E731
    return Article(swap(article.title), tuple(map(swap, article.sentences)))


def other_names(chance: random.Random, article: Article) -> Article | None:
    """The same words about somebody else: its three most frequent names are others. None where no name is repeated."""
    everything = " ".join((article.title, *article.sentences))
    counts = Counter(re.findall(r"\b[A-Z][a-z]{3,}\b", everything))
    found = [name for name in dict.fromkeys(NAME.findall(everything)) if name.lower() not in everything.split()]
    names = sorted(found, key=lambda name: -counts[name])[:3]
    if len(names) < 3 or counts[names[0]] < 3:
        return None
    fresh = chance.sample(("Karelia", "Ostrava", "Mbeki", "Quintero", "Halvorsen"), 3)
    others = dict(zip(names, fresh, strict=True))
    pattern = re.compile(rf"\b(?:{'|'.join(names)})\b")
    swap: Callable[[str], str] = lambda text: pattern.sub(lambda match: others[match[0]], text)  # noqa: E731
    return Article(swap(article.title), tuple(map(swap, article.sentences)))


OTHERS: dict[str, Callable[[random.Random, Article], Article | None]] = {
    "other_numbers": other_numbers,
    "other_names": other_names,
}

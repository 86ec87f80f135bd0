"""The articles that claims are made from: the demo pack, and, where they are, the labelled stories and news pages."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.common import SHARED
from services.demo.pack import ARTICLE, FOLDER, OUTLETS
from services.ingest.sentences import sentences

# Words of a passage, about as many as a chunk has, and of a sentence that can be claimed.
PASSAGE_WORDS = 130
CLAIM_WORDS = (7, 45)
# What tokenising took apart in the stories.
TOKENISED = (
    (re.compile(r" ([.,;:!?%)\]])"), r"\1"),
    (re.compile(r"([(\[$£€]) "), r"\1"),
    (re.compile(r" ' (?=s\b|t\b|re\b|ve\b|ll\b|d\b)"), "'"),
    (re.compile(r"(\w) - (\w)"), r"\1-\2"),
    (re.compile(r'"\s*([^"]*?)\s*"'), r'"\1"'),
    (re.compile(r"(\d)\. (\d)"), r"\1.\2"),
    (re.compile(r"\b([A-Z])\. (?=[A-Z]\.)"), r"\1."),
)
ENGLISH = re.compile(r"\b(?:the|and|of|was|is|said|that)\b", re.I)


@dataclass(frozen=True)
class Article:
    """Sentences, the day of publication, and what it is about: articles of one topic are near, of one event report the same."""

    name: str
    topic: str
    event: str
    day: date
    sentences: tuple[str, ...]

    @property
    def held_out(self) -> bool:
        """Half of the topics, by their hash: what an article shares with its neighbours is not known from tuning."""
        return int(hashlib.sha256(self.topic.encode()).hexdigest(), 16) % 2 == 1

    def passages(self) -> list[tuple[int, int]]:
        """Runs of sentences (from, to), each about as long as a chunk; none overlaps another."""
        found, start, words = [], 0, 0
        for index, sentence in enumerate(self.sentences):
            words += len(sentence.split())
            if words >= PASSAGE_WORDS or index + 1 == len(self.sentences):
                found.append((start, index + 1))
                start, words = index + 1, 0
        return found


def articles() -> list[Article]:
    """All that is on this machine, in a fixed order."""
    return [*demo(), *stories(), *pages()]


def demo() -> Iterator[Article]:
    """The English articles of the demo pack; each outlet is a topic of its own, for they report the same events."""
    for outlet in OUTLETS:
        for path in sorted((FOLDER / "articles" / outlet).iterdir(), key=str):
            match = ARTICLE.match(path.read_text(encoding="utf-8"))
            assert match is not None
            fields = dict(line.split(": ", 1) for line in match[1].splitlines())
            if fields.get("language", "en") == "en":
                day = date(2026, 11, 20) - timedelta(days=int(fields["day"]))
                yield Article(path.name, "halvern " + path.name[:3], path.name, day, cut(match[2]))


def stories() -> Iterator[Article]:
    """ECB+ stories, put together again; its topics hold two events of one kind."""
    file = SHARED / "stories" / "documents.jsonl"
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        story = json.loads(line)
        lines = [whole(each) for each in story["sentences"] if not each.startswith("http")]
        texts = [each for each in lines if each[-1:] in ".!?\"'"]
        if len(texts) > 3:
            day = day_of(story["_id"])
            yield Article(story["_id"], f"story {story['topic']}", story["event"], day, tuple(texts))


def pages() -> Iterator[Article]:
    """English articles of the labelled pages."""
    file: Path = SHARED / "extraction" / "ground-truth.json"
    if not file.exists():
        return
    for name, page in sorted(json.loads(file.read_text(encoding="utf-8")).items()):
        text = page["articleBody"]
        if len(ENGLISH.findall(text)) > len(text.split()) * 0.08:
            yield Article(name, f"page {name}", name, day_of(name), cut(text))


def whole(text: str) -> str:
    """A tokenised sentence as it was printed."""
    for pattern, replacement in TOKENISED:
        text = pattern.sub(replacement, text)
    return text.strip()


def cut(text: str) -> tuple[str, ...]:
    """The sentences of a text."""
    return tuple(" ".join(text[start:end].split()) for start, end in sentences(text))


def day_of(name: str) -> date:
    """A day for what has none."""
    return datetime(2019, 1, 1, tzinfo=UTC).date() + timedelta(
        days=int(hashlib.sha256(name.encode()).hexdigest(), 16) % 300
    )


def claimable(sentence: str) -> bool:
    """Whether a sentence says something by itself."""
    return CLAIM_WORDS[0] <= len(sentence.split()) <= CLAIM_WORDS[1] and sentence[-1] in '."' and sentence[0].isalnum()


def text_of(article: Article, span: tuple[int, int]) -> str:
    """A passage."""
    return " ".join(article.sentences[slice(*span)])


def neighbours(all_: Sequence[Article]) -> dict[str, list[Article]]:
    """Articles by topic."""
    found: dict[str, list[Article]] = {}
    for article in all_:
        found.setdefault(article.topic, []).append(article)
    return found

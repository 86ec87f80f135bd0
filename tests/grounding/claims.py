"""Labelled claims from real articles: true ones verbatim and reworded, false ones altered or with another source."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.grounding.alter import ALTERATIONS
from tests.grounding.articles import Article, articles, claimable, neighbours, text_of
from tests.grounding.reword import REWORDINGS

# At most so many of one kind, in each half: kinds that suit many sentences would drown the others.
MOST_OF_KIND = 160
# Of the altered ones, how many were reworded first.
REWORDED_TOO = 0.4
EASY = ("synonyms", "dropped", "order", "attribution", "shortened", "surname")


def claims(*, held_out: bool, seed: int = 1) -> list[dict[str, Any]]:
    """The claims of one half of the articles, as `tidings eval answers` reads them."""
    chance = random.Random(seed)
    half = [article for article in articles() if article.held_out == held_out]
    made = [claim for article in half for claim in of_article(article, chance)]
    made += wrong_sources(half, chance)
    chance.shuffle(made)
    counted: Counter[str] = Counter()
    kept = []
    for claim in made:
        counted[claim["kind"]] += 1
        if counted[claim["kind"]] <= MOST_OF_KIND:
            kept.append(claim)
    return kept


def of_article(article: Article, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Claims from each sentence of an article, about the passage that it stands in."""
    for span in article.passages():
        for index in range(*span):
            sentence = article.sentences[index]
            if not claimable(sentence):
                continue
            if chance.random() < 0.2:
                yield claim(article, span, sentence, "verbatim", supported=True)
            for kind, reword in REWORDINGS.items():
                said = reword(sentence, article, index, chance)
                if said and said != sentence:
                    yield claim(article, span, said, kind, supported=True)
            base = reworded(sentence, article, index, chance) if chance.random() < REWORDED_TOO else sentence
            for kind, alter in ALTERATIONS.items():
                said = alter(base, article, index, chance)
                if said and said not in (base, sentence) and said not in text_of(article, span):
                    yield claim(article, span, said, kind, supported=False)


def reworded(sentence: str, article: Article, index: int, chance: random.Random) -> str:
    """A sentence said otherwise, if a rule applies."""
    for kind in chance.sample(EASY, len(EASY)):
        said = REWORDINGS[kind](sentence, article, index, chance)
        if said:
            return said
    return sentence


def wrong_sources(half: Sequence[Article], chance: random.Random) -> Iterator[dict[str, Any]]:
    """True sentences with a passage that does not say so: of the same article, of the same topic, of any other."""
    near = neighbours(half)
    for article in half:
        spans = article.passages()
        own = [
            (index, span)
            for span in spans
            for index in range(*span)
            if index > 1 and claimable(article.sentences[index])
        ]
        if not own:
            continue
        index, span = chance.choice(own)
        sentence = reworded(article.sentences[index], article, index, chance)
        others = [each for each in spans if each != span and each[1] - each[0] > 1]
        if others:
            yield claim(article, chance.choice(others), sentence, "wrong_passage", supported=False)
        alike = [each for each in near[article.topic] if each.event != article.event]
        if alike:
            other = chance.choice(alike)
            yield claim(other, chance.choice(other.passages()), sentence, "wrong_source_near", supported=False)
        far = chance.choice(half)
        if far.topic != article.topic:
            yield claim(far, chance.choice(far.passages()), sentence, "wrong_source", supported=False)


def claim(article: Article, span: tuple[int, int], said: str, kind: str, *, supported: bool) -> dict[str, Any]:
    """One line of the file."""
    passage = {"text": text_of(article, span), "published_at": article.day.isoformat()}
    return {"sentence": said, "passages": [passage], "supported": supported, "kind": kind, "article": article.name}

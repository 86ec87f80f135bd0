"""Questions with the sentences that answer them: what `bench.extractive` and `bench.prompt` measure recall of.

A unit of evidence is one thing that a good answer says, with the sentences of the library that say it; any of them will
do. Nobody has marked such sentences in our data, but people have written answers, and rules find what these were written from:

- conversations (MT-RAG): the earlier turns of each conversation, with the answers that people wrote or corrected. A unit is a
  sentence of the answer, borne by the sentences of the corpus that hold LEAST_SHARE of its words.
- news (ECB+): the first sentence of a story is asked of the other stories of the library. A unit is another sentence of that
  story, borne by sentences of the other stories of its event. The story itself may not be read.
- demo: the figures and words that the answers to the golden questions must have, in any sentence of an expected document.

The question plays no part in finding the units, so that no way of choosing sentences by it is favoured.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.common import SHARED
from bench.library import document, link_models, write
from services.demo import demo, pack
from services.handlers import HANDLERS
from services.ingest.chunk import chunk
from services.ingest.pipeline import indexed_text
from services.ingest.sentences import sentences
from services.jobs.claim import work
from services.runtime import open_runtime
from services.scope import Scope
from services.search.evaluate import load, rows
from services.search.followup import joined
from services.search.highlight import terms_of
from services.settings import Settings
from services.tenants.tenants import create_tenant

# How much of a unit's words a sentence must hold to bear it, and how many words a unit must have to be told from others.
LEAST_SHARE, LEAST_WORDS = 0.7, 5
NEWS_QUESTIONS = 160
# ECB+ has its texts cut into words: "Sox , 7 : 35" is put together again, and so are "did n't" and "Boston 's".
APART = ((re.compile(r" (?=[.,;:!?)%]|n't\b|'\w{1,2}\b)"), ""), (re.compile(r"(?<=[($]) "), ""))


@dataclass(frozen=True)
class Asked:
    """A question, as it is put and as it is searched, and what its answer says.

    `units`: for each the texts of which any says it. `own`: a document that may not be read. `half`: 0 or 1; what is tuned on
    one is checked on the other, and what belongs together is in one.
    """

    text: str
    asked: str
    units: Sequence[frozenset[str]]
    half: int
    own: str | None = None

    def recall(self, shown: str) -> float:
        """The share of the units that a text says."""
        said = plain(shown)
        return sum(any(text in said for text in unit) for unit in self.units) / len(self.units)


def plain(text: str) -> str:
    """A text with one space between its words."""
    return " ".join(text.split())


@contextmanager
def tenant() -> Iterator[tuple[Scope, Any]]:
    """An empty tenant with the real model."""
    with TemporaryDirectory(prefix="tidings-bench-") as place:
        folder = Path(place) / "data"
        link_models(folder)
        runtime = open_runtime(Settings(data_dir=folder), with_bell=False)
        from migrations.history import upgrade

        try:
            upgrade(runtime.database)
            if not runtime.embedder.wait(600):
                raise SystemExit(runtime.embedder.detail)
            made = create_tenant(runtime, "Bench")
            yield Scope(runtime, made.id, "bench"), made
        finally:
            runtime.close()


def store(scope: Scope, made: Any, documents: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Write titles and texts as documents, without ingesting them; their ids by those they came with."""
    runtime, ids, written = scope.runtime, {}, []
    for number, (id_, (title, text)) in enumerate(documents.items()):
        spans = chunk(text, "en", runtime.settings.chunk_tokens, runtime.embedder.count_tokens)
        vectors = runtime.embedder.embed([indexed_text(title, text[s.start : s.end]) for s in spans])
        parts = [(s.start, s.end, text[s.start : s.end], vector) for s, vector in zip(spans, vectors, strict=True)]
        row = document(number, parts)
        row.text, row.chunk_count, row.title = text, len(parts), title
        ids[id_] = row.id
        written.append((row, parts))
    write(scope, made, written)
    return ids


def conversations(scope: Scope, made: Any) -> list[Asked]:
    """Store the corpus; the earlier turns of its conversations whose answers it bears."""
    labelled = load(SHARED / "conversational")
    store(scope, made, labelled.documents)
    bearing = Bearing([text for _, text in labelled.documents.values()])
    found = []
    for row in rows(SHARED / "conversational" / "queries.jsonl"):
        before: list[str] = []
        for turn, reply in zip(row["history"][::2], row["history"][1::2], strict=False):
            if turn["speaker"] == "user" and (units := bearing.units(reply["text"])):
                half = zlib.crc32(str(row["_id"]).split("<")[0].encode()) % 2
                found.append(Asked(turn["text"], joined(turn["text"], before), units, half))
            before.append(turn["text"])
    return found


def news(scope: Scope, made: Any) -> list[Asked]:
    """Store the stories; the first sentences of some, for which the others of their event are to be found."""
    stories: dict[str, tuple[str, list[str]]] = {}
    with (SHARED / "stories" / "documents.jsonl").open(encoding="utf-8") as lines:
        for story in map(json.loads, lines):
            said = [together(each) for each in story["sentences"] if not each.startswith("http")]
            if len(said) > 1:
                stories[story["_id"]] = (story["event"], said)
    ids = store(scope, made, {id_: ("", "\n".join(said)) for id_, (_, said) in stories.items()})
    events = defaultdict(set)
    for id_, (event, _) in stories.items():
        events[event].add(id_)
    found = []
    for id_ in random.Random(1).sample(sorted(stories), len(stories)):
        event, said = stories[id_]
        units = Bearing(["\n".join(stories[other][1]) for other in events[event] - {id_}]).units("\n".join(said[1:]))
        if units:
            half = zlib.crc32(event.split("ecb")[0].encode()) % 2
            found.append(Asked(said[0], said[0], units, half, ids[id_]))
    return found[:NEWS_QUESTIONS]


def together(text: str) -> str:
    """A sentence of ECB+ as people write it."""
    for apart, instead in APART:
        text = apart.sub(instead, text)
    return text


def golden(scope: Scope, _made: Any) -> list[Asked]:
    """Load the demo; its questions that are answered by certain words."""
    demo.load(scope)
    for queue in ("interactive", "ingest", "maintenance"):
        while work(scope.runtime, queue, HANDLERS):
            pass
    return [
        Asked(each.text, each.text, [frozenset([words]) for words in each.says], number % 2)
        for number, each in enumerate(pack.questions())
        if each.says
    ]


class Bearing:
    """The sentences of some texts, to find those that say what another text says."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.said = [text[start:end] for text in texts for start, end in sentences(text)]
        self.stems: dict[str, set[int]] = defaultdict(set)
        for number, text in enumerate(self.said):
            for stem in terms_of(text).stems:
                self.stems[stem].add(number)

    def units(self, text: str) -> list[frozenset[str]]:
        """For each sentence of a text that some bear, those that do."""
        found = (self.bear(text[start:end]) for start, end in sentences(text))
        return [bearing for bearing in found if bearing]

    def bear(self, sentence: str) -> frozenset[str]:
        """The sentences that hold LEAST_SHARE of this one's words."""
        stems = terms_of(sentence).stems
        if len(stems) < LEAST_WORDS:
            return frozenset()
        held: dict[int, int] = defaultdict(int)
        for stem in stems:
            for number in self.stems.get(stem, ()):
                held[number] += 1
        return frozenset(plain(self.said[n]) for n, count in held.items() if count >= LEAST_SHARE * len(stems))


COLLECTIONS: dict[str, Callable[[Scope, Any], list[Asked]]] = {
    "conversations": conversations,
    "news": news,
    "demo": golden,
}

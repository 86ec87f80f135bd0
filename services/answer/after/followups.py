"""What to ask next: questions about what the sources of an answer tell and the answer does not. No model is needed.

People who speak, names and events are looked for in the passages of the sources that are cited (English ones: in other
languages capitals and verbs say other things). Each question is tried before it is offered, so that none is without an
answer. None is better than one that nobody would ask: figures, streets named once and the town of every second article are
left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from services.answer import context
from services.answer.answer import extract, find, get_answer
from services.answer.claims.facts import plain
from services.answer.types import Source, Whole
from services.ingest.sentences import FIRST_WORDS, sentences
from services.scope import Scope
from services.search.query import Filters, Query
from services.search.repository import paged_documents
from services.search.search import read, search

MOST = 3
# Subjects that are tried for them; a try takes about as long as a search.
MOST_TRIED = 9
SOURCES_READ = 8
# Documents that tell of a name: one alone was read already, and what many tell of is no question. A word alone means less.
LEAST_SOURCES, MOST_SOURCES, MOST_OF_WORD = 2, 25, 8
WORD = r"[A-Z][\w'’-]*[\w]"
NAME = re.compile(rf"{WORD}(?:\s+(?:(?:of|de|van|von)\s+)?{WORD})*")
SPEAKS = r"(?:said|says|told|called|warned|announced|argued|promised)"
EVENT = re.compile(
    r"\b(?:the|a|an|this|its|their)\s([a-z]{4,}\s(?:strike|vote|inquiry|election|trial|merger|protest|hearing|evacuation|outage|summit|treaty|ballot"
    r"|lawsuit|verdict|auction|recall))\b"
)
QUOTED = re.compile(r'"[^"]*"')
# Where a sentence begins with capitals, two of them are a name and three may be a title before one.
NAME_WORDS = 2
LEAST_NAME = 3
MODALS = frozenset("would could should might must will shall cannot".split())
CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september"
    " october november december".split()
)


@dataclass(frozen=True)
class Subject:
    """Something that sources tell of. `kind`: person, name or event. `said`: as a question has it."""

    kind: str
    words: str
    said: str


@dataclass(frozen=True)
class FollowUp:
    """A question that has an answer, and how many documents tell of what it asks about; copies count once."""

    question: str
    source_count: int


QUESTIONS = {
    "person": "What did {} say?",
    "name": "What is reported about {}?",
    "event": "What is known about {}?",
}


def follow_ups(scope: Scope, answer_id: str) -> list[FollowUp]:
    """Up to three questions to go on with; none where the answer has no sentences. Raises NotFound.

    Cost: two searches for each subject that is tried.
    """
    whole = get_answer(scope, answer_id)
    if not whole.sentences:
        return []
    filters = Filters.from_json(whole.row.filters)
    offered: list[FollowUp] = []
    for subject in in_turn(subjects(whole))[:MOST_TRIED]:
        question = QUESTIONS[subject.kind].format(subject.said)
        if answers_itself(scope, question, subject, filters):
            holding = replace(filters, phrases=(*filters.phrases, subject.words))
            count = search(scope, Query(subject.words, holding, limit=1)).total
            offered += [FollowUp(question, count)] if is_worth(subject, count) else []
        if len(offered) == MOST:
            break
    return offered


def is_worth(subject: Subject, count: int) -> bool:
    """Whether somebody would ask on about what so many documents tell of."""
    if subject.kind != "name":
        return count > 0
    return LEAST_SOURCES <= count <= (MOST_SOURCES if " " in subject.words else MOST_OF_WORD)


def subjects(whole: Whole) -> list[Subject]:
    """What the passages tell of and the answer does not, what most sources tell of first."""
    said = plain(" ".join([whole.row.question, *(sentence.text for sentence in whole.sentences)])).casefold()
    cited = {citation.source_number for sentence in whole.sentences for citation in sentence.citations}
    found: Counter[Subject] = Counter()
    english = [source for source in whole.sources if (source.document.language or "en") == "en"]
    small = {word for source in english for word in re.findall(r"\b[a-z]+\b", source.text)}
    near: set[Subject] = set()
    for source in english:
        told = set(subjects_of(source, small))
        found.update(told)
        near |= told if source.number in cited else set()
    fresh = [subject for subject in found if subject in near and not known(subject, said)]
    # Of a name with its title, its first name and alone, the one that most sources have; a word alone only for want of more.
    fresh.sort(key=lambda each: (-found[each], " " not in each.words, len(each.words), each.words))
    chosen: list[Subject] = []
    for each in sorted(fresh, key=lambda each: " " not in each.words):
        # The same words with and without an article are one, too.
        if not any(each.words in other.words or other.words in each.words for other in chosen):
            chosen.append(each)
    return chosen


def known(subject: Subject, said: str) -> bool:
    """Whether the question or the answer has this already: all of it, or the last word of a name."""
    words = plain(subject.words).casefold()
    return words in said or (subject.kind in ("person", "name") and words.split()[-1] in said)


def subjects_of(source: Source, small: Set[str]) -> Iterator[Subject]:
    """The names and events of a passage. `small`: words that passages write small; no person is called so."""
    for start, end in sentences(source.text):
        sentence = plain(" ".join(source.text[start:end].split()))
        # What people name in what they say is not what is reported.
        told = QUOTED.sub(lambda match: " " * len(match[0]), sentence)
        if '"' in told.replace(" ", ""):
            continue
        for match in NAME.finditer(told):
            if name := name_of(match, small):
                yield subject_of(name, told, match.start() + match[0].index(name), small)
        for match in EVENT.finditer(told):
            if match[1].split()[0] not in FIRST_WORDS | MODALS:
                yield Subject("event", match[1], f"the {match[1]}")


def name_of(match: re.Match[str], small: Set[str]) -> str:
    """The name that a run of capitals is; empty where it is none, or where it is not sure that its first word belongs to it."""
    words = match[0].removesuffix("'s").split()
    if match.start() == 0:
        if words[0].casefold() in FIRST_WORDS:
            words = words[1:]
        elif len(words) != NAME_WORDS:
            return ""
    lower = [word.casefold() for word in words]
    if not words or CALENDAR & set(lower) or len(" ".join(words)) <= LEAST_NAME:
        return ""
    # City of Brennholt lacks its article, and a word alone that is written small elsewhere is no name.
    return "" if ("of" in lower or len(words) == 1) and lower[0] in small else " ".join(words)


def subject_of(name: str, sentence: str, at: int, small: Set[str]) -> Subject:
    """A name that stands at this place, as a person where it speaks there."""
    words = name.casefold().split()
    speaks = re.search(rf"{re.escape(name)},?\s{SPEAKS}\b|\b{SPEAKS}\s(?:[a-z]+\s){{0,3}}{re.escape(name)}", sentence)
    if speaks and len(words) > 1 and not small & set(words):
        return Subject("person", name, name)
    return Subject("name", name, ("the " if re.search(r"(?i)\bthe $", sentence[:at]) else "") + name)


def in_turn(found: Sequence[Subject]) -> list[Subject]:
    """The best of each kind first, then the second of each: three questions should not be three of a kind."""
    kinds = {kind: [subject for subject in found if subject.kind == kind] for kind in QUESTIONS}
    longest = max(map(len, kinds.values()), default=0)
    return [kinds[kind][place] for place in range(longest) for kind in kinds if place < len(kinds[kind])]


def answers_itself(scope: Scope, question: str, subject: Subject, filters: Filters) -> bool:
    """Whether the rules find a sentence that answers a question with its subject's words."""
    candidates, _, _ = find(scope, question, question, filters)
    with scope.read() as tx:
        chosen = read(tx, context.choose(candidates, SOURCES_READ))
        documents = paged_documents(tx, {candidate.document.id for candidate in chosen})
    groups = context.fitting([candidate for candidate in chosen if candidate.document.id in documents])
    reading = context.Reading(question, question, groups, context.number(groups, documents))
    words = subject.words.casefold()
    # By words alone: vectors of all sentences would take ten times as long.
    return any(words in plain(each.text).casefold() for each in extract(scope, reading, None))

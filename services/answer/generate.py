"""Answers that a language model writes: the prompt, and what of its text may be shown.

The model sees nothing but the passages found for this question, and nothing it writes is shown unless a passage that it
cites bears it. Text inside documents may try to instruct the model; whatever comes of that has to pass the same sieve.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.answer.claims.ground import LEAST_OVERLAP, LEAST_SHARE, missing_facts, overlap
from services.answer.context import Reading, condensed
from services.answer.orders import without_orders
from services.answer.prompt import PromptText, as_data, read_prompt, variants, visible
from services.answer.sampling import sampling_for, sampling_json
from services.answer.types import Citation, Generation, Sentence
from services.engines.llm.base import Cancellation, Completion, Finished, LanguageModel, Message, Prompt
from services.engines.llm.refusals import TOO_LONG
from services.errors import EngineUnavailable, PromptTooLong
from services.ingest.sentences import sentences
from services.search.repository import page_of
from services.settings import Settings

PARAPHRASE, VERBATIM = "paraphrase", "verbatim"
# As many as the prompt allows.
MAX_SENTENCES, MAX_CHARACTERS = 8, 600
# The numbers that end a sentence, and the mark that may come before or after them.
CITED = re.compile(r"(?:\[\s*\d{1,3}(?:\s*,\s*\d{1,3})*\s*\]\s*)+(?P<mark>[.!?]?)")
# Less is a fragment between two citations.
LEAST_WORDS = 4
BULLET = re.compile(r"^\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?")
# What the model reads at once where neither a setting nor the server says it.
CONTEXT = 8192
MAX_TITLE_CHARACTERS = 200
SPACES = re.compile(r" {2,}")
# Pictures, links and tags: a written answer is plain text, whoever shows it.
MARKUP = re.compile(r"!?\[[^\]\n]*\]\s*[(\[]|<[a-zA-Z/!?]|&(?:#\w+|[a-zA-Z]+);|```")
# So many words of the instructions in a row are recited, not written.
RECITED_WORDS = 6


@dataclass(frozen=True)
class Written:
    """What is left to say of the model's text when its sentences were yielded: how many there were, what it took.

    `made`: model, prompt and sampling, as the answer stores and shows them.
    """

    kept_count: int
    dropped_count: int
    finished: Finished
    made: dict[str, Any]


@dataclass(frozen=True)
class Passage:
    """A passage as the model may cite it: the source it belongs to, and where its text stands in the document.

    Spaces stand for sentences that were left out of it.
    """

    source_index: int
    start: int
    text: str


@dataclass(frozen=True)
class Fitted:
    """A prompt that leaves room for its answer: the text it is made from, its messages, and the passages it holds."""

    prompt: PromptText
    messages: list[Message]
    passages: list[Passage]


def write(
    model: LanguageModel,
    reading: Reading,
    settings: Settings,
    generation: Generation,
    tenant_id: str,
    cancel: Cancellation | None = None,
) -> Generator[Sentence, None, Written]:
    """Let the model answer; yields each sentence that holds when its line is complete.

    Raises: what LanguageModel.stream raises; PromptTooLong when not even one passage fits.
    """
    served = model.served()
    context = served.context or CONTEXT
    sampling = sampling_for(settings, generation)
    # A short context is shared: the answer gets at most half of it.
    sampling = replace(sampling, max_tokens=min(sampling.max_tokens or context, context // 2))
    seconds = generation.seconds or settings.llm_seconds
    chosen, _ = variants(settings, served)
    fitted = fit(model, [read_prompt("answer", each) for each in chosen], reading, context - (sampling.max_tokens or 0))

    def keep(text: str) -> tuple[list[Sentence], int]:
        return keep_what_holds(text, fitted.passages, reading, fitted.prompt.instructions)

    prompt = Prompt(fitted.messages, tenant_id, sampling, seconds)
    answer = yield from line_by_line(model, prompt, cancel, lambda text: keep(text)[0])
    shown = len(fitted.passages)
    made = {
        "model": answer.finished.model,
        "prompt": {"name": fitted.prompt.name, "version": fitted.prompt.version},
        "sampling": sampling_json(sampling, seconds),
        "passages": shown,
        "dropped_passages": len(ranked_passages(reading)) - shown,
        "cut": answer.finished.reason == "length",
    }
    kept, dropped = keep(answer.text)
    return Written(len(kept), dropped, answer.finished, made)


def line_by_line(
    model: LanguageModel, prompt: Prompt, cancel: Cancellation | None, keep: Callable[[str], Sequence[Sentence]]
) -> Generator[Sentence, None, Completion]:
    """Let the model write; yields what `keep` keeps of its text, line by line, and returns the whole."""
    text, shown = "", 0
    for piece in model.stream(prompt, cancel):
        if isinstance(piece, Finished):
            yield from keep(text)[shown:]
            return Completion(text, piece)
        text += piece.text
        if "\n" in piece.text:
            for sentence in keep(text[: text.rindex("\n")])[shown:]:
                shown += 1
                yield sentence
    raise EngineUnavailable("The language model broke off in the middle of its answer; ask again.")


def fit(model: LanguageModel, prompts: Sequence[PromptText], reading: Reading, room: int) -> Fitted:
    """The first of these prompts that holds all passages in `room` tokens, or the last one with as many as fit.

    Passages are left out from the end: those of the source that fits the question least go first.
    Cost: a call of the model's tokenizer for each prompt, and about five more where passages are left out.
    """
    ranked = ranked_passages(reading)

    def fitted(prompt: PromptText, count: int) -> Fitted | None:
        passages = in_stable_order(ranked[:count], reading)
        messages = prompt.messages(asked_of(reading.question, passages, reading))
        return Fitted(prompt, messages, passages) if model.count(messages).tokens <= room else None

    for prompt in prompts:
        if whole := fitted(prompt, len(ranked)):
            return whole
    best, least, most = None, 1, len(ranked) - 1
    while least <= most:
        middle = (least + most) // 2
        found = fitted(prompts[-1], middle)
        best, least, most = (found, middle + 1, most) if found else (best, least, middle - 1)
    if best is None:
        raise PromptTooLong(TOO_LONG)
    return best


def ranked_passages(reading: Reading, *, whole: bool = False) -> list[Passage]:
    """What the model may read, the source that fits best first; `whole`: with the sentences that are not about the question."""
    texts = (
        [[candidate.chunk.text for candidate in group] for group in reading.groups]
        if whole
        else condensed(reading.groups, reading.question)
    )
    passages = [
        Passage(index, candidate.chunk.start, without_orders(text))
        for index, (group, read) in enumerate(zip(reading.groups, texts, strict=True))
        for candidate, text in zip(group, read, strict=True)
    ]
    return [passage for passage in passages if passage.text.strip()]


def in_stable_order(passages: Sequence[Passage], reading: Reading) -> list[Passage]:
    """The passages by document and position: the same documents give the same text, however they were ranked."""
    return sorted(passages, key=lambda each: (reading.sources[each.source_index].document.id, each.start))


def asked_of(question: str, passages: Sequence[Passage], reading: Reading) -> str:
    """What is asked: the passages, and the question last. What others wrote is put in as data."""
    shown = "\n\n".join(
        f"[{number}] {title_of(passage, reading)}\n{SPACES.sub(' ', as_data(passage.text)).strip()}"
        for number, passage in enumerate(passages, start=1)
    )
    return f"Passages:\n\n{shown}\n\nQuestion: {as_data(' '.join(question.split()))}"


def title_of(passage: Passage, reading: Reading) -> str:
    """The title of a passage's document on one line, so that it cannot pass for a passage."""
    return " ".join(as_data(without_orders(reading.sources[passage.source_index].document.title)).split())[
        :MAX_TITLE_CHARACTERS
    ]


def keep_what_holds(
    text: str, passages: Sequence[Passage], reading: Reading, instructions: str
) -> tuple[list[Sentence], int]:
    """The sentences that the passages they cite bear, and how many others there were."""
    kept: list[Sentence] = []
    dropped = 0
    for line in visible(text).splitlines():
        end = 0
        for cited in CITED.finditer(line):
            sentence = grounded(line[end : cited.start()], cited, passages, reading)
            end = cited.end()
            if sentence is not None and len(kept) < MAX_SENTENCES and not recites(sentence, instructions):
                kept.append(sentence)
            else:
                dropped += 1
        rest = line[end:].strip(" .\t")
        dropped += bool(rest) and rest.upper() != "NO ANSWER"
    return kept, dropped


def grounded(said: str, cited: re.Match[str], passages: Sequence[Passage], reading: Reading) -> Sentence | None:
    """A sentence with the citations that hold, or None."""
    text = " ".join(BULLET.sub("", said).replace("**", "").split())
    numbers = dict.fromkeys(int(number) for number in re.findall(r"\d+", cited.group()))
    if len(text.split()) < LEAST_WORDS or len(text) > MAX_CHARACTERS or MARKUP.search(text):
        return None
    # A question answers nothing.
    if cited["mark"] == "?" or text.rstrip("\"'”’)").endswith("?"):
        return None
    if not all(1 <= number <= len(passages) for number in numbers):
        return None
    chosen = [passages[number - 1] for number in numbers]
    chosen = [passage for passage in chosen if overlap(text, [passage.text]) >= LEAST_SHARE]
    texts = [passage.text for passage in chosen]
    if not chosen or overlap(text, texts) < LEAST_OVERLAP or missing_facts(text, texts):
        return None
    finished = text if text[-1] in ".!?…\"'”)" else text + (cited["mark"] or ".")
    return Sentence(finished, tuple(cite_passage(text, passage, reading) for passage in chosen))


def recites(sentence: Sentence, instructions: str) -> bool:
    """Whether a sentence repeats the instructions where what it quotes does not."""
    quoted = worded(" ".join(citation.quote for citation in sentence.citations))
    told, said = worded(instructions), worded(sentence.text).split()
    runs = (" ".join(said[at : at + RECITED_WORDS]) for at in range(len(said) - RECITED_WORDS + 1))
    return any(run in told and run not in quoted for run in runs)


def worded(text: str) -> str:
    """The words of a text, folded, with one space between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def cite_passage(text: str, passage: Passage, reading: Reading) -> Citation:
    """The sentence of a passage that is nearest to what was written, as a citation."""
    spans = sentences(passage.text) or [(0, len(passage.text))]

    def nearness(span: tuple[int, int]) -> tuple[int, float]:
        said = [passage.text[slice(*span)]]
        return -len(missing_facts(text, said)), overlap(text, said)

    start, end = max(spans, key=nearness)
    source = reading.sources[passage.source_index]
    quote = passage.text[start:end]
    return Citation(
        source_number=source.number,
        document_id=source.document.id,
        start=passage.start + start,
        end=passage.start + end,
        quote=quote,
        match=VERBATIM if quote.strip() == text.strip() else PARAPHRASE,
        page=page_of(source.document.pages, passage.start + start),
    )

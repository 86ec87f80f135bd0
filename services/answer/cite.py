"""Citations, and the check that they hold: a quote must stand in its document at exactly its span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.answer.claims.ground import Claim, Embed, Passage, Support, judge
from services.answer.context import Reading
from services.answer.extractive import Choice
from services.answer.types import Citation, Sentence, Source
from services.search.repository import page_of

VERBATIM = "verbatim"


def cite(choice: Choice, source: Source) -> Citation:
    """The citation of a sentence that was taken word for word."""
    return Citation(
        source_number=source.number,
        document_id=source.document.id,
        start=choice.start,
        end=choice.end,
        quote=choice.text,
        match=VERBATIM,
        page=page_of(source.document.pages, choice.start),
    )


def weigh(
    sentences: Sequence[Sentence], reading: Reading, embed: Embed | None
) -> tuple[list[Sentence], dict[Support, int]]:
    """Sentences with how well the passages they cite bear them, and how many of each; unsupported ones are left out.

    All are judged in one batch.
    """
    claims = [Claim(each.text, [passage_of(citation, reading) for citation in each.citations]) for each in sentences]
    counts = dict.fromkeys(Support, 0)
    kept = []
    for sentence, verdict in zip(sentences, judge(claims, embed), strict=True):
        counts[verdict.support] += 1
        if verdict.support is not Support.UNSUPPORTED:
            kept.append(replace(sentence, support=verdict.support.value))
    return kept, counts


def passage_of(citation: Citation, reading: Reading) -> Passage:
    """The passage in which a citation stands, with when and where it was published."""
    index = next(i for i, source in enumerate(reading.sources) if source.number == citation.source_number)
    document = reading.sources[index].document
    chunks = [candidate.chunk for candidate in reading.groups[index]]
    text = next((each.text for each in chunks if each.start <= citation.start < each.end), citation.quote)
    published = document.published_at
    about = f"{document.title} - {document.source}"
    return Passage(text, published.date() if published else None, about)


def holds(citation: Citation, texts: Mapping[str, str]) -> bool:
    """Whether the quoted words stand at the cited span of the document as it is stored now."""
    text = texts.get(citation.document_id)
    return text is not None and text[citation.start : citation.end] == citation.quote

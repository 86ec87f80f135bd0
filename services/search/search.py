"""Search: embed the query, retrieve from both legs in the engine, group by document, show the best passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter

from services.engines.embedder import EmbedderState, Lane
from services.engines.vectors.base import HybridQuery, ScoredChunk, Vector
from services.errors import EngineUnavailable
from services.ingest.pipeline import collection_of
from services.ingest.rights import cut_at_word, is_withheld, shown_characters
from services.models import Document
from services.runtime import Runtime
from services.scope import Scope
from services.search import repository
from services.search.highlight import Terms, terms_of
from services.search.passages import PASSAGE_CHARACTERS, best_passage
from services.search.query import FACETS, NEWEST_WINDOW, WINDOW, Filters, Query, Sort, clean_text
from services.search.repository import ChunkText
from services.search.types import Copies, Explanation, FacetValue, Hit, Passage, SearchResult

# Below this cosine a chunk that shares no word with the query is noise. For MiniLM-class models.
NOISE_COSINE = 0.25
# The cosines that mean 'unrelated' and 'about exactly this', for the relevance scale.
COSINE_RANGE = (0.15, 0.70)
DENSE_SHARE = 0.6
# Passages of one document shown beside its best one.
MORE_PASSAGES = 2
# Copies listed with a hit.
LISTED_COPIES = 10
# In order of time a weak fit may come first: what fits less than this share of the best is left out then. A text with
# all words of the query always stays: it has a relevance of .4.
LEAST_SHARE = 0.39
FACET_VALUES = 50

WARMING_NOTICE = "Keyword results for now: search by meaning is getting ready and joins in by itself."
FAILED_NOTICE = "Keyword results only: the embedding model could not be loaded. `tidings doctor` says why."


@dataclass
class Candidate:
    """A live chunk the engine found, with how well it fits."""

    found: ScoredChunk
    chunk: ChunkText
    terms: Terms

    @cached_property
    def coverage(self) -> float:
        """The share of the query's words in the chunk or its title. Counted only where somebody looks."""
        return self.terms.coverage(f"{self.chunk.document.title}\n{self.chunk.text}")

    @property
    def relevance(self) -> float:
        """Fit on a fixed 0..1 scale, comparable between queries, unlike fused scores."""
        if self.found.cosine is None:
            return self.coverage
        low, high = COSINE_RANGE
        dense = min(1.0, max(0.0, (self.found.cosine - low) / (high - low)))
        return DENSE_SHARE * dense + (1 - DENSE_SHARE) * self.coverage

    @property
    def is_noise(self) -> bool:
        """Far from the query in meaning and without any of its words."""
        return self.found.cosine is not None and self.found.cosine < NOISE_COSINE and not self.coverage


def search(scope: Scope, query: Query) -> SearchResult:
    """The documents that fit a query best, or the newest when it is empty; ties broken by id; one hit for all copies.

    Cost: one query embedding and one engine call, then one read. Works without the embedder (mode `keyword`).
    Raises: InvalidInput for a query that is too long; EngineUnavailable when the index is.
    """
    started = perf_counter()
    text = clean_text(query.text)
    if not text:
        return listing(scope, query, started)
    vector, notice = query_vector(scope.runtime, text)
    newest = query.sort is Sort.NEWEST
    window = NEWEST_WINDOW if newest else WINDOW
    candidates, is_exact = retrieve(scope, text, vector, query.filters, window=window)
    groups = in_order(candidates, newest=newest, fold=query.fold)
    page = groups[query.offset : query.offset + query.limit]
    shown = [group[0].chunk.document for group in page]
    with scope.read() as tx:
        pages = repository.pages(tx, [document.id for document in shown])
        copies = repository.copies(tx, shown, LISTED_COPIES) if query.fold else {}
    hits = [make_hit(group, pages[group[0].chunk.document.id], copies) for group in page]
    end = query.offset + len(page)
    return SearchResult(
        hits=hits,
        total=len(groups),
        is_exact=is_exact,
        mode="keyword" if vector is None else "hybrid",
        notice=notice,
        next_offset=end if end < len(groups) else None,
        took_ms=milliseconds(started),
    )


def in_order(candidates: Sequence[Candidate], *, newest: bool, fold: bool) -> list[list[Candidate]]:
    """The candidates by document, best or newest first; of copies the original, where it was found, else the best.

    A fold stands where its best member would.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault(candidate.chunk.document.id, []).append(candidate)
    best: dict[str, list[Candidate]] = {}
    for group in sorted(groups.values(), key=best_first):
        document = group[0].chunk.document
        best.setdefault((document.original_id or document.id) if fold else document.id, group)
    chosen = {root: groups.get(root, group) for root, group in best.items()}
    if not newest:
        return list(chosen.values())
    fits = {root: max(candidate.relevance for candidate in group) for root, group in best.items()}
    floor = LEAST_SHARE * max(fits.values(), default=0.0)
    return sorted((group for root, group in chosen.items() if fits[root] >= floor), key=newest_first)


def retrieve(
    scope: Scope, text: str, vector: Vector | None, filters: Filters, *, window: int = WINDOW
) -> tuple[list[Candidate], bool]:
    """Live chunks that fit a query, best first, at most `window`, and whether these are all there are."""
    with scope.read() as tx:
        collection = collection_of(repository.tenant(tx))
    engine_query = HybridQuery(text=text, vector=vector, limit=window, filter=filters.for_engine(), language="en")
    found = scope.runtime.vectors.query(collection, engine_query)
    with scope.read() as tx:
        # The rows decide: what is being deleted or replaced is not live, whatever the index still holds.
        live = repository.chunk_texts(tx, found, filters.for_rows())
    terms = {language: terms_of(text, language) for language in {chunk.document.language for chunk in live.values()}}
    candidates = []
    for scored in found:
        chunk = live.get((scored.document_id, scored.ordinal))
        if chunk is not None:
            candidate = Candidate(scored, chunk, terms[chunk.document.language])
            if not candidate.is_noise:
                candidates.append(candidate)
    candidates.sort(
        key=lambda candidate: (-candidate.found.score, candidate.chunk.document.id, candidate.found.ordinal)
    )
    return candidates, len(found) < window


def query_vector(runtime: Runtime, text: str) -> tuple[Vector | None, str | None]:
    """The query's vector, or None with a notice for people while the model is not there."""
    state = runtime.embedder.state
    if state is EmbedderState.READY:
        try:
            return runtime.embedder.embed([text], lane=Lane.QUERY)[0], None
        except EngineUnavailable:
            return None, FAILED_NOTICE
    return None, FAILED_NOTICE if state is EmbedderState.FAILED else WARMING_NOTICE


def listing(scope: Scope, query: Query, started: float) -> SearchResult:
    """The newest documents that meet the filters, each with its lead."""
    nothing = terms_of("")
    with scope.read() as tx:
        wanted = query.filters.for_rows()
        if query.fold:
            wanted.append(repository.is_first_of_fold(tx, lambda rows: query.filters.for_rows(rows=rows)))
        rows, total = repository.newest(tx, wanted, offset=query.offset, limit=query.limit, lead=2 * PASSAGE_CHARACTERS)
        copies = repository.copies(tx, [document for document, _ in rows], LISTED_COPIES) if query.fold else {}
    hits = [
        Hit(
            document=document,
            passage=allowed(document, best_passage(lead, 0, nothing)),
            more_passages=(),
            score=0.0,
            relevance=0.0,
            explain=Explanation(None, 0.0, 0.0),
            withheld=is_withheld(document),
            copies=copies.get(document.id, Copies()),
        )
        for document, lead in rows
    ]
    end = query.offset + len(rows)
    return SearchResult(hits, total, True, "listing", None, end if end < total else None, milliseconds(started))


def facets(scope: Scope, filters: Filters) -> dict[str, list[FacetValue]]:
    """For each facet, how many documents of the library have each value under the other filters."""
    with scope.read() as tx:
        return {
            name: [
                FacetValue(value, count)
                for value, count in repository.facet(
                    tx, getattr(Document, column), filters.for_rows(without=name), FACET_VALUES
                )
            ]
            for name, column in FACETS.items()
        }


def best_first(group: list[Candidate]) -> tuple[float, str]:
    """Where a document stands by its best chunk's fused score."""
    return (-group[0].found.score, group[0].chunk.document.id)


def newest_first(group: list[Candidate]) -> tuple[float, str]:
    """Where a document stands by its date."""
    document = group[0].chunk.document
    return (-(document.published_at or document.first_seen_at).timestamp(), document.id)


def make_hit(group: list[Candidate], pages: list[dict[str, int]], copies: Mapping[str, Copies]) -> Hit:
    """One document's hit from its candidates, best first. Where the publisher sets a limit there is one passage."""
    best = group[0]
    document = best.chunk.document
    shown = group[: 1 + MORE_PASSAGES] if shown_characters(document) is None else group[:1]
    passages = [
        paged(allowed(document, best_passage(candidate.chunk.text, candidate.chunk.start, candidate.terms)), pages)
        for candidate in shown
    ]
    cosines = [candidate.found.cosine for candidate in group if candidate.found.cosine is not None]
    return Hit(
        document=document,
        passage=passages[0],
        more_passages=tuple(passages[1:]),
        score=best.found.score,
        relevance=max(candidate.relevance for candidate in group),
        explain=Explanation(
            dense=max(cosines) if cosines else None,
            lexical=max(candidate.coverage for candidate in group),
            fused=best.found.score,
        ),
        withheld=is_withheld(document),
        copies=copies.get(document.id, Copies()),
    )


def allowed(document: Document, passage: Passage) -> Passage:
    """As much of a passage as the publisher allows: all, its first characters, or nothing and not where it stands."""
    limit = shown_characters(document)
    if limit is None:
        return passage
    if limit == 0:
        return Passage(0, 0, "", (), None)
    text = cut_at_word(passage.text, limit)
    highlights = tuple(span for span in passage.highlights if span.end <= len(text))
    return replace(passage, end=passage.start + len(text), text=text, highlights=highlights)


def paged(passage: Passage, pages: list[dict[str, int]]) -> Passage:
    """A passage with the page that it begins on, which may come after the one its chunk begins on."""
    return replace(passage, page=repository.page_of(pages, passage.start))


def milliseconds(started: float) -> float:
    """Time since `started`, in milliseconds."""
    return round((perf_counter() - started) * 1000, 1)

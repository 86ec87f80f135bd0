"""Search: embed the query, retrieve from both legs in the engine, group by document, show the best passage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter

from services.engines.embedder import EmbedderState, Lane
from services.engines.vectors.base import HybridQuery, ScoredChunk, Vector
from services.errors import ConfigurationError, EngineUnavailable
from services.ingest.rights import cut_at_word, is_withheld, shown_characters
from services.metrics import SEARCH_SECONDS
from services.models import Document
from services.runtime import Runtime
from services.scope import Scope, Tx
from services.search import repository
from services.search.absent import explained
from services.search.exact import engine_filter, narrowed
from services.search.fuse import FUSION, in_context
from services.search.highlight import Terms, terms_of
from services.search.passages import PASSAGE_CHARACTERS, best_passage
from services.search.query import NEWEST_WINDOW, WINDOW, Filters, Query, Sort, clean_text
from services.search.repository import ChunkText, Standing
from services.search.types import Copies, Explanation, Hit, Passage, SearchResult
from services.traces import note, span

# Below this cosine a chunk that shares no word with the query is noise. For MiniLM-class models.
NOISE_COSINE = 0.25
# The cosines that mean 'unrelated' and 'about exactly this', for the relevance scale.
COSINE_RANGE = (0.15, 0.70)
DENSE_SHARE = 0.6
# Passages of one document shown beside its best one.
MORE_PASSAGES = 2
# What the query's words in the text of a passage, title aside, count beside its score when the first one is chosen.
OWN_WORDS = 0.3
# Copies listed with a hit.
LISTED_COPIES = 10
# In order of time a weak fit may come first: what fits less than this share of the best is left out then. A text with
# all words of the query always stays: it has a relevance of .4.
LEAST_SHARE = 0.39

WARMING_NOTICE = "Keyword results for now: search by meaning is getting ready and joins in by itself."
FAILED_NOTICE = "Keyword results only: the embedding model could not be loaded. `tidings doctor` says why."


@dataclass
class Candidate:
    """A live chunk the engine found, with how well it fits. `text`: None until `read`, which is for those that matter."""

    found: ScoredChunk
    document: Standing
    terms: Terms
    # What its words say, 0..1, and its score; see fuse.py.
    share: float
    score: float
    text: ChunkText | None = None

    @property
    def chunk(self) -> ChunkText:
        """The chunk of a candidate that was read."""
        if self.text is None:
            raise LookupError("the candidate was not read")
        return self.text

    @cached_property
    def forms(self) -> set[str]:
        """The query's words in the chunk, as they stand there. Looked for only where somebody asks."""
        return self.terms.forms_in(self.chunk.text)

    @cached_property
    def coverage(self) -> float:
        """The share of the query's words in the chunk or its title."""
        return self.terms.share(self.forms | self.terms.forms_in(self.document.title))

    @property
    def relevance(self) -> float:
        """Fit on a fixed 0..1 scale, comparable between queries, unlike fused scores."""
        if self.found.cosine is None:
            return self.coverage
        low, high = COSINE_RANGE
        dense = min(1.0, max(0.0, (self.found.cosine - low) / (high - low)))
        return DENSE_SHARE * dense + (1 - DENSE_SHARE) * self.coverage


def search(scope: Scope, query: Query) -> SearchResult:
    """The documents that fit a query best, or the newest when it is empty; ties broken by id; one hit for all copies.

    Cost: one query embedding and one engine call, then the rows of all candidates and the texts of those on the page.
    Works without the embedder (mode `keyword`).
    Raises: InvalidInput for a query that is too long; EngineUnavailable when the index is, or the tenant asks too much at once.
    """
    started = perf_counter()
    text = clean_text(query.text)
    with span("search"), scope.runtime.turns.turn(scope.tenant_id):
        found = find(scope, query, text, started) if text else listing(scope, query, started)
        found = explained(scope, query.filters, found)
        note(mode=found.mode if text else "newest", hits=len(found.hits))
    SEARCH_SECONDS.labels(found.mode if text else "newest").observe(perf_counter() - started)
    return found


def find(scope: Scope, query: Query, text: str, started: float) -> SearchResult:
    """The page of results for a query with words."""
    [vector], notice = query_vectors(scope.runtime, [text])
    filters, limits = narrowed(scope, query.filters)
    newest = query.sort is Sort.NEWEST
    window = NEWEST_WINDOW if newest else WINDOW
    candidates, is_exact = retrieve(scope, text, vector, filters, window=window)
    if newest:
        with scope.read() as tx:
            candidates = read(tx, candidates)
    groups = in_order(candidates, newest=newest, fold=query.fold)
    page = groups[query.offset : query.offset + query.limit]
    scope.give_way()
    with scope.read() as tx:
        # What was removed or replaced since it was found is left out.
        kept = by_document(read(tx, [candidate for group in page for candidate in group]))
        documents = repository.paged_documents(tx, kept)
        copies = repository.copies(tx, list(documents.values()), LISTED_COPIES) if query.fold else {}
    scope.give_way()
    hits = [make_hit(kept[id_], documents[id_], copies) for id_ in kept if id_ in documents]
    end = query.offset + len(page)
    return SearchResult(
        hits=hits,
        total=len(groups),
        is_exact=is_exact and limits is None,
        mode="keyword" if vector is None else "hybrid",
        notice=" ".join(each for each in (notice, limits) if each) or None,
        next_offset=end if end < len(groups) else None,
        took_ms=milliseconds(started),
    )


def in_order(candidates: Sequence[Candidate], *, newest: bool, fold: bool) -> list[list[Candidate]]:
    """The candidates by document, best or newest first; of copies the original, where it was found, else the best.

    A fold stands where its best member would.
    """
    groups = by_document(candidates)
    best: dict[str, list[Candidate]] = {}
    for group in sorted(groups.values(), key=best_first):
        document = group[0].document
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
        collection = repository.collection(tx)
        wanted = engine_filter(tx, filters)
    if wanted is None:
        return [], True
    engine_query = HybridQuery(text=text, vector=vector, limit=window, filter=wanted, language="en")
    scope.give_way()
    with span("vectors.query", limit=window):
        try:
            found = scope.runtime.vectors.query(collection, engine_query)
        except ConfigurationError:
            # The model was changed and the index for it is not built yet: words are found all the same.
            engine_query = replace(engine_query, vector=None)
            found = scope.runtime.vectors.query(collection, engine_query)
        note(found=len(found))
    scope.give_way()
    with span("rows"), scope.read() as tx:
        # The rows decide: what is being deleted or replaced is not live, whatever the index still holds.
        live = repository.standing(tx, {scored.document_id for scored in found}, filters.for_rows(tx))
        terms = {language: terms_of(text, language) for language in {document.language for document in live.values()}}
        candidates = [
            Candidate(
                scored,
                document,
                terms[document.language],
                share,
                FUSION.score(scored.cosine, share, by_meaning=engine_query.vector is not None),
            )
            for scored, share in zip(found, FUSION.shares(text, found), strict=True)
            if (document := live.get(scored.document_id)) is not None
            and scored.version == document.version
            and scored.ordinal < document.chunk_count
            and not is_noise(scored)
        ]
    candidates.sort(key=rank)
    return candidates, len(found) < window


def is_noise(found: ScoredChunk) -> bool:
    """Whether a chunk is far from the query in meaning and has none of its words."""
    return not found.bm25 and found.cosine is not None and found.cosine < NOISE_COSINE


def retrieve_in_context(
    scope: Scope, texts: tuple[str, str], vectors: Sequence[Vector | None], filters: Filters
) -> list[Candidate]:
    """As `retrieve`, for a question and the same joined with those before it; `vectors` of both."""
    alone, _ = retrieve(scope, texts[0], vectors[0], filters)
    context, _ = retrieve(scope, texts[1], vectors[1], filters)
    by_chunk = {chunk_of(candidate): candidate for candidate in (*alone, *context)}
    scores = in_context(
        {chunk_of(each): each.score for each in alone}, {chunk_of(each): each.score for each in context}
    )
    for chunk, candidate in by_chunk.items():
        candidate.score = scores[chunk]
    return sorted(by_chunk.values(), key=rank)


def chunk_of(candidate: Candidate) -> tuple[str, int]:
    """Which chunk it is."""
    return (candidate.document.id, candidate.found.ordinal)


def rank(candidate: Candidate) -> tuple[float, str, int]:
    """Where a candidate stands: best first, ties by id."""
    return (-candidate.score, candidate.document.id, candidate.found.ordinal)


def read(tx: Tx, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Load the texts of candidates that have none yet; those whose chunk is still there, in their order."""
    missing = [candidate for candidate in candidates if candidate.text is None]
    texts = repository.chunk_texts(tx, [(each.found.document_id, each.found.ordinal) for each in missing])
    for candidate in missing:
        candidate.text = texts.get((candidate.found.document_id, candidate.found.ordinal))
    return [candidate for candidate in candidates if candidate.text is not None]


def by_document(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Candidates by the id of their document, in the order in which documents first come."""
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault(candidate.document.id, []).append(candidate)
    return groups


def query_vectors(runtime: Runtime, texts: Sequence[str]) -> tuple[list[Vector | None], str | None]:
    """The vectors of queries, or None for each, with a notice for people, while the model is not there."""
    state = runtime.embedder.state
    if state is EmbedderState.READY:
        try:
            with span("embed query"):
                return list(runtime.embedder.embed(texts, lane=Lane.QUERY)), None
        except EngineUnavailable:
            return [None] * len(texts), FAILED_NOTICE
    return [None] * len(texts), FAILED_NOTICE if state is EmbedderState.FAILED else WARMING_NOTICE


def listing(scope: Scope, query: Query, started: float) -> SearchResult:
    """The newest documents that meet the filters, each with its lead."""
    filters, limits = narrowed(scope, query.filters)
    with scope.read() as tx:
        wanted = filters.for_rows(tx)
        if query.fold:
            wanted.append(repository.is_first_of_fold(tx, lambda rows: filters.for_rows(tx, rows=rows)))
        rows, total = repository.newest(tx, wanted, offset=query.offset, limit=query.limit, lead=2 * PASSAGE_CHARACTERS)
        copies = repository.copies(tx, [document for document, _ in rows], LISTED_COPIES) if query.fold else {}
    hits = [
        Hit(
            document=document,
            passage=allowed(document, best_passage(lead, 0)),
            more_passages=(),
            score=0.0,
            relevance=0.0,
            explain=Explanation(None, 0.0, 0.0, 0.0),
            withheld=is_withheld(document),
            copies=copies.get(document.id, Copies()),
        )
        for document, lead in rows
    ]
    end = query.offset + len(rows)
    return SearchResult(
        hits, total, limits is None, "listing", limits, end if end < total else None, milliseconds(started)
    )


def best_first(group: list[Candidate]) -> tuple[float, str]:
    """Where a document stands by its best chunk's fused score."""
    return (-group[0].score, group[0].document.id)


def newest_first(group: list[Candidate]) -> tuple[float, str]:
    """Where a document stands by its date."""
    document = group[0].document
    return (-document.dated_at.timestamp(), document.id)


def make_hit(group: Sequence[Candidate], document: Document, copies: Mapping[str, Copies]) -> Hit:
    """One document's hit from its candidates, best first. Where the publisher sets a limit there is one passage."""
    best = group[0]
    shown = sorted(group[: 1 + MORE_PASSAGES], key=telling_first)[: None if shown_characters(document) is None else 1]
    passages = [paged(allowed(document, passage_of(candidate)), document) for candidate in shown]
    cosines = [candidate.found.cosine for candidate in group if candidate.found.cosine is not None]
    return Hit(
        document=document,
        passage=passages[0],
        more_passages=tuple(passages[1:]),
        score=best.score,
        relevance=max(candidate.relevance for candidate in group),
        explain=Explanation(
            dense=max(cosines) if cosines else None,
            lexical=max(candidate.coverage for candidate in group),
            words=best.share,
            fused=best.score,
        ),
        withheld=is_withheld(document),
        copies=copies.get(document.id, Copies()),
    )


def telling_first(candidate: Candidate) -> float:
    """Where a document's passage is shown: what scores for the title that all of them bear should not come first."""
    return -(candidate.score + OWN_WORDS * candidate.terms.share(candidate.forms))


def passage_of(candidate: Candidate) -> Passage:
    """The passage of a candidate that was read."""
    chunk = candidate.chunk
    return best_passage(chunk.text, chunk.start, candidate.terms.spans(chunk.text, candidate.forms))


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


def paged(passage: Passage, document: Document) -> Passage:
    """A passage with the page that it begins on, which may come after the one its chunk begins on."""
    if not document.pages:
        return passage
    return replace(passage, page=repository.page_of(document.pages, passage.start))


def milliseconds(started: float) -> float:
    """Time since `started`, in milliseconds."""
    return round((perf_counter() - started) * 1000, 1)

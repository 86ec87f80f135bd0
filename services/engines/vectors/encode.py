"""What every vector store shares: text to BM25 weights, points to payload, filters to conditions, hits to chunks.

Both sides of BM25 are made here, for the server too, so that a tenant moves between engines with equal results.
A text weight is tf * (k + 1) / (tf + k * (1 - b + b * length / average)) with k 1.2 and b 0.75 (Robertson and
Zaragoza 2009, section 3.4), a query weight is 1; the engine multiplies by ln(1 + (N - df + 0.5) / (df + 0.5)).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from qdrant_edge import Bm25, Bm25Config

from services.engines.vectors.base import (
    CANDIDATES,
    HybridQuery,
    Matching,
    Point,
    ScoredChunk,
    StoredPoint,
    Vector,
    VectorFilter,
)
from services.errors import ConfigurationError

DENSE = "dense"
SPARSE = "bm25"
KEYWORD_FIELDS = ("document_id", "source", "language", "type", "category")
DATE_FIELD = "dated_at"

# Whose stemmer and stop words serve a text whose language is unknown or has none (Polish, Ukrainian, Korean ...).
# Both sides fall back alike, so a word still finds itself.
DEFAULT_LANGUAGE = "en"
# Codes the detector may say, under the name the stemmers know.
LANGUAGE_ALIASES = {"nb": "no", "nn": "no"}
# Mean tokens of a 180-token chunk (about 135 words) after stop words: 88 on 653 passages of the MT-RAG benchmark, where
# BM25 alone has nDCG@10 .867 with 70 to 100 and .862 with the engine's default of 256.
AVERAGE_TOKENS = 90.0
# Runs of scripts written without spaces: Thai, Lao, Burmese, Khmer, kana, Han. They are indexed as overlapping pairs of
# characters. The engine's own dictionary tokenizer guesses a language per text and cuts a short query otherwise than
# the text it looks for (a query of Han characters only never finds them in Japanese).
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]+"
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# RRF gives equal scores often: rank r of one leg ties with rank r of the other, and (a, b) with (b, a). Groups are of
# at most four but for coincidence, so this many more hits are fetched to cut ties by id and not by the engine's chance.
TIE_MARGIN = 4
# Edge fuses in single precision (error 2e-9 at these scores), local mode in double. Two ranks differ by 4e-5 at least.
SCORE_DIGITS = 7


@dataclass(frozen=True)
class Sparse:
    """A sparse vector: token hashes, ascending, and their weights."""

    indices: list[int]
    values: list[float]


def encode_text(text: str, language: str | None) -> Sparse | None:
    """BM25 weights of a stored text; None when only stop words or nothing remain."""
    return sorted_sparse(model(stemmer_language(language)).embed_document(spaced(text)))


def encode_query(text: str, language: str | None) -> Sparse | None:
    """BM25 weights of a query, 1 per distinct token; None when only stop words or nothing remain.

    `language` picks the stemmer and should be that of the texts looked for; unknown means DEFAULT_LANGUAGE.
    """
    return sorted_sparse(model(stemmer_language(language)).embed_query(spaced(text)))


def sorted_sparse(vector: Any) -> Sparse | None:
    """The engine's sparse vector in index order; None for an empty one, which must not count into N of the IDF."""
    pairs = sorted(zip(vector.indices, vector.values, strict=True))
    return Sparse([index for index, _ in pairs], [value for _, value in pairs]) if pairs else None


def spaced(text: str) -> str:
    """One Unicode form (NFKC), and scripts without spaces as pairs of characters between spaces."""
    return UNSPACED.sub(character_pairs, unicodedata.normalize("NFKC", text))


def character_pairs(run: re.Match[str]) -> str:
    """Overlapping pairs of a run; a single character stays itself."""
    characters = run[0]
    pairs = [characters[start : start + 2] for start in range(max(1, len(characters) - 1))]
    return f" {' '.join(pairs)} "


@lru_cache(maxsize=256)
def stemmer_language(language: str | None) -> str:
    """The two-letter code whose stemmer and stop words are used for a language tag such as `de` or `pt-BR`."""
    code = re.split("[-_]", language.lower())[0] if language else DEFAULT_LANGUAGE
    code = LANGUAGE_ALIASES.get(code, code)
    try:
        Bm25(Bm25Config(language=code))
    except ValueError:
        return DEFAULT_LANGUAGE
    return code


@lru_cache(maxsize=64)
def model(language: str) -> Bm25:
    """The encoder of one language. Accents are folded: people type Erdogan and Sao Paulo."""
    return Bm25(Bm25Config(language=language, ascii_folding=True, avg_len=AVERAGE_TOKENS))


def microseconds(at: datetime) -> int:
    """Microseconds since 1970, exact; a time without zone is UTC."""
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


def payload(point: Point) -> dict[str, Any]:
    """What the engine keeps beside the vectors: filter fields and the way back to the chunk. No text."""
    fields = {
        "document_id": point.document_id,
        "version": point.version,
        "ordinal": point.ordinal,
        "source": point.source,
        "type": point.type,
        DATE_FIELD: microseconds(point.dated_at),
    }
    optional = {"language": point.language, "category": point.category}
    return fields | {name: value for name, value in optional.items() if value is not None}


@dataclass(frozen=True)
class Conditions:
    """A VectorFilter as payload conditions: fields that must be one of, fields that must be none of, and times."""

    any_of: dict[str, list[str]]
    none_of: dict[str, list[str]]
    dated_from: int | None
    dated_to: int | None

    def __bool__(self) -> bool:
        return bool(self.any_of or self.none_of or self.dated_from is not None or self.dated_to is not None)


def conditions(wanted: VectorFilter) -> Conditions:
    """Translate field names; empty fields leave no condition."""
    any_of = {
        "source": wanted.sources,
        "language": wanted.languages,
        "type": wanted.types,
        "category": wanted.categories,
        "document_id": wanted.document_ids,
    }
    none_of = {
        "source": wanted.excluded_sources,
        "language": wanted.excluded_languages,
        "type": wanted.excluded_types,
        "category": wanted.excluded_categories,
        "document_id": wanted.excluded_document_ids,
    }
    return Conditions(
        any_of={name: list(values) for name, values in any_of.items() if values},
        none_of={name: list(values) for name, values in none_of.items() if values},
        dated_from=None if wanted.dated_from is None else microseconds(wanted.dated_from),
        dated_to=None if wanted.dated_to is None else microseconds(wanted.dated_to),
    )


# What is fetched with a point to know whose it is.
KEY_FIELDS = ["document_id", "version", "ordinal"]
chunk_key = itemgetter(*KEY_FIELDS)


def stored_point(id_: str, payload: dict[str, Any], expected: UUID) -> StoredPoint:
    """A scanned point, given the id that its chunk's point has."""
    key = (str(payload["document_id"]), int(payload["version"]), int(payload["ordinal"]))
    return StoredPoint(id_, *key, is_stray=id_ != str(expected))


def candidates(query: HybridQuery) -> int:
    """How many candidates each leg brings."""
    return max(CANDIDATES, query.limit)


class RawHit(NamedTuple):
    """A fused hit as an engine returns it, with the score of each leg."""

    point_id: str
    score: float
    payload: dict[str, Any]
    cosine: float | None
    bm25: float


def rank(hits: Iterable[RawHit], query: HybridQuery) -> list[ScoredChunk]:
    """Order by score, ties by point id, and cut to the limit. Of several points of one chunk the best stays."""
    best: dict[tuple[Any, ...], RawHit] = {}
    for hit in sorted(hits, key=lambda hit: (-round(hit.score, SCORE_DIGITS), hit.point_id)):
        best.setdefault(chunk_key(hit.payload), hit)
    return [
        ScoredChunk(document_id, version, ordinal, round(hit.score, SCORE_DIGITS), hit.cosine, hit.bm25)
        for (document_id, version, ordinal), hit in islice(best.items(), query.limit)
    ]


# What is fetched with a point to know which document it is of.
DOCUMENT_FIELDS = ["document_id", "version"]


def matching_of(payloads: Sequence[dict[str, Any]], limit: int) -> Matching:
    """The documents of the best `limit` points, given in order."""
    documents = dict.fromkeys((str(each["document_id"]), int(each["version"])) for each in payloads)
    return Matching(tuple(documents), len(payloads) < limit)


def cosines(query: Vector | None, vectors: Sequence[Any | None]) -> list[float | None]:
    """Cosines of a query to some vectors, None where there is none; 0 for a zero vector. One product for all of them."""
    if query is None:
        return [None] * len(vectors)
    rows = [row for row, vector in enumerate(vectors) if vector is not None]
    matrix = np.array([vectors[row] for row in rows], dtype=np.float32).reshape(len(rows), len(query))
    norms = np.linalg.norm(matrix, axis=1) * np.linalg.norm(query)
    found: list[float | None] = [None] * len(vectors)
    for row, product, norm in zip(rows, (matrix @ query).tolist(), norms.tolist(), strict=True):
        found[row] = product / norm if norm else 0.0
    return found


def check_dimensions(collection: str, dimensions: int, vectors: Iterable[Vector | None]) -> None:
    """Refuse vectors of another length before they reach the engine's log. Raises ConfigurationError."""
    for vector in vectors:
        if vector is not None and len(vector) != dimensions:
            raise wrong_dimensions(collection, dimensions, len(vector))


def wrong_dimensions(collection: str, stored: int, given: int) -> ConfigurationError:
    """The model changed under a collection: what to tell the operator."""
    return ConfigurationError(
        f"Search index {collection!r} holds vectors of {stored} dimensions, the model makes {given}; "
        "set TIDINGS_EMBEDDER_MODEL back to the former one, or run `tidings reindex`."
    )

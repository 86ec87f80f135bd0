"""What every vector store must do: Edge, qdrant-client's local mode, the one in memory, and Qdrant's REST API.

The REST API is answered by the stand-in (tests/qdrant_server), and by a real server too when TIDINGS_TEST_QDRANT_URL is
set (and TIDINGS_TEST_QDRANT_API_KEY). The server's store runs in both placements.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from services.engines.vectors.base import (
    RRF_K,
    HybridQuery,
    Point,
    ScoredChunk,
    Vector,
    VectorFilter,
    VectorStore,
    point_id,
)
from services.engines.vectors.edge import EdgeVectors
from services.engines.vectors.encode import encode_query, encode_text
from services.engines.vectors.memory import MemoryVectors, dense_leg, lexical_leg
from services.engines.vectors.placement import Placement
from services.engines.vectors.server import ServerVectors
from services.errors import ConfigurationError, EngineUnavailable
from tests.qdrant_server.process import QdrantServer

DIMENSIONS = 8
NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)
SERVER_URL = os.environ.get("TIDINGS_TEST_QDRANT_URL", "")

KINDS = ["edge", "memory", "local", "local-shared", "stand-in", "stand-in-shared"]
KINDS += ["server", "server-shared"] if SERVER_URL else []


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantServer]:
    """One stand-in for the file, with a key."""
    server = QdrantServer(tmp_path_factory.mktemp("qdrant"), api_key="a key").start()
    yield server
    server.close()


Make = Callable[[str], VectorStore]


@pytest.fixture
def make(tmp_path: Path, request: pytest.FixtureRequest) -> Make:
    """Makes a store by its kind; shared ones in a collection of the test's own."""

    def make(kind: str) -> VectorStore:
        if kind == "edge":
            return EdgeVectors(tmp_path / "vectors")
        if kind == "memory":
            return MemoryVectors()
        placement: Placement = "shared" if kind.endswith("-shared") else "dedicated"
        name = f"test_shared_{secrets.token_hex(6)}"
        if kind.startswith("local"):
            client = QdrantClient(location=":memory:")
            return ServerVectors(client, placement=placement, shared_collection=name)
        url, key = SERVER_URL, os.environ.get("TIDINGS_TEST_QDRANT_API_KEY", "")
        if kind.startswith("stand-in"):
            server: QdrantServer = request.getfixturevalue("stand_in")
            url, key = server.url, server.api_key
        store = ServerVectors.connect(url, key, placement=placement)
        store.placed.shared_collection = name
        return store

    return make


def finish(store: VectorStore) -> None:
    """Leave nothing on a server that others use, and close."""
    if isinstance(store, ServerVectors):
        store.client.delete_collection(store.placed.shared_collection)
    store.close()


def is_shared(store: VectorStore) -> bool:
    return isinstance(store, ServerVectors) and store.placed.placement == "shared"


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, make: Make) -> Iterator[VectorStore]:
    made = make(request.param)
    yield made
    finish(made)


@pytest.fixture
def collection(store: VectorStore) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    store.ensure(name, DIMENSIONS)
    yield name
    store.drop(name)


def direction(*weights: float) -> Vector:
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    vector[: len(weights)] = weights
    return vector / np.float32(np.linalg.norm(vector) or 1)


def point(document_id: str, text: str, vector: Vector | None = None, **changes: object) -> Point:
    fields = {"version": 1, "ordinal": 0, "language": "en", "source": "reuters", "type": "html", "dated_at": NOON}
    return Point(document_id=document_id, text=text, vector=vector, **(fields | changes))  # type: ignore[arg-type]


def ask(text: str = "", vector: Vector | None = None, limit: int = 10, **wanted: object) -> HybridQuery:
    return HybridQuery(text=text, vector=vector, limit=limit, language="en", filter=VectorFilter(**wanted))  # type: ignore[arg-type]


def ids(hits: list[ScoredChunk]) -> list[str]:
    return [hit.document_id for hit in hits]


def test_the_documents_with_a_word_are_told_once_each_and_whether_these_are_all(
    store: VectorStore, collection: str
) -> None:
    store.upsert(
        collection,
        [
            point("a", "The harbour reopened.", version=3),
            point("a", "Harbour dues rise.", version=3, ordinal=1),
            point("b", "A harbour in a long text about many other things that were said.", source="bbc"),
            point("c", "The bank was shut."),
        ],
    )
    found = store.matching(collection, ask("harbour"))
    assert (sorted(found.documents), found.is_complete) == ([("a", 3), ("b", 1)], True)
    assert not store.matching(collection, ask("harbour", limit=2)).is_complete
    assert store.matching(collection, ask("harbour", sources=("bbc",))).documents == (("b", 1),)
    assert store.matching(collection, ask("harbour", excluded_document_ids=("a",))).documents == (("b", 1),)
    for nothing in (ask("the of"), ask("zeppelin"), ask("harbour", limit=0)):
        assert store.matching(collection, nothing).documents == ()
    assert store.matching("test_missing", ask("harbour")).documents == ()


def test_what_was_stored_is_found_by_a_word_in_it(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point("a", "The harbour reopened after the storm.", version=3, ordinal=7)])
    [hit] = store.query(collection, ask("harbour"))
    assert (hit.document_id, hit.version, hit.ordinal, hit.cosine) == ("a", 3, 7, None)


def test_storing_twice_changes_nothing(store: VectorStore, collection: str) -> None:
    points = [point("a", "storm", direction(1)), point("b", "calm", direction(0, 1))]
    store.upsert(collection, points)
    before = store.query(collection, ask("storm", direction(1)))
    store.upsert(collection, points)
    assert store.count(collection) == 2
    assert store.query(collection, ask("storm", direction(1))) == before


def test_storing_no_points_is_allowed(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [])
    assert store.count(collection) == 0


def test_the_same_chunk_is_overwritten_in_text_filters_and_vector(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point("a", "storm", direction(1), source="old")])
    store.upsert(collection, [point("a", "calm", direction(0, 1), source="new")])
    assert ids(store.query(collection, ask("storm"))) == []
    assert ids(store.query(collection, ask("calm", sources=("old",)))) == []
    [hit] = store.query(collection, ask("calm", direction(0, 1), sources=("new",)))
    assert hit.cosine == pytest.approx(1.0, abs=1e-6)


def test_a_chunk_gets_its_vector_later(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point("a", "storm")])
    assert store.query(collection, ask("", direction(1))) == []
    assert store.query(collection, ask("storm", direction(1)))[0].cosine is None
    store.upsert(collection, [point("a", "storm", direction(1))])
    assert ids(store.query(collection, ask("", direction(1)))) == ["a"]
    assert store.query(collection, ask("storm", direction(1)))[0].cosine == pytest.approx(1.0, abs=1e-6)


def test_a_chunk_stored_again_without_vector_loses_the_old_one(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point("a", "storm", direction(1))])
    store.upsert(collection, [point("a", "storm")])
    assert store.query(collection, ask("", direction(1))) == []


def test_a_chunk_without_any_word_is_still_found_by_vector(store: VectorStore, collection: str) -> None:
    texts = ("", "the of and", "  \n", "§ … —")
    store.upsert(collection, [point(f"v{n}", text, direction(1)) for n, text in enumerate(texts)])
    store.upsert(collection, [point(f"w{n}", text) for n, text in enumerate(texts)])
    assert store.count(collection) == 8
    assert sorted(ids(store.query(collection, ask("storm", direction(1))))) == ["v0", "v1", "v2", "v3"]


def test_deleting_takes_all_chunks_and_versions_of_the_documents_only(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point(d, "storm", version=v, ordinal=o) for d in "abc" for v in (1, 2) for o in (0, 1)])
    store.delete_documents(collection, iter(["a", "c", "unknown"]))
    assert {document_id: store.count(collection, document_id=document_id) for document_id in "abc"} == {
        "a": 0,
        "b": 4,
        "c": 0,
    }
    assert set(ids(store.query(collection, ask("storm")))) == {"b"}
    store.delete_documents(collection, ["a", "c"])
    store.delete_documents(collection, [])
    assert store.count(collection) == 4


def test_deleting_may_keep_newer_versions(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point(d, "storm", version=v) for d in "ab" for v in (1, 2, 3)])
    store.delete_documents(collection, ["a"], before_version=2)
    assert {hit.version for hit in store.query(collection, ask("storm", document_ids=("a",)))} == {2, 3}
    assert store.count(collection, document_id="b") == 3


def test_many_chunks_are_deleted(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point("a", f"word{n}", ordinal=n) for n in range(600)] + [point("b", "storm")])
    assert store.count(collection, document_id="a") == 600
    store.delete_documents(collection, ["a"])
    assert store.count(collection) == 1


FILTERED = [
    ({"sources": ("bbc",)}, "b"),
    ({"sources": ("bbc", "reuters")}, "ab"),
    ({"languages": ("de",)}, "b"),
    ({"languages": ("en", "de")}, "ab"),
    ({"types": ("pdf",)}, "c"),
    ({"categories": ("sport",)}, "b"),
    ({"categories": ("sport", "politics")}, "ab"),
    ({"excluded_categories": ("sport",)}, "ac"),
    ({"categories": ("sport",), "languages": ("en",)}, ""),
    ({"document_ids": ("a", "c", "zzz")}, "ac"),
    ({"excluded_sources": ("bbc",)}, "ac"),
    ({"excluded_languages": ("en",)}, "bc"),
    ({"excluded_languages": ("en", "de")}, "c"),
    ({"excluded_types": ("html", "csv")}, "c"),
    ({"sources": ("reuters", "bbc"), "languages": ("en",)}, "a"),
    ({"sources": ("reuters", "bbc"), "excluded_sources": ("bbc",)}, "a"),
    ({"sources": ("bbc",), "excluded_sources": ("bbc",)}, ""),
    ({"sources": ("",)}, ""),
    ({"dated_from": NOON}, "bc"),
    ({"dated_to": NOON}, "a"),
    ({"dated_from": NOON, "dated_to": NOON + timedelta(microseconds=1)}, "b"),
    ({"dated_from": NOON - timedelta(microseconds=1), "dated_to": NOON + timedelta(days=2)}, "abc"),
    ({"dated_from": NOON, "dated_to": NOON}, ""),
    ({"dated_from": NOON.replace(tzinfo=None)}, "bc"),
    ({"dated_from": datetime.fromisoformat("2026-05-03T14:00:00+02:00")}, "bc"),
    ({"languages": ("de",), "dated_to": NOON}, ""),
    ({}, "abc"),
]


def test_filters_hold_for_both_legs(store: VectorStore, collection: str) -> None:
    just_before, later = NOON - timedelta(microseconds=1), NOON + timedelta(days=1)
    store.upsert(
        collection,
        [
            point("a", "storm", direction(1), source="reuters", category="politics", dated_at=just_before),
            point("b", "storm", direction(1), source="bbc", language="de", category="sport", dated_at=NOON),
            point("c", "storm", direction(1), source="L'Équipe 日本", language=None, type="pdf", dated_at=later),
        ],
    )
    for wanted, expected in FILTERED:
        for query in (ask("storm", **wanted), ask("", direction(1), **wanted), ask("storm", direction(1), **wanted)):
            assert sorted(ids(store.query(collection, query))) == list(expected), query


def test_dates_before_1970_are_compared_too(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point("a", "storm", dated_at=datetime(1912, 4, 15, tzinfo=UTC)), point("b", "storm")])
    assert ids(store.query(collection, ask("storm", dated_to=datetime(1970, 1, 1, tzinfo=UTC)))) == ["a"]


def test_a_filter_narrows_before_candidates_are_cut(store: VectorStore, collection: str) -> None:
    crowd = [point(f"crowd{n}", "storm storm", direction(1, 0.001 * n)) for n in range(150)]
    store.upsert(
        collection, [*crowd, point("rare", "one storm among very many other words", direction(1, 5), source="bbc")]
    )
    assert ids(store.query(collection, ask("storm", direction(1), sources=("bbc",)))) == ["rare"]


@pytest.fixture
def three(store: VectorStore, collection: str) -> str:
    """`both` leads both legs; `vector` is second by vector, `word`, which has no vector, second by words."""
    store.upsert(
        collection,
        [
            point("both", "storm storm storm harbour", direction(1)),
            point("vector", "calm evening", direction(1, 1)),
            point("word", "storm somewhere far away from everything else", None),
        ],
    )
    return collection


def test_both_legs_are_fused_by_reciprocal_rank(store: VectorStore, three: str) -> None:
    first, *rest = store.query(three, ask("storm", direction(1)))
    assert first.document_id == "both"
    assert first.score == pytest.approx(2 / RRF_K, abs=1e-6)
    assert first.cosine == pytest.approx(1.0, abs=1e-6)
    # Equal scores: the order is that of the point ids.
    tied = sorted(("vector", "word"), key=lambda document_id: point_id(document_id, 1, 0))
    assert ids(rest) == tied
    assert [hit.score for hit in rest] == pytest.approx([1 / (RRF_K + 1)] * 2, abs=1e-6)
    assert {hit.document_id: hit.cosine for hit in rest} == {"vector": pytest.approx(0.5**0.5, abs=1e-6), "word": None}
    assert {hit.document_id for hit in (first, *rest) if hit.bm25 > 0} == {first.document_id, "word"}


def test_without_vector_only_words_count(store: VectorStore, three: str) -> None:
    hits = store.query(three, ask("storm"))
    assert ids(hits) == ["both", "word"]
    assert [hit.score for hit in hits] == pytest.approx([1 / RRF_K, 1 / (RRF_K + 1)], abs=1e-6)
    assert [hit.cosine for hit in hits] == [None, None]


NOTHING = ("", "the of and", "?!", "neverwritten")


def test_without_a_known_word_only_the_vector_counts(store: VectorStore, three: str) -> None:
    for text in NOTHING:
        hits = store.query(three, ask(text, direction(1)))
        assert ids(hits) == ["both", "vector"]
        assert [hit.score for hit in hits] == pytest.approx([1 / RRF_K, 1 / (RRF_K + 1)], abs=1e-6)


def test_a_query_of_nothing_finds_nothing(store: VectorStore, three: str) -> None:
    for text in NOTHING:
        assert store.query(three, ask(text)) == []


def test_cosine_does_not_depend_on_the_length_of_vectors(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point("a", "storm", direction(1, 1) * 7), point("b", "storm", -direction(1))])
    hits = store.query(collection, ask("", direction(1) * 3))
    assert [hit.cosine for hit in hits] == pytest.approx([0.5**0.5, -1.0], abs=1e-6)


def test_no_more_hits_than_the_limit(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point(f"d{n:03}", "storm " * (n + 1), direction(1, 0.01 * n)) for n in range(130)])
    for limit in (0, 1, 2, 5, 500):
        hits = store.query(collection, ask("storm", direction(1), limit=limit))
        assert len(hits) == min(limit, 130)
        assert len(set(ids(hits))) == len(hits)
        assert hits == sorted(hits, key=lambda hit: (-hit.score, point_id(hit.document_id, 1, 0)))


def test_ties_at_the_limit_are_cut_by_point_id(store: VectorStore, collection: str) -> None:
    # Rank r by vector ties with rank r by word, and none has both.
    by_vector = [point(f"v{n}", "calm", direction(1, 0.1 * n)) for n in range(4)]
    by_word = [point(f"w{n}", "storm" + " breeze" * 3 * n) for n in range(4)]
    store.upsert(collection, by_vector + by_word)
    pairs = [sorted((f"v{n}", f"w{n}"), key=lambda document_id: point_id(document_id, 1, 0)) for n in range(4)]
    expected = [document_id for pair in pairs for document_id in pair]
    for limit in range(1, 8):
        assert ids(store.query(collection, ask("storm", direction(1), limit=limit))) == expected[:limit]


UNICODE = [
    ("Der Bürgermeister sprach über große Häuser", "de", "haus", "de"),
    ("Präsident Erdoğan reiste ab", "de", "Erdogan", "de"),
    ("Les élections sont reportées", "fr", "élection", "fr"),
    ("Выборы отложены правительством", "ru", "выборов", "ru"),
    ("日本の首相が東京で記者会見を開いた", "ja", "東京", None),
    ("北京市政府宣布新的政策", "zh", "政策", "en"),
    ("คณะรัฐมนตรีไทยประกาศ", "th", "รัฐมนตรี", None),
    ("Ministers met in 東京 today", "en", "東京", "ja"),
    ("서울에서 열린 정상회담", "ko", "정상회담", "ko"),
    ("Rząd ogłosił wybory", "pl", "wybory", "pl"),
    ("Ｔｏｋｙｏ cafe\u0301 ﬁnance", "en", "tokyo café finance", "en"),
    ("🌪️ storm\u0000 warning \U0001f1ea\U0001f1fa", "en", "🌪️ STORM", "en"),
    ("Nynorsk nyhende om valet", "nn", "nyhende", "nb"),
    ("Elections were postponed", "en-GB", "election", None),
]


def test_words_are_found_in_other_forms_and_scripts(store: VectorStore, collection: str) -> None:
    stored = [point(f"d{n}", text, language=language) for n, (text, language, _, _) in enumerate(UNICODE)]
    store.upsert(collection, [*stored, point("unrelated", "another story")])
    for n, (_, _, asked, asked_in) in enumerate(UNICODE):
        found = ids(store.query(collection, HybridQuery(text=asked, vector=None, limit=20, language=asked_in)))
        assert f"d{n}" in found, asked
        assert "unrelated" not in found, asked


def test_rare_words_weigh_more_than_common_ones(store: VectorStore, collection: str) -> None:
    common = [point(f"c{n}", "market report today") for n in range(20)]
    store.upsert(collection, [*common, point("rare", "volcano report today"), point("other", "market volume today")])
    assert ids(store.query(collection, ask("market volcano", limit=1))) == ["rare"]


def test_very_long_texts_and_queries_are_taken(store: VectorStore, collection: str) -> None:
    text = " ".join(f"word{n}" for n in range(20_000))
    store.upsert(collection, [point("a", text)])
    assert ids(store.query(collection, ask(text))) == ["a"]


def test_a_missing_collection_is_empty(store: VectorStore) -> None:
    assert store.query("nowhere", ask("storm", direction(1))) == []
    assert store.count("nowhere") == 0
    assert store.count("nowhere", document_id="a") == 0
    store.delete_documents("nowhere", ["a"])
    store.drop("nowhere")


def test_storing_in_a_missing_collection_is_refused(store: VectorStore) -> None:
    """In a shared collection as long as nobody made that."""
    with pytest.raises(EngineUnavailable, match="does not exist"):
        store.upsert("nowhere", [point("a", "storm")])


def test_ensuring_again_keeps_what_is_there(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point("a", "storm")])
    store.ensure(collection, DIMENSIONS)
    assert store.count(collection) == 1


def test_other_dimensions_are_refused_and_nothing_is_stored(store: VectorStore, collection: str) -> None:
    wrong = np.ones(DIMENSIONS + 1, dtype=np.float32)
    with pytest.raises(ConfigurationError, match="8 dimensions"):
        store.ensure(collection, DIMENSIONS + 1)
    with pytest.raises(ConfigurationError, match="8 dimensions"):
        store.upsert(collection, [point("a", "storm", direction(1)), point("b", "storm", wrong)])
    with pytest.raises(ConfigurationError, match="8 dimensions"):
        store.query(collection, ask("storm", wrong))
    assert store.count(collection) == 0


def test_a_dropped_collection_is_gone_and_can_be_made_anew(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [point("a", "storm", direction(1))])
    store.drop(collection)
    store.drop(collection)
    assert store.query(collection, ask("storm", direction(1))) == []
    # A shared collection stays as it is when one tenant's part of it goes.
    store.ensure(collection, DIMENSIONS if is_shared(store) else DIMENSIONS * 2)
    assert store.count(collection) == 0


def test_tenants_never_see_each_other(store: VectorStore) -> None:
    names = [f"{kind}_{secrets.token_hex(6)}" for kind in ("t1", "t1_g1", "T1")]
    for name in names:
        store.ensure(name, DIMENSIONS)
        store.upsert(name, [point(f"{name}/{n}", "storm", direction(1)) for n in range(5)])
    for name in names:
        for query in (ask("storm"), ask("", direction(1)), ask("storm", direction(1), limit=100)):
            assert set(ids(store.query(name, query))) == {f"{name}/{n}" for n in range(5)}
        stranger = next(other for other in names if other != name)
        assert store.query(name, ask("storm", direction(1), document_ids=(f"{stranger}/0",))) == []
        store.delete_documents(name, [f"{stranger}/0"])
    assert [store.count(name) for name in names] == [5] * len(names)
    for name in names:
        store.drop(name)


def test_a_scan_shows_every_point_and_which_lack_a_vector(store: VectorStore, collection: str) -> None:
    chunks = {("a", 2, ordinal) for ordinal in range(1200)} | {("b", 1, 0)}
    made = [point("a", "storm", version=2, ordinal=ordinal) for ordinal in range(1200)]
    store.upsert(collection, [*made, point("b", "calm", direction(1))])
    found = [each for page in store.scan(collection) for each in page]
    assert {(each.document_id, each.version, each.ordinal) for each in found} == chunks
    assert len(found) == len(chunks)
    assert not any(each.is_stray for each in found)
    lacking = [each for page in store.scan(collection, without_vector=True) for each in page]
    assert {each.document_id for each in lacking} == {"a"}
    assert len(lacking) == 1200
    store.delete_points(collection, [each.id for each in lacking[1:]])
    store.delete_points(collection, [each.id for each in lacking[1:]])
    assert store.count(collection) == 2
    assert [page for page in store.scan("nowhere") if page] == []
    store.delete_points("nowhere", [lacking[0].id])


def test_generations_lie_apart(store: VectorStore) -> None:
    tenant = f"ten_{secrets.token_hex(6)}"
    first, second = f"{tenant}-g1", f"{tenant}-g2"
    for name, text in ((first, "storm"), (second, "storm harbour")):
        store.ensure(name, DIMENSIONS)
        store.upsert(name, [point("a", text)])
    store.upsert(second, [point("b", "harbour")])
    assert (store.count(first), store.count(second)) == (1, 2)
    # Nothing of the shadow is seen before it is published.
    assert store.query(first, ask("harbour")) == []
    store.publish(second)
    assert sorted(ids(store.query(second, ask("harbour")))) == ["a", "b"]
    store.drop(first)
    assert (store.count(first), store.count(second)) == (0, 2)
    assert sorted(ids(store.query(second, ask("harbour")))) == ["a", "b"]
    store.drop(second)


def test_threads_may_store_and_ask_at_once(store: VectorStore, collection: str) -> None:
    if isinstance(store, ServerVectors) and store.is_local:
        pytest.skip("qdrant-client's local mode is not safe for threads; it serves tests only")
    store.upsert(collection, [point("seed", "storm", direction(1))])

    def write(thread: int) -> None:
        for n in range(5):
            store.upsert(collection, [point(f"d{thread}_{n}", "calm", direction(0, 1), ordinal=o) for o in range(8)])

    def read(_: int) -> list[str]:
        return [ids(store.query(collection, ask("storm", direction(1), limit=1)))[0] for _ in range(10)]

    with ThreadPoolExecutor(6) as pool:
        writers, readers = pool.map(write, range(3)), pool.map(read, range(3))
        assert list(writers) == [None] * 3
        assert list(readers) == [["seed"] * 10] * 3
    assert store.count(collection) == 121


def test_all_stores_give_equal_results(make: Make) -> None:
    """300 documents, 40 queries whose legs have no two equal scores: equal ones each engine ranks its own way."""
    rng = np.random.default_rng(20260503)
    vocabulary = [
        f"{a}{b}"
        for a in ("vol", "mar", "sen", "tri", "gal", "pon", "kes", "dru")
        for b in ("cano", "ket", "ate", "umph", "axy")
    ]
    weights = 1 / np.arange(1, len(vocabulary) + 1)
    points = []
    for n in range(300):
        text = " ".join(rng.choice(vocabulary, size=rng.integers(20, 160), p=weights / weights.sum()))
        vector = rng.standard_normal(32).astype(np.float32) if n % 10 else None
        when = NOON + timedelta(minutes=int(n))
        language, source = ("en", "de", None)[n % 3], f"s{n % 7}"
        points.append(Point(f"d{n}", 1, 0, text, language, vector, source, "html", when))
    others = [Point(f"x{n}", 1, 0, " ".join(vocabulary[:9]), "en", None, "s1", "html", NOON) for n in range(50)]
    stores = {kind: make(kind) for kind in KINDS}
    memory = stores["memory"]
    assert isinstance(memory, MemoryVectors)
    for store in stores.values():
        for collection, made in (("parity", points), ("neighbour", others)):
            store.ensure(collection, 32)
            store.upsert(collection, made)
    compared = 0
    for n in range(400):
        wanted = VectorFilter() if n % 2 else VectorFilter(languages=("en",), dated_from=NOON + timedelta(minutes=30))
        text = " ".join(rng.choice(vocabulary, size=rng.integers(3, 9)))
        vector = rng.standard_normal(32).astype(np.float32) if n % 3 else None
        query = HybridQuery(text, vector, limit=25, filter=wanted, language="en")
        if has_ties(memory, query):
            continue
        first, *others = [store.query("parity", query) for store in stores.values()]
        assert len(first) == 25
        for kind, other in zip(list(stores)[1:], others, strict=True):
            assert ids(other) == ids(first), kind
            assert [hit.score for hit in other] == pytest.approx([hit.score for hit in first], abs=1e-5)
            assert cosines_of(other) == pytest.approx(cosines_of(first), abs=1e-5)
            assert [hit.bm25 for hit in other] == pytest.approx([hit.bm25 for hit in first], abs=1e-5)
        compared += 1
        if compared == 40:
            break
    assert compared == 40
    for store in stores.values():
        store.drop("parity")
        store.drop("neighbour")
        finish(store)


def cosines_of(hits: list[ScoredChunk]) -> dict[str, float]:
    """The cosines there are, by document."""
    return {hit.document_id: hit.cosine for hit in hits if hit.cosine is not None}


def has_ties(memory: MemoryVectors, query: HybridQuery) -> bool:
    """Whether two scores of a leg are too near to tell apart in single precision."""
    entries = memory.collections["parity"]
    for leg in (dense_leg(entries, query), lexical_leg(entries, query)):
        scores = np.sort(np.array(list(leg.values())))
        if len(scores) > 1 and np.min(np.diff(scores)) < 1e-6 * max(1.0, scores[-1]):
            return True
    return False


def test_texts_and_queries_are_encoded_alike() -> None:
    text, query = encode_text("Elections, election!", "en"), encode_query("ELECTIONS election", "en-US")
    assert text is not None
    assert query is not None
    assert text.indices == query.indices
    assert query.values == [1.0]
    assert encode_text("", None) is encode_query("the", None) is None

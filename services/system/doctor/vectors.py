"""The vector store: its server, its collections, and whether it holds what the rows say."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from services.engines.facts.qdrant import QdrantFacts, qdrant_facts
from services.errors import EngineUnavailable
from services.ingest.index.generations import collection_of
from services.system import repository
from services.system.doctor.finding import Examination, Finding, fail, ok, warn

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
# Tenants whose points are counted, those with most documents first.
MOST_TENANTS = 20
NAMED = 3


def vectors(on: Examination) -> Iterator[Finding]:
    """The engine in use."""
    url = on.settings.qdrant_url
    if not url:
        yield ok("vectors", "Qdrant Edge in the data folder")
        return
    try:
        facts = qdrant_facts(url, on.settings.qdrant_api_key.get_secret_value())
    except EngineUnavailable as error:
        yield fail("vectors", error.detail, "Start Qdrant, or correct TIDINGS_QDRANT_URL and TIDINGS_QDRANT_API_KEY.")
        return
    shown = f"Qdrant {facts.version}, client {facts.client_version}"
    if facts.fits_client:
        yield ok("vectors", shown)
    else:
        wanted = ".".join(facts.client_version.split(".")[:2])
        yield warn("vectors", f"{shown}: too far apart", f"Run Qdrant {wanted} (or the minor version beside it).")
    yield access(facts, url)
    yield from collections(facts)


def access(facts: QdrantFacts, url: str) -> Finding:
    """Whether a key is asked for."""
    if not facts.is_open:
        return ok("vectors key", "asked for")
    detail = "the server gives everything to anybody who reaches it"
    fix = "Start Qdrant with QDRANT__SERVICE__API_KEY, and set TIDINGS_QDRANT_API_KEY to the same."
    state = warn if urlsplit(url).hostname in LOCAL else fail
    return state("vectors key", detail, fix)


def collections(facts: QdrantFacts) -> Iterator[Finding]:
    """Health of the collections."""
    red = [each for each in facts.collections if each.status == "red" or each.problem]
    busy = [each for each in facts.collections if each.status in ("yellow", "grey")]
    for each in red[:NAMED]:
        yield fail(
            "collections",
            f"{each.name}: {each.problem or each.status}",
            f"tidings reindex --tenant {each.name.split('-g')[0]}",
        )
    if not red:
        points = sum(each.points for each in facts.collections)
        optimizing = f", {len(busy)} optimizing" if busy else ""
        yield ok("collections", f"{facts.collection_count}, {points} points{optimizing}")
    lax = [each for each in facts.collections if not each.is_strict]
    if lax:
        yield warn(
            "collections strict mode",
            f"off in {len(lax)} of {len(facts.collections)}: one costly request can stall the server",
            "Start Qdrant with QDRANT__STORAGE__COLLECTION__STRICT_MODE__ENABLED=true",
        )


def vectors_and_rows(on: Examination) -> Iterator[Finding]:
    """Points against chunk rows of the largest tenants. Edge's files belong to a server while one runs."""
    if on.server_url is not None and not on.settings.qdrant_url:
        yield ok("vectors and rows", "not counted while the server has the index open")
        return
    if not on.has_tables():
        yield ok("vectors and rows", "no tables yet")
        return
    with on.runtime.session(write=False) as (session, _):
        largest = repository.largest_tenants(session, MOST_TENANTS)
    counted = [(tenant, chunks, on.runtime.vectors.count(collection_of(tenant))) for tenant, chunks in largest]
    missing = [(tenant, chunks, points) for tenant, chunks, points in counted if points < chunks]
    for tenant, chunks, points in missing[:NAMED]:
        detail = f"{tenant.id}: {points} points for {chunks} chunks; documents cannot be found"
        yield fail("vectors and rows", detail, f"tidings reconcile --tenant {tenant.id}")
    if not missing:
        yield ok(
            "vectors and rows",
            f"{sum(chunks for _, chunks, _ in counted)} chunks of {len(counted)} tenants have points",
        )

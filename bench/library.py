"""A large library without ingesting it: documents, chunks and vectors written straight into a data folder.

    python -m bench.library <data folder> [--documents 5000]

Each document has four chunks of about 130 words: a passage of the corpus with a tenth of its words exchanged, its
vector that of the passage with noise (cosine about .93). So texts, vectors and queries fit together, at a hundredth of
the time it takes to embed them. Prints the tenant and an API key as JSON; the folder is ready for `tidings up`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bench.common import MODEL_CACHE, ROOT, passages
from services.engines.database import Statistics
from services.engines.vectors.base import Point, Vector
from services.ids import new_id
from services.ingest.index.generations import collection_of
from services.ingest.pipeline import indexed_text
from services.models import Chunk, Document, Tenant
from services.runtime import Runtime, open_runtime
from services.scope import Scope
from services.settings import Settings
from services.tenants.keys import create_key
from services.tenants.tenants import create_tenant

CHUNKS = 4
CHUNK_WORDS = 130
EXCHANGED = 0.1
NOISE = 0.02
MOST_PASSAGES = 600
DOCUMENTS_PER_CALL = 64
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Library:
    """What was made, and how to ask it."""

    folder: str
    tenant_id: str
    api_key: str
    documents: int
    chunks: int
    texts: str
    seconds: float


def make_library(folder: Path, documents: int) -> Library:
    """Build one in a process of its own, so that the measuring one stays small."""
    made = subprocess.run(
        [sys.executable, "-m", "bench.library", str(folder), "--documents", str(documents)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return Library(**json.loads(made.stdout))


def build(folder: Path, documents: int) -> Library:
    """Write the library."""
    began = time.perf_counter()
    link_models(folder)
    settings = Settings(data_dir=folder)
    runtime = open_runtime(settings, with_bell=False)
    from migrations.history import upgrade

    upgrade(runtime.database)
    tenant = create_tenant(runtime, "Bench")
    scope = Scope(runtime, tenant.id, "bench")
    texts, source = passages()
    words = [word for text in texts for word in text.split()]
    slices = [words[start : start + CHUNK_WORDS] for start in range(0, len(words) - CHUNK_WORDS, CHUNK_WORDS)]
    slices = slices[:MOST_PASSAGES]
    vectors = embed(runtime, [" ".join(part) for part in slices])
    write(scope, tenant, made_up(slices, vectors, words, documents))
    _, key = create_key(scope, name="bench", access="write")
    # As the clock of a running server does; a bench may be too short for it, or have none.
    Statistics(runtime.database).refresh()
    runtime.close()
    seconds = round(time.perf_counter() - began, 1)
    return Library(str(folder), tenant.id, key, documents, documents * CHUNKS, source, seconds)


def link_models(folder: Path) -> None:
    """Use the machine's prepared model instead of preparing one in this folder."""
    (MODEL_CACHE / "models").mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "models").symlink_to(MODEL_CACHE / "models", target_is_directory=True)


def embed(runtime: Runtime, texts: list[str]) -> Vector:
    """The real vectors of the passages."""
    if not runtime.embedder.wait(300):
        raise SystemExit(runtime.embedder.detail)
    return runtime.embedder.embed(texts)


def made_up(
    slices: list[list[str]], vectors: Vector, words: list[str], documents: int
) -> Iterator[tuple[Document, list[tuple[int, int, str, Vector]]]]:
    """Documents with the spans, texts and vectors of their chunks; the same for the same number."""
    chance, rng = random.Random(5), np.random.default_rng(5)
    for number in range(documents):
        parts: list[tuple[int, int, str, Vector]] = []
        start = 0
        for _ in range(CHUNKS):
            which = chance.randrange(len(slices))
            text = " ".join(chance.choice(words) if chance.random() < EXCHANGED else word for word in slices[which])
            noisy = vectors[which] + rng.standard_normal(vectors.shape[1], dtype=np.float32) * NOISE
            parts.append((start, start + len(text), text, noisy / np.linalg.norm(noisy)))
            start += len(text) + 2
        yield document(number, parts), parts


def document(number: int, parts: list[tuple[int, int, str, Vector]]) -> Document:
    """The row of one document."""
    at = START + timedelta(minutes=90 * number)
    id_ = new_id("doc")
    return Document(
        id=id_,
        type="html",
        content_type="text/html",
        source=f"outlet{number % 40}.example",
        content_hash=id_,
        byte_count=parts[-1][1],
        blob_key="",
        first_seen_at=at,
        fetched_at=at,
        title=" ".join(parts[0][2].split()[:8]),
        text="\n\n".join(part[2] for part in parts),
        published_at=at,
        language="en",
        status="ready",
        stage="ready",
        chunk_count=CHUNKS,
        embedded=True,
        ready_at=at,
    )


def write(scope: Scope, tenant: Tenant, made: Iterable[tuple[Document, list[tuple[int, int, str, Vector]]]]) -> None:
    """Points into the index, rows into the database."""
    vectors = scope.runtime.vectors
    collection = collection_of(tenant)
    vectors.ensure(collection, scope.runtime.embedder.dimensions)
    rest = iter(made)
    while some := list(itertools.islice(rest, DOCUMENTS_PER_CALL)):
        vectors.upsert(
            collection,
            [
                Point(
                    document_id=row.id,
                    version=1,
                    ordinal=ordinal,
                    text=indexed_text(row.title, text),
                    language="en",
                    vector=vector,
                    source=row.source,
                    type=row.type,
                    dated_at=row.first_seen_at,
                )
                for row, parts in some
                for ordinal, (_, _, text, vector) in enumerate(parts)
            ],
        )
        with scope.write() as tx:
            for row, parts in some:
                row.version = 1
                tx.add(row)
                for ordinal, (start, end, _, _) in enumerate(parts):
                    tx.add(
                        Chunk(
                            document_id=row.id,
                            version=1,
                            ordinal=ordinal,
                            start=start,
                            end=end,
                            token_count=CHUNK_WORDS,
                        )
                    )


def main() -> None:
    """Build and say what was built."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=5000)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(asdict(build(options.folder, options.documents))) + "\n")


if __name__ == "__main__":
    main()

"""HTML bytes to searchable, ours beside the plain build of the same stack; and the same bytes a second time.

    python -m bench.ingest [--pages 240]

The plain build is what the tutorials show: trafilatura per page, our chunks (so that both index the same number of
them), `SentenceTransformer.encode` per document, qdrant-client's local mode. Ours is the product: submit, jobs, sandbox,
batches over documents, database, Qdrant Edge. Each runs in its own process on the same pages, models loaded before the
clock starts. The figure is the plain build's seconds over ours. `again` is what a second submission of the same bytes
costs beside the first way to searchable; it must be TARGET_AGAIN times cheaper.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.common import ROOT, Target, record
from bench.newssite import generated_stories, labelled_stories

TARGET = Target(4.0)
TARGET_AGAIN = 50.0


def pages_of(count: int) -> list[tuple[str, bytes]]:
    """Addresses and bytes: the labelled pages, then made-up ones."""
    stories = [*labelled_stories(), *generated_stories(count)][:count]
    return [(f"https://site.example{story.path}", story.page) for story in stories]


def ours(count: int) -> dict[str, Any]:
    """The product."""
    from bench.library import link_models
    from migrations.history import upgrade
    from services.handlers import HANDLERS
    from services.ingest.submit import submit
    from services.ingest.types import RawDocument
    from services.jobs.claim import work
    from services.runtime import open_runtime
    from services.scope import Scope
    from services.settings import Settings
    from services.tenants.tenants import create_tenant

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        link_models(folder)
        runtime = open_runtime(Settings(data_dir=folder), with_bell=False)
        upgrade(runtime.database)
        scope = Scope(runtime, create_tenant(runtime, "Bench").id, "bench")
        if not runtime.embedder.wait(300):
            raise SystemExit(runtime.embedder.detail)
        raws = [RawDocument(content=page, content_type="text/html", url=url) for url, page in pages_of(count)]
        # The parser's child and both engines are up before the clock starts, as the plain build's model is.
        submit(scope, RawDocument(b"A few words to begin with.", content_type="text/plain"), queue="ingest")
        work(runtime, "ingest", HANDLERS)
        began = time.perf_counter()
        for raw in raws:
            submit(scope, raw, queue="ingest")
        work(runtime, "ingest", HANDLERS)
        seconds = time.perf_counter() - began
        began = time.perf_counter()
        for raw in raws:
            assert submit(scope, raw, queue="ingest").duplicate
        work(runtime, "ingest", HANDLERS)
        again = time.perf_counter() - began
        from services.ingest.documents import count_by_status

        counts = count_by_status(scope)
        runtime.close()
    return {"seconds": round(seconds, 2), "again_seconds": round(again, 3), "documents": counts}


def plain(count: int) -> dict[str, Any]:
    """The plain build."""
    import trafilatura
    from qdrant_client import QdrantClient, models
    from sentence_transformers import SentenceTransformer

    from services.engines.openvino.prepared import PACKAGED_MODEL, source_folder
    from services.ingest.chunk import chunk

    model = SentenceTransformer(str(source_folder(PACKAGED_MODEL)), device="cpu")
    counter = lambda texts: [len(model.tokenizer(text)["input_ids"]) for text in texts]  # noqa: E731
    pages = pages_of(count)
    with tempfile.TemporaryDirectory() as folder:
        client = QdrantClient(path=folder)
        client.create_collection("bench", vectors_config=models.VectorParams(size=384, distance=models.Distance.COSINE))
        model.encode(["A few words to begin with."])
        began = time.perf_counter()
        stored = 0
        for url, page in pages:
            text = trafilatura.extract(page, url=url) or ""
            spans = chunk(text, "en", 180, counter) if text else []
            if not spans:
                continue
            vectors = model.encode([span.text for span in spans])
            points = [
                models.PointStruct(id=stored + index, vector=vector.tolist(), payload={"url": url, "text": span.text})
                for index, (span, vector) in enumerate(zip(spans, vectors, strict=True))
            ]
            client.upsert("bench", points)
            stored += len(points)
        seconds = time.perf_counter() - began
        client.close()
    return {"seconds": round(seconds, 2), "chunks": stored}


def in_its_own_process(side: str, count: int) -> dict[str, Any]:
    """One side's report."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.ingest", "--side", side, "--pages", str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Run both sides, print, record; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=240)
    parser.add_argument("--side", choices=("ours", "plain"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps({"ours": ours, "plain": plain}[options.side](options.pages)))
        return 0
    report = {side: in_its_own_process(side, options.pages) for side in ("ours", "plain")}
    ratio = round(report["plain"]["seconds"] / report["ours"]["seconds"], 2)
    again = round(report["ours"]["seconds"] / report["ours"]["again_seconds"], 1)
    what = "HTML to searchable, plain build's seconds / ours"
    more = {"pages": options.pages, "unchanged again, times cheaper": again}
    return record("ingest", what, ratio, TARGET, {**more, **report}, also=again >= TARGET_AGAIN)


if __name__ == "__main__":
    sys.exit(main())

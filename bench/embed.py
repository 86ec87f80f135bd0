"""Embedding speed against `SentenceTransformer.encode`: the same model, texts, threads and cores, in turns A/B/A/B.

    python -m bench.embed [--texts corpus.jsonl] [--chunks 64] [--rounds 5] [--threads 2]

Each side is a child process; one works while the other waits. A: sentence-transformers in fp32, batches of 32,
normalised. B: the product's embedder. Prints chunks/s of both, their ratio (each side's best round), the mean cosine,
B's memory, and B's query times, alone and beside bulk work. Writes bench/results/embed.json. Fails when the ratio
is below the target (3 with avx512_bf16, else 2) or the mean cosine is below .999. Without --texts it uses the labelled
data, else generated text.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from bench.common import MODEL_CACHE, SHARED, Target, record, resident_mib

CHUNK_WORDS = 140  # about 190 tokens of the corpus
MIN_COSINE = 0.999
TARGET, TARGET_BF16 = 2.0, 3.0
QUERY = "what is the newest battery technology for cars {}"
QUERIES = 100
Embed = Callable[[list[str]], Any]


def sentence_transformers_side(pipe: Connection, threads: int) -> None:
    """Child A: what everybody uses."""
    os.environ.update(HF_HUB_OFFLINE="1")
    import torch
    from sentence_transformers import SentenceTransformer

    from services.engines.openvino.prepared import PACKAGED_MODEL, source_folder

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(source_folder(PACKAGED_MODEL)), device="cpu")
    serve(pipe, lambda texts: model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False))


def tidings_side(pipe: Connection, threads: int) -> None:
    """Child B: the product's embedder, and nothing else."""
    from services.engines.openvino import OpenVinoEmbedder
    from services.settings import Settings

    embedder = OpenVinoEmbedder(Settings(data_dir=MODEL_CACHE, embedder_threads=threads))
    if not embedder.wait(300):
        raise SystemExit(embedder.detail)
    memory = {"loaded_mib": resident_mib()}
    serve(pipe, embedder.embed)
    memory["after_bulk_mib"] = resident_mib()
    pipe.send({"detail": embedder.detail, "memory": memory, "query": query_times(embedder)})


def serve(pipe: Connection, embed: Embed) -> None:
    """Warm up on the first texts, then embed whatever comes and answer with the seconds it took, until None comes."""
    embed(pipe.recv())
    pipe.send("ready")
    while (texts := pipe.recv()) is not None:
        started, used = time.perf_counter(), time.process_time()
        vectors = embed(texts)
        pipe.send((time.perf_counter() - started, time.process_time() - used, vectors))


def query_times(embedder: Any) -> dict[str, dict[str, float]]:
    """Milliseconds of a query of about 12 tokens, every 20 ms, alone and while another thread embeds chunks."""
    from services.engines.embedder import Lane

    def times(marker: str) -> dict[str, float]:
        taken = []
        for index in range(QUERIES):
            started = time.perf_counter()
            embedder.embed([QUERY.format(f"{marker} {index}")], lane=Lane.QUERY)
            taken.append((time.perf_counter() - started) * 1000)
            time.sleep(0.02)
        return {f"p{share}_ms": round(float(np.percentile(taken, share)), 2) for share in (50, 95)}

    stop = Event()
    chunk = "The ministers met for a third day and left the question of fishing quotas to their deputies. " * 10

    def bulk() -> None:
        while not stop.is_set():
            embedder.embed([chunk] * 16)

    times("warm")
    alone = times("alone")
    thread = Thread(target=bulk)
    thread.start()
    beside = times("beside")
    stop.set()
    thread.join()
    return {"alone": alone, "beside_bulk": beside}


def compare(texts: list[str], rounds: int, threads: int) -> dict[str, Any]:
    """Run both sides in turns."""
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    for name, side in (("sentence_transformers", sentence_transformers_side), ("tidings", tidings_side)):
        ours, theirs = context.Pipe()
        context.Process(target=side, args=(theirs, threads), daemon=False).start()
        theirs.close()
        ours.send(texts[:16])
        ours.recv()
        pipes[name] = ours
    seconds: dict[str, list[float]] = {name: [] for name in pipes}
    processor_seconds: dict[str, list[float]] = {name: [] for name in pipes}
    vectors: dict[str, Any] = {}
    for _ in range(rounds):
        for name, pipe in pipes.items():
            pipe.send(texts)
            taken, used, vectors[name] = pipe.recv()
            seconds[name].append(taken)
            processor_seconds[name].append(used)
    pipes["sentence_transformers"].send(None)
    pipes["tidings"].send(None)
    measured: dict[str, Any] = pipes["tidings"].recv()
    cosines = (vectors["sentence_transformers"] * vectors["tidings"]).sum(axis=1)
    return {
        "chunks_per_second": {name: round(len(texts) / min(taken), 1) for name, taken in seconds.items()},
        "ratio": best_ratio(seconds),
        "processor_time_ratio": best_ratio(processor_seconds),
        "round_ratios": [round(a / b, 2) for a, b in zip(*seconds.values(), strict=True)],
        "mean_cosine": round(float(cosines.mean()), 6),
        "min_cosine": round(float(cosines.min()), 6),
        **measured,
    }


def best_ratio(seconds: dict[str, list[float]]) -> float:
    """How many times as fast B is, by each side's best round: what else runs on the machine can only slow a round down."""
    return round(min(seconds["sentence_transformers"]) / min(seconds["tidings"]), 2)


def make_chunks(path: Path | None, count: int) -> list[str]:
    """Chunks of about 190 tokens: running words of the corpus, or made-up sentences."""
    if path is not None:
        lines = path.read_text(encoding="utf-8").splitlines()
        words = " ".join(str(json.loads(line)["text"]) for line in lines).split()
    else:
        from services.engines.openvino.reference import SENTENCES

        chance = random.Random(7)
        words = " ".join(chance.choice(SENTENCES) for _ in range(count * 10)).split()
    chunks = [" ".join(words[start : start + CHUNK_WORDS]) for start in range(0, len(words) - CHUNK_WORDS, CHUNK_WORDS)]
    return chunks[:count]


def has_bf16() -> bool:
    """Whether the processor computes in bf16."""
    return "avx512_bf16" in Path("/proc/cpuinfo").read_text()


def main() -> int:
    """Measure, print, record; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, help="JSON lines with a field 'text'")
    parser.add_argument("--chunks", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    corpus = SHARED / "conversational" / "corpus.jsonl"
    path = options.texts or (corpus if corpus.exists() else None)
    target = Target(TARGET_BF16 if has_bf16() else TARGET)
    texts = make_chunks(path, options.chunks)
    result = compare(texts, options.rounds, options.threads)
    report = {
        "chunks": len(texts),
        "texts": path.name if path else "generated",
        "threads": options.threads,
        "target_cosine": MIN_COSINE,
        **result,
    }
    same = report["mean_cosine"] >= MIN_COSINE
    what = "chunks embedded per second / sentence-transformers"
    return record("embed", what, report.pop("ratio"), target, report, also=same)


if __name__ == "__main__":
    sys.exit(main())

"""Finding reprints: how fast against datasketch at equal recall, and how exact against MinHash alone.

The texts are the labelled stories of shared/data, their reprints (tests/reprints.py) and look-alikes with other numbers
or names. Speed: signature, bands and lookup of every text, one after the other, with rensa and a dictionary as Tidings
does it in its database, and with datasketch's MinHash and MinHashLSH; the same shingles, 128 permutations and bands of
two. Exactness: pairs of story and reprint against pairs of story and look-alike and pairs of stories of different
events; MinHash alone gets the threshold that suits it best. And the cost per document inside a tenant's database.

Target: twice the documents per second (datasketch 2 hashes whole batches in numpy and is no slow baseline), and an F1 of at
least 1.1 times that of MinHash alone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from datasketch import MinHash, MinHashLSH

from bench.common import SHARED, Target, record
from services.ids import new_id
from services.ingest.dedup import examine, fold
from services.ingest.sameness import (
    BAND_VALUES,
    BANDS,
    PERMUTATIONS,
    Fingerprint,
    bands_of,
    fingerprint,
    is_same,
    likeness,
)
from services.ingest.types import Article as Read
from services.models import Base, Document, Tenant, utc_now
from services.runtime import open_runtime
from services.scope import Scope
from services.settings import Settings
from tests.reprints import OTHERS, REPRINTS, Article

FASTER = 2.0
BETTER = 1.1
# Pairs of stories of different events that are compared.
STRANGERS = 20_000


def stories() -> list[tuple[str, Article]]:
    """The labelled texts of 60 words or more, each with its event."""
    found = []
    for line in (SHARED / "stories" / "documents.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        sentences = [sentence for sentence in row["sentences"] if not sentence.startswith("http")]
        if len(" ".join(sentences[1:]).split()) >= 60:
            found.append((row["event"], Article(sentences[0], tuple(sentences[1:]))))
    return found


def pairs(known: list[tuple[str, Article]]) -> tuple[list[tuple[Fingerprint, Fingerprint]], ...]:
    """Pairs that are one text, and pairs that are not."""
    prints = [fingerprint(article.title, article.text) for _, article in known]
    same, other = [], []
    for kind, change in REPRINTS.items():
        chance = random.Random(kind)
        for (_, article), text in zip(known, prints, strict=True):
            made = change(chance, article)
            same.append((text, fingerprint(made.title, made.text)))
    for kind, alter in OTHERS.items():
        chance = random.Random(kind)
        for (_, article), text in zip(known, prints, strict=True):
            altered = alter(chance, article)
            if altered is not None:
                other.append((text, fingerprint(altered.title, altered.text)))
    different = [pair for pair in combinations(range(len(known)), 2) if known[pair[0]][0] != known[pair[1]][0]]
    for one, two in random.Random(9).sample(different, min(STRANGERS, len(different))):
        other.append((prints[one], prints[two]))
    return same, other


def f1(found: int, false: int, all_same: int) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * found / (all_same + found + false) if found else 0.0


def exactness(same: list[Any], other: list[Any]) -> dict[str, float]:
    """F1 of the verdict and of MinHash at its best threshold."""
    found, false = sum(is_same(*pair) for pair in same), sum(is_same(*pair) for pair in other)
    signatures: dict[int, bytes] = {}

    def estimate(pair: tuple[Fingerprint, Fingerprint]) -> float:
        for each in pair:
            if id(each) not in signatures:
                signatures[id(each)] = each.signature() or bytes(4 * PERMUTATIONS)
        return likeness(signatures[id(pair[0])], signatures[id(pair[1])])

    ours = np.array([estimate(pair) for pair in same])
    theirs = np.array([estimate(pair) for pair in other])
    best = max(
        (f1(int((ours >= t).sum()), int((theirs >= t).sum()), len(same)), t) for t in np.arange(0.05, 1.0, 0.025)
    )
    return {
        "precision": round(found / (found + false), 4),
        "recall": round(found / len(same), 4),
        "false_merges": round(false / len(other), 6),
        "f1": round(f1(found, false, len(same)), 4),
        "minhash_f1": round(best[0], 4),
        "minhash_threshold": round(float(best[1]), 3),
        "same_pairs": len(same),
        "other_pairs": len(other),
    }


def speed(texts: list[Fingerprint], copies: list[tuple[int, int]]) -> dict[str, float]:
    """Documents per second of both ways, and the share of known copies each finds."""
    buckets: defaultdict[int, list[int]] = defaultdict(list)
    ours: list[set[int]] = []
    started = time.perf_counter()
    for number, text in enumerate(texts):
        signature = text.signature()
        bands = bands_of(signature) if signature else []
        ours.append({other for band in bands for other in buckets[band]})
        for band in bands:
            buckets[band].append(number)
    mine = time.perf_counter() - started
    lsh = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, BAND_VALUES))
    theirs: list[set[int]] = []
    started = time.perf_counter()
    for number, text in enumerate(texts):
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([shingle.encode() for shingle in text.distinct])
        theirs.append(set(lsh.query(sketch)))
        lsh.insert(number, sketch)
    baseline = time.perf_counter() - started
    return {
        "documents_per_second": round(len(texts) / mine),
        "datasketch_per_second": round(len(texts) / baseline),
        "ratio": round(baseline / mine, 1),
        "recall": round(sum(one in ours[two] for one, two in copies) / len(copies), 4),
        "datasketch_recall": round(sum(one in theirs[two] for one, two in copies) / len(copies), 4),
    }


def in_database(articles: list[Article], count: int) -> dict[str, float]:
    """Milliseconds per document of comparing and folding in a tenant's database, the first and the last thousand."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        runtime = open_runtime(Settings(data_dir=Path(folder), embedder_model="fake:hash"), with_bell=False)
        Base.metadata.create_all(runtime.database)
        tenant = Tenant(id=new_id("ten"), name="Bench", cache_salt=b"0" * 16)
        with runtime.session(write=True) as (session, _):
            session.add(tenant)
        scope = Scope(runtime, tenant.id, "bench")
        chance = random.Random(3)
        sentences = [sentence for article in articles for sentence in article.sentences]
        for number in range(count):
            text = "\n\n".join(chance.choices(sentences, k=14))
            row = Document(
                id=new_id("doc"), type="text", content_type="text/plain", source="a.example", family=f"{number}.example"
            )
            row.content_hash, row.byte_count, row.blob_key = row.id, len(text), row.id
            row.first_seen_at = row.fetched_at = utc_now()
            row.title, row.text, row.status, row.version = f"Story {number}", text, "ready", 1
            read = Read(title=row.title, text=text)
            with scope.write() as tx:
                tx.add(row)
            started = time.perf_counter()
            examined = examine(scope, row, row.title, read)
            comparing = time.perf_counter() - started
            with scope.write() as tx:
                stored = tx.session.get_one(Document, row.id)
                started = time.perf_counter()
                fold(tx, stored, examined)
                tx.session.flush()
                times.append(1000 * (comparing + time.perf_counter() - started))
        runtime.close()
    part = min(1000, count // 2)
    return {
        "documents": count,
        "first_ms": round(float(np.median(times[:part])), 3),
        "last_ms": round(float(np.median(times[-part:])), 3),
        "mean_ms": round(float(np.mean(times)), 3),
    }


def main() -> int:
    """Measure, record; 2 when the labelled data is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=3000, help="documents of the database part")
    options = parser.parse_args()
    if not (SHARED / "stories").exists():
        sys.stderr.write(f"no labelled stories under {SHARED}\n")
        return 2
    known = stories()
    same, other = pairs(known)
    prints = [one for one, _ in same[: len(known)]]
    texts = prints + [two for _, two in same]
    copies = [(number % len(known), len(known) + number) for number in range(len(same))]
    report = {
        "exactness": exactness(same, other),
        "speed": speed(texts, copies),
        "database": in_database([article for _, article in known], options.documents),
    }
    better = report["exactness"]["f1"] / report["exactness"]["minhash_f1"]
    report["exactness"]["ratio"] = round(better, 3)
    what = "reprints: documents per second against datasketch"
    good = better >= BETTER and report["exactness"]["precision"] >= 0.98
    return record("neardup", what, report["speed"]["ratio"], Target(FASTER), report, also=good)


if __name__ == "__main__":
    sys.exit(main())

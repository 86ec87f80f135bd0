"""A hundred thousand rows come through in batches, and neither side holds them all."""

from __future__ import annotations

import tracemalloc
from contextlib import closing
from dataclasses import asdict

from services.ingest.extract.records.answers import RECORDS, SURVEY
from services.ingest.extract.records.read import BATCH_ROWS, read_records
from services.ingest.extract.records.record import plan_of, read_record
from services.ingest.extract.sandbox import Sandbox
from services.settings import Settings

MANY = 100_000


def many_rows() -> bytes:
    text = "The council spoke about the bridge for a long time and then went home again, all of them."
    return b"headline,body\n" + b"".join(f"Story {n},{text} {n}\n".encode() for n in range(MANY))


def test_a_hundred_thousand_rows_come_in_batches_of_bounded_size() -> None:
    content = many_rows()
    with closing_sandbox() as sandbox:
        with closing(sandbox.answers(SURVEY, content, wanted={}, max_rows=MANY)) as told:
            [found] = [message["survey"] for message in told]
        assert (found["row_count"], found["is_complete"]) == (MANY, True)
        plan = plan_of(found["plan"])
        tracemalloc.start()
        seen, largest = 0, 0
        with closing(sandbox.answers(RECORDS, content, plan=asdict(plan), skip=0, limit=MANY)) as told:
            for message in told:
                records = [read_record(each) for each in message["records"]]
                assert [record.number for record in records] == list(range(seen + 1, seen + 1 + len(records)))
                seen, largest = seen + len(records), max(largest, len(records))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (seen, largest <= BATCH_ROWS) == (MANY, True)
    # All rows as records are some 40 MiB; a batch and its JSON are far below one.
    assert peak < 4 * 2**20


def test_the_child_holds_the_text_and_one_batch() -> None:
    content = many_rows()
    plan = plan_of({"encoding": "utf-8", "delimiter": ",", "has_header": True, "preamble": 0, "text": [1]})
    tracemalloc.start()
    total = sum(len(batch) for batch in read_records(content, plan, skip=0, limit=MANY))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == MANY
    assert peak < len(content) * 1.5 + 4 * 2**20


def closing_sandbox() -> closing[Sandbox]:
    return closing(Sandbox(Settings(parse_seconds=300)))

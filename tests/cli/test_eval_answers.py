"""`tidings eval answers`: claims in a file, judged without a server and, here, without the model."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import run_inside
from tests.server import environment_for

PASSAGE = {"text": "The council approved 340 new homes on Tuesday.", "published_at": "2026-11-20T09:00:00Z"}
CLAIMS = [
    {"sentence": "The council approved 340 new homes on Tuesday.", "supported": True, "kind": "verbatim"},
    {"sentence": "340 new homes were approved by the council.", "supported": True, "kind": "paraphrase"},
    {"sentence": "The council approved 430 new homes on Tuesday.", "supported": False, "kind": "number"},
    {"sentence": "The council rejected 340 new homes on Tuesday.", "supported": False, "kind": "negation"},
]


def test_claims_are_judged_and_counted_by_kind(tmp_path: Path) -> None:
    file = tmp_path / "claims.jsonl"
    file.write_text("\n".join(json.dumps({**claim, "passages": [PASSAGE]}) for claim in CLAIMS))
    environment = environment_for(tmp_path / "data")
    done = run_inside(environment, ("--json", "eval", "answers", str(file), "--words-only"))
    report = json.loads(done.out)
    assert (report["claims"], report["balanced_accuracy"]) == (4, 1.0)
    assert {each["kind"] for each in report["kinds"]} == {claim["kind"] for claim in CLAIMS}
    swapped = tmp_path / "swapped.jsonl"
    swapped.write_text(
        "\n".join(json.dumps({**claim, "passages": [PASSAGE], "supported": not claim["supported"]}) for claim in CLAIMS)
    )
    assert run_inside(environment, ("eval", "answers", str(swapped), "--words-only", "--least", "0.9")).code == 1


def test_a_file_that_holds_no_claims_says_which_line(tmp_path: Path) -> None:
    file = tmp_path / "claims.jsonl"
    file.write_text('{"sentence": "No label."}\n')
    done = run_inside(environment_for(tmp_path / "data"), ("eval", "answers", str(file), "--words-only"))
    assert done.code == 1
    assert "1" in done.err
    assert "Traceback" not in done.err

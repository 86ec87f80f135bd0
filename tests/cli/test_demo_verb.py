"""`tidings demo` and the golden questions, with the hashing embedder: how they speak, not how good answers are."""

from __future__ import annotations

from services.demo.pack import items, questions
from tests.cli.conftest import Run


def test_golden_questions_need_the_demo(run: Run) -> None:
    refused = run("eval", "golden")
    assert refused.code == 1
    assert "tidings demo" in refused.err


def test_it_comes_is_asked_and_goes(run: Run) -> None:
    loaded = run("demo")
    assert loaded.code == 0, loaded.err
    assert "documents of the demo are ready" in loaded.out
    assert 'tidings ask "' in loaded.out
    again = run("--json", "demo").json
    assert (again["loaded"], again["working"], again["pack_size"]) == (True, 0, len(items()))

    report = run("--json", "eval", "golden").json
    assert report["asked"] == len(report["questions"]) == len(questions())
    assert 0 < report["cited"] <= report["asked"]
    assert report["found"] == sum(each["found"] for each in report["questions"])
    assert run("eval", "golden", "--least", "21").code == 1

    assert "documents of the demo removed" in run("demo", "--remove").out
    assert run("demo", "--remove").out == "The demo was not loaded.\n"
    assert run("--json", "search", "Kettle Bridge").json["data"] == []

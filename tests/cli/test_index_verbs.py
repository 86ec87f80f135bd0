"""`tidings reindex`, `reconcile` and `snapshot` against a running server."""

from __future__ import annotations

from tests.cli.conftest import Run

STORY = "The harbour strike ended on Friday. Dock workers accepted a pay rise of four per cent.\n"


def test_an_index_is_built_anew_and_compared(run: Run) -> None:
    run("upload", "-", "--title", "Strike", given=STORY)
    built = run("reindex")
    assert built.code == 0, built.err
    assert "Risk team: searches are answered from generation 2" in built.err
    [compared] = run("--json", "reconcile", "--tenant", "Risk team").json
    assert (compared["name"], compared["status"]) == ("reconcile", "done")
    told = compared["steps"][-1]
    assert told["stage"] == "reconciled"
    assert told["detail"]["chunks"] == told["detail"]["points"] > 0
    assert (told["detail"]["missing_documents"], told["detail"]["orphan_points"]) == (0, 0)
    found = run("--json", "search", "dock workers pay").json
    assert found["data"][0]["document"]["title"] == "Strike"


def test_one_need_not_wait(run: Run) -> None:
    asked = run("reconcile", "--no-wait")
    assert (asked.code, "queued" in asked.out) == (0, True)
    assert run("reindex", "--tenant", "nobody").code == 1


def test_without_a_qdrant_server_snapshots_are_refused_with_what_to_do_instead(run: Run) -> None:
    for words in ([], ["--list"], ["--restore"]):
        asked = run("snapshot", *words)
        assert asked.code != 0
        assert "tidings reindex" in asked.err

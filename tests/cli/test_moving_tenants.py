"""`tidings export` and `tidings import` beside a running server and without one, and `tidings retention` from a terminal."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run, run_inside
from tests.server import Server, environment_for


def test_a_tenant_goes_out_of_a_running_server_and_into_it_and_another_folder(
    run: Run, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "ferry.txt").write_text("The ferry to the islands ran late because of the storm, the harbour said.")
    assert run("upload", str(tmp_path / "ferry.txt")).code == 0
    said = run("--json", "export", str(tmp_path / "team.zip")).json
    assert (said["tenant"]["name"], said["counts"]["documents"]) == ("Risk team", 1)
    assert "there already" in run("export", str(tmp_path / "team.zip")).err
    copied = run("--json", "import", str(tmp_path / "team.zip"), "--tenant", "A copy").json
    assert copied["documents"] == copied["vectors"] == 1
    key = run("--json", "key", "add", "reader", "--tenant", "A copy").json["key"]
    found = run("--json", "--key", key, "search", "ferry late").json["data"]
    ours = run("--json", "search", "ferry late").json["data"]
    assert [(hit["document"]["title"], hit["score"]) for hit in found] == [
        (hit["document"]["title"], hit["score"]) for hit in ours
    ]
    assert "Say which tenant" in run("export", str(tmp_path / "other.zip")).err

    elsewhere = environment_for(tmp_path / "elsewhere")
    came = run_inside(elsewhere, ("--json", "import", str(tmp_path / "team.zip"))).json
    assert (came["tenant"]["name"], came["documents"]) == ("Risk team", 1)
    again = run_inside(elsewhere, ("--json", "import", str(tmp_path / "team.zip"))).json
    assert (again["documents"], again["there_already"]) == (0, 1)
    assert len(run_inside(elsewhere, ("--json", "search", "ferry late")).json["data"]) == 1


def test_rules_are_written_looked_at_and_applied(run: Run) -> None:
    key = run("--json", "key", "add", "writer", "--scope", "write", "--tenant", "Risk team").json["key"]
    condition = ("--older-than", "0", "--source", "upload", "--no-keep-cited")
    seen = run("--json", "--key", key, "retention", "add", "Uploads", *condition, "--preview").json
    assert seen["count"] == 1
    assert run("--json", "--key", key, "retention", "list").json == []
    told = run("--key", key, "retention", "add", "Uploads", *condition)
    assert "will archive documents older than 0 days" in told.out
    [rule] = run("--json", "--key", key, "retention", "list").json
    assert run("--key", key, "retention", "apply", rule["id"]).code == 0
    assert run("--key", key, "retention", "remove", rule["id"]).code == 0
    assert "would take all" in run("--key", key, "retention", "add", "Everything").err

"""The `tidings` command where no server runs: it starts one for itself, and says what is wrong before it starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import run_inside
from tests.server import environment_for, run_command


def test_a_whole_first_visit_without_a_server(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "data")
    before = run_command("search", "anything", environment=environment)
    assert before.returncode == 1
    assert "tidings setup --yes" in before.stderr
    made = run_command("--json", "setup", "--yes", environment=environment)
    assert json.loads(made.stdout)["api_key"].startswith("tdg_")
    uploaded = run_command("upload", "-", environment=environment, given="The ferry ran late again.")
    assert uploaded.stdout.startswith("ready")
    found = run_command("--json", "search", "ferry", environment=environment)
    assert json.loads(found.stdout)["total"]["value"] == 1
    # Nothing stays behind that would keep a server from starting.
    assert not (tmp_path / "data" / "running.json").exists()


def test_the_doctor_examines_an_empty_folder(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "data")
    done = run_command("--json", "doctor", environment=environment)
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert {"python", "data folder", "database", "parser", "embedding model", "server"} <= findings.keys()
    assert done.returncode == int(any(finding["state"] == "fail" for finding in findings.values()))
    for finding in findings.values():
        assert finding["state"] == "ok" or finding["fix"]


def test_the_doctor_fails_with_what_to_do(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "data", embedder_model=str(tmp_path / "no-such-model"))
    done = run_command("doctor", environment=environment)
    assert done.returncode == 1
    assert "TIDINGS_EMBEDDER_MODEL" in done.stdout


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TIDINGS_PROT", "8080", "Did you mean TIDINGS_PORT?"),
        ("TIDINGS_COLOUR", "blue", "tidings config"),
        ("TIDINGS_PORT", "many", "TIDINGS_PORT is wrong"),
        ("TIDINGS_BROKER_URL", "127.0.0.1:6379", "TIDINGS_BROKER_URL is wrong: write an address such as redis://"),
        ("TIDINGS_QDRANT_URL", "nohost", "TIDINGS_QDRANT_URL is wrong: write an address such as http://"),
        ("TIDINGS_DATABASE_URL", "mysql://a:b@127.0.0.1/x", "TIDINGS_DATABASE_URL is wrong: write an address such as"),
        ("TIDINGS_ALLOWED_HOSTS", "not json", "TIDINGS_ALLOWED_HOSTS"),
    ],
)
def test_a_wrong_setting_stops_with_the_right_name(tmp_path: Path, name: str, value: str, said: str) -> None:
    environment = {**environment_for(tmp_path / "data"), name: value}
    done = run_inside(environment, ("up",))
    assert done.code == 1
    assert said in done.err.replace("\n", " ")
    assert not (tmp_path / "data").exists()


def test_help_names_every_verb() -> None:
    shown = run_inside(environment_for(Path("unused")), ("--help",)).out
    for verb in ("up", "status", "doctor", "config", "setup", "tenant", "user", "key", "upload", "search", "ask"):
        assert f" {verb} " in shown


def test_a_verb_in_a_folder_without_a_library_makes_none(tmp_path: Path) -> None:
    done = run_inside(environment_for(tmp_path / "elsewhere"), ("search", "ferry"))
    assert done.code == 1
    assert "TIDINGS_DATA_DIR" in done.err
    assert "tidings setup --yes" in done.err
    assert not (tmp_path / "elsewhere").exists()


def test_a_wrong_day_is_refused_by_its_option(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "data", url="http://127.0.0.1:9")
    done = run_inside(environment, ("search", "ferry", "--after", "notadate"))
    assert done.code == 1
    assert "--after notadate is no day or time" in done.err.replace("\n", " ")

"""`tidings plan-model` as a command: a table, JSON, and an exit code that scripts can use."""

from __future__ import annotations

import json
from pathlib import Path

from tests.server import environment_for, run_command

CONFIG = str(Path(__file__).parent.parent / "services" / "planner" / "configs" / "llama-3.1-8b.json")


def test_it_tells_people_and_programs_the_same(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "data")
    words = ("plan-model", CONFIG, "--context", "8192", "--concurrency", "8", "--gpu", "L4", "--weights", "fp8")
    shown = run_command(*words, environment=environment)
    assert shown.returncode == 0, shown.stderr
    assert "8,030,261,248 parameters" in shown.stdout
    assert "vllm serve" in shown.stdout
    assert "--max-model-len 8192 --max-num-seqs 8" in shown.stdout
    value = json.loads(run_command("--json", *words, environment=environment).stdout)
    assert value["fits"] is True
    assert value["need"]["total"] == sum(
        value["need"][part] for part in ("weights", "kv_cache", "activations", "runtime")
    )
    assert " ".join(value["flags"]) in shown.stdout


def test_what_does_not_fit_has_an_exit_code(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "data")
    done = run_command("plan-model", CONFIG, "--context", "8192", "--gpu-gib", "2", environment=environment)
    assert done.returncode == 1
    assert "does not fit" in done.stdout
    refused = run_command("plan-model", "nowhere", environment=environment)
    assert refused.returncode == 1
    assert "config.json" in refused.stderr

"""docker-compose.yml and the Dockerfile, read as data: no container engine is needed to see what they promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.supervisor import MIGRATE, PROCESSES
from services.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
OURS = {"migrate", *PROCESSES}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(compose["services"])


def test_each_of_our_services_runs_what_the_supervisor_runs(services: dict[str, dict[str, Any]]) -> None:
    commands = {name: tuple(services[name]["command"]) for name in OURS}
    assert commands == {"migrate": MIGRATE, **PROCESSES}


@pytest.mark.parametrize("verb", sorted({arguments[0] for arguments in (MIGRATE, *PROCESSES.values())}))
def test_each_command_exists(verb: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", verb, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_queue_has_a_worker() -> None:
    from services.engines.queues import QUEUES

    worked = [queue for arguments in PROCESSES.values() if arguments[0] == "worker" for queue in arguments[1:]]
    assert sorted(worked) == sorted(QUEUES)


def test_only_the_gateway_publishes_a_port_and_on_this_machine(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert list(published) == ["gateway"]
    assert published["gateway"] == ["${GATEWAY_BIND:-127.0.0.1}:${GATEWAY_PORT:-8787}:8787"]


def test_no_container_can_do_more_than_it_needs(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["healthcheck"], name
        assert not service.get("privileged"), name
        assert all("docker.sock" not in volume for volume in service.get("volumes", [])), name
    assert {name for name, service in services.items() if service.get("cap_add")} == {"models-owner"}


def test_nothing_but_the_owner_of_a_volume_runs_as_root(services: dict[str, dict[str, Any]]) -> None:
    assert re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE) == ["tidings"]
    for name, service in services.items():
        if name in OURS or name == "models-owner":
            continue
        assert "user" in service or service["image"].endswith("-unprivileged"), name


def test_engines_are_reached_from_inside_only(compose: dict[str, Any], services: dict[str, dict[str, Any]]) -> None:
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis", "qdrant"):
        assert services[name]["networks"] == ["inside"]


def test_images_are_pinned(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        tag = service["image"].partition(":")[2]
        assert re.search(r"\d+\.\d+", tag), f"{name}: {service['image']}"


def test_volumes_are_named_and_files_are_ours_and_only_read(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    used = [volume.split(":") for service in services.values() for volume in service.get("volumes", [])]
    files = [volume for volume in used if volume[0].startswith("./")]
    assert {volume[0] for volume in used if volume not in files} == set(compose["volumes"])
    assert all((ROOT / volume[0]).is_file() and volume[-1] == "ro" for volume in files)


def test_the_tables_owner_and_the_tenants_role_are_apart(services: dict[str, dict[str, Any]]) -> None:
    roles = {
        name: services["gateway"]["environment"][f"{PREFIX}{name}"].split("//")[1].split(":")[0]
        for name in ("DATABASE_URL", "DATABASE_ADMIN_URL")
    }
    assert roles == {"DATABASE_URL": "tidings_app", "DATABASE_ADMIN_URL": "tidings_owner"}


def test_engines_are_set_up_to_lose_nothing_and_to_let_nobody_in(services: dict[str, dict[str, Any]]) -> None:
    redis = services["redis"]["command"][-1]
    for needed in ("--appendonly yes", "--maxmemory-policy noeviction", "--requirepass"):
        assert needed in redis
    qdrant = services["qdrant"]["environment"]
    assert qdrant["QDRANT__SERVICE__API_KEY"].startswith("${QDRANT_API_KEY:?")
    assert qdrant["QDRANT__STORAGE__COLLECTION__STRICT_MODE__ENABLED"] == "true"
    assert not any("fsync" in word or "synchronous_commit" in word for word in services["postgres"]["command"])


def test_our_environment_holds_known_settings_only(services: dict[str, dict[str, Any]]) -> None:
    given = {name for service in services.values() for name in service.get("environment", {})}
    ours = {name for name in given if name.startswith(PREFIX)}
    assert ours <= {PREFIX + name.upper() for name in Settings.model_fields}
    assert {f"{PREFIX}DATABASE_URL", f"{PREFIX}BROKER_URL", f"{PREFIX}QDRANT_URL", f"{PREFIX}PROFILE"} <= ours


def test_every_variable_is_explained_in_the_example(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))
    explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used <= explained
    required = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    empty = set(re.findall(r"^([A-Z_]+)=$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert required <= empty, "no password of ours may stand in the example"


def test_what_runs_holds_no_torch_no_node_and_no_compiler() -> None:
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
    runtime = stages[-1]
    assert runtime.startswith("python:3.12-slim")
    assert set(re.findall(r"COPY --from=(\w+)", runtime)) == {"packages", "model", "pages"}
    assert "/opt/venv" not in "".join(re.findall(r"COPY --from=model .*", runtime))
    packages = next(stage for stage in stages if " AS packages" in stage)
    for word in ("torch", "nodejs", "gcc", "apt-get"):
        assert word not in packages
        assert word not in runtime
    dependencies = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("\n]")[0]
    assert "torch" not in dependencies
    assert "sentence-transformers" not in dependencies


def test_settings_of_the_example_exist() -> None:
    given = set(re.findall(rf"^({PREFIX}[A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert given <= {PREFIX + name.upper() for name in Settings.model_fields}

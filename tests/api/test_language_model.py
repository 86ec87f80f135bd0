"""The language model's state and its test: who sees what, and that neither key nor address leaves the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from services.runtime import Runtime
from tests.api.conftest import open_test_runtime
from tests.model_server import ModelServer, refuse, say

STATE, TEST = "/v1/system/language_model", "/v1/system/language_model/tests"
KEY = "sesame-0123456789"


@pytest.fixture
def model() -> Iterator[ModelServer]:
    model = ModelServer()
    yield model
    model.close()


@pytest.fixture
def runtime(tmp_path: Path, model: ModelServer) -> Iterator[Runtime]:
    values = {"llm_url": f"{model.url[:-3]}/secret-path/v1,{model.url}", "llm_api_key": KEY, "llm_prompt": "one-shot"}
    opened = open_test_runtime(tmp_path / "data", **values)
    yield opened
    opened.close()


def test_everybody_sees_the_model_and_owners_where_it_is(client: TestClient, ours: Any, model: ModelServer) -> None:
    found = client.get(STATE, headers=ours.as_session())
    state = found.json()
    assert (state["connected"], state["may_test"]) == (True, True)
    # The first address leads nowhere on that host.
    assert [(each["host"], each["reachable"], each["model"]) for each in state["servers"]] == [
        (f"127.0.0.1:{model.port}", False, ""),
        (f"127.0.0.1:{model.port}", True, "scripted"),
    ]
    assert state["servers"][0]["fix"]
    assert state["servers"][1]["context"] == 4096
    assert state["prompt"] == {"variant": "one-shot", "version": 1, "why": "set by TIDINGS_LLM_PROMPT"}
    values = {each["variable"]: (each["value"], each["given"]) for each in state["settings"]}
    assert values["TIDINGS_LLM_PROMPT"] == ("one-shot", True)
    assert values["TIDINGS_LLM_MAX_TOKENS"] == ("700", False)
    assert not {"TIDINGS_LLM_API_KEY", "TIDINGS_LLM_URL"} & values.keys()
    for headers in (ours.as_reader(), ours.as_key(), ours.as_read_key()):
        other = client.get(STATE, headers=headers)
        assert (other.status_code, other.json()["may_test"]) == (200, False)
        assert {each["host"] for each in other.json()["servers"]} == {None}
        assert str(model.port) not in other.text
    for answer in (found, other):
        assert KEY not in answer.text
        assert "secret-path" not in answer.text


def test_only_an_owner_makes_the_test_and_it_says_how_it_went(
    client: TestClient, ours: Any, model: ModelServer
) -> None:
    for headers in (ours.as_reader(), ours.as_key(), ours.as_read_key()):
        assert client.post(TEST, headers=headers).status_code == 403
    assert model.chats() == []
    model.routes["/v1/chat/completions"] = say("Monday ", "Tuesday")
    good = client.post(TEST, headers=ours.as_session())
    assert (good.status_code, good.json()["ok"], good.json()["model"]) == (200, True, "scripted")
    assert good.json()["total_ms"] >= good.json()["first_token_ms"] > 0
    model.routes["/v1/chat/completions"] = refuse(401)
    bad = client.post(TEST, headers=ours.as_session())
    assert (bad.status_code, bad.json()["ok"]) == (200, False)
    assert "TIDINGS_LLM_API_KEY" in bad.json()["fix"]
    assert KEY not in bad.text


def test_without_a_model_that_is_said(client: TestClient, ours: Any, runtime: Runtime) -> None:
    runtime.settings = runtime.settings.model_copy(update={"llm_url": ""})
    runtime.__dict__.pop("llm", None)
    state = client.get(STATE, headers=ours.as_session()).json()
    assert (state["connected"], state["servers"]) == (False, [])
    assert client.post(TEST, headers=ours.as_session()).json()["ok"] is False

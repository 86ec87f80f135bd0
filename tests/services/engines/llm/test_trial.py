"""The short request that tells how a model does: figures when it answers, a reason and a remedy when it does not."""

from __future__ import annotations

import pytest

from services.engines.llm.base import NoModel
from services.engines.llm.trial import MOST_TOKENS, try_model
from tests.model_server import Behaviour, drop_after, hang, refuse, say
from tests.services.engines.llm.conftest import Connect, Serve


def test_it_goes_the_way_of_every_request_and_measures(serve: Serve, connect: Connect) -> None:
    server = serve(say("Monday ", "Tuesday"))
    trial = try_model(connect(server), "ten_1")
    assert trial.ok
    assert (trial.model, trial.answer_tokens) == ("scripted", 34)
    assert trial.first_token_ms is not None
    assert trial.total_ms is not None
    assert 0 < trial.first_token_ms <= trial.total_ms
    assert trial.tokens_per_second is not None
    assert trial.tokens_per_second > 0
    (body,) = server.chats()
    assert (body["max_tokens"], body["cache_salt"]) == (MOST_TOKENS, "salt of ten_1")


@pytest.mark.parametrize(
    ("chat", "problem", "fix"),
    [
        (refuse(401), "API key", "TIDINGS_LLM_API_KEY"),
        (refuse(404), "does not serve", "TIDINGS_LLM_MODEL"),
        (refuse(500), "failed", "log"),
        (refuse(503), "as many requests", "Wait"),
        (refuse(400, {"param": "cache_salt"}), "cache_salt", "vLLM"),
        (drop_after("Mon"), "broke off", "Start"),
        (hang, "silent", "Start"),
        (say(), "without a word", "chat"),
    ],
    ids=["key", "model", "fails", "busy", "refuses", "breaks off", "hangs", "wordless"],
)
def test_what_is_wrong_is_said_with_its_remedy(
    serve: Serve, connect: Connect, chat: Behaviour, problem: str, fix: str
) -> None:
    trial = try_model(connect(serve(chat), llm_silence_seconds=0.3), "ten_1")
    assert not trial.ok
    assert problem in trial.problem
    assert fix in trial.fix


def test_without_a_model_it_says_how_to_connect_one() -> None:
    trial = try_model(NoModel(), "ten_1")
    assert not trial.ok
    assert "TIDINGS_LLM_URL" in trial.fix

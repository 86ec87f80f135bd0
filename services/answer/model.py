"""What the settings page tells of the language model: which it is, whether it answers, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from services.answer.prompt import Variant, read_prompt, variants
from services.engines.llm.base import Checked, Served
from services.runtime import Runtime
from services.settings import PREFIX, Settings

# What is shown of the settings: neither addresses nor the key.
SHOWN = (
    *("llm_model", "llm_prompt", "llm_billions", "llm_context", "llm_temperature", "llm_top_p", "llm_top_k"),
    *("llm_stop", "llm_max_tokens", "llm_max_temperature", "llm_seconds", "llm_silence_seconds", "llm_rewrite_seconds"),
    "llm_concurrency",
)


@dataclass(frozen=True)
class ServerState:
    """One server: its host and port, what it serves, or what is wrong and how to mend it."""

    host: str
    model: str
    context: int | None
    problem: str
    fix: str


@dataclass(frozen=True)
class PromptState:
    """The prompt that the model gets: the variant shows its examples as far as they leave room. `why`: what chose it."""

    variant: Variant
    version: int
    why: str


@dataclass(frozen=True)
class SettingValue:
    """A setting in force. `given`: the operator's environment sets it; else it is the default."""

    variable: str
    value: str
    description: str
    given: bool


@dataclass(frozen=True)
class ModelState:
    """Everything about the connected language model, or that there is none."""

    connected: bool
    servers: tuple[ServerState, ...]
    prompt: PromptState
    settings: tuple[SettingValue, ...]


def model_state(runtime: Runtime) -> ModelState:
    """Ask every server what it serves; takes seconds where one is silent."""
    checked = runtime.llm.check()
    served = next((each.served for each in checked if not each.problem), Served())
    chosen, why = variants(runtime.settings, served)
    return ModelState(
        connected=runtime.llm.connected,
        servers=tuple(map(server_state, checked)),
        prompt=PromptState(chosen[0], read_prompt("answer", chosen[0]).version, why),
        settings=setting_values(runtime.settings),
    )


def server_state(checked: Checked) -> ServerState:
    """A server without what its address may tell beyond the host."""
    return ServerState(
        urlsplit(checked.address).netloc, checked.model, checked.served.context, checked.problem, checked.fix
    )


def setting_values(settings: Settings) -> tuple[SettingValue, ...]:
    """The settings of the model, in the order of the table."""
    return tuple(
        SettingValue(
            variable=f"{PREFIX}{name.upper()}",
            value=str(getattr(settings, name)),
            description=str(Settings.model_fields[name].description),
            given=name in settings.model_fields_set,
        )
        for name in SHOWN
    )

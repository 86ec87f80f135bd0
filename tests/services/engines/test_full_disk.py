"""What a database that cannot write says, and what it keeps to itself."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.errors import EngineUnavailable
from services.ingest.documents import get_document
from services.ingest.submit import submit
from services.logs import configure_logging
from services.runtime import Runtime
from services.scope import Scope
from services.settings import Settings
from tests.factories import store, text_document


@pytest.fixture
def log_lines(settings: Settings) -> Iterator[io.StringIO]:
    """What is logged, as a terminal shows it."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    configure_logging(settings)
    lines = io.StringIO()
    root.handlers[0].setStream(lines)  # type: ignore[attr-defined]
    yield lines
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


def fill(runtime: Runtime) -> None:
    """Leave the database no room to grow, in every connection that is opened from now on."""
    runtime.database.dispose()
    with runtime.session(write=False) as (session, _):
        session.execute(text("PRAGMA max_page_count = 1"))


def submit_many(scope: Scope) -> None:
    for number in range(500):
        submit(scope, text_document(f"The bank raised rate {number}."))


def test_a_full_disk_is_an_absent_engine_that_says_what_to_do(scope: Scope) -> None:
    if scope.runtime.database.dialect.name != "sqlite":
        pytest.skip("fills a SQLite file; test_postgres.py has the other's full disk")
    document = store(scope, text_document("The bank raised rates."))
    fill(scope.runtime)
    with pytest.raises(EngineUnavailable, match="free some space"):
        submit_many(scope)
    assert get_document(scope, document.id).status == "ready"


def test_logged_errors_hold_no_words_of_documents(scope: Scope, log_lines: io.StringIO) -> None:
    secret = "harbour master"
    try:
        with scope.read() as tx:
            tx.session.execute(text("SELECT * FROM nowhere WHERE name = :secret"), {"secret": secret})
    except (EngineUnavailable, ProgrammingError):
        structlog.get_logger().exception("failed")
    assert "failed" in log_lines.getvalue()
    assert secret not in log_lines.getvalue().replace("\n", "")

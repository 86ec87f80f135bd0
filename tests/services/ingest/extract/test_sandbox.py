"""The sandbox outlives whatever a document does to its parser."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from services.errors import EngineUnavailable, ParseFailed, TidingsError
from services.ingest.extract import detect
from services.ingest.extract import sandbox as sandbox_module
from services.ingest.extract.sandbox import ROOT, Sandbox
from services.ingest.types import Article, RawDocument
from services.settings import Settings
from tests.services.ingest.extract.word import docx, p

CHILD = (str(Path(__file__).with_name("misbehaving_child.py")),)
STORY = "The council of the northern city voted on Tuesday to build a bridge over the river. " * 4


@pytest.fixture(scope="module")
def wild() -> Iterator[Sandbox]:
    """A sandbox whose child also reads types that misbehave, with a short clock."""
    sandbox = Sandbox(Settings(parse_seconds=3, parse_memory_mib=512), child=CHILD)
    yield sandbox
    sandbox.close()


def text(content: str) -> RawDocument:
    return RawDocument(content.encode())


def reason(sandbox: Sandbox, type_: str, content: str = "x") -> str:
    with pytest.raises(ParseFailed) as caught:
        sandbox.extract(text(content), type_)
    assert str(caught.value)
    return caught.value.reason


def test_an_article_comes_back_as_it_was_read(sandbox: Sandbox, make_pdf: Callable[..., bytes]) -> None:
    pdf = make_pdf(
        [[("First page.", 11)], [("Second page.", 11)]],
        title="Bridge",
        author="Ann Lee",
        creationDate="D:20260304063000Z",
    )
    article = sandbox.extract(RawDocument(pdf, filename="x.pdf"), "pdf")
    assert (article.title, article.authors, article.published_from) == ("Bridge", ("Ann Lee",), "pdf-info")
    assert article.published_at == datetime(2026, 3, 4, 6, 30, tzinfo=UTC)
    assert [article.text[span.start : span.end] for span in article.pages] == ["First page.", "Second page."]


def test_failures_of_a_reader_keep_their_reason_and_the_child(sandbox: Sandbox) -> None:
    assert reason(sandbox, "text", "\x01") == "bad_encoding"
    child = sandbox._child
    assert sandbox.extract(text(STORY), "text").text == STORY.strip()
    assert sandbox._child is child


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("crash", "parser_crash"),
        ("hang", "parse_timeout"),
        ("burn", "parse_timeout"),
        ("swell", "resource_exhausted"),
        ("leave", "parser_crash"),
        ("lie", "parser_crash"),
        ("recurse", "too_complex"),
    ],
)
def test_a_document_that_breaks_its_parser_fails_alone(wild: Sandbox, type_: str, expected: str) -> None:
    if type_ == "swell" and sys.platform == "darwin":
        pytest.skip("macOS does not limit address space")
    started = time.perf_counter()
    assert reason(wild, type_) == expected
    assert wild.extract(text(STORY), "text").text == STORY.strip()
    assert time.perf_counter() - started < 30


def test_no_network_no_programs_no_files_and_no_secrets(wild: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_LLM_API_KEY", "hunter2")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        said = wild.extract(text(f"127.0.0.1:{listener.getsockname()[1]}"), "tell").text
        with pytest.raises(TimeoutError):
            listener.accept()
    assert "allowed" not in said
    assert said.count("refused") == 4
    assert "TIDINGS" not in said
    assert "HOME" not in said


def test_the_kind_of_isolation_is_told(sandbox: Sandbox) -> None:
    assert sandbox.isolation in ("namespace", "audit hook")


def test_calls_from_threads_queue(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        articles = list(pool.map(lambda number: sandbox.extract(text(f"{STORY} Number {number}."), "text"), range(24)))
    assert [article.text.rsplit(" ", 1)[1] for article in articles] == [f"{number}." for number in range(24)]


def test_a_worn_child_is_replaced(wild: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "DOCUMENTS_PER_CHILD", 2)
    wild.extract(text(STORY), "text")
    first = wild._child
    for _ in range(3):
        assert wild.extract(text(STORY), "text").text
    assert wild._child is not first
    assert first is not None
    assert first.is_gone()


def test_a_child_killed_from_outside_is_started_again(wild: Sandbox) -> None:
    wild.extract(text(STORY), "text")
    assert wild._child is not None
    os.kill(wild._child._process.pid, signal.SIGKILL)
    wild._child._process.wait()
    assert wild.extract(text(STORY), "text").text == STORY.strip()


@pytest.mark.parametrize("noticed", [True, False])
def test_an_idle_child_leaves_and_the_next_document_gets_a_new_one(
    monkeypatch: pytest.MonkeyPatch, noticed: bool
) -> None:
    """Also when it leaves just after it was looked at, as the request is on its way."""
    monkeypatch.setattr(sandbox_module, "_environment", lambda: {"PYTHONPATH": str(ROOT), "IDLE_SECONDS": "0.01"})
    sandbox = Sandbox(Settings(), child=CHILD)
    try:
        sandbox.extract(text(STORY), "text")
        child = sandbox._child
        assert child is not None
        assert child._process.wait(timeout=20) == 0
        if not noticed:
            answers = iter([False])
            monkeypatch.setattr(child, "is_gone", lambda: next(answers, True))
        assert sandbox.extract(text(STORY), "text").text == STORY.strip()
    finally:
        sandbox.close()


def test_an_idle_child_that_left_is_reaped_without_another_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "_environment", lambda: {"PYTHONPATH": str(ROOT), "IDLE_SECONDS": "0.01"})
    sandbox = Sandbox(Settings(), child=CHILD)
    try:
        sandbox.extract(text(STORY), "text")
        child = sandbox._child
        assert child is not None
        deadline = time.monotonic() + 20
        while psutil.pid_exists(child._process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not psutil.pid_exists(child._process.pid)
    finally:
        sandbox.close()


def test_closing_ends_the_child_even_in_the_middle_of_a_document() -> None:
    sandbox = Sandbox(Settings(parse_seconds=60), child=CHILD)
    outcome: list[Exception] = []

    def work() -> None:
        try:
            sandbox.extract(text("x"), "hang")
        except TidingsError as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while sandbox._child is None or not sandbox._child.isolation:
        time.sleep(0.01)
    process = psutil.Process(sandbox._child._process.pid)
    sandbox.close()
    thread.join(10)
    assert isinstance(outcome[0], EngineUnavailable)
    assert not process.is_running()
    with pytest.raises(EngineUnavailable):
        sandbox.extract(text(STORY), "text")


def test_a_child_that_cannot_start_is_a_matter_of_trying_again() -> None:
    sandbox = Sandbox(Settings(), child=("-c", "raise SystemExit(1)"))
    try:
        with pytest.raises(EngineUnavailable):
            sandbox.extract(text(STORY), "text")
    finally:
        sandbox.close()


def test_the_parent_never_imports_a_parser() -> None:
    program = (
        "import sys; from services.ingest.extract import detect; import services.ingest.extract.sandbox\n"
        "print([name for name in ('pymupdf', 'trafilatura', 'lxml', 'py3langid', 'numpy') if name in sys.modules])"
    )
    environment = {"PYTHONPATH": str(ROOT)}
    found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_broken_and_locked_file_gives_text_or_a_clear_reason(sandbox: Sandbox, shared_data: Path) -> None:
    folder = shared_data / "documents"
    files = [*sorted((folder / "encrypted").iterdir()), *sorted((folder / "malformed").iterdir())]
    outcomes = [outcome(sandbox, RawDocument(file.read_bytes(), filename=file.name)) for file in files]
    articles = [found for found in outcomes if isinstance(found, Article)]
    reasons = {found.reason for found in outcomes if isinstance(found, ParseFailed)}
    for article in articles:
        assert_sound(article)
    assert len(articles) >= 25
    assert reasons == {"encrypted", "no_text", "damaged"}
    assert all(len(str(found)) > 20 for found in outcomes if isinstance(found, TidingsError))


def test_three_hundred_mutations_stay_bounded(sandbox: Sandbox, make_pdf: Callable[..., bytes]) -> None:
    page = f"<!doctype html><html><head><title>Bridge</title></head><body><article><p>{STORY}</p><ul><li>a</li></ul></article>"
    seeds = {
        "pdf": make_pdf([[("Bridge approved", 24), (STORY[:80], 11)], [("Second page.", 11)]], title="Bridge"),
        "html": page.encode(),
        "text": STORY.encode() + "äöü 永".encode("utf-16"),
        "docx": docx(p(STORY) + f"<w:tbl><w:tr><w:tc>{p('a')}</w:tc><w:tc>{p('b')}</w:tc></w:tr></w:tbl>"),
        "csv": b'town;said\nNorrvik;"the river; rose"\nOslo;nothing\n' * 20,
    }
    chance = random.Random(20261122)
    reasons, slowest = set(), 0.0
    for number in range(300):
        type_ = list(seeds)[number % len(seeds)]
        started = time.perf_counter()
        found = outcome(sandbox, RawDocument(mutate(seeds[type_], chance)), type_)
        slowest = max(slowest, time.perf_counter() - started)
        if isinstance(found, Article):
            assert_sound(found)
        elif isinstance(found, ParseFailed):
            reasons.add(found.reason)
    assert slowest < 15
    assert not reasons & {"parse_timeout", "resource_exhausted", "parser_crash"}


def outcome(sandbox: Sandbox, raw: RawDocument, type_: str | None = None) -> Article | TidingsError:
    try:
        return sandbox.extract(raw, type_ or detect(raw))
    except TidingsError as error:
        return error


def assert_sound(article: Article) -> None:
    assert article.text.strip() or article.pictures
    assert "\x00" not in article.text + article.title
    article.text.encode()
    article.title.encode()
    assert all(0 <= span.start < span.end <= len(article.text) for span in article.pages)


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Flip, cut, double and insert bytes."""
    mutated = bytearray(content)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(mutated) or 1)
        kind = chance.randrange(4)
        if kind == 0:
            mutated[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del mutated[at : at + chance.randint(1, 40)]
        elif kind == 2:
            mutated[at:at] = mutated[at : at + chance.randint(1, 200)] * chance.randint(1, 20)
        else:
            mutated[at:at] = chance.choice(
                [b"<div>" * 50, b"\x00\xff", b"999999999", b"endobj", b"<!--", b"&#xD800;", b"\xf0\x9f"]
            )
    return bytes(mutated)

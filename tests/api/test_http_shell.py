"""What happens to every request, whatever its route: host, size, encoding, JSON, headers, refusals, log."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request, UploadFile
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import REFUSAL_SECONDS
from api.middleware.bodies import check_json
from api.middleware.context import SECURITY_HEADERS
from services.engines.cache import TokenBuckets
from services.errors import EngineUnavailable
from services.runtime import Runtime
from services.settings import Settings

MIB = 2**20


@pytest.fixture
def app(runtime: Runtime, tmp_path: Path) -> FastAPI:
    """The application with routes that fail, and one that takes a file."""
    made = create_app(runtime, dist=tmp_path / "dist")
    router = APIRouter(prefix="/v1/test")

    @router.get("/crash")
    def crash(secret: str) -> None:
        raise RuntimeError(f"the value was {secret}")

    @router.get("/away")
    def away() -> None:
        raise EngineUnavailable("The index is away; try again.", retry_after_seconds=7)

    @router.post("/echo")
    async def echo(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.post("/file")
    async def take_file(file: UploadFile) -> dict[str, int]:
        return {"bytes": len(await file.read())}

    made.include_router(router)
    return made


def test_every_kind_of_response_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/livez", "/v1/me", "/v1/nothing", "/", "/nothing.js", "/openapi.json", "/v1/test/crash?secret=x"):
        response = client.get(path)
        for name, value in SECURITY_HEADERS.items():
            assert response.headers[name] == value, path
        assert response.headers["x-request-id"].startswith("req_"), path
        assert "unsafe" not in response.headers["content-security-policy"]
        assert "access-control-allow-origin" not in response.headers
        assert "server" not in response.headers


def test_api_answers_are_not_stored_by_caches(client: TestClient) -> None:
    assert client.get("/v1/version").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("given", ["abc-123_X.y:z", "a" * 100])
def test_a_sane_request_id_is_kept(client: TestClient, given: str) -> None:
    response = client.get("/v1/nothing", headers={"X-Request-Id": given})
    assert response.headers["x-request-id"] == response.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "a" * 101, "a b", "x\x1b[31m", "<script>"])
def test_an_odd_request_id_is_replaced(client: TestClient, given: str) -> None:
    assert client.get("/livez", headers={"X-Request-Id": given}).headers["x-request-id"] != given


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("POST", "/v1/nothing", 404, "not_found"),
        ("BREW", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("POST", "/", 404, "not_found"),
        ("GET", "/v1/me;x", 404, "not_found"),
        ("GET", "/v1/%2e%2e/me", 404, "not_found"),
        ("PUT", "/v1/setup", 405, "method_not_allowed"),
        ("TRACE", "/v1/me", 405, "method_not_allowed"),
        ("HEAD", "/v1/auth/login", 405, ""),
        ("GET", "/v1/auth/login", 405, "method_not_allowed"),
        ("GET", "/docs", 200, ""),
        ("GET", "/v1/me/", 404, "not_found"),
    ],
)
def test_unknown_addresses_and_methods(client: TestClient, method: str, path: str, status: int, code: str) -> None:
    request = client.build_request(method, "http://localhost/")
    request.url = request.url.copy_with(raw_path=path.encode())
    response = client.send(request)
    assert response.status_code == status
    if code:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == code
    if status == 405:
        assert response.headers["allow"]


def test_a_html_reader_of_an_unknown_api_address_gets_a_problem(client: TestClient) -> None:
    response = client.get("/v1/nothing", headers={"Accept": "text/html"})
    assert response.headers["content-type"] == "application/problem+json"


def test_a_crash_says_nothing_and_is_logged_without_values(client: TestClient, quiet_log: list[Any]) -> None:
    response = client.get("/v1/test/crash", params={"secret": "hunter2"})
    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert "hunter2" not in response.text
    assert "hunter2" not in json.dumps(quiet_log)
    (crash,) = [entry for entry in quiet_log if entry["event"] == "unexpected failure"]
    assert any("crash" in line for line in crash["trace"])


def test_an_expected_failure_says_when_to_come_back(client: TestClient) -> None:
    response = client.get("/v1/test/away")
    assert (response.status_code, response.headers["retry-after"]) == (503, "7")
    assert response.json()["retry_after"] == 7


def test_validation_errors_point_at_fields_and_do_not_echo_values(client: TestClient) -> None:
    response = client.post(
        "/v1/auth/login", json={"email": ["hunter2"], "extra/~": "hunter2", "password": {"$ne": "hunter2"}}
    )
    assert response.status_code == 422
    assert {error["pointer"] for error in response.json()["errors"]} == {"/email", "/password", "/extra~1~0"}
    assert "hunter2" not in response.text


def test_the_number_of_field_errors_is_bounded(client: TestClient) -> None:
    response = client.post("/v1/auth/login", json={f"x{number}": 1 for number in range(500)})
    assert (response.status_code, len(response.json()["errors"])) == (422, 20)


# Hosts


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8787", "127.0.0.1:1", "[::1]:8787", "localhost."])
def test_our_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "localhost/x",
        "",
        "localhost:port",
        "10.0.0.1",
    ],
)
def test_other_names_are_refused(client: TestClient, host: str) -> None:
    response = client.get("/livez", headers={"Host": host})
    assert (response.status_code, response.json()["code"]) == (400, "bad_host")


def test_the_operator_chooses_the_names(tmp_path: Path) -> None:
    from api.middleware.hosts import HostCheck

    settings = Settings(host="0.0.0.0", public_url="https://news.example:8443", allowed_hosts=["Other.example"])
    check = HostCheck(None, settings=settings)  # type: ignore[arg-type]

    def accepts(*hosts: str) -> bool:
        return check.accepts({"headers": [(b"host", host.encode()) for host in hosts]})

    assert all(accepts(host) for host in ("news.example", "other.example:80", "192.168.1.5:8787", "[fd00::1]"))
    assert not any(accepts(host) for host in ("evil.example", "0.0.0.0.evil.example"))
    assert not accepts("news.example", "evil.example")
    assert not accepts()


# Bodies


def test_a_large_json_body_is_refused_before_it_is_read(client: TestClient) -> None:
    response = client.post("/v1/auth/login", content=b"x", headers={"Content-Length": str(2 * MIB)})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_a_body_without_a_length_is_counted_while_it_streams(client: TestClient) -> None:
    sent = 0

    def endless() -> Any:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b" " * (64 * 1024)

    for content_type in ("application/json", "text/plain"):
        response = client.post("/v1/test/echo", content=endless(), headers={"Content-Type": content_type})
        assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_an_upload_may_be_larger_than_json(client: TestClient) -> None:
    response = client.post("/v1/test/file", files={"file": ("a.bin", b"x" * (3 * MIB))})
    assert response.json() == {"bytes": 3 * MIB}


def test_an_upload_above_the_limit_is_refused(app: FastAPI, client: TestClient) -> None:
    limit = app.state.runtime.settings.max_upload_bytes + MIB
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(limit + 1)}
    assert client.post("/v1/test/file", content=b"x", headers=headers).status_code == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, gzip"])
def test_compressed_bodies_are_refused(client: TestClient, encoding: str) -> None:
    response = client.post("/v1/auth/login", content=b"{}", headers={"Content-Encoding": encoding})
    assert response.status_code == 415


def test_a_long_address_is_refused(client: TestClient) -> None:
    assert client.get("/v1/version", params={"q": "x" * 9000}).json()["code"] == "uri_too_long"


def test_nul_characters_in_the_address_are_refused(client: TestClient) -> None:
    assert client.get("/v1/version?q=a%00b").status_code == 422
    assert client.get("/v1/sessions/a%00b").status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe{",
        b"NaN",
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b"[" * 21 + b"]" * 21,
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b'"a\\u0000b"',
    ],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_json_that_parsers_disagree_about_is_refused(client: TestClient, body: bytes) -> None:
    started = time.process_time()
    response = client.post("/v1/auth/login", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_json")
    assert time.process_time() - started < 10


def test_ordinary_json_passes() -> None:
    check_json(rb'{"text": "\ud83c\udf89 and more", "numbers": [1.5, null, true]}')
    check_json(b"[" * 20 + b"]" * 20)
    check_json(b'""')


def multipart(parts: int, *, header: bytes = b"", filename: bytes = b"") -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; name="f"' + filename + header + b"\r\n\r\nv\r\n"
    return part * parts + b"--x--\r\n"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"anything"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"no boundary here"),
        ("multipart/form-data; boundary=x", multipart(20_000)),
        ("multipart/form-data; boundary=x", multipart(20_000, filename=b'; filename="a"')),
        ("multipart/form-data; boundary=x", multipart(1, header=b"\r\nX-Long: " + b"y" * 2_000_000)),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x; charset=rot13", multipart(3)),
    ],
    ids=["no-boundary", "empty", "no-parts", "many-fields", "many-files", "long-header", "no-name", "odd-charset"],
)
def test_hostile_forms_are_refused_quickly(client: TestClient, content_type: str, body: bytes) -> None:
    started = time.process_time()
    response = client.post("/v1/test/file", content=body, headers={"Content-Type": content_type})
    assert response.status_code in (400, 413, 422)
    assert response.json()["request_id"]
    assert time.process_time() - started < 10


# Rates


def test_a_refusal_keeps_who_asks_too_much_waiting(app: FastAPI, client: TestClient, ours: Any) -> None:
    app.state.rates = TokenBuckets(1, 60.0)
    assert client.get("/v1/me", headers=ours.as_key()).status_code == 200
    asked = time.perf_counter()
    assert client.get("/v1/me", headers=ours.as_key()).status_code == 429
    assert time.perf_counter() - asked >= REFUSAL_SECONDS


def test_each_credential_has_its_own_rate(app: FastAPI, client: TestClient, ours: Any, theirs: Any) -> None:
    app.state.rates = TokenBuckets(2, 60.0)
    answers = [client.get("/v1/me", headers=ours.as_key()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=1", "r=0", "r=0"]
    assert answers[2].headers["ratelimit-policy"] == '"credential";q=2;w=60'
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert client.get("/v1/me", headers=ours.as_read_key()).status_code == 200
    assert client.get("/v1/me", headers=theirs.as_key()).status_code == 200


# The log


def test_the_log_has_one_line_per_request_without_secrets(client: TestClient, ours: Any, quiet_log: list[Any]) -> None:
    client.get("/v1/search?q=hunter2", headers={**ours.as_key(), "X-Request-Id": "abc"})
    (line,) = [entry for entry in quiet_log if entry["event"] == "request"]
    assert (line["path"], line["status"], line["tenant_id"]) == ("/v1/search", 200, ours.scope.tenant_id)
    text = json.dumps(quiet_log)
    assert "hunter2" not in text
    assert ours.write_key not in text


def test_the_log_cannot_be_forged(client: TestClient, quiet_log: list[Any]) -> None:
    client.get("/v1/%0d%0a%1b[31mforged%e2%80%ae")
    (line,) = [entry for entry in quiet_log if entry["event"] == "request"]
    assert line["path"] == "/v1/\\u000d\\u000a\\u001b[31mforged\\u202e"

"""Serving the built pages: which file, which caching, and never a page where a program expects a problem."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient


@pytest.fixture
def dist(tmp_path: Path, client: TestClient) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Tidings</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "app-1a2b.js").write_text("let x")
    (tmp_path / "secret.txt").write_text("hunter2")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.mark.parametrize("path", ["/", "/documents/doc_1", "/search?q=a", "/settings", "/index.html"])
def test_every_page_address_gives_the_one_page(client: TestClient, dist: Path, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache")
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["etag"]


def test_hashed_files_are_kept_for_a_year(client: TestClient, dist: Path) -> None:
    response = client.get("/assets/app-1a2b.js")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"].startswith("text/javascript")


def test_an_unchanged_page_is_not_sent_again(client: TestClient, dist: Path) -> None:
    etag = client.get("/").headers["etag"]
    assert client.get("/", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone-1.js",
        "/nothing.png",
        "/link.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/v1/x.js",
    ],
)
def test_what_is_not_there_is_a_problem(client: TestClient, dist: Path, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert "hunter2" not in response.text


def test_head_is_answered_without_a_body(client: TestClient, dist: Path) -> None:
    response = client.head("/")
    assert (response.status_code, response.content) == (200, b"")


def test_without_a_build_the_page_says_how_to_make_one(client: TestClient) -> None:
    response = client.get("/")
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert "make run" in response.text

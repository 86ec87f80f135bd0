"""Signing in and out, keys for programs, and the wall between tenants."""

from __future__ import annotations

import re

import httpx2
from playwright.sync_api import Page, expect

from tests.e2e.desk import HARBOUR, PASSWORD, Desk, Newsroom, OpenDesk, OpenPage, make_newsroom
from tests.server import Server


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_key_is_shown_once_and_works_until_it_is_revoked(desk: Desk) -> None:
    page = desk.open("/settings")
    page.get_by_role("button", name="Create a key").click()
    layer = page.get_by_role("dialog")
    layer.get_by_label("Name").fill("Morning briefing")
    layer.get_by_role("button", name="Create key").click()
    key = page.get_by_label("The new key").input_value()
    assert key.startswith("tdg_")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text(f"ends in {key[-4:]}")).to_be_visible()
    page.reload()
    expect(page.get_by_text(f"ends in {key[-4:]}")).to_be_visible()
    assert key not in page.content()
    with httpx2.Client(base_url=desk.newsroom.server.url, headers={"Authorization": f"Bearer {key}"}) as program:
        assert program.get("/v1/search", params={"q": "anything"}).status_code == 200
        assert program.post("/v1/documents", json={"text": "A key that may only read."}).status_code == 403
        page.get_by_role("button", name="Revoke Morning briefing").click()
        page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
        expect(page.get_by_role("button", name="Revoke Morning briefing")).to_be_hidden()
        assert program.get("/v1/search", params={"q": "anything"}).status_code == 401


def test_more_keys_than_a_page_holds_are_shown_when_asked_for(desk: Desk) -> None:
    server = desk.newsroom.server
    path = f"{server.url}/v1/admin/tenants/{desk.newsroom.get('/v1/me')['tenant']['id']}/api_keys"
    operator = {"Authorization": f"Bearer {(server.folder / 'operator.token').read_text().strip()}"}
    for number in range(23):
        made = httpx2.post(path, json={"name": f"Key {number:02}", "scope": "read"}, headers=operator)
        assert made.status_code == 201, made.text
    page = desk.open("/settings")
    expect(page.get_by_text("Key 22", exact=True)).to_be_visible()
    expect(page.get_by_text("Key 00", exact=True)).to_have_count(0)
    page.get_by_role("button", name=re.compile("Show more of 2")).click()
    expect(page.get_by_text("Key 00", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_signing_out_leaves_nothing_and_signing_in_goes_on(desk: Desk) -> None:
    desk.watch.allow("status of 401")
    desk.newsroom.add(HARBOUR)
    page = desk.open("/settings")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    desk.open("/search?q=harbour")
    expect(page).to_have_url(re.compile(r"/login"))
    expect(page.get_by_text("Norrgren")).to_have_count(0)
    sign_in(page, desk.newsroom.email, PASSWORD)
    expect(page).to_have_url(f"{desk.newsroom.server.url}/search?q=harbour")
    expect(page.get_by_role("list", name="Results").get_by_role("link")).to_have_count(1)


def test_a_wrong_password_is_said_without_saying_who_exists(newsroom: Newsroom, open_page: OpenPage) -> None:
    page, watch = open_page(newsroom.server.url)
    watch.allow("status of 401")
    page.goto("/login")
    messages = []
    for email in (newsroom.email, "nobody@example.org"):
        sign_in(page, email, "not the password")
        expect(page.get_by_role("alert")).to_be_visible()
        messages.append(page.get_by_role("alert").inner_text())
        page.reload()
    assert messages[0] == messages[1]
    assert "password" in messages[0]
    sign_in(page, newsroom.email, PASSWORD)
    expect(page).to_have_url(f"{newsroom.server.url}/")


def test_another_tenant_made_on_the_command_line_sees_nothing(desk: Desk, server: Server, open_page: OpenPage) -> None:
    document_id = desk.newsroom.add(HARBOUR)
    tenant = server.json("tenant", "add", "Risk team")
    server.json("user", "add", "eve@example.org", "--tenant", tenant["id"], "--password", PASSWORD)
    page, watch = open_page(server.url)
    watch.allow("status of 404")
    watch.allow("status of 401")
    page.goto("/login")
    sign_in(page, "eve@example.org", PASSWORD)
    expect(page.get_by_role("heading", name="Nothing to read yet")).to_be_visible()
    expect(page.get_by_text("Risk team")).to_be_visible()
    page.goto("/search?q=harbour strike")
    expect(page.get_by_role("heading", name="No results")).to_be_visible()
    page.goto("/library")
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    page.goto(f"/documents/{document_id}")
    expect(page.get_by_role("heading", name="This document is not here")).to_be_visible()
    assert "Norrgren" not in page.content()


def test_a_revoked_session_ends_in_every_window(desk: Desk, open_desk: OpenDesk) -> None:
    other = open_desk()
    other.watch.allow("status of 401")
    other.open("/library")
    page = desk.open("/settings")
    page.get_by_role("button", name="End the session on").click()
    expect(page.get_by_role("button", name="End the session on")).to_have_count(0)
    other.open("/search")
    expect(other.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_pages_of_two_people_in_one_browser_do_not_mix(desk: Desk, server: Server) -> None:
    """Somebody else signs in on the same machine: nothing of the person before is shown from memory."""
    desk.watch.allow("status of 401")
    desk.newsroom.add(HARBOUR)
    page = desk.open("/search?q=harbour")
    expect(page.get_by_role("list", name="Results").get_by_role("link")).to_have_count(1)
    second = make_newsroom(server, "Second desk")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, second.email, PASSWORD)
    expect(page.get_by_text("Second desk")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing to read yet")).to_be_visible()
    second.http.close()

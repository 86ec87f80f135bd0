"""The one-time link that the terminal prints: it makes the owner, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.desk import PASSWORD, OpenPage
from tests.server import Server


@pytest.fixture
def fresh_server(tmp_path: Path, pages_built: None) -> Iterator[Server]:
    """A server that nobody owns yet."""
    server = Server(tmp_path / "data")
    yield server.start()
    server.close()


def fill_in(page: Page, organisation: str) -> None:
    page.get_by_label("Organisation").fill(organisation)
    page.get_by_label("Your name").fill("Ada Reporter")
    page.get_by_label("Email address").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)


def submit(page: Page) -> None:
    page.get_by_role("button", name="Create the owner account").click()


def test_the_link_makes_the_owner_once(fresh_server: Server, open_page: OpenPage) -> None:
    page, _ = open_page(fresh_server.url)
    late, watch = open_page(fresh_server.url)
    watch.allow("status of")
    for each in (page, late):
        each.goto(fresh_server.setup_link())
        fill_in(each, "The Daily Example")
    submit(page)
    expect(page.get_by_role("heading", name="Library", level=1)).to_be_visible()
    expect(page.get_by_text("The Daily Example").first).to_be_attached()
    # Whoever had the link open at the same time is told, and cannot become a second owner.
    submit(late)
    expect(late.get_by_role("alert")).to_contain_text("set up already")
    late.goto(fresh_server.setup_link())
    expect(late.get_by_role("heading", name="This server has an owner")).to_be_visible()
    late.get_by_role("link", name="Go to sign in").click()
    expect(late.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_refused_form_names_the_field_and_the_link_still_works(fresh_server: Server, open_page: OpenPage) -> None:
    page, watch = open_page(fresh_server.url)
    watch.allow("status of 422")
    page.goto(fresh_server.setup_link())
    fill_in(page, "The Daily Example")
    page.get_by_label("Password").fill("short")
    submit(page)
    password = page.get_by_label("Password")
    expect(password).to_have_attribute("aria-invalid", "true")
    password.fill(PASSWORD)
    submit(page)
    expect(page.get_by_role("heading", name="Library", level=1)).to_be_visible()


@pytest.mark.parametrize("address", ["/setup", "/setup?token=wrong"])
def test_without_the_right_link_nobody_becomes_owner(fresh_server: Server, open_page: OpenPage, address: str) -> None:
    page, watch = open_page(fresh_server.url)
    watch.allow("status of")
    page.goto(address)
    if "token" in address:
        fill_in(page, "Somebody Else")
        submit(page)
    expect(page.get_by_text("it prints a new one each time it starts")).to_be_visible()
    assert page.request.get("/v1/setup").json() == {"needed": True}

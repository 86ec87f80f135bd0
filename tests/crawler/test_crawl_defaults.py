"""Scrapy's unsafe defaults, and the resolver that turns private addresses away: the values in force, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import Settings as ScrapySettings

from crawler import resolver as resolver_module
from crawler.resolver import GuardedResolver
from crawler.settings import scrapy_settings
from services.settings import Settings


@pytest.fixture
def in_force(tmp_path: Path) -> ScrapySettings:
    return ScrapySettings(scrapy_settings(Settings(data_dir=tmp_path, contact="mailto:desk@news.example")))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELNETCONSOLE_ENABLED", False),
        ("REMOTE_CONTROL_ENABLED", False),
        ("COOKIES_ENABLED", False),
        ("HTTPPROXY_ENABLED", False),
        ("HTTPCACHE_ENABLED", False),
        ("JOBDIR", None),
        ("DOWNLOAD_VERIFY_CERTIFICATES", True),
        ("DOWNLOAD_MAXSIZE", 16 * 2**20),
        ("DOWNLOAD_TIMEOUT", 20),
        ("RETRY_ENABLED", False),
        ("METAREFRESH_ENABLED", False),
        ("REDIRECT_ENABLED", False),
        ("REFERER_ENABLED", False),
        ("TWISTED_DNS_RESOLVER", "crawler.resolver.GuardedResolver"),
        ("TWISTED_REACTOR", "twisted.internet.asyncioreactor.AsyncioSelectorReactor"),
    ],
)
def test_what_is_in_force(in_force: ScrapySettings, name: str, value: Any) -> None:
    assert in_force[name] == value


def test_only_http_and_https_are_spoken(in_force: ScrapySettings) -> None:
    handlers = in_force.getwithbase("DOWNLOAD_HANDLERS")
    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https"}


def test_every_request_passes_our_rules_and_none_of_scrapys_that_fail_open(in_force: ScrapySettings) -> None:
    chain = in_force.get_component_priority_dict_with_base("DOWNLOADER_MIDDLEWARES")
    names = {name if isinstance(name, str) else f"{name.__module__}.{name.__name__}" for name in chain}
    assert {
        "crawler.middlewares.Guard", "crawler.robots.Robots", "crawler.middlewares.Turns",
        "crawler.middlewares.Encodings", "crawler.middlewares.Redirects",
    } <= names  # fmt: skip
    off = ("RobotsTxt", "Retry", "MetaRefresh", "redirect.Redirect", "Cookies", "HttpProxy", "HttpCache", "HttpAuth")
    assert not [name for name in names for word in off if name.startswith("scrapy.") and word in name]


def test_the_agent_names_the_product_and_the_contact(in_force: ScrapySettings) -> None:
    assert in_force["USER_AGENT"].startswith("Tidings/")
    assert "mailto:desk@news.example" in in_force["USER_AGENT"]


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "10.0.0.7"], ["::1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], ["fd00:ec2::254"], ["64:ff9b::7f00:1"], []],
)  # fmt: skip
def test_a_name_with_any_private_address_has_none(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    monkeypatch.setattr(resolver_module, "resolve", lambda host, port: addresses)
    guarded = GuardedResolver(None, [])
    assert guarded.checked_addresses("rebinding.example", 80) == []
    assert "rebinding.example:80" in GuardedResolver.refused


def test_a_public_name_keeps_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver_module, "resolve", lambda host, port: ["93.184.216.34", "2606:2800:220:1::1"])
    assert GuardedResolver(None, []).checked_addresses("news.example", 443) == ["93.184.216.34", "2606:2800:220:1::1"]


def test_the_operator_may_allow_one_private_host_and_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver_module, "resolve", lambda host, port: ["10.0.0.7"])
    guarded = GuardedResolver(None, ["wiki.corp:8080"])
    assert guarded.checked_addresses("wiki.corp", 8080) == ["10.0.0.7"]
    assert guarded.checked_addresses("wiki.corp", 80) == []

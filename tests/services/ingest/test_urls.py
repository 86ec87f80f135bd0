"""One spelling per page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInput
from services.ingest.urls import normalise_url


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://News.Example:80/Story#top", "http://news.example/Story"),
        ("https://news.example:443", "https://news.example/"),
        ("https://news.example.:8443/a", "https://news.example:8443/a"),
        ("https://news.example/a/../b/./c", "https://news.example/b/c"),
        ("https://news.example/a?utm_source=x&id=7&fbclid=abc&UTM_Medium=y", "https://news.example/a?id=7"),
        ("https://news.example/a?b=2&a=1&b=1", "https://news.example/a?a=1&b=2&b=1"),
        ("https://news.example/a?", "https://news.example/a"),
        ("https://news.example/%7euser/%c3%a9", "https://news.example/~user/%C3%A9"),
        ("https://news.example/é?q=ü", "https://news.example/%C3%A9?q=%C3%BC"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        ("https://news.example/a/", "https://news.example/a/"),
        ("https://news.example/a?source=feed&ref=home", "https://news.example/a?ref=home&source=feed"),
        ("http://[2606:4700:4700::1111]/x", "http://[2606:4700:4700::1111]/x"),
    ],
)
def test_spellings_of_one_page_become_one(url: str, canonical: str) -> None:
    assert normalise_url(url) == canonical


@given(st.text(max_size=40), st.text(alphabet="ab=&%2cé?/utm_x#;+", max_size=40))
def test_normalising_again_changes_nothing(path: str, query: str) -> None:
    try:
        once = normalise_url(f"http://news.example/{path}?{query}")
    except InvalidInput:
        return
    assert normalise_url(once) == once
    assert once.isascii()

"""What the one URL parser accepts, and which addresses count as public."""

from __future__ import annotations

import ipaddress
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.engines.addresses import MAX_URL_CHARACTERS, is_public, parse_url
from services.engines.egress import Egress
from services.errors import InvalidInput
from services.settings import Settings

PRIVATE = (
    "0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255"
    " 192.0.0.192 192.0.2.1 192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255"
    " :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::"
    " 2001:db8::1 2001:20::1 2002:7f00:1:: 2002:0808:0808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1"
    " 2606:4700::5efe:7f00:1 2606:4700::200:5efe:7f00:1"
)
PUBLIC = "1.1.1.1 8.8.8.8 93.184.216.34 172.32.0.1 100.128.0.1 2606:4700:4700::1111 2a00:1450:4001:82a::200e"

# Addresses that some parser somewhere reads as an inside host, and shapes on which parsers differ.
HOSTILE = [
    "http://127.0.0.1:6379/", "http://localhost/", "http://localhost./", "http://LOCALHOST/", "http://sub.localhost/",
    "http://2130706433/", "http://0x7f.1/", "http://0x7f000001/", "http://0177.0.0.1/", "http://017700000001/", "http://127.1/",
    "http://127.0.1/", "http://0/", "http://0x0/", "http://00000177.1/", "http://127.0.0.1./", "http://1.1.1.1.1/",
    "http://256.256.256.256/", "http://0x7f.0x0.0x0.0x1/", "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/",
    "http://metadata.google.internal/", "http://metadata/", "http://100.100.100.200/", "http://instance-data/",
    "http://１２７。０。０。１/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://ⓛocalhost/", "http://[::1]/", "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/",
    "http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/", "http://[64:ff9b::7f00:1]/", "http://[fe80::5efe:7f00:1]/",
    "http://[fc00::1]/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[fec0::1]/", "http://[::1]:80/", "http://[v1.a]/",
    "http://good.example@127.0.0.1/", "http://127.0.0.1@good.example/", "http://user:pass@good.example/", "http://@good.example/",
    "http://:@good.example/", "http://127.0.0.1\\@good.example/", "http://good.example\\@127.0.0.1/", "http://good.example#@127.0.0.1\\",
    "http://good\texample/", "http://good.exam\nple/", "http://good.example\r\nHost: 127.0.0.1/", "http://127.0.0.1%00.good.example/",
    "http://%31%32%37.0.0.1/", "http://good.example%2f@127.0.0.1/", "http://127.0.0.1%2f.good.example/", "http://[::1/", "http://::1/",
    "http://good.example:6379/", "http://good.example:0/", "http://good.example:65536/", "http://good.example:-1/",
    "http://good.example:80:80/", "http://good.example:８０８１/", "http:///127.0.0.1/", "http:127.0.0.1/", "http:/127.0.0.1/", "//127.0.0.1/",
    "http://", "http://./", "http://../", "http://.good.example/", "http://a..example/", "http://exa mple.com/", "http://*.example/",
    "http://good.example,127.0.0.1/", "http://good.example;127.0.0.1/", "http://$(x).example/", "http://-a.example/", "http://intranet/",
    "http://printer.local/", "http://db.internal/", "http://x.onion/", "file:///etc/passwd", "ftp://good.example/", "gopher://127.0.0.1:6379/_x",
    "data:text/html,x", "s3://bucket/key", "dict://127.0.0.1:11211/", "jar:http://good.example!/", "javascript:alert(1)", "", " ", "nonsense",
]  # fmt: skip
BENIGN = [
    ("http://good.example", "good.example", 80),
    ("HTTPS://Good.Example:443/A?b=c#d", "good.example", 443),
    ("http://good.example.:8080/x", "good.example", 8080),
    ("http://münchen.example/", "xn--mnchen-3ya.example", 80),
    ("http://good.example/a@b?c=d@e", "good.example", 80),
    ("http://good.example/?next=http://127.0.0.1/", "good.example", 80),
    ("http://8.8.8.8/", "8.8.8.8", 80),
    ("http://[2606:4700:4700::1111]/", "2606:4700:4700::1111", 80),
    ("http://127.0.0.1.example.com/", "127.0.0.1.example.com", 80),
    ("http://my_blog.good.example/", "my_blog.good.example", 80),
]


@pytest.mark.parametrize("address", PRIVATE.split())
def test_private_and_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_no_address_is_public_that_python_calls_private(address: ipaddress.IPv4Address) -> None:
    assert address.is_global or not is_public(address)


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_is_public_that_python_calls_private(address: ipaddress.IPv6Address) -> None:
    assert address.is_global or not is_public(address)


@pytest.mark.parametrize("url", HOSTILE, ids=[repr(url)[:40] for url in HOSTILE])
def test_hostile_urls_are_refused_before_any_name_is_resolved(url: str) -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError(f"resolved {host}")

    with pytest.raises(InvalidInput):
        Egress(Settings(), resolver=never).fetch(url, max_bytes=100, timeout_seconds=5)


@pytest.mark.parametrize(("url", "host", "port"), BENIGN)
def test_ordinary_urls_are_read_as_everybody_reads_them(url: str, host: str, port: int) -> None:
    parsed = parse_url(url)
    assert (parsed.host, parsed.port) == (host, port)
    assert "#" not in parsed.text


@pytest.mark.parametrize(
    "url",
    ["http://good.example/" + "a" * 100_000, "http://" + "@" * 10_000, "http://" + "a." * 4000, "http://[" + ":" * 8000, "h" * 100_000 + "://x",
     "http://good.example/\r\nX-Evil: 1", "http://" + "ü" * 4000 + ".example/", "http://a" + "%" * 8000],
    ids=["long", "ats", "labels", "colons", "scheme", "crlf", "idna", "percent"],
)  # fmt: skip
def test_monstrous_urls_are_refused_quickly(url: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidInput):
        parse_url(url)
    assert time.perf_counter() - started < 10


@given(st.text(max_size=60))
def test_any_text_after_the_scheme_is_parsed_or_refused_and_nothing_else(rest: str) -> None:
    try:
        parsed = parse_url("http://" + rest)
    except InvalidInput:
        return
    assert len(parsed.text) < MAX_URL_CHARACTERS * 10
    # What the check saw is what is connected to: parsing the result again changes nothing.
    again = parse_url(parsed.text)
    assert (again.scheme, again.host, again.port, again.text) == (parsed.scheme, parsed.host, parsed.port, parsed.text)
    assert parsed.parsed.raw_host.decode() == parsed.host

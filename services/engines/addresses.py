"""Which addresses Tidings may connect to on behalf of people, and the one URL parser that decides it.

What `parse_url` returns is what `egress` connects to; nothing else in the product takes a URL apart to decide on it.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

import httpx2

from services.errors import EgressDenied, InvalidInput

MAX_URL_CHARACTERS = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}
# Host names as they exist: labels of letters, digits, hyphens (and the underscores some blogs have).
HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
# A last label that is a number makes the whole host an IPv4 address for browsers (WHATWG URL, "ends in a number"), in
# octal, hexadecimal and short forms. We read the plain form only.
NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
# White space, control characters and the backslash, on which parsers differ; no URL contains them unescaped.
AMBIGUOUS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2000-\u200f\u2028-\u202f\u2060\u3000\ufeff\ufffd\ud800-\udfff]")
SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
# Names that mean this machine, its cluster or its cloud, wherever they resolve to.
PRIVATE_NAMES = re.compile(
    r"(?:.+\.)?(?:localhost|localdomain|local|internal|intranet|lan|home|corp|private|home\.arpa|onion|metadata|instance-data|kubernetes\.default\.svc)"
)

IPV4_DENIED = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
    )
)  # fmt: skip
# Only 2000::/3 is handed out (IANA); inside it, special blocks, and those that carry an IPv4 address: Teredo, 6to4.
# Mapped, compatible, NAT64, unique local, link-local and site-local addresses are all outside.
IPV6_GLOBAL = ipaddress.IPv6Network("2000::/3")
IPV6_DENIED = tuple(
    ipaddress.IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
ISATAP = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True)
class Url:
    """A URL as it will be used: no fragment; `host` in lower-case ASCII without brackets or final dot."""

    text: str
    scheme: str
    host: str
    port: int
    parsed: httpx2.URL

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: credentials stay inside one origin."""
        return self.scheme, self.host, self.port


def parse_url(url: str) -> Url:
    """Take a URL apart, strictly. Bounded by 8,192 characters.

    Raises: InvalidInput for what is no URL; EgressDenied for a scheme other than http and https, user names in the
    URL, and hosts that parsers read differently.
    """
    url = url.strip(" ")
    if len(url) > MAX_URL_CHARACTERS:
        raise InvalidInput(f"The address is longer than {MAX_URL_CHARACTERS} characters.")
    if AMBIGUOUS.search(url):
        raise InvalidInput(
            "The address contains spaces, backslashes or control characters. Check it and paste it again."
        )
    scheme = SCHEME.match(url)
    if scheme is None:
        raise InvalidInput("The address must start with http:// or https://.")
    if scheme[1].lower() not in DEFAULT_PORTS:
        raise EgressDenied(
            f"Addresses of the kind {scheme[1].lower()[:20] + ':'!r} are not fetched; use http:// or https://."
        )
    if not url[scheme.end() :].startswith("//"):
        raise InvalidInput("The address must start with http:// or https://.")
    return _checked(url)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address belongs to the public internet, and not in disguise to anything else."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in IPV4_DENIED)
    if address.scope_id is not None or address not in IPV6_GLOBAL or any(address in block for block in IPV6_DENIED):
        return False
    return (int(address) >> 32) & 0xFFFFFFFF not in ISATAP


def is_private_name(host: str) -> bool:
    """Whether a host name means something inside by its name alone."""
    return ("." not in host and ":" not in host) or PRIVATE_NAMES.fullmatch(host) is not None


def _checked(url: str) -> Url:
    try:
        parsed = httpx2.URL(url).copy_with(fragment=None)
        host, port = parsed.host, parsed.port
        userinfo = parsed.userinfo
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise InvalidInput("The address is not a valid URL. Check it and paste it again.") from error
    if userinfo or "@" in url[: len(parsed.scheme) + 3 + len(parsed.netloc) + 1]:
        raise EgressDenied("Addresses with a user name or password in them are not fetched.")
    ascii_host = parsed.raw_host.decode("ascii").lower()
    host = ascii_host.removesuffix(".") if ascii_host != "." else ""
    if not host:
        raise InvalidInput("The address has no host name.")
    if ":" in host:
        _refuse_odd_ipv6(host)
    elif not HOST.fullmatch(host):
        raise EgressDenied("The address has a host name that is not valid.")
    elif NUMBER.fullmatch(host.rsplit(".", 1)[-1]) and not _is_dotted(host):
        raise EgressDenied("The address has a number for a host. Use its name.")
    if port is not None and not 0 < port < 65536:
        raise InvalidInput("The address has a port that does not exist.")
    if host != ascii_host:
        parsed = parsed.copy_with(host=host)
    return Url(str(parsed), parsed.scheme, host, port or DEFAULT_PORTS[parsed.scheme], parsed)


def _refuse_odd_ipv6(host: str) -> None:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError as error:
        raise InvalidInput("The address has an IPv6 host that is not valid.") from error
    if address.scope_id is not None:
        raise EgressDenied("Addresses with a network zone are not fetched.")


def _is_dotted(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False

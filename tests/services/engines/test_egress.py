"""Fetching: what is denied, what a redirect may do, and how a bad server is got rid of."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.engines.egress import Egress, Fetched, Resolver, resolve
from services.errors import EgressDenied, FetchFailed, InvalidInput, TooLarge
from services.settings import Settings

MIB = 2**20


@dataclass
class Site:
    """A local web server: a function per path, and the headers it was sent."""

    port: int = 0
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def page(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            if "Content_Length" not in headers:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer


@contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            try:
                site.answers.get(self.path, lambda handler: handler.send_error(404))(self)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda request, address: None  # type: ignore[method-assign]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture
def canary() -> Iterator[Callable[[], int]]:
    """A listener that nobody may connect to; calling it gives its port, and the end of the test checks its silence."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    yield lambda: int(listener.getsockname()[1])
    accepted = 0
    try:
        while True:
            listener.accept()[0].close()
            accepted += 1
    except TimeoutError:
        pass
    listener.close()
    assert accepted == 0


def egress(
    *allowed: str,
    resolver: Resolver = resolve,
    ports: tuple[int, ...] = (80, 443, 8080, 8443),
    tls: ssl.SSLContext | None = None,
) -> Egress:
    return Egress(Settings(fetch_private_hosts=list(allowed), fetch_ports=list(ports)), resolver=resolver, tls=tls)


def fetch(egress: Egress, url: str, *, max_bytes: int = MIB, timeout_seconds: float = 5, **headers: str) -> Fetched:
    return egress.fetch(url, max_bytes=max_bytes, timeout_seconds=timeout_seconds, headers=headers)


def test_a_page_is_fetched_with_its_headers_and_final_address(site: Site) -> None:
    site.page("/a", b"<p>hello</p>", Content_Type="text/html; charset=utf-8")
    page = fetch(egress(site.host), site.url("/a#part"))
    assert (page.status, page.content, page.final_url) == (200, b"<p>hello</p>", site.url("/a"))
    assert page.headers["Content-Type"] == page.headers["content-type"] == "text/html; charset=utf-8"
    assert site.seen[0][1]["user-agent"].startswith("Tidings")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "localhost.", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0"]
)
def test_this_machine_is_not_reached_by_any_of_its_names(canary: Callable[[], int], host: str) -> None:
    port = canary()
    with pytest.raises(EgressDenied):
        fetch(egress(ports=(port,)), f"http://{host}:{port}/")


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
        ["fe80::1%eth0"],
        ["not an address"],
    ],
)
def test_a_name_is_denied_when_any_of_its_addresses_is_private(canary: Callable[[], int], addresses: list[str]) -> None:
    port = canary()
    with pytest.raises(EgressDenied):
        fetch(egress(ports=(port,), resolver=lambda host, port: addresses), f"http://rebind.example.com:{port}/")


def test_a_name_is_asked_once_and_the_checked_answer_is_connected_to(site: Site) -> None:
    """DNS rebinding: between the check and the connection there is no second look at the name."""
    answers = iter([["127.0.0.1"]])
    name = f"rebind.example.com:{site.port}"
    site.page("/", b"ok")
    assert fetch(egress(name, resolver=lambda host, port: next(answers)), f"http://{name}/").content == b"ok"
    assert site.seen[0][1]["host"] == name


@pytest.mark.parametrize("port", [22, 25, 5432, 6333, 6379, 8000, 11211])
def test_ports_of_other_services_are_denied_on_public_hosts(port: int) -> None:
    with pytest.raises(EgressDenied, match="Port"):
        fetch(egress(resolver=lambda host, port: ["93.184.216.34"]), f"http://good.example.com:{port}/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("hop", [1, 5])
def test_a_redirect_inside_is_denied_at_its_hop(site: Site, canary: Callable[[], int], status: int, hop: int) -> None:
    for number in range(1, hop):
        site.page(f"/{number}", b"", status, Location=f"/{number + 1}")
    site.page(f"/{hop}", b"", status, Location=f"http://127.0.0.1:{canary()}/secret")
    with pytest.raises(EgressDenied, match="redirects to"):
        fetch(egress(site.host), site.url("/1"))
    assert len(site.seen) == hop


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://x.example/", "gopher://x/", "data:text/html,x", "s3://b/k", "dict://x:1/"]
)
def test_a_redirect_to_another_scheme_is_denied(site: Site, location: str) -> None:
    site.page("/", b"", 302, Location=location)
    with pytest.raises(EgressDenied, match="redirects to"):
        fetch(egress(site.host), site.url("/"))


@pytest.mark.parametrize(
    "location", ["http://good.example\\@127.0.0.1/", "http://[::1", "//user@127.0.0.1/", "http://127.0.0.1:1/ x"]
)
def test_a_redirect_that_parsers_read_differently_is_refused(site: Site, location: str) -> None:
    site.page("/", b"", 302, Location=location)
    with pytest.raises(InvalidInput):
        fetch(egress(site.host), site.url("/"))
    assert len(site.seen) == 1


def test_refresh_headers_and_tags_are_not_followed(site: Site, canary: Callable[[], int]) -> None:
    inside = f"http://127.0.0.1:{canary()}/"
    site.page("/", f'<meta http-equiv="refresh" content="0;url={inside}">'.encode(), Refresh=f"0; url={inside}")
    assert fetch(egress(site.host), site.url("/")).status == 200


def test_redirects_end_after_five(site: Site) -> None:
    site.page("/", b"", 302, Location="/")
    with pytest.raises(FetchFailed, match="more than 5"):
        fetch(egress(site.host), site.url("/"))
    assert len(site.seen) == 6


def test_credentials_stay_on_their_host(site: Site) -> None:
    with serve() as other:
        site.page("/", b"", 302, Location="/same")
        site.page("/same", b"", 302, Location=other.url("/other"), Set_Cookie="session=1")
        other.page("/other", b"ok")
        fetch(
            egress(site.host, other.host),
            site.url("/"),
            Authorization="Bearer secret",
            Cookie="a=b",
            X_Api_Key="k",
            Accept="text/html",
        )
        assert "authorization" in site.seen[1][1]
        sent = other.seen[0][1]
    assert not {"authorization", "cookie", "x_api_key"} & sent.keys()
    assert sent["accept"] == "text/html"
    assert sent["host"] == other.host


def test_cookies_are_never_kept(site: Site) -> None:
    site.page("/", b"", 302, Location="/next", Set_Cookie="a=b")
    site.page("/next", b"ok")
    fetch(egress(site.host), site.url("/"))
    assert "cookie" not in site.seen[1][1]


def test_proxies_of_the_environment_are_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch, canary: Callable[[], int]
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary()}")
    site.page("/", b"ok")
    assert fetch(egress(site.host), site.url("/")).content == b"ok"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_an_error_status_is_told(site: Site, status: int) -> None:
    site.page("/", b"no", status)
    with pytest.raises(FetchFailed, match=str(status)):
        fetch(egress(site.host), site.url("/"))


def test_messages_do_not_repeat_the_query(site: Site) -> None:
    with pytest.raises(FetchFailed) as caught:
        fetch(egress(site.host), site.url("/x?token=hunter2"))
    assert "hunter2" not in str(caught.value)


def test_a_page_above_the_limit_is_refused_by_its_declared_length(site: Site) -> None:
    site.page("/", b"x", Content_Length=str(10**12))
    with pytest.raises(TooLarge):
        fetch(egress(site.host), site.url("/"))


def test_a_page_above_the_limit_is_refused_while_it_streams(site: Site) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 65536)

    site.answers["/"] = endless
    with pytest.raises(TooLarge):
        fetch(egress(site.host), site.url("/"))


def test_a_compressed_bomb_is_stopped_at_the_limit(site: Site) -> None:
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
    bomb = b"".join(compressor.compress(bytes(MIB)) for _ in range(150)) + compressor.flush()
    assert len(bomb) < MIB
    site.page("/", bomb, Content_Encoding="gzip")
    started = time.perf_counter()
    with pytest.raises(TooLarge):
        fetch(egress(site.host), site.url("/"))
    assert time.perf_counter() - started < 20


def test_compressed_pages_are_unpacked_twice_at_most(site: Site) -> None:
    body = b"text"
    for depth in range(1, 4):
        body = gzip.compress(body)
        site.page(f"/{depth}", body, Content_Encoding=", ".join(["gzip"] * depth))
    assert fetch(egress(site.host), site.url("/2")).content == b"text"
    with pytest.raises(FetchFailed, match="3 times"):
        fetch(egress(site.host), site.url("/3"))


def test_broken_compression_is_told(site: Site) -> None:
    site.page("/", b"this is no gzip", Content_Encoding="gzip")
    with pytest.raises(FetchFailed, match="decompressed"):
        fetch(egress(site.host), site.url("/"))


@pytest.mark.parametrize("where", ["headers", "body"])
def test_a_server_that_drips_is_left_at_the_deadline(site: Site, where: str) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        if where == "body":
            handler.send_response(200)
            handler.end_headers()
        for _ in range(2000):
            handler.wfile.write(b"X")
            handler.wfile.flush()
            time.sleep(0.02)

    site.answers["/"] = drip
    started = time.perf_counter()
    with pytest.raises(FetchFailed, match="in time"):
        fetch(egress(site.host), site.url("/"), timeout_seconds=0.3)
    assert time.perf_counter() - started < 20


def test_a_resolver_that_hangs_is_left_at_the_deadline() -> None:
    release = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        release.wait(10)
        return []

    with pytest.raises(FetchFailed, match="in time"):
        fetch(egress(resolver=hang), "http://slow.example.com/", timeout_seconds=0.2)
    release.set()


def test_a_name_that_does_not_exist_is_told() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(FetchFailed, match=r"does not exist .* is online"):
        fetch(egress(resolver=unknown), "http://nowhere.example.com/")


def test_a_refused_connection_and_garbage_are_told(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(FetchFailed, match="could not be connected"):
        fetch(egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/")
    site.answers["/"] = lambda handler: handler.wfile.write(b"\x00\x01 not http\r\n\r\n") and None
    with pytest.raises(FetchFailed, match="not HTTP"):
        fetch(egress(site.host), site.url("/"))


def test_https_checks_the_certificate_against_the_name_not_the_address(tmp_path: Path) -> None:
    server_tls, client_tls = certificate(tmp_path, "good.example.com")
    with serve(server_tls) as site:
        site.page("/", b"ok")
        names = [f"{name}:{site.port}" for name in ("good.example.com", "evil.example.com")]
        guard = egress(*names, resolver=lambda host, port: ["127.0.0.1"], tls=client_tls)
        assert fetch(guard, f"https://{names[0]}/").content == b"ok"
        assert site.seen[0][1]["host"] == names[0]
        with pytest.raises(FetchFailed, match="certificate"):
            fetch(guard, f"https://{names[1]}/")
        with pytest.raises(FetchFailed, match="certificate"):
            fetch(egress(names[0], resolver=lambda host, port: ["127.0.0.1"]), f"https://{names[0]}/")


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A self-signed certificate: contexts of the server that shows it and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder(
            subject,
            subject,
            key.public_key(),
            x509.random_serial_number(),
            now - timedelta(days=1),
            now + timedelta(days=1),
        )
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))

"""What the environment says of the way to a platform, and every way in which it can say it wrongly."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import truststore

from reconciler.errors import SettingsError, Unreachable
from reconciler.platforms.credentials import NoCredentials
from reconciler.platforms.environment import Proxy, excepted, proxy_of, tls_context
from reconciler.platforms.http import Client
from tests.unit.platforms.losant.application import Stopwatch
from tests.unit.platforms.test_transport import OK, Handler, Hurried, answering, dripping, request_of, serving, silent


@pytest.mark.parametrize(
    ("host", "exceptions", "there"),
    [
        ("api.losant.com", "*", True),
        ("api.losant.com", "", False),
        ("api.losant.com", "losant.com", True),
        ("api.losant.com", ".losant.com", True),
        ("api.losant.com", "*.losant.com", True),
        ("api.losant.com", "a.example LOSANT.com", True),
        ("API.losant.com.", "https://losant.com", True),
        ("api.losant.com", "api.losant.com:443", True),
        ("api.losant.com", "api.losant.com:8443", False),
        ("api.losant.com", "sant.com", False),
        ("api.losant.com", "10.0.0.0/8", False),
        ("api.losant.com", ".,*.,:443", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("10.1.2.3", "10.1.2.3:80", False),
        ("10.1.2.3", "11.0.0.0/8,fd00::/8", False),
        ("::1", "[::1]", True),
        ("[::1]", "::1", True),
        ("::1", "[::1]:443", True),
        ("::1", "[::1]:80", False),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("fd00::7", "fd00::/8", True),
        ("fd00::7", "[fd00::]/8", True),
        ("fe80::1%eth0", "fe80::/10", True),
        ("fe00::7", "fd00::/8", False),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("::1", "[::1", True),
        ("10.1.2.3", "10.0.0.0/99,http://[::1,[,]:x,/", False),
    ],
)
def test_hosts_that_are_reached_without_a_proxy(host: str, exceptions: str, there: bool) -> None:
    assert excepted(host, 443, exceptions) is there


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"https_proxy": "http://p.example:3128"}, "http://p.example:3128"),
        ({"HTTPS_PROXY": "p.example:8080"}, "http://p.example:8080"),
        ({"ALL_PROXY": "https://p.example"}, "https://p.example:443"),
        ({"all_proxy": "http://p.example"}, "http://p.example:3128"),
        ({"https_proxy": " ", "all_proxy": "http://[fd00::1]:80"}, "http://[fd00::1]:80"),
        ({"https_proxy": "http://one", "all_proxy": "http://two"}, "http://one:3128"),
        ({"Https_Proxy": "http://one", "ALL_PROXY": "http://two"}, "http://one:3128"),
        ({"HTTPS_PROXY": "http://one", "https_proxy": "http://two", "HTTPS_proxy": "ftp://x"}, "http://two:3128"),
        ({"HTTPS_PROXY": "http://one", "https_proxy": ""}, "http://one:3128"),
        ({"all_proxy": "http://one", "No_Proxy": "api.losant.com"}, None),
        ({"http_proxy": "http://one"}, None),
        ({"https_proxy": "http://one", "no_proxy": "losant.com"}, None),
        ({"https_proxy": "socks5://one", "NO_PROXY": "*"}, None),
        ({}, None),
    ],
)
def test_the_proxy_of_a_host(environ: dict[str, str], url: str | None) -> None:
    assert proxy_of("api.losant.com", 443, environ) == (None if url is None else Proxy(url))


@pytest.mark.parametrize(
    ("user", "pair"), [("me:p%40ss", (b"me", b"p@ss")), ("€", ("€".encode(), b"")), (":", (b"", b""))]
)
def test_the_user_of_a_proxy_is_apart_from_its_address(user: str, pair: tuple[bytes, bytes]) -> None:
    assert proxy_of("h", 443, {"https_proxy": f"http://{user}@p.example:1"}) == Proxy("http://p.example:1", pair)


BAD_PROXIES = [
    ("socks5://p.example:1", "of the kind socks5://"),
    ("ftp://p.example", "of the kind ftp://"),
    ("http://[::1", "not the address of a proxy"),
    ("http://[nonsense]", "not the address of a proxy"),
    ("http://p.example:port", "not the address of a proxy"),
    ("http://p.example:99999", "not the address of a proxy"),
    ("http://", "not the address of a proxy"),
    ("http://p x", "not the address of a proxy"),
    ("http://ü.example", "not the address of a proxy"),
]


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "Https_Proxy"])
@pytest.mark.parametrize(("value", "text"), BAD_PROXIES)
def test_a_proxy_that_is_none_is_named_by_its_variable(name: str, value: str, text: str) -> None:
    with pytest.raises(SettingsError, match=text) as caught:
        proxy_of("api.losant.com", 443, {name: value})
    assert str(caught.value).startswith(name) or f"in {name} " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_system_is_trusted_where_no_variable_says_whom() -> None:
    assert isinstance(tls_context({}), truststore.SSLContext)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key", "-out", "cert"]
    subprocess.run([*command, *names], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key").read_text() + (folder / "cert").read_text())
    return both


def test_variables_say_whom_to_trust_and_where_keys_are_logged(certificate: Path, tmp_path: Path) -> None:
    log = tmp_path / "keys"
    context = tls_context({"SSL_CERT_FILE": str(certificate), "SSLKEYLOGFILE": str(log)})
    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.keylog_filename == str(log)
    assert tls_context({"SSL_CERT_DIR": f"/nope:{tmp_path}"}).get_ca_certs() == []
    assert tls_context({"SSLKEYLOGFILE": str(log)}).keylog_filename == str(log)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"])
@pytest.mark.parametrize("kind", ["missing", "not PEM", "fifo", "folder", "binary"])
def test_a_variable_that_cannot_be_used_is_named(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind in {"not PEM", "binary"}:
        path.write_bytes(b"nonsense" if kind == "not PEM" else bytes(range(256)))
    if (name, kind) in {("SSLKEYLOGFILE", "not PEM"), ("SSLKEYLOGFILE", "binary"), ("SSL_CERT_DIR", "folder")}:
        tls_context({name: str(path)})
        return
    path = path if (name, kind) != ("SSLKEYLOGFILE", "missing") else path / "below"
    with pytest.raises(SettingsError, match=f"^{name}=.* cannot be used: ") as caught:
        tls_context({name: str(path)})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "environ", [{"SSL_CERT_FILE": "/nope"}, {"https_proxy": "socks5://p"}, {"SSLKEYLOGFILE": "/nope/x"}], ids=str
)
def test_a_client_says_so_with_its_first_request_and_goes_no_further(environ: dict[str, str]) -> None:
    client = Client("https://h.example", NoCredentials(), platform="losant", clock=Stopwatch(), environ=environ)
    with pytest.raises(Unreachable, match=f"losant: read x: {next(iter(environ))}") as caught:
        client.get("/x", "read x")
    assert (caught.value.sent, caught.value.retryable) == (False, False)
    assert "unset it" in caught.value.hint
    client.close()


# --- TLS and proxies, over real sockets -----------------------------------------------------------------------------


@contextmanager
def speaking_tls(certificate: Path) -> Iterator[int]:
    """Serve one answer over TLS for each connection; gives the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
            request_of(secure)
            secure.sendall(OK)

    with serving(*[serve] * 4) as (url, _):
        yield int(url.rsplit(":", 1)[1])


def tunnelling(connection: socket.socket) -> None:
    """Be a proxy: open what CONNECT asks for, and carry bytes both ways."""
    where = request_of(connection).split()[1].decode()
    host, port = where.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as there:
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        back = threading.Thread(target=carry, args=(there, connection))
        back.start()
        carry(connection, there)
        back.join(5)


def carry(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while part := one.recv(65_536):
            other.sendall(part)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def asking(port: int, **environ: str) -> Client:
    """Return a client of a server on this machine, over TLS."""
    url, clock = f"https://127.0.0.1:{port}", Hurried()
    return Client(url, NoCredentials(), platform="losant", clock=clock, timeout=5, environ=environ)


def test_a_certificate_that_a_variable_names_is_trusted_and_no_other(certificate: Path) -> None:
    with speaking_tls(certificate) as port:
        trusting, wary = asking(port, SSL_CERT_FILE=str(certificate)), asking(port)
        assert trusting.get("/x", "read x").content == b"{}"
        with pytest.raises(Unreachable, match=r"TLS with .* failed: .*certificate") as caught:
            wary.get("/x", "read x")
        assert not caught.value.sent
        trusting.close()
        wary.close()


def _cut_short(secure: ssl.SSLSocket) -> None:
    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")


def _until_closed(secure: ssl.SSLSocket) -> None:
    secure.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")


def _no_tls(secure: ssl.SSLSocket) -> None:
    with socket.socket(fileno=secure.detach()) as plain:
        plain.sendall(b"this is no TLS at all")


def test_a_long_body_over_tls_comes_whole_and_its_connection_is_kept(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    body = bytes(range(256)) * 4_000

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            for _ in range(2):
                request_of(secure)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    with serving(serve) as (url, connections):
        client = asking(int(url.rsplit(":", 1)[1]), SSL_CERT_FILE=str(certificate))
        assert [client.read("/x", "read x", bytes) for _ in range(2)] == [body, body]
        assert connections == [1]
        client.close()


@pytest.mark.parametrize(
    ("end", "text"), [(_until_closed, ""), (_cut_short, "received 2 bytes, expected 9"), (_no_tls, "WRONG_VERSION")]
)
def test_tls_that_ends_without_a_word(end: Callable[[ssl.SSLSocket], None], text: str, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        secure = context.wrap_socket(connection, server_side=True)
        request_of(secure)
        end(secure)
        secure.close()

    with serving(serve) as (url, _):
        client = asking(int(url.rsplit(":", 1)[1]), SSL_CERT_FILE=str(certificate))
        if text:
            with pytest.raises(Unreachable, match=f"broke off: .*{text}") as caught:
                client.get("/x", "read x")
            assert caught.value.sent
        else:
            assert client.get("/x", "read x").content == b"{}"
        client.close()


def test_a_proxy_is_taken_unless_an_exception_holds_the_host(certificate: Path) -> None:
    with speaking_tls(certificate) as port, serving(tunnelling) as (proxy, connections):
        around = asking(port, SSL_CERT_FILE=str(certificate), https_proxy=proxy, no_proxy="127.0.0.0/8")
        through = asking(port, SSL_CERT_FILE=str(certificate), https_proxy=proxy)
        assert around.get("/x", "read x").content == b"{}"
        assert connections == []
        assert through.get("/x", "read x").content == b"{}"
        assert connections == [1]
        around.close()
        through.close()


def test_a_proxy_may_be_spoken_to_over_tls(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def secretly(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            tunnelling(secure)

    with speaking_tls(certificate) as port, serving(secretly) as (proxy, _):
        client = asking(port, SSL_CERT_FILE=str(certificate), https_proxy=proxy.replace("http:", "https:"))
        assert client.get("/x", "read x").content == b"{}"
        client.close()


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), "407 Proxy Authentication Required"),
        (answering(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"), "502 Bad Gateway"),
        (request_of, "no connection to"),
        (dripping(b"HTTP/1.1 200 Connected\r\nX: "), "no connection to"),
        (dripping(b"HTTP/1.1 200 Connected\r\n", b"X: y\r\n"), "no connection to"),
    ],
)
def test_a_proxy_that_opens_no_tunnel(handler: Handler, text: str, certificate: Path) -> None:
    with serving(handler) as (proxy, _):
        client = Client(
            "https://127.0.0.1:1",
            NoCredentials(),
            platform="losant",
            clock=Hurried(),
            timeout=0.3,
            environ={"https_proxy": proxy.replace("://", "://me:secret@"), "SSL_CERT_FILE": str(certificate)},
        )
        with pytest.raises(Unreachable) as caught:
            client.write("/x", "write x", {}, bytes, time.monotonic() + 2)
        assert text in str(caught.value)
        assert (caught.value.sent, caught.value.retryable) == (False, True)
        assert "secret" not in str(caught.value)
        client.close()


def test_a_proxy_is_asked_for_an_address_of_ipv6_in_brackets() -> None:
    asked: list[bytes] = []
    with serving(lambda connection: asked.append(request_of(connection))) as (proxy, _):
        client = Client(
            "https://[fd00::7]:8443",
            NoCredentials(),
            platform="losant",
            clock=Hurried(),
            timeout=5,
            environ={"https_proxy": proxy},
        )
        with pytest.raises(Unreachable):
            client.get("/x", "read x")
        client.close()
    assert asked[0].startswith(b"CONNECT [fd00::7]:8443 HTTP/1.1\r\n")
    assert b"\r\nhost: [fd00::7]:8443\r\n" in asked[0].lower()


def test_a_name_that_no_certificate_can_be_for_is_an_error_as_any_other() -> None:
    def opens(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")

    with serving(opens) as (proxy, _):
        url, environ = f"https://{'h' * 64}.example", {"https_proxy": proxy}
        client = Client(url, NoCredentials(), platform="losant", clock=Hurried(), timeout=5, environ=environ)
        with pytest.raises(Unreachable, match=r"no connection to .*label") as caught:
            client.get("/x", "read x")
        client.close()
    assert not caught.value.sent


def _speaks_no_tls(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize(
    ("scheme", "handler", "text"),
    [
        ("http", None, "no connection to .*: the proxy {proxy}: .*refused"),
        ("https", None, "no connection to .*: the proxy {proxy}: .*refused"),
        ("http", answering(b"gibberish\r\n\r\n"), "no connection to .*: the proxy {proxy}: illegal status line"),
        ("https", _speaks_no_tls, "TLS with .* failed: the proxy {proxy}: .*WRONG_VERSION"),
    ],
)
def test_what_a_proxy_fails_at_is_told_of_the_proxy(scheme: str, handler: Handler | None, text: str) -> None:
    with serving(*[handler] if handler else []) as (url, _):
        proxy = url.replace("http:", f"{scheme}:") if handler else f"{scheme}://127.0.0.1:1"
        environ = {"https_proxy": proxy.replace("://", "://me:secret@")}
        client = Client(
            "https://h.example", NoCredentials(), platform="losant", clock=Hurried(), timeout=5, environ=environ
        )
        with pytest.raises(Unreachable, match=text.format(proxy=proxy)) as caught:
            client.get("/x", "read x")
        client.close()
    assert not caught.value.sent
    assert "secret" not in str(caught.value)


def _opens_and_waits(connection: socket.socket) -> None:
    request_of(connection)
    connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    silent(connection)


@pytest.mark.parametrize("ends", ["stop", "time"])
@pytest.mark.parametrize("where", ["name", "handshake", "proxy", "tunnel", "proxy's handshake"])
def test_a_read_ends_wherever_it_waits(
    where: str, ends: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, asked, done, closed = Hurried(), threading.Event(), threading.Event(), threading.Event()
    resolve = socket.getaddrinfo

    def handle(connection: socket.socket) -> None:
        asked.set()
        (_opens_and_waits if where == "tunnel" else silent)(connection)
        closed.set()

    def hang(*args: Any, **options: Any) -> Any:
        asked.set()
        done.wait(30)
        return resolve(*args, **options)

    def stop() -> None:
        asked.wait(30)
        clock.stop()

    with serving(handle) as (url, _):
        proxy = url.replace("http:", "https:") if where == "proxy's handshake" else url
        environ = {"SSL_CERT_FILE": str(certificate)}
        target = url.replace("http:", "https:")
        if where not in {"name", "handshake"}:
            target, environ["https_proxy"] = "https://h.example", proxy
        if where == "name":
            monkeypatch.setattr(socket, "getaddrinfo", hang)
        client = Client(
            target,
            NoCredentials(),
            platform="losant",
            clock=clock,
            timeout=60 if ends == "stop" else 0.5,
            environ=environ,
        )
        if ends == "stop":
            threading.Thread(target=stop, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(Unreachable, match="asked to stop" if ends == "stop" else "no connection to") as caught:
            client.get("/x", "read x")
        assert time.monotonic() - began < 50
        assert not caught.value.sent
        done.set()
        assert closed.wait(30)  # also what was opened late
        client.close()

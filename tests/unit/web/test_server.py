"""The server of a watch: pages, and what it refuses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event

import httpx
import pytest

from reconciler.errors import SettingsError
from reconciler.model.health import Finding, Why
from reconciler.web.server import MOST, Answer, Server, probe, shown
from tests.e2e.conftest import until


class Pages:
    """What is served, and whether it is to wait."""

    def __init__(self) -> None:
        self.go = Event()
        self.well = True

    def slow(self) -> Answer:
        self.go.wait(60)
        return Answer(b"late\n")

    def broken(self) -> Answer:
        raise ValueError("secret")

    def health(self) -> Finding:
        return Finding(self.well) if self.well else Finding(well=False, why=Why.UNREAD, seconds=4000.0)


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def server(pages: Pages) -> Iterator[Server]:
    one = Server(
        "127.0.0.1",
        0,
        {"/a": lambda: Answer(b"x\n"), "/slow": pages.slow, "/broken": pages.broken, "/health": probe(pages.health)},
    )
    yield one
    pages.go.set()
    one.close()


def test_pages_are_served_and_others_are_named(server: Server) -> None:
    found = httpx.get(f"{server.url}/a?x=1")
    assert (found.status_code, found.text, found.headers["content-type"]) == (200, "x\n", "text/plain; charset=utf-8")
    assert httpx.head(f"{server.url}/a").headers["content-length"] == "2"
    assert (httpx.get(server.url).status_code, httpx.get(server.url).text) == (404, "/a /broken /health /slow\n")
    assert httpx.post(f"{server.url}/a", content=b"x" * 100).status_code == 405


def test_a_probe_says_why(server: Server, pages: Pages) -> None:
    assert (httpx.get(f"{server.url}/health").status_code, httpx.get(f"{server.url}/health").text) == (200, "ok\n")
    pages.well = False
    found = httpx.get(f"{server.url}/health")
    assert (found.status_code, found.text) == (503, "no connection could be read for 1 h 6 min\n")


def test_what_breaks_shows_nothing_and_breaks_nothing_else(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    found = httpx.get(f"{server.url}/broken")
    assert found.status_code == 500
    assert "secret" not in found.text
    assert httpx.get(f"{server.url}/a").status_code == 200
    assert capfd.readouterr() == ("", "")


def test_a_few_are_answered_at_a_time_and_who_goes_away_leaves_room(server: Server, pages: Pages) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    waiting = []
    for _ in range(MOST):
        one = socket.create_connection((host, int(port)))
        one.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        waiting.append(one)
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{server.url}/a")
    pages.go.set()
    for one in waiting:
        one.settimeout(30)
        while one.recv(1000):
            pass
        one.close()
    until(lambda: _answered(f"{server.url}/a"), "room for another request")


def _answered(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_port_that_is_taken_and_an_address_of_nobody_are_refused(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}: "):
        Server("127.0.0.1", port, {})
    with pytest.raises(SettingsError, match=r"cannot listen on nobody.invalid:1: "):
        Server("nobody.invalid", 1, {})


def test_addresses_of_version_6_stand_in_brackets() -> None:
    assert [shown("::1", 1), shown("127.0.0.1", 1), shown(b"::1", 1)] == ["[::1]:1", "127.0.0.1:1", "[::1]:1"]

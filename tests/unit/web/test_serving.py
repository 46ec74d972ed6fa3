"""The server of the page: where it listens, who it waits for, and that it ends."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import httpx
import pytest

from reconciler.errors import SettingsError
from reconciler.web import serving as module
from reconciler.web.serving import Serving
from tests.unit.web.served import VIEWER, World, bearer, serving


def test_a_port_that_is_taken_and_an_address_of_nobody_are_refused() -> None:
    first = Serving("127.0.0.1", 0)
    with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{first.port}: "):
        Serving("127.0.0.1", first.port)
    first.close()
    with pytest.raises(SettingsError, match=r"cannot listen on nobody.invalid:1: "):
        Serving("nobody.invalid", 1)


def test_who_asks_for_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    world = World(tmp_path)
    with serving(world) as client:
        for sent in (b"", b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n"):
            with socket.create_connection(("127.0.0.1", world.port)) as one:
                one.settimeout(30)
                one.sendall(sent)
                assert one.recv(100) == b"", "the connection is closed"
        assert client.get("/healthz").status_code == 200


def test_heads_are_bounded(tmp_path: Path) -> None:
    world = World(tmp_path)
    with serving(world) as client:
        with contextlib.suppress(httpx.TransportError):  # it may be cut off while it is still being sent
            assert client.get("/healthz", headers={"x": "y" * module.HEAD * 8}).status_code == 400
        assert client.get("/healthz").status_code == 200


def test_it_ends_while_somebody_looks(tmp_path: Path) -> None:
    world = World(tmp_path)
    with serving(world) as client:
        answer = client.send(client.build_request("GET", "/api/v1/stream", headers=bearer(VIEWER)), stream=True)
        lines = answer.iter_lines()
        assert next(lines) == "event: news"
    with pytest.raises(httpx.HTTPError):
        client.get("/healthz") if not client.is_closed else httpx.get(f"{world.url}/healthz")

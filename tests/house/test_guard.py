"""The guards of the tests themselves: nothing leaves this machine, and nothing of its owner comes in."""

from __future__ import annotations

import os
import socket
import threading

import httpx
import pytest

from tests.conftest import NetworkRefusedError


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"])
def test_a_foreign_address_is_refused(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock, pytest.raises(NetworkRefusedError, match="this machine only"):
        sock.connect((host, 443))
    with socket.socket(family) as sock, pytest.raises(NetworkRefusedError):
        sock.connect_ex((host, 443))


def test_a_foreign_name_is_not_looked_up() -> None:
    with pytest.raises(NetworkRefusedError):
        socket.getaddrinfo("example.com", 443)
    with pytest.raises(NetworkRefusedError):
        httpx.get("https://example.com/", trust_env=False)


def test_a_reserved_name_fails_as_in_life() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("platform.invalid", 443)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            server.accept()[0].close()

        answered = threading.Thread(target=answer)
        answered.start()
        socket.create_connection(server.getsockname()[:2]).close()
        answered.join()


def test_the_environment_is_everyones() -> None:
    foreign = [
        name for name in os.environ if name.startswith(("LOSANT_", "RECONCILER_")) and name != "RECONCILER_SPECS"
    ]
    assert not foreign
    assert "NO_COLOR" not in os.environ
    assert os.environ["COLUMNS"] == "100"

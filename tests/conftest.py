"""What holds for every test: loopback only, a clean environment, and hypothesis profiles.

Profiles: `default` while developing, `ci` where `CI` is set (the same examples every time), `deep` on request:
`HYPOTHESIS_PROFILE=deep`.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from tests import measured

pytest_plugins = ["tests.postgres"]

collect_ignore = ["plugin"]
"""A distribution of its own, whose tests run where it is installed (`tests/house/test_plugin.py`)."""

_FOREIGN = ("LOSANT_", "GETAPP_", "MEMFAULT_", "RECONCILER_", "GIT_", "GITHUB_")
_NOISY = frozenset({"no_color", "force_color", "clicolor_force", "http_proxy", "https_proxy", "all_proxy", "no_proxy"})
_KEPT = frozenset(
    {"RECONCILER_SPECS", "RECONCILER_UPDATE_GOLDEN"}
)  # where the vendors' schemas lie; whether to write golden files

settings.register_profile("default", max_examples=60, deadline=None)
settings.register_profile("ci", max_examples=60, deadline=None, derandomize=True, print_blob=True)
settings.register_profile("deep", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))


def pytest_configure(config: pytest.Config) -> None:
    """Take in what decides which tests are measured."""
    config.pluginmanager.register(measured)


@pytest.hookimpl(optionalhook=True)  # there is no such hook without xdist
def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers `-n auto` is: tests wait for servers and other processes about as long as they compute."""
    return 2 * (os.cpu_count() or 1)


class NetworkRefusedError(RuntimeError):
    """A test tried to leave this machine. Not an OSError, so that no retry or error translation swallows it."""


def _loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host is None or host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection and every name look-up that is not of this machine."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(sock: socket.socket, address: Any) -> None:
        if sock.family in {socket.AF_INET, socket.AF_INET6} and not _loopback(address[0]):
            msg = f"a test tried to connect to {address[0]}; tests talk to this machine only"
            raise NetworkRefusedError(msg)

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        check(sock, address)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        check(sock, address)
        return connect_ex(sock, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if str(name).endswith(".invalid"):  # reserved: never resolves, and no resolver need be asked
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not _loopback(name):
            msg = f"a test tried to look up {name}; tests talk to this machine only"
            raise NetworkRefusedError(msg)
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give each test the same environment: no credentials, no colour, 100 columns, UTC, own git identity, own history."""
    for name in list(os.environ):
        if (name.startswith(_FOREIGN) and name not in _KEPT) or name.lower() in _NOISY:
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / f"state-{uuid4().hex}"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.invalid")

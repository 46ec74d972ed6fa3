"""Which hosts are ours, and which requests come from a page of ours."""

from __future__ import annotations

import pytest

from reconciler.web.hosts import is_ours, same_origin

NAMES = frozenset({"fleet.example.com"})


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8484", True),
        ("10.1.2.3:8484", True),
        ("[::1]:8484", True),
        ("localhost:8484", True),
        ("LOCALHOST", True),
        ("localhost.", True),
        ("fleet.example.com", True),
        ("Fleet.Example.com:443", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("evil.example/127.0.0.1", False),
        ("127.0.0.1 evil.example", False),
        ("[::1", False),
        ("127.0.0.1:port", False),
        ("127.1", False),
        ("", False),
    ],
)
def test_a_host_is_ours_by_its_address_or_by_a_configured_name(host: str, ours: bool) -> None:
    assert is_ours(host, NAMES) is ours


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"origin": "http://127.0.0.1:8484"}, True),
        ({"origin": "https://fleet.example.com"}, True),
        ({"origin": "http://127.0.0.1:9999"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
    ],
)
def test_a_change_comes_from_a_page_of_ours(headers: dict[str, str], ours: bool) -> None:
    assert same_origin({"host": "127.0.0.1:8484", **headers}, NAMES) is ours

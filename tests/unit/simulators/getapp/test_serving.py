"""The simulator behind a real socket."""

from __future__ import annotations

import httpx

from reconciler.simulators.getapp import Served, Shape, serve
from tests.unit.simulators.getapp.caller import NEW, ROOT

SMALL = Shape(units=3, offline=0, failing=0, settle=0)


def test_what_is_announced_is_enough_to_begin() -> None:
    with serve(SMALL) as getapp:
        told = getapp.announcement()
        assert told == {
            "platform": "getapp",
            "url": getapp.url,
            "delivery": getapp.url,
            "username": getapp.username,
            "password": getapp.password,
        }
        login = {"username": told["username"], "password": told["password"]}
        token = httpx.post(f"{told['delivery']}/api/v1/login", json=login).json()["accessToken"]
        found = httpx.get(
            f"{told['delivery']}/api/v1/catalog/releases/project/radio/version/1.4.0",
            headers={"authorization": f"Bearer {token}"},
        )
        assert found.json()["id"] == NEW


def test_the_control_surface() -> None:
    with serve(SMALL) as getapp:
        assert isinstance(getapp, Served)
        httpx.post(f"{getapp.url}/simulator/restart_agent", json={"device": ROOT, "seconds": 1000})
        try:
            httpx.get(f"{getapp.url}/api/v2/device")
        except httpx.TransportError:
            broken = True
        else:
            broken = False
        assert broken
        assert httpx.get(f"{getapp.url}/api/v1/checkHealth").text == "API gateway is well"

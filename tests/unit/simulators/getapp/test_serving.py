"""The simulator behind a real socket."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from reconciler.simulators.getapp import Served, Shape, serve
from tests.unit.simulators.getapp.caller import CHILD, NEW, ROOT

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


def test_ids_travel_percent_encoded() -> None:
    with serve(SMALL) as getapp:
        for catalog_id in (NEW, "11.radio@2.0.0-rc.1+build.7"):
            path = quote(catalog_id, safe="")
            assert httpx.post(f"{getapp.url}/delivery/startItem/{path}").status_code == 200
            row = httpx.get(f"{getapp.url}/api/v2/device/releases/{path}").json()
            assert row["release"]["id"] == catalog_id
        both = httpx.get(f"{getapp.url}/api/cdn/device/releases?device_id={ROOT}&device_id={CHILD}").json()
        assert [entry["deviceId"] for entry in both] == [ROOT, CHILD]
        assert {row["told"] for row in getapp.world.state() if row["device"] == ROOT} >= {"1.3.0"}


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

"""Over real HTTP: names that need quoting, and the control surface."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from reconciler.simulators.memfault import Shape, serve


@pytest.mark.parametrize("version", ["3.0.0+a/b", "a:b", "a b (c) [d]", "a\\b"])
def test_versions_that_need_quoting(version: str) -> None:
    with serve(Shape(devices=1)) as memfault:
        base = f"{memfault.url}/api/v0/organizations/{memfault.organization}/projects/{memfault.project}"
        with httpx.Client(headers={"authorization": f"Bearer {memfault.token}"}) as client:
            assert client.post(f"{base}/releases", json={"version": version}).status_code == 200
            place = f"{base}/releases/{quote(version, safe='')}"
            assert client.get(place).json()["data"]["version"] == version
            assert client.get(f"{base}/releases", params={"version": version}).json()["paging"]["total_count"] == 1
            assert client.delete(place).status_code == 204


def test_breaking_things_from_another_process() -> None:
    with serve(Shape(devices=1)) as memfault, httpx.Client(base_url=memfault.url) as client:
        assert client.post("/simulator/add_cohort", json={"name": "Fresh"}).json() == {"success": True, "id": "fresh"}
        assert len(client.get("/simulator/state").json()["rows"]) == 12

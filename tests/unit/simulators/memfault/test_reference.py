"""What the vendor's reference names is there: the page on releases, and the examples of the published document."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.simulators.memfault.caller import BASE, Caller
from tests.unit.simulators.memfault.test_access import USER

SPEC = (
    Path(os.environ.get("RECONCILER_SPECS") or Path(__file__).parents[4].parent / "shared" / "specs")
    / "memfault"
    / "memfault-api-2023.json"
)

REQUEST = {"version": "1.2.3", "min_version": "1.0.0", "revision": "11d9", "notes": "<ul></ul>", "extra_info": {"a": 1}}
RESPONSE = {
    "id": int, "created_date": str, "updated_date": str, "version": str, "min_version": str, "revision": str,
    "notes": str, "extra_info": dict, "count_devices": int,
}  # fmt: skip


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def test_the_page_on_releases(fleet: Caller) -> None:
    made = fleet.call("POST", "/releases", REQUEST)[1]["data"]
    assert made | REQUEST == made
    assert {name: type(made[name]) for name in RESPONSE} == RESPONSE
    assert fleet.one("/releases/1.2.3") == made
    build = fleet.one("/releases/1.4.0")["artifacts"][0]["build_id"]
    for query, count in (
        ("revision=11d9", 1),
        ("version=1.2.3", 1),
        ("hardware_version=main-fw-evt", 5),
        (f"build_id={build}", 1),
        ("sort=-created_date", 13),
        ("sort=created_date", 13),
    ):
        assert len(fleet.rows("/releases", query)) == count
    assert fleet.rows("/releases", "sort=-created_date")[0] == made


@pytest.mark.skipif(not SPEC.is_file(), reason=f"the vendor's document is not at {SPEC}; set RECONCILER_SPECS")
@pytest.mark.parametrize(
    ("method", "path", "ours"),
    [
        ("get", "/releases", "/releases"),
        ("get", "/releases/{release_version}", "/releases/1.4.0"),
        ("get", "/deployments", "/deployments"),
        ("get", "/cohorts", "/cohorts"),
        ("get", "/cohorts/{cohort_slug}", "/cohorts/beta"),
        ("get", "/cohorts/{cohort_slug}/devices", "/cohorts/beta/devices"),
        ("get", "/devices", "/devices"),
        ("get", "/devices/{device_serial}", "/devices/SN0001"),
        ("get", "/installs", "/installs"),
        ("get", "", ""),
    ],
)
def test_every_field_of_an_example_is_answered(fleet: Caller, method: str, path: str, ours: str) -> None:
    document = json.loads(SPEC.read_text())
    whole = "/api/v0/organizations/{organization_slug}/projects/{project_slug}" + path
    example = document["paths"][whole][method]["responses"]["200"]["content"]["application/json"]["example"]
    fleet.activate("beta", "1.2.0")
    fleet.world.set_failing("SN0001", True)
    fleet.world.activate("beta", "1.4.0")
    fleet.settle()
    answer = json.loads(fleet.raw("GET", BASE + ours).body)
    missing = sorted(absent(example, answer))
    # devices name their cohort without its size since 2022; the key of a project is a secret
    assert [name for name in missing if name not in {"data.cohort.count_devices", "data.api_key"}] == []


def absent(example: Any, answer: Any, place: str = "") -> set[str]:
    """The places of an example's fields that an answer has not; of lists, the first rows are compared."""
    if isinstance(example, list) and isinstance(answer, list):
        return absent(example[0], answer[0], place) if example and answer else set()
    if not isinstance(example, dict) or not isinstance(answer, dict):
        return set()
    found = {f"{place}.{name}".lstrip(".") for name in example if name not in answer}
    for name in example.keys() & answer.keys():
        found |= absent(example[name], answer[name], f"{place}.{name}".lstrip("."))
    return found


@pytest.mark.skipif(not SPEC.is_file(), reason=f"the vendor's document is not at {SPEC}; set RECONCILER_SPECS")
def test_me(fleet: Caller) -> None:
    document = json.loads(SPEC.read_text())
    example = document["paths"]["/auth/me"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert absent(example, json.loads(fleet.raw("GET", "/auth/me", headers=USER).body)) == set()

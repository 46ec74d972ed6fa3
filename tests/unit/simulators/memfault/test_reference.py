"""Every field of the examples in the vendor's published document is answered."""

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


@pytest.fixture
def fleet() -> Caller:
    return Caller()


@pytest.mark.skipif(not SPEC.is_file(), reason=f"the vendor's document is not at {SPEC}; set RECONCILER_SPECS")
@pytest.mark.parametrize(
    ("method", "path", "ours"),
    [
        ("get", "/releases", "/releases"),
        ("get", "/releases/{release_version}", "/releases/1.4.0"),
        ("get", "/deployments", "/deployments"),
        ("get", "/cohorts", "/cohorts"),
        ("get", "/cohorts/{cohort_slug}/devices", "/cohorts/beta/devices"),
        ("get", "/devices", "/devices"),
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
    # devices name their cohort without its size since 2022
    assert [name for name in missing if name != "data.cohort.count_devices"] == []


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

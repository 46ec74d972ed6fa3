"""Which units of today's fleets were another fleet's at the base."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reconciler.core.decide import PlanRequest
from reconciler.core.migrated import Migrated, migrated
from reconciler.model.fleet import FleetSpec, Manifest, Selector
from reconciler.model.provenance import ConnectionChange, ConnectionEdit
from tests.laws.strategies import document, drafted
from tests.unit.core.test_tally import WELL, snapshot

SEEN = snapshot(WELL, WELL, WELL)


def fleet(*names: str, connection: str = "plant") -> FleetSpec:
    return FleetSpec(connection=connection, units=Selector(names=list(names)), workloads={})


def manifest(fleets: dict[str, FleetSpec]) -> Manifest:
    return Manifest({}, {}, {name: document(one, name) for name, one in fleets.items()}, "digest")


def between(before: dict[str, FleetSpec] | None, today: dict[str, FleetSpec], **more: Any) -> Migrated:
    now = manifest(today)
    request = PlanRequest(manifest=now, base=None if before is None else manifest(before), **more)
    return migrated(request, [drafted(one, SEEN) for one in now.fleets.values()])


@pytest.mark.parametrize(
    ("before", "today", "found"),
    [
        ({"a": fleet("gw-0", "gw-1")}, {"a": fleet("gw-0"), "b": fleet("gw-1")}, {"b": ["a"]}),
        ({"a": fleet("gw-0"), "b": fleet("gw-1")}, {"a": fleet("gw-1"), "b": fleet("gw-0")}, {"a": ["b"], "b": ["a"]}),
        ({"a": fleet("gw-0"), "b": fleet("gw-1")}, {"b": fleet("gw-0", "gw-1")}, {"b": ["a"]}),
        ({"a": fleet("gw-0"), "b": fleet("gw-1")}, {"c": fleet("gw-0", "gw-1")}, {"c": ["a", "b"]}),
        ({"a": fleet("gw-0"), "b": fleet("gw-0")}, {"a": fleet("gw-1"), "b": fleet("gw-0", "gw-2")}, {}),
        ({"a": fleet("gw-0")}, {"a": fleet("gw-0"), "b": fleet("gw-0")}, {}),
        ({"a": fleet("gw-0")}, {"a": fleet("gw-0")}, {}),
        ({"a": fleet("gw-0", connection="office")}, {"b": fleet("gw-0")}, {}),
        (None, {"a": fleet("gw-0")}, {}),
    ],
    ids=["some", "swapped", "all", "of two", "its own", "still there", "the same", "of another application", "no base"],
)
def test_units_that_were_another_fleets(
    before: dict[str, FleetSpec] | None, today: dict[str, FleetSpec], found: dict[str, list[str]]
) -> None:
    assert between(before, today) == found


def test_a_connection_of_another_name_is_the_same() -> None:
    renamed = ConnectionChange(
        connection="plant", platform="losant", edit=ConnectionEdit.RENAMED, renamed_from="office"
    )
    before = {"a": fleet("gw-0", connection="office")}
    assert between(before, {"b": fleet("gw-0")}, connections=(renamed,)) == {"b": ["a"]}
    elsewhere = msgspec.structs.replace(renamed, retargeted=True)
    assert between(before, {"b": fleet("gw-0")}, connections=(elsewhere,)) == {}

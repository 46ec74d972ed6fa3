"""Laws of recorded readings: what was recorded replays as what was read, and what contradicts itself is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.recorded import RecordedSnapshot, record, replay
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Unit
from tests.laws.strategies import VERSIONS, WORKLOADS, snapshots

releases = st.builds(Release, st.sampled_from([one.id for one in WORKLOADS] + ["gone"]), st.sampled_from(VERSIONS))
infos = st.builds(
    ReleaseInfo,
    found=st.none() | st.booleans(),
    released=st.booleans(),
    identity=st.sampled_from(["", "etag-1"]),
    minimum_agent=st.none() | st.just("1.2.3"),
    notes=st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    size=st.none() | st.integers(0, 1 << 40),
    forbidden=st.sampled_from(["", "develop is never deployed"]),
)
catalogs = st.dictionaries(releases, infos, max_size=4)


def units(snapshot: Snapshot) -> list[Unit]:
    return [snapshot.units[row] for row in range(len(snapshot.units))]


def slots(snapshot: Snapshot) -> list[list[Any]]:
    return [[snapshot.state(one.id, row) for row in range(len(snapshot.units))] for one in snapshot.workloads]


@given(snapshots(), catalogs)
def test_what_was_recorded_replays_as_what_was_read(snapshot: Snapshot, catalog: Catalog) -> None:
    kept = record("plant", "losant", snapshot, catalog)
    again = msgspec.json.decode(msgspec.json.encode(kept), type=RecordedSnapshot)
    assert again == kept
    replayed, answers = replay(again)
    assert answers == catalog
    assert units(replayed) == units(snapshot)
    assert slots(replayed) == slots(snapshot)
    for name in ("identity", "workloads", "states", "columns", "coverage", "read_at"):
        assert getattr(replayed, name) == getattr(snapshot, name)
    for name in snapshot.units.__struct_fields__:
        assert getattr(replayed.units, name) == getattr(snapshot.units, name)
    assert record("plant", "losant", replayed, answers) == kept


def whole() -> dict[str, Any]:
    """Return a small recorded reading as JSON values."""
    return {
        "format": "reconciler/snapshot.v1",
        "connection": "plant",
        "platform": "losant",
        "identity": "test:world",
        "read_at": 1.5,
        "coverage": {"complete": True},
        "units": {
            "ids": ["a", "b"],
            "names": ["gw-a", "gw-b"],
            "labels": [0, 1],
            "label_sets": [[], [["ring", "canary"], ["site", "austin"]]],
            "reach": [1, 2],
            "assignable": [1, 0],
            "agents": [0, 1],
            "agent_versions": [None, "1.2.3"],
            "sizes": [1, 40],
        },
        "workloads": [{"id": "w1", "name": "poller"}, {"id": "w2", "name": "vision"}],
        "states": [{}, {"assigned": "v1", "reported": "v1"}],
        "columns": {"w1": [0, 1]},
        "catalog": [{"release": {"workload": "w1", "version": "v1"}, "info": {"found": True}}],
    }


def test_the_example_replays() -> None:
    snapshot, catalog = replay(msgspec.convert(whole(), RecordedSnapshot))
    assert snapshot.state("w1", 1).assigned == "v1"
    assert snapshot.units[1].size == 40
    assert catalog == {Release("w1", "v1"): ReleaseInfo(found=True)}


def at(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change that puts a value somewhere."""

    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (at("format", value="reconciler/snapshot.v2"), "its format is 'reconciler/snapshot.v2'"),
        (at("units", "ids", value=["b", "a"]), "not sorted"),
        (at("units", "ids", value=["a", "a"]), "not sorted by distinct ids"),
        (at("units", "names", value=["one"]), "1 names for 2 units"),
        (at("units", "labels", value=[0, 2]), "labels points outside"),
        (at("units", "labels", value=[0]), "labels has 1 entries for 2 units"),
        (at("units", "label_sets", 1, value=[["site", "x"], ["ring", "y"]]), "labels is not sorted"),
        (at("units", "reach", value=[0, 1, 2]), "reach has 3 entries"),
        (at("units", "assignable", value=[]), "assignable has 0 entries"),
        (at("units", "agents", value=[0, 2]), "agents points outside"),
        (at("units", "agent_versions", value=[]), "agent version"),
        (at("units", "agent_versions", value=["1.0", None]), "agent version"),
        (at("units", "sizes", value=[1]), "sizes has 1 entries"),
        (at("workloads", 1, "id", value="w1"), "two of its workloads"),
        (at("columns", "w9", value=[0, 0]), "a workload that is not listed"),
        (at("columns", "w1", value=[0, 2]), "the column of 'w1' points outside"),
        (at("columns", "w1", value=[0]), "the column of 'w1' has 1 entries"),
        (at("states", value=[]), "first state"),
        (at("states", 0, value={"assigned": "v1"}), "first state"),
        (at("coverage", "complete", value=False), "first state"),
        (
            at("catalog", value=[{"release": {"workload": "w1", "version": "v"}, "info": {"found": None}}] * 2),
            "stands twice",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(change: Callable[[dict[str, Any]], None], words: str) -> None:
    document = whole()
    change(document)
    with pytest.raises(ValueError, match=words):
        replay(msgspec.convert(document, RecordedSnapshot))


@pytest.mark.parametrize("number", [-1, 1 << 32, 1 << 70])
def test_numbers_that_no_column_holds_are_refused(number: int) -> None:
    kept = msgspec.convert(whole(), RecordedSnapshot)
    wrong = msgspec.structs.replace(kept, columns={"w1": [0, number]})
    with pytest.raises(ValueError, match="points outside"):
        replay(wrong)

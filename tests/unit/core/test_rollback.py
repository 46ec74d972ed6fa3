"""Which version is taken back, and what comes in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from reconciler.core import rollback
from reconciler.core.rollback import Back
from reconciler.core.track_record import NotTaken, Target, TrackRecord, Why
from reconciler.errors import SettingsError
from reconciler.model.fleet import ChannelSpec, Document, FleetSpec, Manifest
from reconciler.model.memory import Memory
from reconciler.model.origin import Origin
from reconciler.model.ruling import RolloutId


def document(name: str, spec: Any) -> Document:
    return Document(name, spec, f"{name}.yaml", lambda path: Origin(f"{name}.yaml", len(path)))


def manifest(fleets: Mapping[str, Any], **channels: str) -> Manifest:
    """Return manifests: workloads, pins and what else a fleet says; the version that each channel has for `w`."""
    specs = {
        name: msgspec.convert({"connection": "c", "units": {"all": True}, "workloads": {}, **said}, FleetSpec)
        for name, said in fleets.items()
    }
    return Manifest(
        connections={},
        channels={
            name: document(name, ChannelSpec(versions={"w": version} if version else {}))
            for name, version in channels.items()
        },
        fleets={name: document(name, spec) for name, spec in specs.items()},
        digest="",
    )


def plain(version: Any, *overrides: Mapping[str, Any], **more: Any) -> Manifest:
    """Return a fleet `f` with the workload `w`."""
    choice = {"version": version} if isinstance(version, str) else version
    return manifest({"f": {"workloads": {"w": {**choice, "overrides": list(overrides)}}, **more}}, stable="2")


CANARY = {"units": {"tags": {"ring": "canary"}}}


def back(now: Manifest, *before: Manifest, version: str, to: str | None = None) -> dict[str, str]:
    """Return what comes in place of a version, by line."""
    return {line.key: new for line, new in rollback.take_back(now, before, "f", "w", version, to).lines}


def test_a_line_goes_back_to_what_it_said_before() -> None:
    assert back(plain("3"), plain("3"), plain("2"), plain("1"), version="3") == {"version": "2"}
    canary = {**CANARY, "version": "3"}
    older = {**CANARY, "version": "1"}
    (key,) = back(plain("2", canary), plain("2", older), version="3")
    assert key.startswith("override ")
    assert back(plain("2", canary), plain("2", older), version="3") == {key: "1"}
    assert back(plain("2", canary), plain("2"), version="3") == {key: "2"}, "it was not there: as the workload was"
    pin = plain("2", pins={"u": {"w": "3", "x": "3"}})
    assert back(pin, plain("2", pins={"u": {"w": {"version": "1"}}}), version="3") == {"pin u": "1"}


def test_every_line_that_asks_for_it_goes_back() -> None:
    now = plain("3", {**CANARY, "version": "3"}, {**CANARY, "absent": True}, pins={"u": {"w": "3"}, "v": {"w": "2"}})
    assert [*back(now, plain("2"), version="3").values()] == ["2", "2", "2"]
    assert [*back(now, version="3", to="1").values()] == ["1", "1", "1"]


def test_a_channel_is_left_by_this_fleet_alone() -> None:
    follows = {
        "f": {"workloads": {"w": {"channel": "stable"}}},
        "g": {"workloads": {"w": {"version": {"channel": "stable"}}}},
    }
    now, before = manifest(follows, stable="3"), manifest(follows, stable="2")
    found = rollback.take_back(now, [before], "f", "w", "3")
    assert [(line.channel, to) for line, to in found.lines] == [("stable", "2")]
    assert rollback.followers(now, "f", found) == ["g"]
    for nothing in (manifest(follows), manifest(follows, stable="")):
        assert rollback.lines(nothing, "f", "w") == []


@pytest.mark.parametrize(
    ("now", "before", "version", "to", "words"),
    [
        (plain("3"), [], "3", None, "no earlier version"),
        (plain("3"), [plain({"absent": True}), manifest({"g": {}}), plain("2")], "3", None, "no earlier version"),
        (plain("3"), [plain("3")], "3", None, "no earlier version"),
        (plain("3"), [plain("2")], "2", None, "does not ask for 2 of w: it says 3"),
        (plain({"absent": True}), [plain("2")], "2", None, "it says no version"),
        (plain("3"), [], "3", "3", "is the one that is taken back"),
        (
            plain("3", quarantine=[{"workload": "w", "version": "2", "reason": "r"}]),
            [plain("2")],
            "3",
            "2",
            "is in quarantine",
        ),
    ],
)
def test_what_cannot_be_taken_back_says_why(
    now: Manifest, before: list[Manifest], version: str, to: str | None, words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        back(now, *before, version=version, to=to)


def test_a_version_in_quarantine_is_nothing_to_go_back_to() -> None:
    now = plain("3", quarantine=[{"workload": "w", "version": "2", "reason": "r"}])
    assert back(now, plain("2"), plain("1"), version="3") == {"version": "1"}


def test_the_newest_change_says_which_version_came_last() -> None:
    canary = {**CANARY, "version": "3"}
    assert rollback.newest(plain("2", canary), [plain("2"), plain("1")], "f", ["w"]) == [("w", "3")]
    assert rollback.newest(plain("2", canary), [plain("2", canary), plain("1", canary)], "f", ["w"]) == [("w", "2")]
    assert rollback.newest(plain("2"), [plain("2", canary), plain("2"), plain("1")], "f", ["w"]) == [("w", "2")]
    assert rollback.newest(plain("2"), [plain("2"), manifest({}), plain("1")], "f", ["w"]) == []
    assert rollback.newest(plain("2"), [], "f", ["w"]) == []
    assert rollback.lines(plain("2"), "f", "x") == []


def test_requirements_that_are_no_longer_met_are_named() -> None:
    def requiring(said: Any, connection: str = "c") -> Manifest:
        fleets = {
            "f": {"workloads": {"w": {"version": "3", "id": "W"}}},
            "g": {"connection": connection, "workloads": {"x": {"version": "1", "requires": {"W": said}}}},
        }
        return manifest(fleets)

    taken = Back(workload="w", version="3", lines=((rollback.lines(requiring("3"), "f", "w")[0], "2"),))
    ((need, to),) = rollback.unmet(requiring(["3"]), "f", taken)
    assert (need.workload, to) == ("x", "2")
    for fine in (["2", "3"], ["1"]):
        assert rollback.unmet(requiring(fine), "f", taken) == []
    assert rollback.unmet(requiring(["3"], "other"), "f", taken) == []


def test_the_fleet_says_nothing_else() -> None:
    now = plain({"channel": "stable"}, {**CANARY, "version": "2"}, pins={"u": {"w": "2"}})
    spec: FleetSpec = now.fleets["f"].spec
    found = rollback.take_back(now, [], "f", "w", "2", "1")
    entry = {"workload": "w", "version": "2", "reason": "r"}
    after = msgspec.convert(rollback.amended(spec, found, entry), FleetSpec)
    assert after.workloads["w"].version == after.workloads["w"].overrides[0].version == after.pins["u"]["w"] == "1"
    assert after.workloads["w"].channel is None
    assert [one.reason for one in after.quarantine] == ["r"]
    assert msgspec.convert(rollback.amended(spec, found, None), FleetSpec).quarantine == []


def record(
    complete: tuple[str, ...] = (), met: tuple[str, ...] = (), halted: tuple[str, ...] = ("5",), **more: Any
) -> TrackRecord:
    """Return what is known of versions: each came after the one that is named before it."""

    def times(versions: tuple[str, ...]) -> dict[RolloutId, float]:
        return {RolloutId(more.get("fleet", "f"), "w1", version): float(at) for at, version in enumerate(versions)}

    memory = Memory(
        met={(one, 0): at for one, at in times(met).items()},
        complete=times(complete),
        halts=times(halted),
        workloads={(more.get("fleet", "f"), "w1"): "w"},
    )
    return TrackRecord.of(memory, "f", {"w"}, more.get("there"))


@pytest.mark.parametrize(
    ("known", "to", "why"),
    [
        (record(), "4", Why.BEFORE),
        (record(met=("2", "3")), "3", Why.SUCCEEDED),
        (record(complete=("2",), met=("3",)), "2", Why.COMPLETE),
        (record(complete=("1", "3")), "3", Why.COMPLETE),
        (record(complete=("3", "1")), "3", Why.COMPLETE),
        (record(met=("3", "4"), halted=("5", "4")), "3", Why.SUCCEEDED),
        (record(complete=("4",), halted=("5", "4")), "3", Why.BEFORE),
        (record(halted=("5", "4", "3")), "2", Why.BEFORE),
        (record(met=("9",)), "4", Why.BEFORE),
        (record(complete=("8", "9")), "9", Why.COMPLETE),
        (record(complete=("5",)), "4", Why.BEFORE),
        (record(complete=("2",), fleet="other"), "4", Why.BEFORE),
        (record(there=frozenset({"2", "1"})), "2", Why.BEFORE),
        (record(complete=("3",), there=frozenset({"1"})), "1", Why.BEFORE),
    ],
)
def test_what_every_unit_ran_comes_before_what_a_wave_reported_and_that_before_what_git_merely_asked_for(
    known: TrackRecord, to: str, why: Why
) -> None:
    """A version that the platform does not have, or whose rollout was halted as well, is nothing to go back to."""
    before = [plain("5"), plain("4"), plain("3"), plain("2"), plain("1")]
    found = rollback.take_back(plain("5"), before, "f", "w", "5", record=known)
    assert (found.targets, found.chosen[0].version, found.chosen[0].why) == ((to,), to, why)


def test_what_is_passed_over_is_named_with_the_reason() -> None:
    now = plain("5", quarantine=[{"workload": "w", "version": "4", "reason": "r"}])
    before = [plain("4"), plain("3"), plain("2"), plain("1")]
    known = record(halted=("5", "3"), there=frozenset({"3", "1"}))
    found = rollback.take_back(now, before, "f", "w", "5", record=known)
    assert found.targets == ("1",)
    assert dict(found.not_taken) == {"4": NotTaken.QUARANTINED, "3": NotTaken.HALTED, "2": NotTaken.MISSING}
    with pytest.raises(SettingsError, match="that may be gone back to: 4, 3 may not"):
        rollback.take_back(now, before[:2], "f", "w", "5", record=known)


def test_a_version_that_a_person_names_must_be_there_and_may_have_been_halted() -> None:
    known = record(halted=("5", "3"), there=frozenset({"3"}))
    with pytest.raises(SettingsError, match="2 of w is not on the platform"):
        rollback.take_back(plain("5"), [], "f", "w", "5", "2", record=known)
    found = rollback.take_back(plain("5"), [], "f", "w", "5", "3", record=known)
    assert (found.targets, found.chosen) == (("3",), (Target("3", Why.NAMED),))

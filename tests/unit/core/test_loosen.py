"""What a change loosens: every kind of thing that keeps changes from going, and what is no loosening."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from reconciler.core.loosen import loosened
from reconciler.model.fleet import (
    Allowance,
    Document,
    Failure,
    FleetSpec,
    Keep,
    Limit,
    Limits,
    Manifest,
    Quarantine,
    Requirement,
    Rollout,
    Selector,
    Suspend,
    Wave,
    Window,
    WorkloadSpec,
)
from reconciler.model.provenance import Loosened, Loosening
from reconciler.model.quantity import moment
from tests.laws.strategies import document, fleets

ALL = Selector(all=True)
NOW = moment("2026-11-29").timestamp()


def spec(**more: Any) -> FleetSpec:
    return FleetSpec(connection="plant", **{"units": ALL, "workloads": {}, **more})


def manifest(**specs: FleetSpec) -> Manifest:
    return Manifest({}, {}, {name: document(one, name) for name, one in specs.items()}, "digest")


def between(before: FleetSpec | None, now: FleetSpec | None) -> list[Loosened]:
    sides = [{} if one is None else {"austin": one} for one in (before, now)]
    return list(loosened(manifest(**sides[0]), manifest(**sides[1]), NOW))


def bad(until: str | None = None, version: str = "v2") -> Quarantine:
    return Quarantine(workload="vision", version=version, reason="boot loop", until=until)


def allow(until: str = "2026-12-01", **more: Any) -> Allowance:
    return Allowance(**{"limit": "remove", "workload": "vision", "reason": "end of life", "until": until, **more})


def requires(*versions: str) -> dict[str, Any]:
    said: dict[str, Any] = {"poller": list(versions)} if versions else {}
    return {"workloads": {"vision": WorkloadSpec(version="v2", requires=said)}}


LOOSER: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[Loosening, str, str, str]]] = {
    "a limit in percent": (
        {"limits": Limits(replace="5%")},
        {"limits": Limits(replace="50%")},
        (Loosening.LIMIT, "replace", "5%", "50%"),
    ),
    "a limit that is gone": (
        {"limits": Limits(release="7")},
        {},
        (Loosening.LIMIT, "release", "7", ""),
    ),
    "the default of removals": (
        {},
        {"limits": Limits(remove="11%")},
        (Loosening.LIMIT, "remove", "10%", "11%"),
    ),
    "one half of a limit": (
        {"limits": Limits(remove=Limit(percent="10%", number=3))},
        {"limits": Limits(remove=Limit(percent="5%"))},
        (Loosening.LIMIT, "remove", "10% and 3", "5%"),
    ),
    "the minimum": ({}, {"limits": Limits(minimum=9)}, (Loosening.MINIMUM, "", "3", "9")),
    "an allowance": ({}, {"allow": [allow()]}, (Loosening.ALLOW, "remove vision", "", "until 2026-12-01")),
    "a longer allowance": (
        {"allow": [allow()]},
        {"allow": [allow("2026-12-02")]},
        (Loosening.ALLOW, "remove vision", "until 2026-12-01", "until 2026-12-02"),
    ),
    "an allowance for all workloads": (
        {"allow": [allow()]},
        {"allow": [allow(), allow(workload=None)]},
        (Loosening.ALLOW, "remove", "", "until 2026-12-01"),
    ),
    "an empty scope": ({}, {"allow_empty": True}, (Loosening.ALLOW_EMPTY, "", "false", "true")),
    "a quarantine that is gone": (
        {"quarantine": [bad()]},
        {"quarantine": [bad(version="v3")]},
        (Loosening.QUARANTINE, "vision v2", "without an end", ""),
    ),
    "a shorter quarantine": (
        {"quarantine": [bad("2026-12-02")]},
        {"quarantine": [bad("2026-12-01T12:00:00Z")]},
        (Loosening.QUARANTINE, "vision v2", "until 2026-12-02", "until 2026-12-01T12:00:00Z"),
    ),
    "a quarantine that ends now": (
        {"quarantine": [bad()]},
        {"quarantine": [bad("2026-12-01")]},
        (Loosening.QUARANTINE, "vision v2", "without an end", "until 2026-12-01"),
    ),
    "a suspension that is lifted": (
        {"suspend": Suspend(reason="audit")},
        {},
        (Loosening.SUSPEND, "", "without an end", ""),
    ),
    "a shorter suspension": (
        {"suspend": Suspend(reason="audit", until="2026-12-02")},
        {"suspend": Suspend(reason="audit", until="2026-12-01")},
        (Loosening.SUSPEND, "", "until 2026-12-02", "until 2026-12-01"),
    ),
    "a requirement that is gone": (
        requires("v1"),
        requires(),
        (Loosening.REQUIREMENT, "vision requires poller", "v1", ""),
    ),
    "another requirement": (
        requires("v1"),
        {"workloads": {"vision": WorkloadSpec(version="v2", requires={"poller": Requirement(version=">=1")})}},
        (Loosening.REQUIREMENT, "vision requires poller", "v1", ">=1"),
    ),
    "wider pruning": ({"prune": "listed"}, {"prune": "all"}, (Loosening.PRUNE, "", "listed", "all")),
    "a higher mode": ({"mode": "observe"}, {}, (Loosening.MODE, "", "observe", "apply")),
    "no rollout": ({"rollout": Rollout(soak="1h")}, {}, (Loosening.ROLLOUT, "", "rollout", "")),
    "other waves": (
        {"rollout": Rollout(waves=["10%", "100%"])},
        {"rollout": Rollout(waves=["100%"])},
        (Loosening.ROLLOUT, "waves", "10%, 100%", "100%"),
    ),
    "more moving": (
        {"rollout": Rollout(max_moving="5%")},
        {"rollout": Rollout(max_moving="6%")},
        (Loosening.ROLLOUT, "max_moving", "5%", "6%"),
    ),
    "a wave less": (
        {"rollout": Rollout(waves=["10%", "50%", "100%"])},
        {"rollout": Rollout(waves=["10%"])},
        (Loosening.ROLLOUT, "waves", "10%, 50%, 100%", "10%"),
    ),
    "a larger wave": (
        {"rollout": Rollout(waves=["10%", "50%"])},
        {"rollout": Rollout(waves=["5%", "60%"])},
        (Loosening.ROLLOUT, "waves", "10%, 50%", "5%, 60%"),
    ),
    "other units in a wave": (
        {"rollout": Rollout(waves=[Wave(units=Selector(names=["gw-1"]))])},
        {"rollout": Rollout(waves=[Wave(units=Selector(names=["gw-2"]))])},
        (Loosening.ROLLOUT, "waves", "units names gw-1", "units names gw-2"),
    ),
    "less success": (
        {"rollout": Rollout(success="95%")},
        {"rollout": Rollout(success="90%")},
        (Loosening.ROLLOUT, "success", "95%", "90%"),
    ),
    "less success than all": (
        {"rollout": Rollout(waves=["10%"])},
        {"rollout": Rollout(waves=["10%"], success="95%")},
        (Loosening.ROLLOUT, "success", "", "95%"),
    ),
    "later failure": (
        {"rollout": Rollout(failure=Failure(percent="5%"))},
        {"rollout": Rollout(failure=Failure(percent="9%"))},
        (Loosening.ROLLOUT, "failure", "percent 5%", "percent 9%"),
    ),
    "failure of more": (
        {"rollout": Rollout(failure=Failure(percent="5%"))},
        {"rollout": Rollout(failure=Failure(percent="4%", minimum=2))},
        (Loosening.ROLLOUT, "failure", "percent 5%", "percent 4% minimum 2"),
    ),
    "no failure": (
        {"rollout": Rollout(failure=Failure(percent="5%"))},
        {"rollout": Rollout()},
        (Loosening.ROLLOUT, "failure", "percent 5%", ""),
    ),
    "a longer deadline": (
        {"rollout": Rollout(failure=Failure(percent="5%"))},
        {"rollout": Rollout(failure=Failure(percent="5%"), deadline="16m")},
        (Loosening.ROLLOUT, "deadline", "", "16m"),
    ),
    "versions without an order": (
        {"workloads": {"vision": WorkloadSpec(version="v2", order="semver")}},
        {"workloads": {"vision": WorkloadSpec(version="v1")}},
        (Loosening.ORDER, "vision", "semver", ""),
    ),
    "a shorter soak": (
        {"rollout": Rollout(soak="1h")},
        {"rollout": Rollout(soak="30m")},
        (Loosening.ROLLOUT, "soak", "1h", "30m"),
    ),
    "a window that is gone": (
        {"windows": [Window(deny="0 0 24 12 *", duration="24h")]},
        {},
        (Loosening.WINDOWS, "", "deny 0 0 24 12 * duration 24h", ""),
    ),
    "one more window": (
        {"windows": [Window(allow="0 2 * * *", duration="1h")]},
        {"windows": [Window(allow="0 2 * * *", duration="1h"), Window(allow="0 9 * * *", duration="1h")]},
        (Loosening.WINDOWS, "", "", "allow 0 9 * * * duration 1h"),
    ),
    "a shorter time in which what went counts": (
        {"limits": Limits(window="24h")},
        {"limits": Limits(window="1h")},
        (Loosening.LIMIT_WINDOW, "", "24h", "1h"),
    ),
    "what went no longer counts": ({"limits": Limits(window="24h")}, {}, (Loosening.LIMIT_WINDOW, "", "24h", "")),
    "limits of another tag": (
        {"limits": Limits(per="site")},
        {"limits": Limits(per="ring")},
        (Loosening.LIMIT_PER, "", "site", "ring"),
    ),
    "fewer that keep serving": (
        {"keep": Keep(per="pair", serving=2)},
        {"keep": Keep(per="pair", serving=1)},
        (Loosening.KEEP, "", "per pair serving 2", "per pair"),
    ),
    "none that keep serving": ({"keep": Keep(per="pair")}, {}, (Loosening.KEEP, "", "per pair", "")),
}


@pytest.mark.parametrize("name", LOOSER)
def test_what_keeps_fewer_changes_from_going_is_said(name: str) -> None:
    before, now, (kind, subject, was, is_now) = LOOSER[name]
    (found,) = between(spec(**before), spec(**now))
    assert (found.fleet, found.kind, found.subject, found.was, found.now) == ("austin", kind, subject, was, is_now)
    assert found.origin is not None


@pytest.mark.parametrize(
    "name",
    [
        "a limit in percent",
        "the minimum",
        "a shorter quarantine",
        "a higher mode",
        "wider pruning",
        "other waves",
        "a wave less",
        "less success",
        "less success than all",
        "later failure",
        "no failure",
        "a longer deadline",
        "versions without an order",
        "a shorter soak",
        "a shorter time in which what went counts",
        "fewer that keep serving",
    ],
)
def test_what_keeps_more_of_them_from_going_is_not(name: str) -> None:
    before, now, _ = LOOSER[name]
    assert between(spec(**now), spec(**before)) == []


def test_a_requirement_that_stays_is_no_loosening() -> None:
    assert between(spec(**requires("v1", "v2")), spec(**requires("v2", "v1"))) == []


OVER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an allowance": ({}, {"allow": [allow("2026-11-29")]}),
    "a quarantine that is tidied away": ({"quarantine": [bad("2026-11-29")]}, {}),
    "a suspension that is tidied away": ({"suspend": Suspend(reason="audit", until="2026-11-29")}, {}),
}


@pytest.mark.parametrize("name", OVER)
def test_what_is_over_is_no_loosening(name: str) -> None:
    before, now = OVER[name]
    assert between(spec(**before), spec(**now)) == []
    assert between(spec(**before), None) == []


def test_an_allowance_says_why() -> None:
    (found,) = between(spec(), spec(allow=[allow()]))
    assert found.reason == "end of life"


def test_a_new_fleet_is_held_against_the_defaults() -> None:
    assert between(None, spec()) == []
    found = between(None, spec(limits=Limits(remove="50%"), prune="all", allow=[allow()], allow_empty=True))
    assert [one.kind for one in found] == [Loosening.LIMIT, Loosening.ALLOW, Loosening.ALLOW_EMPTY, Loosening.PRUNE]


def test_a_fleet_under_another_name_takes_its_quarantines_along() -> None:
    before = spec(quarantine=[bad()], suspend=Suspend(reason="audit"))
    assert [one.kind for one in between(before, None)] == [Loosening.QUARANTINE, Loosening.SUSPEND]
    kept = loosened(manifest(austin=before), manifest(dallas=before), NOW)
    assert kept == ()
    dropped = loosened(manifest(austin=before), manifest(dallas=spec()), NOW)
    assert [(one.fleet, one.kind) for one in dropped] == [
        ("dallas", Loosening.QUARANTINE),
        ("dallas", Loosening.SUSPEND),
    ]


@pytest.mark.parametrize("name", LOOSER)
def test_a_fleet_under_another_name_is_held_against_what_it_was(name: str) -> None:
    before, now, (kind, subject, was, is_now) = LOOSER[name]
    other = spec(units=Selector(ids=["1"]))
    found = loosened(manifest(austin=spec(**before), houston=other), manifest(dallas=spec(**now)), NOW)
    assert [(one.fleet, one.kind, one.subject, one.was, one.now) for one in found] == [
        ("dallas", kind, subject, was, is_now)
    ]


def test_what_held_units_in_another_fleet_is_loosened_for_them() -> None:
    strict = spec(quarantine=[bad()], suspend=Suspend(reason="audit"), limits=Limits(replace="5%"))
    base = manifest(austin=strict, dallas=spec(quarantine=[bad(version="v3")]))
    today = manifest(austin=strict, dallas=spec())
    found = loosened(base, today, NOW, migrated={"dallas": ["austin", "dallas"]})
    assert [(one.kind, one.subject, one.came_from) for one in found] == [
        (Loosening.QUARANTINE, "vision v3", ""),
        (Loosening.LIMIT, "replace", "austin"),
        (Loosening.QUARANTINE, "vision v2", "austin"),
        (Loosening.SUSPEND, "", "austin"),
    ]
    assert {one.fleet for one in found} == {"dallas"}


def test_of_several_fleets_that_are_gone_each_new_one_is_the_one_of_the_same_units() -> None:
    one, two, three = (Selector(ids=[each]) for each in "123")
    strict = {"limits": Limits(replace="5%")}
    base = manifest(a=spec(units=one, **strict), b=spec(units=two))
    assert loosened(base, manifest(c=spec(units=one, **strict), d=spec(units=two)), NOW) == ()
    (found,) = loosened(base, manifest(c=spec(units=one), d=spec(units=two)), NOW)
    assert (found.fleet, found.kind) == ("c", Loosening.LIMIT)
    assert loosened(base, manifest(c=spec(units=three)), NOW) == ()
    split = loosened(manifest(a=spec(**strict)), manifest(c=spec(units=one), d=spec(units=two)), NOW)
    assert [each.fleet for each in split] == ["c", "d"]
    quarantined = manifest(a=spec(units=one, quarantine=[bad()]), b=spec(units=two))
    (left,) = loosened(quarantined, manifest(c=spec(units=three)), NOW)
    assert (left.fleet, left.kind) == ("a", Loosening.QUARANTINE)
    assert loosened(quarantined, manifest(c=spec(units=three, quarantine=[bad()])), NOW) == ()


@given(fleets())
def test_what_is_the_same_loosens_nothing(fleet: Document) -> None:
    base = Manifest({}, {}, {"fleet": fleet}, "digest")
    today = Manifest({}, {}, {"fleet": msgspec.structs.replace(fleet, file="elsewhere.yaml")}, "digest")
    assert loosened(base, today, NOW) == ()


def test_an_allowance_for_a_workload_that_nobody_knows_loosens_nothing() -> None:
    sides = manifest(austin=spec()), manifest(austin=spec(allow=[allow(), allow(workload=None)]))
    both = ["remove vision", "remove"]
    assert [one.subject for one in loosened(*sides, NOW)] == both, "unread: nobody can tell"
    assert [one.subject for one in loosened(*sides, NOW, {"other": set()})] == both
    assert [one.subject for one in loosened(*sides, NOW, {"austin": {"vision"}})] == both
    assert [one.subject for one in loosened(*sides, NOW, {"austin": {"poller"}})] == ["remove"]

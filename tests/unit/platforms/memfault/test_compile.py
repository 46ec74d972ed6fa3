"""Which calls carry a change out, and what is said of it before."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.change import NOTHING_REFUSED, Refusals, Verb
from reconciler.model.desired import Settings
from reconciler.model.hold import HoldReason
from reconciler.model.release import Artifact, Release, ReleaseInfo
from reconciler.platforms.memfault.compile import share_of
from tests.unit.platforms.memfault.project import MAIN, Project, change, staged

REFUSED: Refusals = {("beta", MAIN): frozenset({"memfault.raise"})}


def calls(project: Project, *changes: Any, refused: Refusals = NOTHING_REFUSED) -> list[tuple[int, str, str, Any]]:
    """Return stage, call, the version pulled or widened (by its id) and the body of each action."""
    snapshot = project.observe()
    names = {number: key[2] for key, ids in snapshot.references.items() for number in ids.split(",")}
    return [
        (action.stage, action.call, names.get(action.request.path.rpartition("/")[2], ""), action.request.body)
        for action in project.compiled(*changes, snapshot=snapshot, refused=refused)
    ]


def activation(version: str, **more: Any) -> dict[str, Any]:
    return {"type": "normal", "release": version, "cohort": "default", **more}


def test_forward_is_an_activation() -> None:
    found = calls(Project(), change("default", "1.4.0", verb=Verb.REPLACE, from_="1.3.0"))
    assert found == [(0, "memfault.activate", "", activation("1.4.0"))]


def test_a_share_is_staged() -> None:
    found = calls(Project(), change("default", "1.4.0", settings=staged(20)))
    assert found == [(0, "memfault.activate", "", activation("1.4.0", type="staged_rollout", rollout_percent=20))]


def test_back_is_an_activation_and_pulling_what_is_above() -> None:
    project = Project()
    project.world.activate("default", ("1.3.0", "1.4.0"))
    found = calls(project, change("default", "1.2.0", verb=Verb.REPLACE, from_="1.3.0"))
    assert found == [
        (0, "memfault.activate", "", activation("1.2.0")),
        (1, "memfault.pull", "1.3.0 -> 1.4.0", None),
        (2, "memfault.pull", "1.3.0", None),
    ]


def test_back_to_what_is_active_still_only_pulls() -> None:
    found = calls(Project(), change("default", "1.1.0", verb=Verb.REPLACE, from_="1.3.0"))
    assert found == [(1, "memfault.pull", "1.3.0", None)]


def test_back_from_a_delta_pulls_it_alone() -> None:
    project = Project()
    project.world.activate("default", ("1.3.0", "1.4.0"))
    one = change("default", "1.3.0", verb=Verb.REPLACE, from_="1.3.0 -> 1.4.0", extra_versions=("1.3.0",))
    assert calls(project, one) == [(1, "memfault.pull", "1.3.0 -> 1.4.0", None)]
    review = project.platform.review([one], project.observe(), {})
    assert (review.holds, review.later) == ({}, {})


def test_forward_to_where_a_delta_leads_activates_the_full_release() -> None:
    project = Project()
    project.world.activate("default", ("1.3.0", "1.4.0"))
    one = change("default", "1.4.0", verb=Verb.REPLACE, from_="1.3.0 -> 1.4.0", extra_versions=("1.3.0",))
    assert calls(project, one) == [(0, "memfault.activate", "", activation("1.4.0"))]
    assert project.platform.review([one], project.observe(), {}).later == {0: ("memfault.pull",)}


def test_a_removal_pulls_everything() -> None:
    found = calls(Project(), change("default", None, verb=Verb.REMOVE, from_="1.3.0"))
    assert found == [(1, "memfault.pull", "1.1.0", None), (2, "memfault.pull", "1.3.0", None)]


def test_on_the_way_back_what_stands_between_is_never_what_a_cohort_is_told() -> None:
    project = Project()
    project.world.activate("default", "1.4.0")
    found = calls(project, change("default", "1.1.0", verb=Verb.REPLACE, from_="1.4.0"))
    assert found == [(1, "memfault.pull", "1.3.0", None), (2, "memfault.pull", "1.4.0", None)]


def test_leftovers_are_pulled_and_nothing_else() -> None:
    project = Project()
    project.world.activate("default", "1.4.0")
    one = change("default", "1.4.0", verb=Verb.REMOVE, from_="1.4.0", extra_versions=("1.3.0", "1.4.0", "gone"))
    assert calls(project, one) == [(1, "memfault.pull", "1.3.0", None)]


def test_more_devices_are_a_raise() -> None:
    one = change("beta", "1.4.0", from_="1.4.0", settings=staged(50))
    assert calls(Project(), one) == [(0, "memfault.raise", "1.4.0", {"rollout_percent": 50})]
    everybody = change("beta", "1.4.0", from_="1.4.0")
    assert calls(Project(), everybody) == [(0, "memfault.raise", "1.4.0", {"rollout_percent": 100})]


def test_once_refused_it_is_drawn_anew_where_that_is_allowed() -> None:
    project = Project(patch_rollout="reject", redraw=True)
    one = change("beta", "1.4.0", from_="1.4.0", settings=staged(50))
    (warning,) = project.platform.review([one], project.observe(), {}).warnings
    assert "should the server refuse to raise it, 1.4.0 is pulled and activated anew" in warning
    redrawn = {**activation("1.4.0"), "type": "staged_rollout", "rollout_percent": 50, "cohort": "beta"}
    assert calls(project, one, refused=REFUSED) == [
        (0, "memfault.pull", "1.4.0", None),
        (1, "memfault.activate", "", redrawn),
    ]
    assert calls(project, one) == [(0, "memfault.raise", "1.4.0", {"rollout_percent": 50})], "nothing is remembered"
    other = change("default", "1.4.0")
    assert calls(project, other, refused=REFUSED) == calls(project, other)


def test_once_refused_it_is_never_drawn_anew_where_that_is_not_allowed() -> None:
    project = Project(patch_rollout="reject")
    one = change("beta", "1.4.0", from_="1.4.0", settings=staged(50))
    assert [call for _, call, _, _ in calls(project, one, refused=REFUSED)] == ["memfault.raise"]
    review = project.platform.review([one], project.observe(), {})
    assert (review.holds, review.warnings) == ({}, ())


def test_a_cohort_that_is_gone_is_activated_for_all_the_same() -> None:
    """Its refusal says it better than silence would."""
    project = Project()
    one = change("gone", "1.4.0")
    assert [call for _, call, _, _ in calls(project, one)] == ["memfault.activate"]
    assert project.platform.review([one], project.observe(), {}).holds == {}


def test_settings_that_are_no_number_ask_for_all() -> None:
    assert share_of((("rollout_percent", "x"),)) == 100


@pytest.mark.parametrize("value", [0, 101, "25%", True, 2.5])
def test_percentages_that_are_none_are_held(value: Any) -> None:
    project = Project()
    settings: Settings = (("rollout_percent", value),)
    (hold,) = project.platform.review([change("default", "1.4.0", settings=settings)], project.observe(), {}).holds[0]
    assert hold.code is HoldReason.UNSUPPORTED
    assert "from 1 to 100" in hold.text


def test_a_sample_is_never_shrunk() -> None:
    project = Project()
    changes = [
        change("beta", "1.4.0", from_="1.4.0", settings=staged(10)),
        change("default", "1.3.0", from_="1.3.0", settings=staged(10)),
        change("default", "1.3.0", from_="1.3.0", settings=staged(100)),
    ]
    holds = project.platform.review(changes, project.observe(), {}).holds
    words = [hold.text for position in range(3) for hold in holds[position]]
    assert "active for 25 % and cannot be narrowed to 10 %" in words[0]
    assert "active for 100 % and cannot be narrowed to 10 %" in words[1]
    assert words[2] == "it is active for all devices: leave `rollout_percent: 100` out"


def test_what_follows_is_told() -> None:
    project = Project()
    project.world.activate("internal-testing", "1.3.0")
    changes = [
        change("default", "1.4.0", from_="1.3.0"),  # 1.3.0 is left to pull
        change("default", "1.4.0", from_="1.3.0", settings=staged(10)),  # 1.3.0 stays for the rest
        change("internal-testing", "1.2.0", from_="1.4.0", extra_versions=("1.3.0",)),  # all that is above goes now
        change("default", None, verb=Verb.REMOVE, from_="1.3.0"),
        change("beta", "1.4.0", from_="1.4.0", settings=staged(50)),
    ]
    assert project.platform.review(changes, project.observe(), {}).later == {0: ("memfault.pull",)}


def info(*hardware: str, kind: str = "firmware", **more: Any) -> ReleaseInfo:
    return ReleaseInfo(found=True, artifacts=tuple(Artifact(kind=kind, hardware=name) for name in hardware), **more)


def test_without_a_payload_it_is_held() -> None:
    project = Project()
    changes = [change("default", "1.4.0", from_="1.3.0"), change("default", "1.1.0", from_="1.3.0")]
    for found in (info(), info("main-fw-mp", kind="symbols")):
        catalog = {Release(MAIN, "1.4.0"): found, Release(MAIN, "1.1.0"): found}
        review = project.platform.review(changes, project.observe(), catalog)
        assert [(position, hold.code) for position, holds in review.holds.items() for hold in holds] == [
            (0, HoldReason.NO_ARTIFACT)
        ], "what is active already needs no payload to stay so"


def test_devices_that_cannot_take_it_are_counted_and_hold_nothing() -> None:
    project = Project()
    serial = next(d.serial for d in project.world.project.cohorts["default"].devices.values() if d.reported == "1.3.0")
    project.world.set_reported(serial, "1.0.0")
    catalog = {
        Release(MAIN, "1.2.0"): info("main-fw-mp", min_version="1.1.0"),
        Release(MAIN, "1.4.0"): info("", min_version="1.0.0"),
    }
    changes = [change("default", "1.2.0", from_="1.3.0"), change("default", "1.4.0", from_="1.3.0")]
    review = project.platform.review(changes, project.observe(), catalog)
    assert review.holds == {}
    assert review.warnings == (
        "main-fw on default: 1.2.0 has no artifact for hardware main-fw-evt: 1 of 4 devices seen lately cannot take it",
        "main-fw on default: 1.2.0 needs 1.1.0 or later: 1 device runs less",
        "main-fw on default: 3 devices run a later version than 1.2.0 and will not go back to it",
    )


def test_a_cohort_may_let_devices_go_back() -> None:
    project = Project()
    project.world.project.cohorts["default"].bypass_version_checks = True
    snapshot = project.observe()
    assert ("version_checks", "off") in snapshot.units[snapshot.units.index["default"]].labels
    assert project.platform.review([change("default", "1.2.0", from_="1.3.0")], snapshot, {}).warnings == ()


def test_who_keeps_what_is_told_of_a_removal() -> None:
    project = Project()
    changes = [
        change("default", None, verb=Verb.REMOVE, from_="1.3.0"),
        change("default", "1.3.0", verb=Verb.REMOVE, from_="1.3.0", extra_versions=("1.2.0",)),
    ]
    warnings = project.platform.review(changes, project.observe(), {}).warnings
    assert warnings == ("main-fw on default: nothing is uninstalled: 4 devices keep 1.3.0",)

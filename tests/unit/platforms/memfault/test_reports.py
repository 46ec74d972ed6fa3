"""What devices say, in any mix: what of it counts, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.observation import Phase, State
from reconciler.platforms.memfault.workloads import Workloads
from tests.unit.platforms.memfault.project import MAIN, RADIO, Project, change
from tests.unit.platforms.memfault.test_observe import words_of

UNSAID: list[Any] = ["", " ", "\t\n", None]


def reporting(project: Project, *versions: Any, cohort: str = "default") -> State:
    """Return the slot of a cohort whose four devices report these versions, the others what they did."""

    def rewrite(body: Any) -> None:
        given = iter(versions)
        for row in body["data"]:
            if row["cohort"]["slug"] == cohort and row["hardware_version"].startswith(MAIN):
                row["last_seen_release"]["version"] = next(given, row["last_seen_release"]["version"])

    project.rewrite("/devices", rewrite)
    snapshot = project.observe()
    assert snapshot.coverage.complete, snapshot.coverage.problems
    row = snapshot.units.index[cohort]
    assert snapshot.units.size(row) == 8, "whatever a device says, it is one"
    return snapshot.state(MAIN, row)


@pytest.mark.parametrize("said", UNSAID)
def test_a_version_without_characters_is_none(said: Any) -> None:
    state = reporting(Project(), said)
    assert (state.ready, state.size, state.ahead, state.phase) == (3, 4, False, Phase.MOVING)
    assert state.spread == (("1.3.0", 3),)
    assert words_of(state).startswith("1 device reports no version;")


@pytest.mark.parametrize("said", [7, 1.3, True, ["1.3.0"], {"name": "1.3.0"}])
def test_a_version_that_cannot_be_read_costs_its_device_alone(said: Any) -> None:
    state = reporting(Project(), said)
    assert (state.assigned, state.ready, state.size, state.ahead) == ("1.3.0", 3, 4, False)
    assert words_of(state).startswith("1 device reports something that cannot be read")


@pytest.mark.parametrize("said", ["zz-top", "factory", "\u2603", "1.3.0 ", "latest"])
def test_a_version_that_nobody_released_is_not_said_to_be_later(said: str) -> None:
    state = reporting(Project(), said, said)
    assert (state.ready, state.ahead) == (2, False)
    assert words_of(state).startswith(f"2 devices report {said}, a version that is not among the releases")


def test_a_semantic_one_is_later_though_nobody_released_it() -> None:
    state = reporting(Project(), "9.9.9")
    assert state.ahead
    words = "1 device reports a later version; 1 device reports 9.9.9, a version that is not among the releases"
    assert words_of(state).startswith(words)


@pytest.mark.parametrize("listed", ["listed", "hidden"])
def test_a_release_known_from_events_alone_is_not_among_the_releases(listed: str) -> None:
    project = Project(release_of_events=listed)
    serial = next(iter(project.world.project.cohorts["default"].devices.values())).serial
    project.world.set_reported(serial, "main-fw-dev")
    assert "1 device reports main-fw-dev, a version that is not among" in words_of(project.state("default"))


def test_where_releases_show_no_payloads_or_cannot_be_listed_none_is_said_to_be_missing() -> None:
    project = Project()
    project.world.set_reported(next(iter(project.world.project.devices)), "1.2.0")
    project.rewrite("/releases", lambda body: [row.pop("artifacts") for row in body["data"]])
    assert "among the releases" not in words_of(project.state("default"))
    project.fails("/releases", 403)
    state = reporting(project, "zz-top")
    assert ("among the releases" in words_of(state), state.ahead) == (False, False), "later than what is not known"


def test_any_mix_is_counted() -> None:
    state = reporting(Project(), "", 5, "dev", "1.2.0")
    assert (state.ready, state.size, state.reported, state.ahead) == (0, 4, "dev", False)
    assert state.spread == (("1.2.0", 1), ("dev", 1))


@pytest.mark.parametrize("shape", ["reference", "live"])
def test_a_device_whose_report_is_of_another_shape_still_is_one(shape: str) -> None:
    project = Project(device_shape=shape)
    field = "last_seen_release" if shape == "reference" else "last_seen_software_version"
    project.rewrite("/devices", lambda body: [row.update({field: "1.3.0"}) for row in body["data"]])
    snapshot = project.observe()
    assert [snapshot.units.size(row) for row in range(3)] == [8, 8, 8]
    assert any("a device cannot be read" in note for note in snapshot.coverage.notes)
    state = snapshot.state(MAIN, snapshot.units.index["default"])
    assert (state.ready, state.phase) == (0, Phase.MOVING), "nobody reports, so nothing is settled"
    assert "do not say which software type they run" in words_of(state)


def test_components_have_no_releases_and_make_nothing_ambiguous() -> None:
    workloads = Workloads([MAIN, RADIO, "modem"], {RADIO, "modem", "foreign"})
    workloads.note("1.0.0", MAIN)
    workloads.note("1.0.0", "modem")
    assert (workloads.type_of("1.0.0"), workloads.type_of("7")) == (MAIN, MAIN)
    assert workloads.names == sorted([MAIN, RADIO, "modem"])
    assert Workloads([MAIN], {MAIN}).primary == [MAIN], "some type must be a primary one"


@pytest.mark.parametrize("given", [None, 1.5, {}, 1])
def test_devices_that_cannot_be_told_apart_leave_no_cohort_empty(given: Any) -> None:
    """What was read as no device at all would be settled, and weigh nothing in a limit."""
    project = Project()
    project.rewrite("/devices", lambda body: [row.update(id=given) for row in body["data"]])
    snapshot = project.observe()
    row = snapshot.units.index["beta"]
    assert snapshot.units.size(row) == 8
    assert given == 1 or snapshot.state(MAIN, row) == Project().state("beta"), "the rest is there to be read"
    assert (snapshot.state(MAIN, row).phase is Phase.MOVING) == (given == 1)


@pytest.mark.parametrize("cohort", [None, 7, {"slug": None}, {"slug": ""}, {"slug": "ghost"}])
def test_devices_of_no_cohort_leave_none_empty_that_counts_some(cohort: Any) -> None:
    project = Project()
    project.rewrite("/devices", lambda body: [row.update(cohort=cohort) for row in body["data"]])
    snapshot = project.observe()
    assert [snapshot.units.size(row) for row in range(3)] == [8, 8, 8]
    state = snapshot.state(MAIN, snapshot.units.index["default"])
    assert (state.assigned, state.ready, state.phase) == ("1.3.0", 0, Phase.MOVING)
    assert "the cohort counts 8 devices, and the list shows none of them" in words_of(state)


def test_a_cohort_without_slug_is_one_that_cannot_be_read() -> None:
    project = Project()
    project.rewrite("/cohorts", lambda body: body["data"][1].update(slug=""))
    snapshot = project.observe()
    assert (snapshot.units.ids, snapshot.coverage.complete) == (["default", "internal-testing"], False)


@pytest.mark.parametrize(("said", "warned"), [("factory", False), ("9.9.9", True)])
def test_only_what_is_ordered_is_warned_of_as_later(said: str, warned: bool) -> None:
    project = Project()
    reporting(project, said)
    warnings = project.platform.review([change("default", "1.4.0")], project.observe(), {}).warnings
    assert any("later version than 1.4.0" in one for one in warnings) == warned

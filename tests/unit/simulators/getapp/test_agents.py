"""What devices do with their releases, and how it looks while time passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.getapp import Shape
from reconciler.simulators.getapp.agents import NotAllowed
from reconciler.simulators.getapp.fleet import STATES
from reconciler.simulators.getapp.variants import QUESTIONS
from tests.unit.simulators.getapp.caller import CHILD, NEW, OLD, ROOT, Caller

VISION, RUNTIME = "12.vision@1.4.0", "13.gpu-runtime@5.1.0"


def film(fleet: Caller, catalog_id: str, seconds: int) -> list[tuple[Any, ...]]:
    shots = []
    for _ in range(seconds):
        row = fleet.rows(CHILD)[catalog_id]
        shots.append((row["state"], row["deliveryState"], row["deviceReleaseStatus"], row["progress"], row["eta"]))
        fleet.clock.advance(1)
    return shots


def test_a_delivery_moves_through_its_phases() -> None:
    fleet = Caller()
    assert fleet.act("DeliveryStart", NEW, CHILD) == (200, None)
    assert film(fleet, NEW, 7) == [
        ("delivery", "prepare", "Start", 0.0, 6),
        ("delivery", "prepare", "Start", 16.7, 5),
        ("delivery", "download", "InProgress", 33.3, 4),
        ("delivery", "download", "InProgress", 50.0, 3),
        ("delivery", "validation", "Done", 66.7, 2),
        ("delivery", "validation", "Done", 83.3, 1),
        ("downloaded", "done", "Done", 100.0, None),
    ]
    assert fleet.rows(CHILD)[NEW]["downloadDuration"] == 6


def test_a_deploy_moves_through_its_phases_and_replaces_the_old_version() -> None:
    fleet = Caller()
    fleet.act("DeliveryStart", NEW, CHILD)
    fleet.clock.advance(6)
    fleet.act("DeployStart", NEW, CHILD)
    assert film(fleet, NEW, 5) == [
        ("deploy", "done", "Start", 0.0, 4),
        ("deploy", "done", "Start", 25.0, 3),
        ("deploy", "done", "Installing", 50.0, 2),
        ("deploy", "done", "Installing", 75.0, 1),
        ("installed", "done", "Done", 100.0, None),
    ]
    assert fleet.states(CHILD, "radio") == {"1.4.0": "installed"}


@given(st.floats(0, 20), st.sampled_from([0.0, 0.5, 2.0]))
def test_progress_and_eta_are_always_possible(seconds: float, settle: float) -> None:
    fleet = Caller(Shape(units=2, settle=settle, offline=0, failing=0), auto_deploy="always")
    fleet.act("DeliveryStart", NEW, CHILD)
    before = -1.0
    for _ in range(3):
        row = fleet.rows(CHILD)[NEW]
        step = STATES.index(row["state"]) + row["progress"] / 1000
        assert 0 <= row["progress"] <= 100
        assert row["eta"] is None or 0 <= row["eta"] <= 3 * settle + 1
        assert step >= before
        before = step
        fleet.clock.advance(seconds)


def test_effects_begin_when_they_are_due_and_not_when_somebody_looks() -> None:
    looked, blind = Caller(auto_deploy="always"), Caller(auto_deploy="always")
    for fleet in (looked, blind):
        fleet.act("DeliveryStart", NEW, CHILD)
    for _ in range(7):
        looked.clock.advance(1)
        looked.rows(CHILD)
    blind.clock.advance(7)
    assert looked.rows(CHILD) == blind.rows(CHILD)
    assert blind.rows(CHILD)[NEW]["progress"] == 25.0


@pytest.mark.parametrize(
    ("variant", "states"),
    [
        ("in-place", {"1.4.0": "installed"}),
        ("side-by-side", {"1.3.0": "installed", "1.4.0": "installed"}),
        ("uninstalled", {"1.3.0": "uninstalled", "1.4.0": "installed"}),
        ("deleted", {"1.3.0": "deleted", "1.4.0": "installed"}),
    ],
)
def test_what_becomes_of_the_old_version(variant: str, states: dict[str, str]) -> None:
    fleet = Caller(multi_version=variant)
    fleet.upgrade(CHILD, NEW)
    assert fleet.states(CHILD, "radio") == states
    dropping = Caller(multi_version=variant, gone_rows="drops")
    dropping.upgrade(CHILD, NEW)
    kept = {version: state for version, state in states.items() if state == "installed"}
    assert dropping.states(CHILD, "radio") == kept


class TestDependencies:
    def test_they_come_with_the_root_and_only_the_root_is_installed(self) -> None:
        fleet = Caller()
        fleet.act("DeliveryStart", VISION, CHILD)
        assert fleet.row(CHILD, RUNTIME) == ("delivery", "Start")
        fleet.clock.advance(6)
        assert fleet.row(CHILD, RUNTIME) == fleet.row(CHILD, VISION) == ("downloaded", "Done")
        fleet.act("DeployStart", VISION, CHILD)
        assert fleet.row(CHILD, RUNTIME) == ("downloaded", "Done")
        fleet.clock.advance(4)
        assert fleet.row(CHILD, RUNTIME) == fleet.row(CHILD, VISION) == ("installed", "Done")

    def test_what_is_there_or_on_its_way_is_not_delivered_again(self) -> None:
        fleet = Caller(repeat_action="405")
        fleet.act("DeliveryStart", RUNTIME, CHILD)
        fleet.clock.advance(3)
        fleet.act("DeliveryStart", VISION, CHILD)
        assert fleet.rows(CHILD)[RUNTIME]["progress"] == 50.0
        assert fleet.row(CHILD, VISION) == ("delivery", "Start")
        fleet.clock.advance(3)
        fleet.act("DeliveryStart", VISION, CHILD)
        assert fleet.row(CHILD, RUNTIME) == ("downloaded", "Done")

    def test_a_failed_root_marks_them_failed(self) -> None:
        fleet = Caller()
        fleet.world.set_failing(CHILD, failing=True)
        fleet.upgrade(CHILD, VISION)
        assert fleet.row(CHILD, RUNTIME) == fleet.row(CHILD, VISION) == ("deploy", "Error")
        fleet.world.set_failing(CHILD, failing=False)
        fleet.act("DeployStart", VISION, CHILD)
        fleet.clock.advance(4)
        assert fleet.row(CHILD, RUNTIME) == fleet.row(CHILD, VISION) == ("installed", "Done")

    def test_a_root_is_not_installed_without_them(self) -> None:
        fleet = Caller(auto_deploy="always", cdn_partial_failure="listed")
        fleet.act("DeliveryStart", VISION, CHILD)
        fleet.act("DeliveryCancel", RUNTIME, CHILD)
        fleet.clock.advance(10)
        assert fleet.row(CHILD, VISION) == ("downloaded", "Done")
        assert fleet.act("DeployStart", VISION, CHILD)[1][0]["error"] == f"{VISION} needs {RUNTIME}"


class TestRefusals:
    """A table of what each action does in each state; what is not in it is refused."""

    EFFECTS: ClassVar[dict[tuple[str, str], str]] = {
        ("nothing", "deliver"): "delivery Start",
        ("delivery", "deliver"): "same",
        ("delivery", "pause"): "delivery Pause",
        ("delivery", "cancel"): "delivery Cancel",
        ("delivery Pause", "deliver"): "delivery Start",
        ("delivery Pause", "pause"): "same",
        ("delivery Pause", "cancel"): "delivery Cancel",
        ("delivery Pause", "delete"): "deleted None",
        ("delivery Cancel", "deliver"): "delivery Start",
        ("delivery Cancel", "cancel"): "same",
        ("delivery Cancel", "delete"): "deleted None",
        ("delivery Error", "deliver"): "delivery Start",
        ("delivery Error", "delete"): "deleted None",
        ("downloaded", "deliver"): "same",
        ("downloaded", "delete"): "deleted None",
        ("downloaded", "deploy"): "deploy Start",
        ("deploy", "deliver"): "same",
        ("deploy", "deploy"): "same",
        ("deploy Error", "deliver"): "same",
        ("deploy Error", "deploy"): "deploy Start",
        ("deploy Error", "delete"): "deleted None",
        ("installed", "deliver"): "same",
        ("installed", "deploy"): "same",
        ("installed", "uninstall"): "installed Uninstall",
        ("uninstalling", "deliver"): "same",
        ("uninstalling", "deploy"): "same",
        ("uninstalling", "uninstall"): "same",
        ("uninstalled", "deliver"): "delivery Start",
        ("uninstalled", "delete"): "deleted None",
        ("uninstalled", "uninstall"): "same",
        ("deleted", "deliver"): "delivery Start",
        ("deleted", "delete"): "same",
    }
    ACTIONS = ("deliver", "pause", "cancel", "delete", "deploy", "uninstall")
    SITUATIONS = sorted({situation for situation, _ in EFFECTS})

    @staticmethod
    def bring(fleet: Caller, situation: str) -> None:
        """Bring a release of a child into a situation by the ways that lead there."""
        agents, device = fleet.world.agents, fleet.fleet.devices[CHILD]
        release = fleet.fleet.catalog.releases[NEW]

        def after(seconds: float, *steps: Callable[..., None]) -> None:
            fleet.clock.advance(seconds)
            fleet.fleet.advance()
            for step in steps:
                step(device, release)

        if situation == "nothing":
            return
        device.failing = situation == "deploy Error"
        if situation == "delivery Error":
            release.status = "draft"
        after(0, agents.deliver)
        if situation.startswith("delivery"):
            stop = {"delivery Pause": [agents.pause], "delivery Cancel": [agents.cancel]}.get(situation, [])
            after(6 if situation == "delivery Error" else 1, *stop)
            return
        after(6)
        if situation == "downloaded":
            return
        if situation == "deleted":
            after(0, agents.delete)
            return
        after(0, agents.deploy)
        if situation.startswith("deploy"):
            after(4 if situation == "deploy Error" else 1)
            return
        after(4, *([] if situation == "installed" else [agents.uninstall]))
        after(2 if situation == "uninstalled" else 0)

    @pytest.mark.parametrize("action", ACTIONS)
    @pytest.mark.parametrize("situation", SITUATIONS)
    @pytest.mark.parametrize("repeat", ["200", "405"])
    def test_every_action_in_every_situation(self, situation: str, action: str, repeat: str) -> None:
        fleet = Caller(repeat_action=repeat)
        self.bring(fleet, situation)
        before = fleet.row(CHILD, NEW)
        assert situation == "nothing" or " ".join(map(str, before or ())).startswith(
            {"uninstalling": "installed Uninstall"}.get(situation, situation)
        )
        effect = self.EFFECTS.get((situation, action), "refused")
        do = getattr(fleet.world.agents, action)
        device, release = fleet.fleet.devices[CHILD], fleet.fleet.catalog.releases[NEW]
        if effect == "refused" or (effect == "same" and repeat == "405"):
            with pytest.raises(NotAllowed):
                do(device, release)
            assert fleet.row(CHILD, NEW) == before
        else:
            do(device, release)
            after = fleet.row(CHILD, NEW)
            assert after == before if effect == "same" else " ".join(map(str, after or ())) == effect


def test_pausing_keeps_what_was_done() -> None:
    fleet = Caller()
    fleet.act("DeliveryStart", NEW, CHILD)
    fleet.clock.advance(3)
    fleet.act("DeliveryStop", NEW, CHILD)
    fleet.clock.advance(100)
    row = fleet.rows(CHILD)[NEW]
    assert (row["deviceReleaseStatus"], row["progress"], row["eta"]) == ("Pause", 50.0, None)
    fleet.act("DeliveryStart", NEW, CHILD)
    fleet.clock.advance(3)
    assert fleet.row(CHILD, NEW) == ("downloaded", "Done")


def test_uninstall_takes_time_or_is_only_recorded() -> None:
    for variant, end in (("removes", ("uninstalled", "Uninstall")), ("records-only", ("installed", "Uninstall"))):
        fleet = Caller(uninstall=variant)
        release = fleet.fleet.catalog.releases[OLD]
        fleet.world.agents.uninstall(fleet.fleet.devices[CHILD], release)
        assert fleet.row(CHILD, OLD) == ("installed", "Uninstall")
        fleet.clock.advance(2)
        assert fleet.row(CHILD, OLD) == end


def test_downloads_of_what_is_not_released_fail() -> None:
    fleet = Caller()
    fleet.fleet.catalog.releases[NEW].status = "draft"
    fleet.act("DeliveryStart", NEW, CHILD)
    fleet.clock.advance(6)
    row = fleet.rows(CHILD)[NEW]
    assert (row["state"], row["deviceReleaseStatus"]) == ("delivery", "Error")
    assert row["errMsg"].startswith("DELIVERY.downloadNotAvailable: ")
    fleet.fleet.catalog.releases[NEW].status = "released"
    fleet.act("DeliveryStart", NEW, CHILD)
    fleet.clock.advance(6)
    assert fleet.row(CHILD, NEW) == ("downloaded", "Done")


@pytest.mark.parametrize(
    ("variant", "plain", "marked"), [("release", False, True), ("always", True, True), ("never", False, False)]
)
def test_who_decides_on_automatic_deploys(variant: str, plain: bool, marked: bool) -> None:
    fleet = Caller(auto_deploy=variant)
    for catalog_id, by_itself in ((NEW, plain), ("14.telemetry@1.4.0", marked)):
        fleet.act("DeliveryStart", catalog_id, CHILD)
        fleet.clock.advance(10)
        assert fleet.row(CHILD, catalog_id) == (("installed" if by_itself else "downloaded"), "Done")
    fleet.act("DeliveryStart", RUNTIME, CHILD)
    fleet.clock.advance(10)
    assert fleet.row(CHILD, RUNTIME) == ("downloaded", "Done"), "what others depend on is not installed by itself"


class TestAway:
    @pytest.mark.parametrize("situation", ["delivery", "deploy", "uninstalling"])
    def test_what_moves_waits_for_its_return(self, situation: str) -> None:
        fleet, still = Caller(), Caller()
        for one in (fleet, still):
            TestRefusals.bring(one, situation)
        fleet.world.set_online(CHILD, online=False)
        before = fleet.rows(CHILD)
        fleet.clock.advance(100)
        assert fleet.rows(CHILD) == before
        fleet.world.set_online(CHILD, online=True)
        for seconds in (0, 1, 1, 10):
            fleet.clock.advance(seconds)
            still.clock.advance(seconds)
            assert fleet.states(CHILD, "radio") == still.states(CHILD, "radio")


class TestRestart:
    def test_a_child_is_away_and_its_installations_fail(self) -> None:
        fleet = Caller()
        TestRefusals.bring(fleet, "deploy")
        fleet.act("DeliveryStart", "14.telemetry@1.0.0", CHILD)
        fleet.world.restart_agent(CHILD, 5)
        assert fleet.row(CHILD, NEW) == ("deploy", "Error")
        assert "restarted" in fleet.rows(CHILD)[NEW]["errMsg"]
        fleet.act("DeployStart", NEW, CHILD)
        assert fleet.row(CHILD, NEW) == ("deploy", "Error")
        fleet.clock.advance(5)
        fleet.act("DeployStart", NEW, CHILD)
        fleet.clock.advance(6)
        assert fleet.row(CHILD, NEW) == ("installed", "Done")
        assert fleet.row(CHILD, "14.telemetry@1.0.0") == ("downloaded", "Done")

    def test_the_master_breaks_connections_while_the_server_answers(self) -> None:
        fleet = Caller()
        fleet.login()
        fleet.world.restart_agent(ROOT, 5)
        for path in ("/api/cdn/device", "/api/v2/device"):
            assert fleet.raw("GET", path).cut
        assert fleet.get("/api/v1/checkHealth")[0] == 200
        assert fleet.get("/api/v1/catalog/releases/project/radio")[0] == 200
        fleet.clock.advance(5)
        assert fleet.get("/api/cdn/device")[0] == 200


ANSWERS = st.fixed_dictionaries(
    {q.name: st.sampled_from(q.answers) for q in QUESTIONS if q.name not in {"answer-shape", "cdn-action-body"}}
)
COMMANDS = st.sampled_from(["DeliveryStart", "DeliveryStop", "DeliveryCancel", "DeliveryDelete", "DeployStart"])
STEPS = st.lists(
    st.tuples(COMMANDS, st.sampled_from([OLD, NEW, VISION, RUNTIME]), st.sampled_from([0.0, 1.0, 7.0])), max_size=12
)


@given(ANSWERS, STEPS, st.booleans())
def test_whatever_is_asked_rows_stay_sound_and_everything_comes_to_rest(
    answers: dict[str, str], steps: list[tuple[str, str, float]], failing: bool
) -> None:
    fleet = Caller(Shape(units=2, offline=0, failing=0), answers=answers)
    fleet.world.set_failing(CHILD, failing=failing)
    for command, catalog_id, seconds in steps:
        assert fleet.act(command, catalog_id, CHILD)[0] == 200
        fleet.clock.advance(seconds)
        for row in fleet.rows(CHILD).values():
            assert row["state"] in STATES
            assert (row["errMsg"] is not None) == (row["deviceReleaseStatus"] == "Error")
            assert answers["gone-rows"] == "lingers" or row["state"] not in {"deleted", "uninstalled"}
    fleet.clock.advance(100)
    rows = fleet.rows(CHILD)
    fleet.clock.advance(100)
    assert fleet.rows(CHILD) == rows
    assert all(row["eta"] is None for row in rows.values())


VERBS = st.one_of(
    st.tuples(st.just("set_online"), st.fixed_dictionaries({"device": st.just(CHILD), "online": st.booleans()})),
    st.tuples(st.just("set_inactive"), st.fixed_dictionaries({"device": st.just(CHILD), "inactive": st.booleans()})),
    st.tuples(st.just("restart_agent"), st.just({"device": CHILD, "seconds": 3})),
    st.tuples(st.just("console"), st.just({"device": CHILD, "project": "vision", "version": "1.4.0"})),
)
ACTS = st.tuples(COMMANDS, st.sampled_from([NEW, VISION, RUNTIME]))


@given(ANSWERS, st.lists(st.tuples(st.one_of(VERBS, ACTS), st.sampled_from([0.0, 1.0, 7.0])), max_size=15))
def test_whatever_people_do_meanwhile_it_comes_to_rest_when_the_child_is_back(
    answers: dict[str, str], steps: list[tuple[tuple[str, Any], float]]
) -> None:
    fleet = Caller(Shape(units=2, workloads=2, offline=0, failing=0), answers=answers)
    for (name, argument), seconds in steps:
        if isinstance(argument, dict):
            assert fleet.post(f"/simulator/{name}", argument)[0] in {200, 400, 404}
        else:
            fleet.act(name, argument, CHILD)
        fleet.clock.advance(seconds)
    fleet.clock.advance(3)
    fleet.world.set_online(CHILD, online=True)
    fleet.clock.advance(100)
    (first,) = [entry["data"] for entry in fleet.get("/api/cdn/device/releases", f"device_id={CHILD}")[1]]
    fleet.clock.advance(100)
    assert fleet.get("/api/cdn/device/releases", f"device_id={CHILD}")[1][0]["data"] == first
    paused = {row["release"]["id"] for row in first if row["deviceReleaseStatus"] == "Pause"}
    moving = {row["release"]["id"] for row in first if row["state"] in {"delivery", "deploy"}} - paused
    stopped = {row["release"]["id"] for row in first if row["deviceReleaseStatus"] in {"Cancel", "Error"}}
    assert moving <= stopped

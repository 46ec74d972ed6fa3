"""Devices as they behave: at once, later, never; and the laws that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.losant import Shape
from tests.unit.simulators.losant.caller import Caller

FLEET = Shape(units=8, workloads=2, versions=4, settle=2.0, offline=0.0, failing=0.0)


def test_an_online_device_takes_it_after_settling() -> None:
    fleet = Caller()
    fleet.release("telemetry", "v1.0.0", "gw-001")
    fleet.clock.advance(1.9)
    assert fleet.versions("gw-001", "telemetry") == ("v1.0.0", "v1.3.0")
    fleet.clock.advance(0.1)
    row = fleet.row("gw-001", "telemetry")
    assert row is not None
    assert row["currentVersion"] == "v1.0.0"
    assert row["currentEtag"] == row["desiredEtag"]
    assert [(e["changeType"], e["sourceType"], e["newValue"]) for e in row["logs"][-2:]] == [
        ("desired", "apiToken", "v1.0.0"),
        ("current", "device", "v1.0.0"),
    ]


def test_an_offline_device_takes_it_when_it_returns() -> None:
    fleet = Caller()
    fleet.world.set_online("gw-001", False)
    fleet.release("telemetry", "v1.0.0", "gw-001")
    fleet.clock.advance(3600)
    assert fleet.versions("gw-001", "telemetry") == ("v1.0.0", "v1.3.0")
    fleet.world.set_online("gw-001", True)
    assert fleet.versions("gw-001", "telemetry") == ("v1.0.0", "v1.3.0")
    fleet.clock.advance(2)
    assert fleet.versions("gw-001", "telemetry") == ("v1.0.0", "v1.0.0")


def test_a_later_release_overrides_a_pending_one_and_settles_anew() -> None:
    fleet = Caller()
    fleet.release("telemetry", "v1.0.0", "gw-001")
    fleet.clock.advance(1)
    fleet.release("telemetry", "v1.1.0", "gw-001")
    fleet.clock.advance(1)
    assert fleet.versions("gw-001", "telemetry") == ("v1.1.0", "v1.3.0")
    fleet.clock.advance(1)
    assert fleet.versions("gw-001", "telemetry") == ("v1.1.0", "v1.1.0")


def test_a_failing_device_logs_and_keeps_what_it_has_until_it_returns() -> None:
    fleet = Caller()
    fleet.world.set_failing("gw-001", True)
    fleet.release("telemetry", "v1.0.0", "gw-001")
    fleet.clock.advance(2)
    row = fleet.row("gw-001", "telemetry")
    assert row is not None
    entry = row["logs"][-1]
    assert (entry["changeType"], entry["attemptedValue"], entry["previousValue"]) == ("current", "v1.0.0", "v1.3.0")
    assert entry["error"]
    assert (row["desiredVersion"], row["currentVersion"]) == ("v1.0.0", "v1.3.0")
    fleet.world.set_failing("gw-001", False)
    fleet.clock.advance(60)
    assert fleet.versions("gw-001", "telemetry") == ("v1.0.0", "v1.3.0")
    fleet.world.set_online("gw-001", True)
    fleet.clock.advance(2)
    assert fleet.versions("gw-001", "telemetry") == ("v1.0.0", "v1.0.0")


def test_an_agent_that_is_too_old_refuses_in_the_words_of_the_variant() -> None:
    fleet = Caller(agent_error_text="please upgrade")
    fleet.world.create_version("telemetry", "v2", minimum_agent="2.10.0")
    fleet.world.set_agent("gw-001", "2.9.9")
    fleet.world.set_agent("gw-002", "2.10.0")
    fleet.release("telemetry", "v2", "gw-001", "gw-002")
    fleet.clock.advance(2)
    row = fleet.row("gw-001", "telemetry")
    assert row is not None
    assert (row["currentVersion"], row["logs"][-1]["error"]) == ("v1.3.0", "please upgrade")
    assert fleet.versions("gw-002", "telemetry") == ("v2", "v2")


def test_logs_do_not_grow_without_end() -> None:
    fleet = Caller()
    for number in range(80):
        fleet.world.console("gw-001", "telemetry", f"v1.{number % 4}.0")
    row = fleet.row("gw-001", "telemetry")
    assert row is not None
    assert len(row["logs"]) == 50


DEVICES = st.sampled_from([f"gw-{n:03d}" for n in range(8)])
FLOWS = st.sampled_from(["modbus-poller", "vision"])
VERSIONS = st.sampled_from([None, "v1.0.0", "v1.1.0", "v1.2.0"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("release"), FLOWS, VERSIONS, DEVICES),
        st.tuples(st.just("console"), DEVICES, FLOWS, VERSIONS),
        st.tuples(st.just("online"), DEVICES, st.booleans()),
        st.tuples(st.just("failing"), DEVICES, st.booleans()),
        st.tuples(st.just("wait"), st.floats(0, 5)),
    ),
    max_size=25,
)


def play(fleet: Caller, steps: list[tuple[object, ...]]) -> None:
    actions: dict[str, Callable[..., object]] = {
        "release": fleet.release,
        "console": fleet.world.console,
        "online": fleet.world.set_online,
        "failing": fleet.world.set_failing,
        "wait": fleet.clock.advance,
    }
    for name, *arguments in steps:
        actions[str(name)](*arguments)


@given(STEPS)
def test_whatever_happens_healthy_devices_that_return_converge(steps: list[tuple[object, ...]]) -> None:
    fleet = Caller(FLEET)
    play(fleet, steps)
    for device in [d.name for d in fleet.app.devices if d.device_class == "edgeCompute"]:
        fleet.world.set_failing(device, False)
        fleet.world.set_online(device, True)
    fleet.clock.advance(2)
    rows = fleet.rows()
    assert all(row["desiredVersion"] == row["currentVersion"] for row in rows)
    assert all(row.get("desiredEtag") == row.get("currentEtag") for row in rows)


@given(STEPS)
def test_kept_pages_never_differ_from_fresh_ones(steps: list[tuple[object, ...]]) -> None:
    fleet = Caller(FLEET)
    queries = [
        "sortField=id&perPage=3&page=1",
        "perPage=1000",
        "version=v1.1.0",
        "filterEmpty=1&sortField=creationDate",
    ]
    for number in range(len(steps) + 1):
        play(fleet, steps[number - 1 : number] if number else [])
        kept = [fleet.get("/edge/deployments", query) for query in queries]
        fleet.app._listings.clear()
        assert kept == [fleet.get("/edge/deployments", query) for query in queries]

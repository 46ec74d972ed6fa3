"""Compiling by example: which calls, with which bodies, and when a wide one is out of the question."""

from __future__ import annotations

from array import array
from collections import Counter

import pytest

from reconciler.model.change import Action, Change, Reason, Verb
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import Phase, State
from reconciler.model.origin import NOWHERE
from reconciler.model.snapshot import PROVED, Snapshot, Workload
from reconciler.model.unit import Reach, Ref, Unit, Units
from reconciler.platforms.losant.compile import compile_changes, review_changes
from tests.unit.platforms.losant.application import hex_id

FLOW = "f" * 24
BASE = "/applications/a"
UNITS = [hex_id("d", number) for number in range(3000)]
V1 = State("v1", "v1")


def snapshot(states: list[State]) -> Snapshot:
    """Return one workflow whose slots have these states, unit by unit."""
    units = Units.build(
        Unit(row, UNITS[row], f"gw-{row}", (), Reach.CONNECTED, 1, None, True) for row in range(len(states))
    )
    distinct = list(dict.fromkeys(states))
    numbers = {state: number for number, state in enumerate(distinct, 1)}
    column = array("I", (numbers[state] for state in states))
    return Snapshot(
        identity="losant:x",
        units=units,
        workloads=(Workload(FLOW, "flow"),),
        states=[State(), *distinct],
        columns={FLOW: column},
        coverage=PROVED,
        read_at=0.0,
    )


def change(row: int, old: str | None, new: str | None, flow: str = FLOW) -> Change:
    verb = Verb.REMOVE if new is None else Verb.RELEASE if old is None else Verb.REPLACE
    return Change(
        unit=Ref(UNITS[row], f"gw-{row}"),
        workload=Ref(flow, "flow"),
        verb=verb,
        from_=old,
        to=new,
        reason=Reason.CHANGE,
        steps=(),
        origin=NOWHERE,
        observed="",
    )


def compiled(changes: list[Change], states: list[State], mode: str = "scope", wide: bool = True) -> tuple[Action, ...]:
    return compile_changes(changes, snapshot(states), BASE, fleet_wide={FLOW}, wide_calls=mode, wide=wide)


def calls(actions: tuple[Action, ...]) -> dict[str, int]:
    return dict(Counter(action.call for action in actions))


def test_releases_name_their_devices_in_order() -> None:
    changes = [change(2, "v1", "v2"), change(0, None, "v2"), change(1, "v1", "v3")]
    first, second = compiled(changes, [V1] * 3)
    assert (first.call, first.request.method, first.request.path) == (
        "losant.release",
        "POST",
        f"{BASE}/edge/deployments/release",
    )
    assert first.request.body == {"flowId": FLOW, "version": "v2", "deviceIds": [UNITS[0], UNITS[2]]}
    assert first.slots == (1, 0)
    assert second.request.body == {"flowId": FLOW, "version": "v3", "deviceIds": [UNITS[1]]}
    assert not first.wide


def test_removals_come_last_and_one_alone_is_a_remove() -> None:
    other = "e" * 24
    changes = [change(0, "v1", None), change(1, "v1", None), change(2, "v1", None, other), change(2, "v1", "v2")]
    release, remove, both = compiled(changes, [V1] * 3)
    assert (release.stage, remove.stage, both.stage) == (0, 1, 1)
    assert (remove.call, remove.request.path) == ("losant.remove", f"{BASE}/edge/deployments/remove")
    assert remove.request.body == {"flowId": other, "deviceId": UNITS[2]}
    assert both.call == "losant.release"
    assert both.request.body == {"flowId": FLOW, "version": None, "deviceIds": UNITS[:2]}


def test_a_thousand_devices_a_call() -> None:
    actions = compiled([change(row, "v1", "v2") for row in range(2001)], [V1] * 2001, wide=False)
    assert [len(action.slots) for action in actions] == [1000, 1000, 1]


def test_a_wide_call_where_all_who_hold_the_old_version_move_alike() -> None:
    (action,) = compiled([change(row, "v1", "v2") for row in range(1001)], [V1] * 1001)
    assert (action.call, action.wide, action.request.path) == (
        "losant.replace",
        True,
        f"{BASE}/edge/deployments/replace",
    )
    assert action.request.body == {"flowId": FLOW, "oldVersion": "v1", "newVersion": "v2"}
    assert action.slots == tuple(range(1001))


@pytest.mark.parametrize("mode", ["scope", "proved"])
def test_a_wide_call_needs_no_whole_scope_only_where_proved_ones_are_allowed(mode: str) -> None:
    changes = [change(row, "v1", "v2") for row in range(1001)]
    actions = compile_changes(changes, snapshot([V1] * 1001), BASE, fleet_wide=(), wide_calls=mode)
    assert any(action.wide for action in actions) == (mode == "proved")


def test_never_means_never() -> None:
    assert not any(one.wide for one in compiled([change(row, "v1", "v2") for row in range(1001)], [V1] * 1001, "never"))


@pytest.mark.parametrize(
    "odd",
    [
        V1,
        State("v1", "v0", Phase.MOVING),
        State("v2", "v1", Phase.MOVING),
        State("v2", "v1", Phase.FAILED, error="x"),
        State(None, "v1", Phase.MOVING),
        State(None, None, Phase.UNKNOWN),
    ],
)
def test_one_foreign_holder_in_any_reading_rules_a_wide_call_out(odd: State) -> None:
    for mode in ("scope", "proved"):
        actions = compiled([change(row, "v1", "v2") for row in range(1001)], [V1] * 1001 + [odd], mode)
        assert calls(actions) == {"losant.release": 2}


@pytest.mark.parametrize("own", [State("v1", "v0", Phase.MOVING), State("v1", None, Phase.MOVING)])
def test_a_mover_that_does_not_report_the_old_version_rules_it_out(own: State) -> None:
    actions = compiled([change(row, "v1", "v2") for row in range(1001)], [V1] * 1000 + [own])
    assert calls(actions) == {"losant.release": 2}


def test_a_mover_the_inventory_does_not_have_rules_it_out() -> None:
    actions = compiled([change(row, "v1", "v2") for row in range(1002)], [V1] * 1001)
    assert calls(actions) == {"losant.release": 2}


def test_an_old_version_that_others_move_to_is_not_replaced_wide() -> None:
    changes = [change(row, "v1", "v2") for row in range(1001)] + [change(1001, "v0", "v1")]
    actions = compiled(changes, [V1] * 1001 + [State("v0", "v0")])
    assert calls(actions) == {"losant.release": 3}


def test_wide_only_where_it_saves_calls() -> None:
    v0 = State("v0", "v0")
    states = [V1] * 1400 + [v0] * 100
    changes = [change(row, states[row].assigned, "v2") for row in range(1500)]
    assert calls(compiled(changes, states)) == {"losant.release": 2}
    states = [V1] * 2000 + [v0] * 900 + [State()] * 100
    changes = [change(row, states[row].assigned, "v2") for row in range(3000)]
    actions = compiled(changes, states)
    assert calls(actions) == {"losant.replace": 1, "losant.release": 1}
    assert sorted(slot for action in actions for slot in action.slots) == list(range(3000))


def test_removals_never_go_wide() -> None:
    actions = compiled([change(row, "v1", None) for row in range(1500)], [V1] * 1500, "proved")
    assert calls(actions) == {"losant.release": 2}
    assert not any(action.wide for action in actions)


def test_nothing_to_do_is_no_call() -> None:
    assert compiled([], [V1]) == ()


def test_only_what_a_device_loads_from_a_file_is_held() -> None:
    why = (Condition(ConditionCode.FROM_FILE, text="poller.json"),)
    states = [State("1", "1"), State("1", "1", protected=why)]
    found = review_changes([change(0, "1", "2"), change(1, "1", "2"), change(9, "1", "2")], snapshot(states))
    assert list(found.holds) == [1]

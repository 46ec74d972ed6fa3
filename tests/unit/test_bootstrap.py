"""Examples of what an import writes: what a person would have written."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import msgspec
import yaml

from reconciler.core.bootstrap import Imported, bootstrap
from reconciler.model.fleet import FleetSpec
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units, labels_of

Tags = Mapping[str, str]


def world(
    units: Sequence[tuple[str, Tags]],
    assigned: Mapping[str, Sequence[str | State | None]],
    *,
    unassignable: Sequence[int] = (),
    coverage: Coverage = PROVED,
    workloads: Sequence[Workload] | None = None,
) -> Snapshot:
    """Return a snapshot of units (name, tags) with what each has of each workload, in the order of the units."""
    states = [EMPTY]

    def number(what: str | State | None) -> int:
        state = EMPTY if what is None else what if isinstance(what, State) else State(assigned=what, reported=what)
        if state not in states:
            states.append(state)
        return states.index(state)

    listed = tuple(workloads or (Workload(f"id-{name}", name) for name in assigned))
    return Snapshot(
        identity="test:world",
        units=Units.build(
            Unit(0, f"{at:024x}", name, labels_of(tags.items()), Reach.CONNECTED, 1, None, at not in unassignable)
            for at, (name, tags) in enumerate(units)
        ),
        workloads=listed,
        states=states,
        columns={
            one.id: array("I", map(number, assigned[one.name if one.name in assigned else one.id])) for one in listed
        },
        coverage=coverage,
        read_at=0.0,
    )


def lines(spec: FleetSpec) -> int:
    return yaml.safe_dump(msgspec.to_builtins(spec), default_flow_style=None, width=110).count("\n")


def imported(snapshot: Snapshot) -> Imported:
    return bootstrap(snapshot, "plant", retries_itself=True, measure=lines)


def said(snapshot: Snapshot) -> dict[str, object]:
    """Return workloads and pins as plain values."""
    spec = msgspec.to_builtins(imported(snapshot).spec)
    assert spec["units"] == {"all": True}
    return {key: value for key, value in spec.items() if key in {"workloads", "pins"}}


def gateways(count: int, **tags: str) -> list[tuple[str, Tags]]:
    return [(f"gw-{number}", tags) for number in range(count)]


def test_one_version_everywhere_is_one_line() -> None:
    assert said(world(gateways(9), {"poller": ["v1"] * 9})) == {"workloads": {"poller": {"version": "v1"}}}


def test_a_shared_tag_tells_who_differs() -> None:
    units = [*gateways(6, ring="wide"), ("c-1", {"ring": "canary"}), ("c-2", {"ring": "canary", "x": "1"})]
    assert said(world(units, {"poller": ["v1"] * 6 + ["v2"] * 2})) == {
        "workloads": {
            "poller": {"version": "v1", "overrides": [{"units": {"tags": {"ring": "canary"}}, "version": "v2"}]}
        }
    }


def test_values_of_one_key_share_an_override() -> None:
    units = [(f"gw-{number}", {"site": "abcdefgh"[number // 2]}) for number in range(16)]
    versions = ["v1"] * 12 + ["v2"] * 4
    assert said(world(units, {"poller": versions}))["workloads"] == {
        "poller": {"version": "v1", "overrides": [{"units": {"tags": {"site": ["g", "h"]}}, "version": "v2"}]}
    }


def test_tags_that_overlap_are_taken_by_what_they_still_add() -> None:
    odd = [{"a": "1"}, {"a": "1"}, {"a": "1", "b": "1"}, {"a": "1", "b": "1"}, {"b": "1"}, {"b": "1"}, {"a": "1"}]
    units = [*gateways(9), *((f"odd-{number}", tags) for number, tags in enumerate(odd))]
    found = imported(world(units, {"poller": ["v1"] * 9 + ["v2"] * 7})).spec.workloads["poller"]
    assert [override.units.tags for override in found.overrides] == [{"a": "1"}, {"b": "1"}]


def test_one_odd_unit_is_a_pin_even_where_it_has_a_tag_of_its_own() -> None:
    units = [(f"gw-{number}", {"serial": str(number)}) for number in range(9)]
    assert said(world(units, {"poller": ["v1"] * 8 + ["v0"]})) == {
        "workloads": {"poller": {"version": "v1"}},
        "pins": {f"{8:024x}": {"poller": "v0"}},
    }


def test_one_line_pins_a_unit_for_all_its_workloads() -> None:
    found = said(world(gateways(9), {"poller": ["v1"] * 8 + ["v0"], "vision": ["v5"] * 8 + ["v4"]}))
    assert found["pins"] == {f"{8:024x}": {"poller": "v0", "vision": "v4"}}


def test_a_slot_for_itself_is_written_where_that_is_shorter() -> None:
    assert said(world(gateways(2), {"poller": [None, "v1"]})) == {
        "workloads": {"poller": {"unmanaged": True}},
        "pins": {f"{1:024x}": {"poller": "v1"}},
    }


def test_many_odd_units_without_a_common_tag_are_a_list_of_ids() -> None:
    found = said(world(gateways(30), {"poller": ["v1"] * 20 + ["v2"] * 10}))
    assert "pins" not in found
    assert found["workloads"] == {
        "poller": {
            "version": "v1",
            "overrides": [{"units": {"ids": [f"{number:024x}" for number in range(20, 30)]}, "version": "v2"}],
        }
    }


def test_a_workload_that_only_tagged_units_have_is_narrowed_to_them() -> None:
    units = [*gateways(5), *((f"c-{number}", {"camera": str(number)}) for number in range(4))]
    assert said(world(units, {"vision": [None] * 5 + ["v2"] * 4})) == {
        "workloads": {"vision": {"units": {"tags": {"camera": "*"}}, "version": "v2"}}
    }


def test_a_workload_that_a_few_units_of_one_site_lack() -> None:
    units = [*gateways(5, site="a"), *((f"c-{number}", {"site": "b"}) for number in range(4))]
    assert said(world(units, {"vision": ["v2"] * 5 + [None] * 4})) == {
        "workloads": {"vision": {"units": {"tags": {"site": "a"}}, "version": "v2"}}
    }


def test_one_unit_without_the_workload_is_left_alone_by_a_pin() -> None:
    assert said(world(gateways(9), {"vision": ["v2"] * 8 + [None]})) == {
        "workloads": {"vision": {"version": "v2"}},
        "pins": {f"{8:024x}": {"vision": {"unmanaged": True}}},
    }


def test_one_unit_with_the_workload_is_all_that_is_managed() -> None:
    assert said(world(gateways(9), {"vision": [None] * 8 + ["v2"]})) == {
        "workloads": {"vision": {"unmanaged": True}},
        "pins": {f"{8:024x}": {"vision": "v2"}},
    }


def test_settings_are_part_of_what_a_slot_says() -> None:
    staged = State(assigned="v1", reported="v1", settings=(("percent", 10),))
    assert said(world(gateways(4), {"poller": [staged, staged, staged, "v1"]})) == {
        "workloads": {"poller": {"version": "v1", "settings": {"percent": 10}}},
        "pins": {f"{3:024x}": {"poller": "v1"}},
    }
    assert said(world(gateways(4), {"poller": ["v1", "v1", "v1", staged]}))["pins"] == {
        f"{3:024x}": {"poller": {"version": "v1", "settings": {"percent": 10}}}
    }


def test_names_that_several_units_bear_are_pinned_by_id() -> None:
    units = [*gateways(6), ("twin", {}), ("twin", {}), (f"{0:024x}", {})]
    found = said(world(units, {"poller": ["v1"] * 6 + ["v0", "v1", "v0"]}))
    assert found["pins"] == {f"{6:024x}": {"poller": "v0"}, f"{8:024x}": {"poller": "v0"}}


def test_workloads_of_one_name_are_told_apart_by_id() -> None:
    workloads = [Workload("w1", "poller"), Workload("w2", "poller"), Workload("w3", "poller-w2"), Workload("w4", "")]
    snapshot = world(
        gateways(2),
        {"w1": ["v1"] * 2, "w2": ["v2"] * 2, "poller-w2": ["v3"] * 2, "w4": ["v4"] * 2},
        workloads=workloads,
    )
    found = imported(snapshot)
    assert {name: (spec.id, spec.version) for name, spec in found.spec.workloads.items()} == {
        "w4": ("w4", "v4"),
        "poller": ("w1", "v1"),
        "poller-w2-w2": ("w2", "v2"),
        "poller-w2": (None, "v3"),
    }
    assert "poller-w2-w2 stands for the workload 'poller' (w2): another one has the same name" in found.notes


def test_what_is_left_out_is_said() -> None:
    overwritten = State(assigned="v1", reported="v1", overwritten=True)
    paused = State(assigned="v1", reported="v0", phase=Phase.PAUSED)
    snapshot = world(
        gateways(8),
        {
            "poller": ["v1", "v1", "v1", overwritten, paused, "x" * 256, None, "v1"],
            "old": [None] * 8,
        },
        unassignable=[7],
    )
    found = imported(snapshot)
    assert (found.units, found.slots) == (7, 3)
    assert found.notes == (
        "left out: 1 unit of a class that takes no assignments",
        "4 units with nothing to manage: gw-3, gw-4, gw-5 and 1 more",
        "left out: workloads that are on no unit: old",
        "left unmanaged: 1 slot whose content was overwritten under the same version name",
        "left unmanaged: 1 slot paused on the platform",
        "left unmanaged: 1 slot whose version name cannot be written in a manifest",
    )


def test_nothing_read_is_nothing_managed() -> None:
    snapshot = world(gateways(3), {"poller": ["v1", None, None]}, coverage=Coverage(complete=False, problems=("cut",)))
    found = imported(snapshot)
    assert found.slots == 1
    empty = imported(world([], {}))
    assert empty.spec == FleetSpec(connection="plant", units=empty.spec.units, workloads={})


def cohorts(spec: FleetSpec) -> dict[str, object]:
    return {key: value for key, value in msgspec.to_builtins(spec).items() if key in {"workloads", "pins"}}


def test_cohorts_are_told_by_their_slugs_and_never_by_tags() -> None:
    units: list[tuple[str, Tags]] = [
        (f"Cohort {at}", {"cohort": f"slug-{at}", "ring": "a" if at < 4 else "b"}) for at in range(9)
    ]
    staged = State(assigned="2", reported="1", settings=(("rollout_percent", 25),), ready=1, size=1)
    snapshot = world(units, {"main": [staged] * 4 + ["1"] * 5, "radio": ["7"] * 3 + [None] * 6})
    found = bootstrap(snapshot, "plant", retries_itself=True, measure=lines, cohorts=True)
    slugs = snapshot.units.ids
    assert cohorts(found.spec) == {
        "workloads": {
            "main": {
                "version": "1",
                "overrides": [{"units": {"cohorts": slugs[:4]}, "version": "2", "settings": {"rollout_percent": 25}}],
            },
            "radio": {"units": {"cohorts": slugs[:3]}, "version": "7"},
        }
    }


def test_what_stands_beside_or_half_way_stays_unmanaged_and_is_said() -> None:
    moving = State(assigned="2", reported="1", phase=Phase.MOVING, extra_versions=("1",))
    ready = State(assigned="2", reported="1", phase=Phase.READY)
    found = imported(world(gateways(3), {"poller": [moving, ready, "1"]}))
    assert found.slots == 1
    assert "left unmanaged: 1 slot with other versions besides the assigned one" in found.notes
    assert "left unmanaged: 1 slot with one step done, where the next call is due" in found.notes

"""Reading an application: what is asked, what is believed, and what is said when it cannot be."""

from __future__ import annotations

import json
from itertools import count as count_up
from typing import Any

import httpx
import pytest

from reconciler.errors import PlatformError, Unauthorized, Unreachable
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.connection import Requests
from reconciler.model.observation import EMPTY, UNSEEN, Phase, State
from reconciler.model.snapshot import Query, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from reconciler.platforms.losant.observe import narrowed
from reconciler.platforms.reading.readers import Readers
from tests.unit.platforms.losant.application import Application, hex_id, missing

EVERYTHING = Query()
ROWS, DEVICES, FLOWS = "/edge/deployments", "/devices", "/flows"


def observe(app: Application, query: Query = EVERYTHING, **fields: Any) -> Snapshot:
    return app.platform(**fields).observe(query)


def problems(app: Application) -> str:
    """Return why a reading proves nothing."""
    snapshot = observe(app)
    assert not snapshot.coverage.complete
    assert snapshot.states[0] == UNSEEN
    return " | ".join(snapshot.coverage.problems)


def all_of(units: Units) -> list[Unit]:
    """Return the rows of an inventory."""
    return [units[row] for row in range(len(units))]


def first_pages(request: httpx.Request) -> bool:
    return request.url.params.get("perPage") != "1"


def edited(app: Application, **fields: Any) -> Any:
    """Return a hook's answer: the page as it is, with other fields."""

    def answer(request: httpx.Request) -> httpx.Response | None:
        if not first_pages(request):
            return None
        hooks, app.hooks = app.hooks, []
        page = json.loads(app.answer(request).content)
        app.hooks = hooks
        app.requests.pop()
        return httpx.Response(200, json=page | fields)

    return answer


def test_pages_go_on_by_what_came_back() -> None:
    app = Application(most=100).fill(130, 2)
    snapshot = observe(app)
    assert snapshot.coverage.complete, snapshot.coverage.problems
    assert len(snapshot.units) == 130
    assert [len(list(snapshot.holders(workload.id))) for workload in snapshot.workloads] == [130, 130]
    assert [(one["page"], one["perPage"]) for one in app.asked(ROWS) if one["perPage"] != "1"] == [
        ("0", "1000"),
        ("0", "1000"),
        ("1", "100"),
        ("2", "100"),
    ]


def test_what_is_asked_of_the_platform() -> None:
    app = Application().fill(3, 1)
    observe(app)
    for asked in app.asked(ROWS) + app.asked(DEVICES) + app.asked(FLOWS):
        assert "filterEmpty" not in asked
        assert (asked["sortField"], asked["sortDirection"]) in (("id", "asc"), ("creationDate", "desc"))
    assert all(asked["flowClass"] == "edge" for asked in app.asked(FLOWS))
    assert len(app.requests) == 6, "a small application takes few requests"


def test_units_of_all_classes_are_known_and_only_edge_devices_are_assignable() -> None:
    app = Application()
    app.add_device(tags=[{"key": "a", "value": "2"}, {"key": "a", "value": "1"}], edgeAgentVersion="1.40.0")
    app.add_device("peripheral", connectionInfo={"connected": 0})
    app.add_device("someday", connectionInfo=None, name="")
    units = observe(app).units
    assert [unit.assignable for unit in all_of(units)] == [True, False, False]
    assert units[0].labels == (("a", "1"), ("a", "2"))
    assert [unit.reach for unit in all_of(units)] == [Reach.CONNECTED, Reach.DISCONNECTED, Reach.UNKNOWN]
    assert [unit.agent for unit in all_of(units)] == ["1.40.0", None, None]
    assert units[2].name == units[2].id


def test_rows_of_custom_nodes_are_not_there() -> None:
    app = Application().fill(2, 1)
    app.add_row(app.devices[0]["id"], hex_id("c", 1), "v1", flowClass="customNode")
    app.add_row(app.devices[1]["id"], hex_id("c", 1), "v1", flowClass="customNode", desiredVersion=7)
    snapshot = observe(app)
    assert snapshot.coverage.complete
    assert [workload.name for workload in snapshot.workloads] == ["flow-0"]
    assert list(snapshot.columns) == [app.flows[0]["id"]]


def test_an_empty_row_is_seen_and_a_slot_without_row_is_proved_empty() -> None:
    app = Application().fill(2, 1)
    app.add_device()
    app.rows[0] |= {"desiredVersion": None, "currentVersion": None}
    snapshot = observe(app)
    flow = app.flows[0]["id"]
    assert [snapshot.state(flow, row) for row in range(3)] == [State(), State("v1", "v1"), EMPTY]
    assert snapshot.columns[flow][0] != 0


def test_a_workflow_the_list_does_not_show_bears_the_name_of_its_rows() -> None:
    app = Application().fill(2, 1)
    lost = hex_id("c", 7)
    app.add_row(app.devices[0]["id"], lost, "v1", flowName="left behind")
    app.add_row(app.devices[1]["id"], hex_id("c", 8), "v1", flowName=None)
    app.add_row(app.devices[0]["id"], hex_id("c", 9), "v1", flowName="")
    snapshot = observe(app)
    assert snapshot.coverage.complete
    assert Workload(lost, "left behind") in snapshot.workloads
    assert {workload.name for workload in snapshot.workloads} == {
        "flow-0",
        "left behind",
        hex_id("c", 8),
        hex_id("c", 9),
    }


@pytest.mark.parametrize(
    ("path", "total", "text"),
    [
        (ROWS, 5, "says it has 5 and showed 4"),
        (ROWS, 3, "says it has 3 and showed 4"),
        (DEVICES, 3, "devices says it has 3 and showed 2"),
        (FLOWS, 9, "workflows"),
    ],
)
def test_totals_that_do_not_agree(path: str, total: int, text: str) -> None:
    app = Application().fill(2, 2)
    app.hook(path, edited(app, totalCount=total))
    said = problems(app)
    assert text in said or "other than its numbers say" in said


def test_a_page_that_lost_rows_is_read_again() -> None:
    app = Application(most=2).fill(5, 1)
    rows = app.rows[2:3]
    app.hook(ROWS, lambda r: edited(app, items=rows)(r) if r.url.params.get("page") == "1" else None, times=2)
    assert observe(app).coverage.complete


def test_a_page_that_stays_short_leaves_the_rest_seen_and_absence_unproved() -> None:
    app = Application(most=2).fill(5, 1)
    rows = app.rows[2:3]
    app.hook(ROWS, lambda r: edited(app, items=rows)(r) if r.url.params.get("page") == "1" else None)
    snapshot = observe(app)
    assert "came with 1 items" in " ".join(snapshot.coverage.problems)
    assert [snapshot.state(app.flows[0]["id"], row).assigned for row in range(5)] == ["v1", "v1", "v1", None, "v1"]
    assert snapshot.state(app.flows[0]["id"], 3) == UNSEEN


def test_a_total_that_changes_between_pages() -> None:
    app = Application(most=2).fill(5, 1)
    app.hook(ROWS, lambda r: edited(app, totalCount=6)(r) if r.url.params.get("page") == "1" else None)
    assert "changed from 5 to 6 while they were read" in problems(app)


def test_pages_that_repeat_items() -> None:
    app = Application(most=2).fill(4, 1)
    rows = app.rows[:2]
    app.hook(ROWS, lambda r: edited(app, items=rows)(r) if r.url.params.get("page") == "1" else None)
    assert "repeats or disorders" in problems(app)


def test_devices_out_of_order_are_still_one_inventory() -> None:
    app = Application().fill(3, 1)
    devices = [app.devices[2], app.devices[0], app.devices[2]]
    app.hook(DEVICES, edited(app, items=devices))
    snapshot = observe(app)
    assert not snapshot.coverage.complete
    assert snapshot.units.ids == sorted({device["id"] for device in devices})
    assert snapshot.units[1].name == "gw-2"


def test_a_device_that_comes_meanwhile() -> None:
    app = Application().fill(3, 1)

    def come(_: httpx.Request) -> None:
        app.add_device()

    app.hook(FLOWS, come)
    assert "the number of devices changed" in problems(app)


def test_a_device_swapped_for_another_meanwhile() -> None:
    app = Application().fill(3, 1)

    def swap(_: httpx.Request) -> None:
        gone = app.devices.pop(0)
        number = int(gone["id"][1:], 16) + 10
        later = f"2026-02-01T00:00:00.{number:03d}Z"
        app.devices.append(gone | {"id": hex_id("d", number), "creationDate": later})

    app.hook(FLOWS, swap)
    assert "devices came or went" in problems(app)


def test_a_deployment_swapped_for_another_between_pages() -> None:
    app = Application(most=2).fill(6, 1)

    def swap(request: httpx.Request) -> None:
        if request.url.params.get("page") == "1":
            gone = app.rows.pop(0)
            number = int(gone["id"][1:], 16) + 10
            app.rows.append(gone | {"id": hex_id("a", number), "creationDate": f"2026-02-01T00:00:00.{number:03d}Z"})

    app.hook(ROWS, swap)
    assert "edge deployments came or went" in problems(app) or "repeats" in problems(app)


def test_a_fence_that_shows_nothing_proves_nothing() -> None:
    app = Application().fill(3, 1)
    app.hook(DEVICES, lambda r: None if first_pages(r) else httpx.Response(200, json={"items": [], "totalCount": 3}))
    assert "devices came or went" in problems(app)


def test_a_fence_that_cannot_be_read_at_the_end() -> None:
    app = Application().fill(3, 1)
    app.hook(ROWS, lambda r: app.hook(DEVICES, lambda _: missing("gone")) if first_pages(r) else None, times=1)
    snapshot = observe(app)
    assert not snapshot.coverage.complete
    assert "could not be read" in " ".join(snapshot.coverage.problems)
    assert "reading again failed" in snapshot.coverage.problems[-1]


def test_a_page_that_cannot_be_read_leaves_the_rest() -> None:
    app = Application(most=2).fill(5, 1)
    app.hook(ROWS, lambda r: missing("expired") if r.url.params.get("page") == "2" else None)
    snapshot = observe(app)
    assert "page 3 of the edge deployments could not be read: losant: list edge deployments" in " ".join(
        snapshot.coverage.problems
    )
    assert [snapshot.state(app.flows[0]["id"], row).assigned for row in range(5)] == ["v1", "v1", "v1", "v1", None]


@pytest.mark.parametrize("path", [DEVICES, ROWS, FLOWS])
@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_collection_that_cannot_be_read_at_all_raises(path: str, status: int) -> None:
    app = Application().fill(1, 1)
    app.hook(path, lambda _: httpx.Response(status, json={"type": "T", "message": "m"}))
    with pytest.raises(PlatformError) as caught:
        observe(app)
    assert caught.value.status == status


def test_empty_answers_are_not_believed_while_others_say_otherwise() -> None:
    nothing = {"items": [], "count": 0, "totalCount": 0}
    for path, text in ((ROWS, "edge deployments"), (DEVICES, "devices"), (FLOWS, "workflows")):
        app = Application().fill(3, 2)

        def empty(request: httpx.Request) -> httpx.Response | None:
            params = request.url.params
            narrow = {"flowId", "deviceId", "deviceClass"} & set(params) or (
                request.url.path.endswith(FLOWS) and params["perPage"] == "1"
            )
            return None if narrow else httpx.Response(200, json=nothing)

        app.hook(path, empty)
        assert f"the list of {text} came empty though another question shows" in problems(app)


def test_an_empty_answer_is_read_again_when_the_fence_knows_better() -> None:
    app = Application().fill(3, 1)
    app.hook(ROWS, edited(app, items=[], totalCount=0), times=2)
    app.hook(DEVICES, edited(app, items=[], totalCount=0), times=1)
    snapshot = observe(app)
    assert snapshot.coverage.complete
    assert len(list(snapshot.holders(app.flows[0]["id"]))) == 3


def test_an_application_that_is_empty_is_believed_after_asking_differently() -> None:
    snapshot = observe(Application())
    assert snapshot.coverage.complete
    assert len(snapshot.units) == 0
    app = Application()
    app.add_device()
    app.add_flow("f")
    snapshot = observe(app)
    assert snapshot.coverage.complete
    assert {"flowId", "deviceId"} <= {key for asked in app.asked(ROWS) for key in asked}


def test_an_emptiness_that_cannot_be_confirmed() -> None:
    app = Application()
    app.add_device()
    app.hook(ROWS, lambda r: missing("gone") if "deviceId" in r.url.params else None)
    assert "that there are no edge deployments could not be confirmed" in problems(app)


def test_rows_without_any_edge_device() -> None:
    app = Application().fill(2, 1)
    app.devices.clear()
    assert "there are 2 edge deployments but no Edge Compute device is shown" in problems(app)


def test_a_row_of_an_unknown_device_is_believed_when_it_stays_and_nothing_changed() -> None:
    app = Application().fill(2, 1)
    app.add_row(hex_id("9", 9), app.flows[0]["id"], "v1")
    app.add_row(hex_id("9", 8), app.flows[0]["id"], None)
    snapshot = observe(app)
    assert snapshot.coverage.complete
    assert len([one for one in app.asked(DEVICES) if one["perPage"] == "1000"]) == 2, "read twice before it is believed"
    assert len(list(snapshot.holders(app.flows[0]["id"]))) == 2


def test_rows_of_ever_other_unknown_devices() -> None:
    app = Application().fill(2, 1)
    row = app.add_row(hex_id("9", 0), app.flows[0]["id"], "v1")

    def rename(request: httpx.Request) -> None:
        row["deviceId"] = hex_id("9", len(app.requests))

    app.hook(FLOWS, rename)
    assert "devices have edge deployments but are not in the list" in problems(app)


def test_two_rows_of_one_slot() -> None:
    app = Application().fill(1, 1)
    app.add_row(app.devices[0]["id"], app.flows[0]["id"], "v2")
    assert "has two rows of workflow" in problems(app)
    assert observe(app).state(app.flows[0]["id"], 0).phase is Phase.UNKNOWN


@pytest.mark.parametrize("file_first", [True, False])
def test_a_file_on_the_device_stands_beside_what_it_was_given(file_first: bool) -> None:
    app = Application().fill(1, 1)
    device, flow = app.devices[0]["id"], app.flows[0]["id"]
    app.rows.clear()
    for file in (file_first, not file_first):
        app.add_row(device, flow, "v2" if file else "v1", **({"fileName": "a.json"} if file else {}))
    snapshot = observe(app)
    assert snapshot.coverage.complete
    condition = Condition(ConditionCode.FROM_FILE, text="a.json")
    assert snapshot.state(flow, 0) == State("v1", "v1", conditions=(condition,))


@pytest.mark.parametrize("detail", ["gw-1", hex_id("d", 1)])
def test_everything_is_told_of_the_unit_that_is_asked_about_and_of_no_other(detail: str) -> None:
    app = Application().fill(3, 2)
    app.rows[2]["logs"] = [{"date": "2026-11-20T08:00:00.000Z", "newValue": "v1", "error": None}]
    app.rows[3] |= {"currentVersion": 7, "later": {"field": [1]}}
    snapshot = observe(app, Query(detail=detail))
    first, second = (snapshot.state(flow["id"], 1) for flow in app.flows)
    assert first.facts == (
        ("id", app.rows[2]["id"]),
        ("flowId", app.flows[0]["id"]),
        ("flowClass", "edge"),
        ("creationDate", app.rows[2]["creationDate"]),
        ("lastUpdated", app.rows[2]["lastUpdated"]),
        ("logs[0]", "date 2026-11-20T08:00:00.000Z, newValue v1"),
    )
    assert second.phase is Phase.UNKNOWN
    assert ("later", "field [1]") in second.facts
    assert snapshot.state(app.flows[0]["id"], 0) == snapshot.state(app.flows[0]["id"], 2) == State("v1", "v1")
    assert all(not state.facts for state in observe(app, Query(detail="gw-9")).states)


def test_malformed_items_cost_themselves_alone() -> None:
    app = Application().fill(3, 1)
    app.rows[0]["desiredVersion"] = 5
    app.rows[1]["flowClass"] = "quantum"
    snapshot = observe(app)
    assert snapshot.coverage.complete
    states = [snapshot.state(app.flows[0]["id"], row) for row in range(3)]
    assert [state.phase for state in states] == [Phase.UNKNOWN, Phase.UNKNOWN, Phase.SETTLED]
    (condition,) = states[1].conditions
    assert condition.code is ConditionCode.UNEXPECTED_VALUE
    assert condition.text == "flowClass: Invalid enum value 'quantum'"
    app.rows[0] |= {"deviceId": hex_id("9", 1)}
    assert "not in the list" in " ".join(observe(app).coverage.problems) or observe(app).coverage.complete
    app.rows[2]["deviceId"] = 7
    assert "an edge deployment cannot be read, not even whose it is: deviceId: Expected `str`, got `int`" in problems(
        app
    )


def test_a_device_without_an_id_leaves_absence_unproved() -> None:
    app = Application().fill(4, 1)
    app.hook(DEVICES, edited(app, items=[*app.devices[:3], {"name": "no id"}]))
    assert "a device cannot be read, not even its id: id is missing" in problems(app)
    app.hooks.clear()
    app.hook(FLOWS, edited(app, items=[{"name": "no id"}]))
    assert "a workflow cannot be read: id is missing" in problems(app)


def test_many_problems_are_counted_rather_than_listed() -> None:
    app = Application().fill(30, 1)
    for row in app.rows:
        row["flowId"] = 7
    snapshot = observe(app)
    assert len(snapshot.coverage.problems) == 11
    assert snapshot.coverage.problems[-1] == "and 20 more"


def test_a_stop_ends_reading() -> None:
    app = Application().fill(1, 1)

    def stop(_: httpx.Request) -> None:
        app.clock.stop = True

    app.hook(FLOWS, stop)
    with pytest.raises(Unreachable, match="the run was asked to stop"):
        observe(app)
    assert len(app.asked(FLOWS)) == 1


def test_credentials_that_expire_between_two_readings() -> None:
    app = Application().fill(1, 1)
    app.rows[0]["flowId"] = 5
    app.hook(FLOWS, lambda _: httpx.Response(401) if len(app.asked(FLOWS)) > 1 else None)
    snapshot = observe(app)
    assert (
        "reading again failed: losant: list edge workflows: the platform answered 401" in snapshot.coverage.problems[-1]
    )
    with pytest.raises(Unauthorized):
        observe(app)


@pytest.mark.parametrize(
    ("query", "rows", "edge", "filters"),
    [
        (Query(), 5000, 100, [{}]),
        (Query(workloads=frozenset("ba")), 5000, 100, [{"flowId": "a"}, {"flowId": "b"}]),
        (Query(workloads=frozenset("ab")), 1000, 100, [{}]),
        (Query(workloads=frozenset("a")), 0, 0, [{"flowId": "a"}]),
        (Query(workloads=frozenset("a")), 5000, 9000, [{}]),
        (Query(units=frozenset("ba")), 5000, 100, [{"deviceId": "a"}, {"deviceId": "b"}]),
        (Query(units=frozenset("abc")), 2000, 100, [{}]),
        (Query(units=frozenset("ab"), workloads=frozenset("f")), 9000, 100, [{"flowId": "f"}]),
        (Query(units=frozenset("a"), workloads=frozenset("fg")), 9000, 100, [{"deviceId": "a"}]),
        (Query(units=frozenset(), workloads=frozenset()), 9000, 100, [{}]),
    ],
)
def test_the_filters_that_need_the_fewest_requests(
    query: Query, rows: int, edge: int, filters: list[dict[str, str]]
) -> None:
    assert narrowed(query, rows, edge) == filters


@pytest.mark.parametrize(
    ("wait", "most", "count"), [(0.002, 8, 1), (0.0061, 8, 5), (0.021, 64, 12), (0.02, 4, 5), (9.0, 1, 2)]
)
def test_readers_follow_what_waiting_costs(wait: float, most: int, count: int) -> None:
    """Work takes 4 ms a page; a page that waited longer since the machine was busy changes nothing."""
    times = iter([(0.0, 0.0), (wait + 0.004, 0.004), (10.0, 1.0), (19.0, 1.004)])
    readers = Readers(most, lambda: next(times))
    readers.measured(lambda: None)
    assert readers.count == count
    readers.measured(lambda: None)
    assert readers.count == count


def test_many_readers_see_the_same_as_one() -> None:
    app = Application(most=5).fill(40, 2)
    alone = observe(app, requests=Requests(concurrency=1))
    platform = app.platform(requests=Requests(concurrency=4))
    seconds = count_up()
    platform._readers._meter = lambda: (float(next(seconds)), 0.0)
    many = platform.observe(Query())
    assert platform._readers.count == 5
    assert many.coverage.complete
    assert many.columns == alone.columns
    assert many.states == alone.states
    app.hook(ROWS, lambda r: missing("gone") if r.url.params.get("page") == "3" else None)
    broken = platform.observe(Query())
    assert "page 4 of the edge deployments could not be read" in " ".join(broken.coverage.problems)

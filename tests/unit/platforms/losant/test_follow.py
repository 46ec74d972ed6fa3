"""Reading what changed of an application: what it shows, and each doubt at which everything is read instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.model.observation import State
from reconciler.model.snapshot import Query, Snapshot, Workload
from reconciler.model.unit import Reach
from reconciler.platforms.losant.mark import OVERLAP, Mark
from tests.unit.platforms.losant.application import Application, Stopwatch, hex_id, missing

GOING_ON, IN_FULL = Query(continued=True), Query(continued=True, full=True)
ROWS, DEVICES, FLOWS = "/edge/deployments", "/devices", "/flows"
NOW = 1_795_200_000.0
LATER = "2026-11-20T18:45:00.000Z"
"""After what the application is made with, and after the first reading."""


class World:
    """An application that was read once, at rest; `platform` is the one that read it."""

    def __init__(self, app: Application | None = None, **fields: Any) -> None:
        self.app = app or Application().fill(3, 2)
        self.app.clock, self.app.dated = Stopwatch(NOW), True
        self.platform = self.app.platform(**fields)
        self.since = self.platform.observe(GOING_ON)
        self.app.clock.time += 60.0
        self.app.requests.clear()

    def read(self, query: Query = GOING_ON, since: Snapshot | None = None) -> Snapshot:
        return self.platform.observe(query, since or self.since)

    def change(self, row: int, **fields: Any) -> None:
        self.app.rows[row] |= {"lastUpdated": LATER, **fields}

    def state(self, snapshot: Snapshot, row: int) -> State:
        """Return what a reading shows of one row of the application."""
        one = self.app.rows[row]
        return snapshot.state(one["flowId"], snapshot.units.index[one["deviceId"]])


def edit(path: str, param: str, change: Callable[[dict[str, Any]], object], page: str = "0") -> Callable[[World], None]:
    """Return what lets answers about `path` that were asked for with `param` be other than they are."""

    def happen(world: World) -> None:
        app = world.app

        def answer(request: httpx.Request) -> httpx.Response | None:
            key, _, value = param.partition("=")
            asked = request.url.params
            if key not in asked or (value and asked[key] != value) or asked["page"] != page or asked["perPage"] == "1":
                return None
            hooks, app.hooks = app.hooks, []
            found = json.loads(app.answer(request).content)
            app.hooks = hooks
            app.requests.pop()
            change(found)
            return httpx.Response(200, json=found)

        app.hook(path, answer)

    return happen


def test_what_did_not_change_takes_five_requests_and_is_the_same() -> None:
    world = World()
    found = world.read()
    assert [one.url.path.rpartition("/")[2] for one in world.app.requests] == [
        "devices",
        "devices",
        "flows",
        "devices",
        "deployments",
    ]
    assert (found.units, found.columns, found.states) == (world.since.units, world.since.columns, world.since.states)
    assert found.columns is world.since.columns
    assert (found.full_at, found.read_at, found.read_in_full_at) == (NOW, NOW + 60.0, NOW)
    assert found.coverage.complete
    again = world.read(since=found)
    assert again.full_at == NOW, "it goes on from a reading that went on itself"


def test_what_changed_is_shown_and_what_did_not_is_shared() -> None:
    world = World()
    world.change(0, desiredVersion="v2")
    world.app.devices[1] |= {
        "connectionInfo": {"connected": 0},
        "disconnectedAt": LATER,
        "name": "other",
        "edgeAgentVersion": "2.0.0",
        "tags": [{"key": "site", "value": 7}],
    }
    found = world.read()
    assert found.doubt == ""
    assert (world.state(found, 0).assigned, world.state(found, 0).reported) == ("v2", "v1")
    assert world.state(world.since, 0) == State("v1", "v1"), "the earlier reading stays as it is"
    other = world.app.flows[1]["id"]
    assert found.columns[other] is world.since.columns[other]
    assert found.units[1] != world.since.units[1]
    assert (found.units[1].name, found.units[1].reach, found.units[1].agent) == ("other", Reach.DISCONNECTED, "2.0.0")
    assert found.units[1].labels == (("site", "7"),)
    assert world.since.units[1].reach is Reach.CONNECTED
    assert found.units.named("other") == [1]
    assert "no text" in " ".join(found.coverage.notes)
    assert found.full_at == NOW


def test_a_row_that_is_new_counts_and_so_does_one_of_a_custom_node() -> None:
    app = Application().fill(3, 1)
    app.add_device()
    world = World(app)
    app.add_row(app.devices[3]["id"], app.flows[0]["id"], "v1", lastUpdated=LATER)
    app.add_row(app.devices[3]["id"], hex_id("c", 1), "v1", flowClass="customNode", lastUpdated=LATER)
    found = world.read()
    assert (found.doubt, world.state(found, 3)) == ("", State("v1", "v1"))
    app.rows[4]["desiredVersion"] = "v2"
    again = world.read(since=found)
    assert again.full_at == NOW, "what stands in no slot is known again"
    app.rows[3]["currentVersion"] = "v0"
    assert world.state(world.read(since=again), 3).reported == "v0"


def test_workflows_come_go_and_bear_other_names() -> None:
    app = Application().fill(2, 1)
    app.add_flow("idle", "v1")
    ghost = hex_id("f", 77)
    app.add_row(app.devices[0]["id"], ghost, "v1", flowName="ghost")
    world = World(app)
    app.flows[0]["name"] = "renamed"
    del app.flows[1]
    app.add_flow("new", "v1")
    found = world.read()
    assert found.doubt == ""
    assert {one.name for one in found.workloads} == {"renamed", "new", "ghost"}
    app.flows.append({"id": ghost, "name": "shown", "flowClass": "edge"})
    assert Workload(ghost, "shown") in world.read(since=found).workloads


def test_what_changed_may_take_several_pages() -> None:
    app = Application(most=2).fill(4, 2)
    world = World(app)
    for number in range(3):
        world.change(number, desiredVersion="v2")
        app.devices[number] |= {"lastUpdated": LATER}
    found = world.read()
    assert found.doubt == ""
    assert [world.state(found, number).assigned for number in range(4)] == ["v2", "v2", "v2", "v1"]


def test_rows_that_move_while_they_are_read_are_read_again() -> None:
    app = Application(most=2).fill(4, 2)
    world = World(app)
    for number in range(3):
        world.change(number, desiredVersion="v2")

    def move(request: httpx.Request) -> None:
        if request.url.params["sortField"] == "lastUpdated" and request.url.params["page"] == "1":
            app.rows[7] |= {"lastUpdated": "2026-11-20T18:46:00.000Z", "desiredVersion": "v3"}

    app.hook(ROWS, move)
    found = world.read()
    assert found.doubt == ""
    assert [world.state(found, number).assigned for number in (0, 1, 2, 7)] == ["v2", "v2", "v2", "v3"]


def _come_between(app: Application) -> Callable[[httpx.Request], httpx.Response | None]:
    def come(request: httpx.Request) -> None:
        if request.url.params["sortField"] == "lastUpdated" and request.url.params["page"] == "1":
            app.add_row(app.devices[0]["id"], hex_id("c", len(app.rows)), "v1", flowClass="customNode")

    return come


def test_rows_that_never_stay_are_no_list() -> None:
    app = Application(most=2).fill(4, 2)
    world = World(app)
    for number in range(3):
        world.change(number, desiredVersion="v2")
    app.hook(ROWS, _come_between(app))
    found = world.read()
    assert found.full_at is None
    assert found.doubt == "edge deployments came or went while they were read"


def _first(fields: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    return lambda page: page["items"][0].update(fields)


LAST = "sortField=lastUpdated"
DOUBTS: dict[str, Callable[[World], object]] = {
    "does not say what time": lambda world: setattr(world.app, "dated", False),
    "clock": lambda world: setattr(world.app.clock, "asleep", 3600.0),
    "deleted or restored": lambda world: world.app.deleted.append({"id": hex_id("d", 9), "deletedAt": LATER}),
    "devices came or went": lambda world: world.app.add_device(creationDate=LATER),
    "is no longer listed": lambda world: world.app.flows.pop(),
    "a workflow|workflows|items": edit(FLOWS, "flowClass=edge", lambda page: page.update(items=[])),
    "the device d": edit(
        DEVICES, "query=", lambda page: page.update(items=[*page["items"], {"id": hex_id("d", 55)}], totalCount=2)
    ),
    "another class": edit(DEVICES, "query=", _first({"deviceClass": "gateway"})),
    "could not be read as one list": edit(DEVICES, "query=", lambda page: page.update(items=[{"id": 7}])),
    "as one list": edit(DEVICES, "query=", lambda page: page.update(items=[])),
    "devices changed": edit(DEVICES, "query=", lambda page: page.update(totalCount=6000)),
    "does not find its devices": edit(DEVICES, "query=", lambda page: page["items"][0].update(id=hex_id("d", 1))),
    "cannot be read": edit(ROWS, LAST, _first({"flowId": 7})),
    "last cannot be read": edit(ROWS, LAST, lambda page: page.update(items=[])),
    "not listed by when": edit(ROWS, LAST, _first({"lastUpdated": None})),
    "by when they were": edit(ROWS, LAST, lambda page: page["items"][-1].update(lastUpdated=LATER)),
    "no longer there, or as it was": lambda world: [
        row.update(lastUpdated="2026-02-01T00:00Z") for row in world.app.rows
    ],
    "not in the list|not listed: d": edit(ROWS, LAST, _first({"deviceId": hex_id("d", 44)})),
    "a workflow that is not listed": edit(ROWS, LAST, _first({"flowId": hex_id("f", 44)})),
    "two rows": edit(ROWS, LAST, lambda page: page["items"][0].update(page["items"][1] | {"id": hex_id("a", 88)})),
    "from a file": lambda world: world.change(0, fileName="own.flow"),
    "those that changed make": edit(ROWS, LAST, lambda page: page.update(totalCount=5)),
    "changed while they were read": edit(ROWS, LAST, lambda page: page["items"].insert(0, page["items"][0])),
}


@pytest.mark.parametrize("words", DOUBTS)
def test_at_any_doubt_everything_is_read_and_the_reason_is_given(words: str) -> None:
    world = World()
    DOUBTS[words](world)
    found = world.read()
    assert found.full_at is None
    assert any(one in found.doubt for one in words.split("|")), found.doubt


def test_a_request_that_fails_is_a_doubt_too() -> None:
    world = World()
    world.app.hook(DEVICES, lambda request: missing("no such query") if "query" in request.url.params else None, 1)
    found = world.read()
    assert found.full_at is None
    assert "no such query" in found.doubt
    assert found.mark is not None, "the next one may go on again"


def test_more_rows_than_a_few_pages_are_read_in_full() -> None:
    app = Application(most=1).fill(3, 2)
    world = World(app)
    for number in range(6):
        world.change(number)
    found = world.read()
    assert found.full_at is None
    assert "edge deployments changed" in found.doubt


def test_devices_whose_number_changes_from_page_to_page_are_no_list() -> None:
    app = Application(most=2).fill(4, 1)
    world = World(app)
    for device in app.devices:
        device["lastUpdated"] = LATER
    edit(DEVICES, "query=", lambda page: page.update(totalCount=5), page="1")(world)
    assert "as one list" in world.read().doubt


@pytest.mark.parametrize(
    ("words", "prepare"),
    [
        ("does not say what time", lambda app: setattr(app, "dated", False)),
        ("no edge deployment says", lambda app: app.rows.clear()),
        ("no edge deployment says", lambda app: [row.update(lastUpdated="soon") for row in app.rows]),
        ("does not find its devices", lambda app: app.hook(DEVICES, _ignored)),
        ("no deleted", lambda app: app.hook(DEVICES, _undeleted)),
    ],
)
def test_where_nothing_can_go_on_the_reading_says_why(words: str, prepare: Callable[[Application], object]) -> None:
    app = Application().fill(3, 1)
    app.clock, app.dated = Stopwatch(NOW), True
    prepare(app)
    found = app.platform().observe(GOING_ON)
    assert found.mark is None
    assert words in found.doubt
    assert app.platform().observe(GOING_ON, found).full_at is None


def _ignored(request: httpx.Request) -> httpx.Response | None:
    return (
        httpx.Response(200, json={"items": [], "count": 0, "totalCount": 0}) if "query" in request.url.params else None
    )


def _undeleted(request: httpx.Request) -> httpx.Response | None:
    return missing("no deleted devices here") if "queryDeleted" in request.url.params else None


def test_a_reading_that_is_not_to_be_gone_on_from_asks_for_nothing_more() -> None:
    app = Application().fill(3, 1)
    found = app.platform().observe(Query())
    assert found.mark is None
    assert not [one for one in app.requests if "query" in one.url.params or "queryDeleted" in one.url.params]


def test_a_reading_that_proves_nothing_is_none_to_go_on_from() -> None:
    world = World()
    edit(ROWS, "sortField=id", lambda page: page.update(totalCount=9))(world)
    found = world.read(IN_FULL)
    assert not found.coverage.complete
    assert found.mark is None


# --- rows that hide their changes -------------------------------------------------------------------------------------


def hidden(world: World, row: int = 0, **fields: Any) -> None:
    """Let a row change that says that it did not, long before what was read."""
    world.app.rows[row] |= {"desiredVersion": "v9", "currentVersion": "v9", **fields}


def test_a_change_that_its_row_hides_is_found_by_the_next_full_reading_and_ends_it() -> None:
    world = World()
    world.app.rows[1]["lastUpdated"] = "2026-11-20T09:00:00.000Z"
    world.since = world.platform.observe(GOING_ON)
    hidden(world)
    missed = world.read()
    assert world.state(missed, 0) == State("v1", "v1")
    full = world.read(IN_FULL, missed)
    assert world.state(full, 0) == State("v9", "v9")
    assert "says that it did not" in full.doubt
    later = world.read(since=full)
    assert (later.full_at, later.doubt) == (None, full.doubt)
    assert isinstance(later.mark, Mark)
    assert later.mark.refuted == full.doubt


def _shown(world: World) -> None:
    world.change(0, desiredVersion="v2")


def _undated(world: World) -> None:
    hidden(world, lastUpdated="")


def _other_units(world: World) -> None:
    hidden(world)
    world.app.add_device(creationDate=LATER)


def _unread(world: World) -> None:
    hidden(world)
    world.app.hook(ROWS, lambda request: missing("no") if "deviceId" in request.url.params else None)


def _clock_set(world: World) -> None:
    hidden(world)
    world.app.clock.asleep = 3600.0


@pytest.mark.parametrize("happen", [_shown, _undated, _other_units, _unread, _clock_set])
def test_what_shows_no_such_thing_ends_nothing(happen: Callable[[World], object]) -> None:
    world = World()
    happen(world)
    full = world.read(IN_FULL)
    assert full.full_at is None
    assert "says that it did not" not in full.doubt
    assert isinstance(full.mark, Mark)
    assert full.mark.refuted == ""


def test_what_was_changed_shortly_before_a_reading_is_read_again() -> None:
    """Servers of one platform may differ: a change may come out with a date before that of what was read."""
    world = World()
    mark = world.since.mark
    assert isinstance(mark, Mark)
    assert mark.start.bound <= NOW - OVERLAP

"""What a reading shows, and what keeps it from proving the rest."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.errors import NotFound, PlatformError, Unreachable
from reconciler.model.observation import UNSEEN, Phase, State
from reconciler.model.snapshot import Query
from reconciler.model.unit import Reach
from reconciler.platforms.memfault.compile import above
from reconciler.platforms.memfault.slots import SlotEvidence, lead_of
from reconciler.platforms.memfault.wire import Activated, Artifact, CohortRef, Deployment, Release
from reconciler.views.condition_words import conditions_words
from tests.unit.platforms.memfault.project import MAIN, RADIO, Project, staged


def words_of(state: State) -> str:
    """Return the conditions of a slot as people read them."""
    return conditions_words(state.conditions)


BOTH = pytest.mark.parametrize("shape", ["reference", "live"])


@BOTH
def test_cohorts_are_units_and_types_workloads(shape: str) -> None:
    project = Project(device_shape=shape)
    snapshot = project.observe()
    assert snapshot.coverage.complete, snapshot.coverage.problems
    assert [workload.id for workload in snapshot.workloads] == [MAIN, RADIO]
    units = [snapshot.units[row] for row in range(3)]
    assert [(unit.id, unit.name, unit.size, unit.reach) for unit in units] == [
        ("beta", "Beta", 8, Reach.CONNECTED),
        ("default", "Default", 8, Reach.CONNECTED),
        ("internal-testing", "Internal Testing", 8, Reach.CONNECTED),
    ]
    assert dict(units[1].labels) == {
        "cohort": "default",
        "hardware/main-fw/main-fw-evt": "1",
        "hardware/main-fw/main-fw-mp": "3",
        "hardware/radio-fw/radio-fw-evt": "1",
        "hardware/radio-fw/radio-fw-mp": "3",
    }
    assert snapshot.identity == project.platform.identity == repr(project.platform)[10:-2]


@BOTH
def test_what_a_slot_shows(shape: str) -> None:
    project = Project(device_shape=shape)
    state = project.state("default")
    assert (state.assigned, state.reported, state.extra_versions, state.ready, state.size) == (
        "1.3.0",
        "1.3.0",
        (),
        4,
        4,
    )
    assert words_of(state) == "1.1.0 stays active: devices must pass through it"
    state = project.state("beta")
    assert (state.assigned, state.settings, state.extra_versions) == ("1.4.0", staged(25), ())
    assert words_of(state).startswith(
        "1.3.0 stays active for devices that the rollout does not reach; staged to 25 % of"
    )
    assert sum(count for _, count in state.spread) == 4
    row = next(one for one in project.world.state() if one["cohort"] == "beta" and one["software_type"] == MAIN)
    assert dict(state.spread) == row["versions"]


def test_moving_since_the_activation_until_all_report_it() -> None:
    project = Project()
    project.world.activate("default", "1.4.0")
    at = project.clock.now()
    state = project.state("default")
    assert (state.assigned, state.reported, state.extra_versions) == ("1.4.0", "1.3.0", ("1.3.0",))
    assert (state.phase, state.ready, state.size) == (Phase.MOVING, 0, 4)
    assert state.since == pytest.approx(at, abs=1)
    project.settle()
    state = project.state("default")
    assert (state.phase, state.since, state.reported, state.ready) == (Phase.SETTLED, None, "1.4.0", 4)


def test_a_raised_percentage_starts_the_wait_anew() -> None:
    project = Project(devices=300)
    number = project.observe().reference("beta", MAIN, "1.4.0")
    project.clock.sleep(1000)
    project.simulator.world.activations.set_percent(project.world.project.deployments[int(number)], 90)
    state = project.state("beta")
    assert (state.settings, state.phase) == (staged(90), Phase.MOVING)
    assert state.since == pytest.approx(project.clock.now(), abs=1)


def test_devices_that_report_more_than_was_asked() -> None:
    project = Project()
    serial = next(iter(project.world.project.cohorts["default"].devices.values())).serial
    project.world.set_reported(serial, "1.4.0")
    state = project.state("default")
    assert state.ahead
    assert words_of(state).startswith("1 device reports a later version")


def test_devices_that_may_go_back_are_on_their_way() -> None:
    project = Project()
    cohort = project.world.project.cohorts["internal-testing"]
    cohort.bypass_version_checks = True
    project.world.activate("internal-testing", "1.3.0")
    project.world.pull("internal-testing", "1.4.0")
    state = project.state("internal-testing")
    assert (state.assigned, state.phase, state.ahead) == ("1.3.0", Phase.MOVING, False)
    assert words_of(state).startswith("4 devices report a later version")
    project.settle()
    assert project.state("internal-testing").phase is Phase.SETTLED


def test_that_updates_are_switched_off_is_told() -> None:
    project = Project()
    project.world.project.cohorts["default"].updates_enabled = False
    words = "updates are switched off for this cohort"
    assert words_of(project.state("default")).startswith(words)
    assert words not in words_of(project.state("beta"))


def test_silent_devices_are_counted_and_not_waited_for() -> None:
    project = Project()
    devices = list(project.world.project.cohorts["default"].devices.values())
    mine = [device for device in devices if device.hardware.primary == MAIN]
    project.world.set_online(mine[0].serial, False)
    mine[0].seen = mine[0].seen - 3 * 86_400_000 if mine[0].seen else None
    project.world.set_reported(mine[1].serial, "1.3.0")
    state = project.state("default")
    assert (state.ready, state.size) == (3, 3)
    assert "1 device is silent and not waited for" in words_of(state)
    for device in devices:
        project.world.set_online(device.serial, False)
        device.seen = project.world.project.now() - 3 * 86_400_000
    snapshot = project.observe()
    row = snapshot.units.index["default"]
    assert snapshot.units[row].reach is Reach.DISCONNECTED
    assert (snapshot.state(MAIN, row).size, snapshot.state(MAIN, row).ready) == (4, 4)


def test_a_cohort_without_devices_is_settled_by_assignment() -> None:
    project = Project()
    project.world.add_cohort("Empty")
    project.world.activate("empty", "1.4.0")
    snapshot = project.observe()
    row = snapshot.units.index["empty"]
    assert (snapshot.units[row].reach, snapshot.units[row].size) == (Reach.UNKNOWN, 0)
    state = snapshot.state(MAIN, row)
    assert (state.assigned, state.reported, state.size, state.phase) == ("1.4.0", None, 0, Phase.SETTLED)
    assert snapshot.state(RADIO, row) == State(size=0), "nothing assigned is for nobody to report"


def test_nothing_active_is_nothing_assigned_whatever_devices_keep() -> None:
    project = Project().clear()
    state = project.state("default")
    assert (state.assigned, state.reported, state.phase) == (None, None, Phase.SETTLED)
    assert words_of(state) == "nothing is active; 4 devices keep 1.3.0"


def test_devices_that_never_said_a_version_count_by_their_hardware() -> None:
    project = Project()
    project.world.add_device("default", "main-fw-mp")
    project.world.add_device("default", "main-fw-mp", None)
    assert project.state("default").size == 4, "they were never seen"
    found = next(d for d in project.world.project.cohorts["default"].devices.values() if d.reported is None)
    found.seen, found.online = project.world.project.now(), True
    state = project.state("default")
    assert (state.ready, state.size, state.spread) == (4, 5, (("1.3.0", 4),))


def test_with_one_type_everything_is_of_it() -> None:
    project = Project(2, 1, type_versions="404", devices=4)
    for device in project.world.project.devices.values():
        device.running.clear()
        device.row = None
    state = project.state("default")
    assert (state.assigned, state.ready, state.size, state.reported) == ("1.3.0", 0, 2, None)


def test_deltas_up_to_what_is_assigned_are_a_condition_and_a_reference() -> None:
    project = Project()
    project.world.activate("default", "1.4.0")
    project.world.activate("default", ("1.3.0", "1.4.0"))
    snapshot = project.observe()
    state = snapshot.state(MAIN, snapshot.units.index["default"])
    assert (state.assigned, state.extra_versions) == ("1.4.0", ("1.3.0",))
    assert "the update from 1.3.0 to 1.4.0 is active as well" in words_of(state)
    assert snapshot.reference("default", MAIN, "1.3.0 -> 1.4.0").isdigit()


def test_a_delta_that_leads_higher_is_what_is_assigned() -> None:
    project = Project()
    project.world.activate("default", ("1.3.0", "1.4.0"))
    at = project.clock.now()
    state = project.state("default")
    assert (state.assigned, state.reported, state.extra_versions) == ("1.3.0 -> 1.4.0", "1.3.0", ("1.3.0",))
    assert (state.phase, state.ready, state.size) == (Phase.MOVING, 0, 4)
    assert state.since == pytest.approx(at, abs=1)
    assert "the update from 1.3.0 to 1.4.0 is active above all full releases" in words_of(state)
    project.settle()
    state = project.state("default")
    assert (state.reported, state.ready, state.ahead) == ("1.4.0", 3, False), "it is for one hardware version alone"
    for version in ("1.3.0", "1.1.0"):
        project.world.pull("default", version)
    state = project.state("default")
    assert (state.assigned, state.extra_versions) == ("1.3.0 -> 1.4.0", ("1.3.0 -> 1.4.0",))


def test_what_leads_is_told_by_the_order_that_calls_are_made_by() -> None:
    """Pairs of semantic versions may stand the other way round than among others that are not."""
    releases = [
        Activated(version="1.0.0-alpha"),
        Activated(from_version="0.9.0", to_version="1.0.0-alpha.1"),
        Activated(from_version="0.1", to_version="0.5"),
    ]
    rows = [Deployment(number, "normal", "done", one, CohortRef("beta")) for number, one in enumerate(releases)]
    found = []
    for count in (2, 3):
        lead, lower = lead_of(SlotEvidence(active=rows[:1], deltas=rows[1:count]))
        active = {one.name: ("1",) for one in releases[:count]}
        assert (above("1.0.0-alpha", active) == [lead.name]) == (lower == ["1.0.0-alpha"])
        found.append(lead.name)
    assert found == ["0.9.0 -> 1.0.0-alpha.1", "1.0.0-alpha"]


def test_two_activations_of_one_version_are_both_referred_to() -> None:
    project = Project(1, 1)

    def double(body: Any) -> None:
        rows = body["data"]
        rows.append({**rows[-1], "id": 99_999, "type": "staged_rollout", "rollout_percent": 10})
        body["paging"] |= {"total_count": len(rows), "page_count": 1}

    project.rewrite("/deployments", double)
    snapshot = project.observe()
    assert snapshot.reference("default", MAIN, "1.3.0").endswith(",99999")
    assert snapshot.state(MAIN, 0).settings == (), "the widest counts"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"status": "awaiting_approval"},
            "awaits approval, or has a status that this program does not know; see to it on the platform: deployment",
        ),
        ({"type": "wide"}, "an unexpected value: deployment"),
        ({"type": "staged_rollout", "rollout_percent": 12.5}, "rollout_percent 12.5, no whole percentage"),
        ({"type": "staged_rollout", "rollout_percent": None}, "rollout_percent None, no whole percentage"),
        ({"release": {"id": 5}}, "no version is given by deployment"),
        ({"release": {"from_version": "1.0.0", "to_version": "0.0"}}, "may belong to any of several workloads"),
        ({"release": {"version": "77.0"}}, "77.0 may belong to any of several workloads: main-fw, radio-fw"),
        ({"rollout_percent": "many"}, "rollout_percent: Expected `int | float | null`, got `str`"),
        ({"status": 7}, "status: Expected `str`, got `int`"),
    ],
)
def test_what_nobody_knows_is_unknown_and_costs_its_slots_alone(fields: dict[str, Any], words: str) -> None:
    project = Project()

    def malformed(body: Any) -> None:
        (row,) = (
            row for row in body["data"] if row["cohort"]["slug"] == "default" and row["release"]["version"] == "1.3.0"
        )
        row |= fields

    project.rewrite("/deployments", malformed)
    snapshot = project.observe()
    assert snapshot.coverage.complete
    state = snapshot.state(MAIN, snapshot.units.index["default"])
    assert state.phase is Phase.UNKNOWN
    assert words in words_of(state)
    assert snapshot.state(MAIN, snapshot.units.index["beta"]).phase is not Phase.UNKNOWN


def test_what_is_over_is_over_however_malformed() -> None:
    project = Project(1, 1, pull_status="pulled")
    project.world.pull("default", "1.3.0")
    project.rewrite("/deployments", lambda body: [row.update(rollout_percent="x") for row in body["data"]])
    assert project.state("default").assigned is None or project.state("default").phase is Phase.UNKNOWN
    project = Project(1, 1, pull_status="pulled").clear()
    project.rewrite("/deployments", lambda body: [row.update(rollout_percent="x") for row in body["data"]])
    assert project.state("default").assigned is None
    assert project.state("default").phase is Phase.SETTLED


@pytest.mark.parametrize("status", ["pulled", "aborted"])
def test_the_past_of_a_cohort_that_is_gone_hides_nothing(status: str) -> None:
    project = Project(2, 1, pull_status=status)
    project.world.pull("beta", "1.3.0")

    def gone(body: Any) -> None:
        for row in body["data"]:
            if row["status"] == status:
                row.update(cohort=None, release=None)

    project.rewrite("/deployments", gone)
    snapshot = project.observe()
    assert snapshot.coverage.complete, snapshot.coverage.problems
    assert snapshot.state(MAIN, snapshot.units.index["default"]).assigned == "1.3.0"


def test_a_deployment_of_nobody_leaves_everything_unseen() -> None:
    project = Project(1, 1)
    project.rewrite("/deployments", lambda body: body["data"][0].update(cohort=None))
    snapshot = project.observe()
    assert not snapshot.coverage.complete
    assert "not even of which cohort" in snapshot.coverage.problems[0]
    assert snapshot.state(MAIN, 0) == UNSEEN
    assert snapshot.references == {}


def test_times_without_an_offset_are_utc() -> None:
    project = Project()
    project.world.activate("default", "1.4.0")
    expected = project.state("default")

    def bare(body: Any) -> None:
        for row in body["data"]:
            for key in ("last_seen", "deployed_date"):
                if row.get(key):
                    row[key] = row[key].removesuffix("+00:00")

    project.rewrite("/devices", bare)
    project.rewrite("/deployments", bare)
    assert project.state("default") == expected


def test_a_device_of_no_cohort_counts_nowhere() -> None:
    project = Project()
    project.rewrite("/devices", lambda body: body["data"][0].update(cohort=None))
    snapshot = project.observe()
    assert snapshot.coverage.complete
    assert sum(snapshot.units.size(row) for row in range(3)) == 23


def test_a_device_shown_twice_counts_once() -> None:
    project = Project()

    def twice(body: Any) -> None:
        body["data"][1] = body["data"][0]

    project.rewrite("/devices", twice)
    snapshot = project.observe()
    assert sum(snapshot.units.size(row) for row in range(3)) == 23


def test_devices_that_cannot_be_read_hide_reports_and_no_assignment() -> None:
    project = Project()
    project.fails("/devices", 403)
    snapshot = project.observe()
    assert not snapshot.coverage.complete
    row = snapshot.units.index["default"]
    assert (snapshot.units[row].reach, snapshot.units[row].size) == (Reach.UNKNOWN, 8)
    state = snapshot.state(MAIN, row)
    assert (state.assigned, state.reported, state.phase) == ("1.3.0", None, Phase.MOVING)
    project.clear()
    assert project.state("default") == UNSEEN


def test_who_must_be_passed_through_is_asked_by_name_where_the_list_does_not_say() -> None:
    project = Project()
    project.rewrite("/releases", lambda body: body.update(data=[], paging={**body["paging"], "total_count": 0}))
    state = project.state("default")
    assert (state.extra_versions, state.phase) == ((), Phase.SETTLED)
    project.fails("/releases/1.1.0")
    state = project.state("default")
    assert state.phase is Phase.UNKNOWN
    assert words_of(state) == "whether devices must pass through 1.1.0 could not be read"
    project.fails("/releases", 400)
    assert project.state("default").phase is Phase.UNKNOWN


def test_what_is_not_said_to_be_free_is_never_pulled() -> None:
    project = Project(must_pass_told="absent")
    project.world.activate("default", "1.2.0")
    state = project.state("default")
    assert (state.assigned, state.extra_versions, state.phase) == ("1.3.0", (), Phase.SETTLED)
    words = "1.2.0, 1.1.0 stay active: the platform does not say whether devices must pass through them"
    assert words_of(state) == words
    assert not any("/releases/" in request.url.path for request in project.requests), "the list showed them"


@pytest.mark.parametrize(
    ("release", "artifacts", "told"),
    [
        (None, None, None),
        (None, [], None),
        (None, [None], None),
        (None, [None, False], None),
        (None, [False, False], False),
        (None, [None, True], True),
        (False, [None], False),
        (False, [True], True),
        (True, None, True),
    ],
)
def test_whether_a_release_must_be_passed_through(
    release: bool | None, artifacts: list[bool | None] | None, told: bool | None
) -> None:
    symbols = Artifact(type="symbols", must_pass_through=None)
    files = None if artifacts is None else [*(Artifact(must_pass_through=one) for one in artifacts), symbols]
    assert Release(id=1, version="1.0", must_pass_through=release, artifacts=files).must_pass is told


@pytest.mark.parametrize("variant", ["shown", "404"])
def test_a_narrowed_reading_asks_about_few_cohorts(variant: str) -> None:
    project = Project(8, devices=400, cohort_devices=variant)
    whole = project.observe()
    before = len(project.requests)
    narrow = project.observe(Query(units=frozenset(["default", "beta"])))
    assert narrow.coverage.complete
    for cohort in ("default", "beta"):
        row = whole.units.index[cohort]
        assert narrow.state(MAIN, row) == whole.state(MAIN, row)
    asked = [request.url for request in project.requests[before:]]
    assert any("/cohorts/" in url.path for url in asked)
    assert any(url.path.endswith("/devices") and "/cohorts/" not in url.path for url in asked) == (variant == "404")
    assert ["default", "beta"] in [url.params.get_list("cohort") for url in asked]
    nothing = project.observe(Query(units=frozenset(["nowhere"])))
    assert nothing.coverage.complete


@pytest.mark.parametrize("status", [403, 404, 405, 500])
def test_a_cohort_whose_devices_are_not_shown_costs_a_longer_reading_alone(status: int) -> None:
    project = Project(8, devices=400)
    whole = project.observe()
    project.fails("/cohorts/beta/devices", status)
    narrow = project.observe(Query(units=frozenset(["default", "beta"])))
    assert narrow.coverage.complete
    row = whole.units.index["beta"]
    assert narrow.state(MAIN, row) == whole.state(MAIN, row)


@pytest.mark.parametrize("asked", [None, frozenset(["beta"])])
@pytest.mark.parametrize("counted", [0, None])
def test_a_cohort_is_empty_only_where_its_devices_are_listed(asked: frozenset[str] | None, counted: int | None) -> None:
    """Moves are asynchronous: a count may not know yet of devices that have come."""
    project = Project()
    project.rewrite("/cohorts", lambda body: [row.update(count_devices=counted) for row in body["data"]])
    snapshot = project.observe(Query(units=asked))
    assert snapshot.units.size(snapshot.units.index["beta"]) == 8


def emptied(body: Any) -> None:
    body["data"] = []
    body["paging"] |= {"item_count": 0, "page_count": 0, "total_count": 0}


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("/cohorts", "the list of cohorts came empty"),
        ("/software_types", "the list of software types came empty though there are deployments"),
        ("/software_versions", "the list of versions of main-fw came empty though there are 6"),
        ("/devices", "the list of devices came empty though cohorts count some"),
        ("/deployments", "the list of deployments came empty though cohorts count some"),
    ],
)
def test_empty_lists_are_not_believed_where_anything_else_speaks_against_them(end: str, words: str) -> None:
    project = Project()
    project.rewrite(end, emptied)
    snapshot = project.observe()
    assert not snapshot.coverage.complete
    assert any(words in problem for problem in snapshot.coverage.problems)


def test_nothing_anywhere_is_believed() -> None:
    project = Project(1, 0, devices=0)
    snapshot = project.observe()
    assert snapshot.coverage.complete, snapshot.coverage.problems
    assert (snapshot.units.ids, snapshot.workloads) == (["default"], ())


@pytest.mark.parametrize("status", [404, 405])
def test_routes_that_are_not_there_are_no_failure(status: int) -> None:
    project = Project(1, 1)
    project.fails("main-fw/software_versions", status)
    assert project.observe().coverage.complete


def test_versions_that_cannot_be_listed() -> None:
    project = Project()
    project.fails("main-fw/software_versions", 403)
    snapshot = project.observe()
    assert any("the versions of main-fw could not be read" in problem for problem in snapshot.coverage.problems)


def test_cohorts_that_come_meanwhile_have_it_read_again() -> None:
    project = Project(1, 1)
    came = iter(["new"])

    def hook(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/deployments"):
            for slug in came:
                project.world.add_cohort(slug)
        return None

    project.hooks.append(hook)
    snapshot = project.observe()
    assert snapshot.coverage.complete
    assert snapshot.units.ids == ["default", "new"]


def test_a_fleet_that_never_rests_is_said_to() -> None:
    project = Project(1, 1)

    def hook(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/deployments"):
            project.world.add_cohort(f"c{len(project.requests)}")
        return None

    project.hooks.append(hook)
    assert project.observe().coverage.problems == ("cohorts came or went while they were read",)


def test_repeated_cohorts_and_failing_comparisons_are_problems() -> None:
    project = Project(2, 1)
    project.rewrite("/cohorts", lambda body: body["data"].__setitem__(1, body["data"][0]))
    assert "the list of cohorts repeats some" in project.observe().coverage.problems[0]
    project = Project(2, 1)
    turns = iter(range(100))

    def every_second(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/cohorts") and next(turns) % 2:
            return httpx.Response(404, json={})
        return None

    project.hooks.append(every_second)
    assert "whether cohorts came or went could not be read" in project.observe().coverage.problems[0]


def test_reading_again_may_fail() -> None:
    project = Project(1, 1)
    seen: list[str] = []

    def hook(request: httpx.Request) -> httpx.Response | None:
        seen.append(request.url.path)
        if request.url.path.endswith("/devices"):
            return httpx.Response(404, json={})
        if sum(path.endswith("/cohorts") for path in seen) > 1:
            return httpx.Response(404, json={})
        return None

    project.hooks.append(hook)
    problems = project.observe().coverage.problems
    assert problems[-1].startswith("reading again failed")


def test_nothing_is_read_once_asked_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(1, 1)
    monkeypatch.setattr(project.clock, "stopping", lambda: True)
    with pytest.raises(Unreachable, match="the run was asked to stop"):
        project.observe()
    assert project.requests == []


def test_many_problems_are_shown_in_part() -> None:
    project = Project(1, 1, devices=2000)

    def malformed(body: Any) -> None:
        body["data"][:] = [{**row, "cohort": None} for row in body["data"] for _ in range(13)]
        count = len(body["data"])
        body["paging"] |= {"total_count": count, "page_count": 1, "per_page": 100}

    project.rewrite("/deployments", malformed)
    problems = project.observe().coverage.problems
    assert len(problems) == 11
    assert problems[-1].startswith("and ")


def test_deployments_that_come_meanwhile_are_a_problem() -> None:
    project = Project(60, 2, devices=60)

    def hook(request: httpx.Request) -> httpx.Response | None:
        if request.url.params.get("page") == "2" and request.url.path.endswith("/deployments"):
            here, there = ("beta", "default") if "1.4.0" in project.active("beta") else ("default", "beta")
            project.world.pull(here, "1.4.0")
            project.world.activate(there, "1.4.0")
        return None

    project.hooks.append(hook)
    snapshot = project.observe()
    assert not snapshot.coverage.complete
    assert all(state == UNSEEN for state in snapshot.states)


def test_a_deployment_shown_twice_is_a_problem() -> None:
    project = Project(2, 1)
    project.rewrite("/deployments", lambda body: body["data"].__setitem__(1, body["data"][0]))
    assert "is shown twice" in project.observe().coverage.problems[0]


def test_pages_are_as_large_as_the_platform_allows() -> None:
    small, large = Project(3, devices=450), Project(3, devices=450, per_page="as-asked")
    assert small.observe().states == large.observe().states
    assert len(large.requests) < len(small.requests)
    refusing = Project(3, devices=450)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        asked = int(request.url.params.get("per_page", "1"))
        return httpx.Response(400, json={"error": {"message": "per_page"}}) if asked > 100 else None

    refusing.hooks.append(refuse)
    assert refusing.observe().states == small.observe().states
    assert sum(request.url.params.get("per_page") == "1000" for request in refusing.requests) == 1
    refusing.fails("/devices", 400)
    assert not refusing.observe().coverage.complete


def test_what_cannot_be_read_at_all_raises() -> None:
    for end in ("/cohorts", "/software_types", "/deployments"):
        project = Project(1, 1)
        project.fails(end)
        with pytest.raises(PlatformError) as caught:
            project.observe()
        assert isinstance(caught.value, NotFound)

"""Planning over connections: one that fails, fleets that left, filters, strictness, claims."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.core.assessment import Filters
from reconciler.core.decide import PlanRequest
from reconciler.core.resolve import channels_of
from reconciler.engine.plan import plan
from reconciler.errors import ManifestError, SettingsError
from reconciler.model.change import Reason
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.fleet import ChannelRef, ChannelSpec, Document, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.origin import Origin
from reconciler.model.provenance import ConnectionChange, ConnectionEdit, Reading
from tests.unit.engine.memory import Clock, Memory, gone, planned, request


@pytest.fixture
def memory() -> Memory:
    return Memory(Clock())


def with_fleets(asked: PlanRequest, **changes: Document | None) -> PlanRequest:
    fleets = {name: one for name, one in {**asked.manifest.fleets, **changes}.items() if one is not None}
    return msgspec.structs.replace(asked, manifest=msgspec.structs.replace(asked.manifest, fleets=fleets))


def renamed(document: Document, name: str, **changes: object) -> Document:
    spec = msgspec.structs.replace(document.spec, **changes)
    return msgspec.structs.replace(document, name=name, spec=spec)


def test_one_connection_that_cannot_be_read_does_not_stop_the_other(memory: Memory) -> None:
    asked = request()
    other = renamed(asked.manifest.fleets["fleet"], "other", connection="office")
    broken = Memory(memory.clock)
    broken.unreadable = [gone()]
    found = plan(with_fleets(asked, other=other), {"plant": memory, "office": broken}.__getitem__, memory.clock)
    errors = {entry.fleet: entry.error for entry in found.plan.fleets}
    assert errors == {"fleet": "", "other": "memory: list: no connection"}
    assert found.plan.errored
    assert set(found.readings) == {"plant"}
    assert found.assessments["fleet"].document.name == "fleet"
    found.close()
    assert memory.closed


def test_a_connection_that_no_longer_exists_leaves_its_platform_unnamed(memory: Memory) -> None:
    memory.unreadable = [gone()]
    asked = request()
    asked = msgspec.structs.replace(asked, manifest=msgspec.structs.replace(asked.manifest, connections={}))
    (entry,) = planned(memory, asked).plan.fleets
    assert (entry.platform, bool(entry.error)) == ("", True)
    memory.unreadable = [gone()]
    (entry,) = planned(memory, request()).plan.fleets
    assert entry.platform == "losant"


def test_versions_that_cannot_be_looked_up_fail_their_connection(memory: Memory) -> None:
    memory.catalogue = gone()
    found = planned(memory, request())
    assert found.plan.errored
    assert not found.readings


def test_fleets_of_a_base_explain_changes_and_tell_what_left(memory: Memory) -> None:
    before = request("1")
    asked = msgspec.structs.replace(request("2"), base=before.manifest)
    assert {change.reason for change in planned(memory, asked).plan.fleets[0].changes} == {Reason.CHANGE}
    asked = msgspec.structs.replace(request("2"), base=request("2").manifest)
    assert {change.reason for change in planned(memory, asked).plan.fleets[0].changes} == {Reason.DRIFT}
    moved = with_fleets(before, fleet=renamed(before.manifest.fleets["fleet"], "fleet", connection="elsewhere"))
    asked = msgspec.structs.replace(request("2"), base=moved.manifest)
    assert {change.reason for change in planned(memory, asked).plan.fleets[0].changes} == {Reason.CHANGE}


def test_a_fleet_that_may_stand_in_what_of_the_base_was_unreadable_is_no_change_of_anybody(memory: Memory) -> None:
    unread = Diagnostic(code="not-comparable", message="fleets.yaml: who knows")
    base = msgspec.structs.replace(with_fleets(request(), fleet=None).manifest, warnings=(unread,))
    asked = msgspec.structs.replace(request("2"), base=base)
    assert {change.reason for change in planned(memory, asked).plan.fleets[0].changes} == {Reason.OUT_OF_SYNC}


@pytest.mark.parametrize(
    ("renamed_from", "retargeted", "reason"),
    [("old", False, Reason.DRIFT), ("old", True, Reason.CHANGE), ("", False, Reason.CHANGE)],
)
def test_a_fleet_is_the_same_where_its_connection_has_another_name_and_the_same_application(
    memory: Memory, renamed_from: str, retargeted: bool, reason: Reason
) -> None:
    edit = ConnectionChange(
        connection="plant",
        edit=ConnectionEdit.RENAMED,
        platform="losant",
        reading=Reading.PLANNED,
        renamed_from=renamed_from,
        retargeted=retargeted,
    )
    before = request("2")
    base = with_fleets(before, fleet=renamed(before.manifest.fleets["fleet"], "fleet", connection="old")).manifest
    asked = msgspec.structs.replace(request("2"), base=base, connections=(edit,))
    assert {change.reason for change in planned(memory, asked).plan.fleets[0].changes} == {reason}


def test_what_the_base_went_on_to_say_holds_what_lags_behind_it(memory: Memory) -> None:
    asked = msgspec.structs.replace(request("2"), base=request("2").manifest, tip=request("1").manifest)
    (found,) = planned(memory, asked).plan.fleets
    assert not found.changes
    assert {hold.code for held in found.held for hold in held.reasons} == {HoldReason.BEHIND_BASE}


def test_a_fleet_that_was_deleted_leaves_its_slots_as_they_are(memory: Memory) -> None:
    asked = request("1")
    ours = renamed(asked.manifest.fleets["fleet"], "ours", units=Selector(ids=["u0"]))
    theirs = renamed(asked.manifest.fleets["fleet"], "theirs", units=Selector(ids=["u1"]))
    away = renamed(asked.manifest.fleets["fleet"], "away", connection="office")
    base = with_fleets(asked, fleet=None, ours=ours, theirs=theirs, away=away).manifest
    now = with_fleets(asked, fleet=None, ours=ours)
    found = planned(memory, msgspec.structs.replace(now, base=base)).plan
    gone_fleet = next(entry for entry in found.fleets if entry.fleet == "theirs")
    assert "fleet 'theirs' was deleted: 1 slots become unmanaged" in gone_fleet.warnings[0]
    assert (gone_fleet.changes, gone_fleet.violations) == ((), ())
    assert [entry.fleet for entry in found.fleets] == ["ours", "theirs"]
    narrowed = msgspec.structs.replace(now, base=base, filters=Filters(fleets=("ours",)))
    assert [entry.fleet for entry in planned(memory, narrowed).plan.fleets] == ["ours"]


def test_claims_are_held_whatever_the_filters(memory: Memory) -> None:
    asked = request()
    twin = renamed(asked.manifest.fleets["fleet"], "twin")
    both = with_fleets(asked, twin=twin)
    (found,) = planned(memory, msgspec.structs.replace(both, filters=Filters(fleets=("twin",)))).plan.fleets
    assert (found.changes, len(found.held)) == ((), 4)
    assert {reason.code for held in found.held for reason in held.reasons} == {HoldReason.MISTAKE}
    assert [one.code for one in found.diagnostics] == ["claimed-twice"]


def test_warnings_are_errors_when_strict(memory: Memory) -> None:
    asked = request(pins={"nobody": {"poller": "2"}, "u0": {"poller": "2"}}, units=Selector(ids=["u1"]))
    assert "no unit has the id or name 'nobody'" in planned(memory, asked).plan.fleets[0].diagnostics[1].message
    with pytest.raises(ManifestError, match="nobody"):
        planned(memory, msgspec.structs.replace(asked, strict=True))


def test_filters_that_name_no_fleet_are_a_mistake(memory: Memory) -> None:
    with pytest.raises(SettingsError, match="no fleet is named austin") as raised:
        planned(memory, msgspec.structs.replace(request(), filters=Filters(fleets=("austin",))))
    assert raised.value.hint == "there are: fleet"
    with pytest.raises(SettingsError, match="no fleet is named austin"):
        planned(memory, msgspec.structs.replace(request(), filters=Filters(fleets=("fleet", "austin"))))
    empty = with_fleets(request(), fleet=None)
    with pytest.raises(SettingsError, match="the manifests have no Fleet"):
        planned(memory, empty)


def test_the_last_fleet_of_a_connection_that_is_deleted_is_told(memory: Memory) -> None:
    asked = request()
    empty = msgspec.structs.replace(with_fleets(asked, fleet=None), base=asked.manifest)
    for filters in (Filters(), Filters(units=("u1",))):
        (entry,) = planned(memory, msgspec.structs.replace(empty, filters=filters)).plan.fleets
        assert "fleet 'fleet' was deleted" in entry.warnings[0]
    without = msgspec.structs.replace(empty, manifest=msgspec.structs.replace(empty.manifest, connections={}))
    assert planned(memory, without).plan.fleets == (), "there is nothing to read it with"


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (Filters(units=("u9",)), "--unit u9 matches no unit in the scope of these fleets"),
        (Filters(units=("u1", "typo*")), "--unit typo* matches no unit"),
        (Filters(exclude=("typo",)), "--exclude typo matches no unit"),
        (Filters(exclude=("*",)), "--exclude * leaves no slot of these fleets"),
        (Filters(units=("u1",), exclude=("u1",)), "--unit u1 --exclude u1 leaves no slot"),
        (Filters(workloads=("poler",)), "--workload poler matches no workload of these fleets; did you mean 'poller'?"),
        (Filters(workloads=("poller", "x")), "--workload x matches no workload"),
    ],
)
def test_a_filter_that_matches_nothing_is_a_mistake(memory: Memory, filters: Filters, message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        planned(memory, msgspec.structs.replace(request(), filters=filters))
    assert str(raised.value).startswith(message)


def test_filters_are_held_against_nothing_that_could_not_be_read(memory: Memory) -> None:
    memory.unreadable = [gone()]
    found = planned(memory, msgspec.structs.replace(request(), filters=Filters(units=("u9",)))).plan
    assert found.errored


def test_filters_are_words_in_the_plan(memory: Memory) -> None:
    filters = Filters(units=("u1", "u2"), workloads=("poll*",), exclude=("u2",))
    found = planned(memory, msgspec.structs.replace(request(), filters=filters)).plan
    assert found.filters == "--unit u1 --unit u2 --workload poll* --exclude u2"
    assert [change.unit.id for change in found.fleets[0].changes] == ["u1"]


def test_channels_give_versions(memory: Memory) -> None:
    asked = request(workloads={"poller": WorkloadSpec(version=ChannelRef(channel="stable"))})
    channel = Document("stable", ChannelSpec(versions={"poller": "7"}), "c.yaml", lambda path: Origin("c.yaml"))
    manifest = msgspec.structs.replace(asked.manifest, channels={"stable": channel})
    assert channels_of(manifest) == {"stable": {"poller": "7"}}
    found = planned(memory, msgspec.structs.replace(asked, manifest=manifest)).plan
    assert {change.to for change in found.fleets[0].changes} == {"7"}

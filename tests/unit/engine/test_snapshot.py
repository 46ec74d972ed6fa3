"""Examples of recording a connection and planning against the record."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.core.decide import PlanRequest
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.snapshot import chosen, take
from reconciler.errors import PlatformError, SettingsError
from reconciler.model.change import Action, Request
from reconciler.model.fleet import Document, FleetSpec, Manifest, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.recorded import RecordedSnapshot, replay
from reconciler.model.release import Release
from reconciler.platforms.recorded import RecordedPlatform
from reconciler.ports import Check
from tests.laws.strategies import document
from tests.laws.worlds import RELEASES, Site


def wanting(version: str) -> Document:
    spec = FleetSpec(
        connection="plant", units=Selector(all=True), workloads={"modbus-poller": WorkloadSpec(version=version)}
    )
    return document(spec)


def recorded(site: Site, *fleets: Document) -> RecordedSnapshot:
    """Record a site, and carry the record through its JSON."""
    kept = take(site.request(*fleets).manifest, "plant", lambda name: site.platform())
    return msgspec.json.decode(msgspec.json.encode(kept), type=RecordedSnapshot)


def offline(site: Site, kept: RecordedSnapshot) -> RecordedPlatform:
    def refused(request: object) -> None:
        raise AssertionError("the network was used")

    site.wire.before = refused
    return RecordedPlatform(site.platform(), *replay(kept))


def planned(site: Site, platform: RecordedPlatform, request: PlanRequest) -> PlanResult:
    return plan(request, lambda name: platform, site.clock)


def test_a_plan_against_the_record_is_the_plan_against_the_platform() -> None:
    site = Site(units=12, seed=3)
    request = site.request(wanting(RELEASES[-1]))
    live = site.plan(request).plan
    assert live.fleets[0].changes
    kept = recorded(site, wanting(RELEASES[-1]))
    again = planned(site, offline(site, kept), request).plan
    assert again.fleets == live.fleets


def test_versions_seen_and_versions_wanted_are_looked_up_when_recording() -> None:
    site = Site(units=12, seed=3)
    elsewhere = msgspec.structs.replace(wanting("v9"), name="elsewhere")
    elsewhere = msgspec.structs.replace(elsewhere, spec=msgspec.structs.replace(elsewhere.spec, connection="other"))
    request = site.request(wanting("v7.7.7"), elsewhere)
    kept = take(request.manifest, "plant", lambda name: site.platform())
    snapshot, catalog = replay(kept)
    flow = site.flows["modbus-poller"]
    assert catalog[Release(flow, "v7.7.7")].found is False
    assert Release(flow, "v9") not in catalog
    seen = {
        Release(workload, state.assigned)
        for workload, column in snapshot.columns.items()
        for state in (snapshot.states[number] for number in column)
        if state.assigned is not None
    }
    assert seen
    assert seen <= catalog.keys()


def test_what_was_not_asked_about_is_held_not_assumed() -> None:
    site = Site(units=12, seed=3)
    platform = offline(site, recorded(site))
    fleet = planned(site, platform, site.request(wanting("v5"))).plan.fleets[0]
    assert not fleet.changes
    assert {hold.code for held in fleet.held for hold in held.reasons} == {HoldReason.VERSION_UNKNOWN}
    assert "without asking about it" in fleet.held[0].reasons[0].text


def test_a_record_cannot_be_changed() -> None:
    site = Site(units=2)
    platform = offline(site, recorded(site))
    action = Action(call="losant.release", request=Request("POST", "/x"), slots=())
    with pytest.raises(PlatformError, match=r"losant\.release: a recorded snapshot cannot be changed") as caught:
        platform.execute(action, 0.0)
    assert not caught.value.sent
    assert list(platform.check()) == [
        Check("platform", "unchecked", f"a recorded snapshot of {platform.identity} stands in for it")
    ]
    assert platform.capabilities == site.platform().capabilities
    platform.close()


def test_which_connections_are_recorded() -> None:
    manifest = Site(units=1).request().manifest
    two = msgspec.structs.replace(manifest, connections={"b": manifest.connections["plant"], **manifest.connections})
    assert chosen(two, None) == ["b", "plant"]
    assert chosen(two, "b") == ["b"]
    with pytest.raises(SettingsError, match="no Connection named 'x'") as caught:
        chosen(two, "x")
    assert caught.value.hint == "there are: b, plant"
    with pytest.raises(SettingsError, match="have no Connection"):
        chosen(Manifest({}, {}, {}, ""), None)

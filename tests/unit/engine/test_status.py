"""Examples of the status of fleets, read and not."""

from __future__ import annotations

from reconciler.engine.status import status
from reconciler.errors import Unreachable
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.verdict import Health, Sync
from tests.laws.strategies import document
from tests.laws.worlds import Site

FLEET = document(
    FleetSpec(connection="plant", units=Selector(all=True), workloads={"vision": WorkloadSpec(version="v1.2.0")})
)


def test_a_fleet_that_was_read() -> None:
    site = Site(units=6)
    (fleet,) = status(site.plan(site.request(FLEET)), units=True).fleets
    assert (fleet.fleet, fleet.connection, fleet.platform, fleet.error) == ("fleet", "plant", "losant", "")
    assert fleet.unit_list is not None
    assert len(fleet.unit_list) == fleet.units > 0


def test_a_fleet_that_could_not_be_read_says_why() -> None:
    site = Site(units=2)

    def gone(request: object) -> None:
        raise Unreachable("no route", operation="losant: list devices")

    site.wire.before = gone
    (fleet,) = status(site.plan(site.request(FLEET))).fleets
    assert (fleet.sync, fleet.health) == (Sync.UNKNOWN, Health.UNKNOWN)
    assert "no route" in fleet.error

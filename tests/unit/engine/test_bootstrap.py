"""Examples of importing a whole application."""

from __future__ import annotations

import pytest

from reconciler.engine.bootstrap import import_fleet
from reconciler.errors import SettingsError, UnexpectedAnswer
from reconciler.model.fleet import FleetSpec
from reconciler.simulators.losant import Faults
from tests.laws.strategies import document
from tests.laws.worlds import Site


def lines(spec: FleetSpec) -> int:
    return len(str(spec))


@pytest.mark.parametrize("seed", range(4))
def test_an_imported_application_plans_to_nothing(seed: int) -> None:
    site = Site(units=40, seed=seed, offline=0.2, failing=0.2)
    found = import_fleet("plant", lambda name: site.platform(), lines)
    (fleet,) = site.plan(site.request(document(found.spec))).plan.fleets
    assert (fleet.changes, fleet.held, fleet.violations) == ((), (), ())
    assert found.application == fleet.basis.target
    assert found.slots == fleet.summary.slots > 0


def test_an_incomplete_reading_is_not_imported() -> None:
    faults = Faults(1)
    faults.parse(["short=100%"])
    site = Site(units=40, faults=faults)
    site.faulty()
    with pytest.raises(UnexpectedAnswer, match="the reading is incomplete") as caught:
        import_fleet("plant", lambda name: site.platform(), lines)
    assert caught.value.hint == "nothing was written; run it again"


def test_an_application_without_units_is_not_imported() -> None:
    site = Site(units=0)
    for device in list(site.world.app.devices):
        site.world.delete_device(device.id)
    with pytest.raises(SettingsError, match="has no unit that takes assignments"):
        import_fleet("plant", lambda name: site.platform(), lines)

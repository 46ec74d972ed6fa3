"""Time zones where no database of them is installed."""

from __future__ import annotations

import zoneinfo

import pytest

from reconciler.manifest.windows import windows
from reconciler.model.fleet import FleetSpec, Selector, Window
from tests.laws.strategies import document


def test_a_machine_without_time_zones_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(key: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(key)

    spec = FleetSpec(
        connection="plant",
        units=Selector(all=True),
        workloads={},
        windows=[Window(allow="0 2 * * *", duration="3h", timezone="Europe/Berlin")],
    )
    assert not list(windows(document(spec)))
    monkeypatch.setattr(zoneinfo, "ZoneInfo", missing)
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    (found,) = windows(document(spec))
    assert found.message.startswith("this machine has no database of time zones")
    assert found.hint == "install tzdata, of the system or of Python"

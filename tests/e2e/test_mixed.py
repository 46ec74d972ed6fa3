"""Fleets over several platforms in one run: what needs something elsewhere waits for it, and the dead stop no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Ran, Simulator, simulating
from tests.e2e.test_platform_faults import ROUTES, secrets_of

Run = Callable[..., Ran]
SITES = ("haifa", "osaka", "porto", "berlin")


@pytest.fixture
def sites() -> Iterator[tuple[Simulator, Simulator]]:
    """Four gateways on Losant, and the four devices beside them on GetApp; the tag `site` is unique on both sides."""
    with simulating(units=4, settle=0.1) as plant, simulating("getapp", units=4, settle=0.1) as stations:
        for number, site in enumerate(SITES):
            plant.control("POST", "set_tags", device=f"gw-{number:03d}", tags={"site": site})
        yield plant, stations


def written(folder: Path, plant: Simulator, stations: Simulator) -> None:
    """Write two fleets: the gateways' poller needs the stations' radio of today; that one is to move as well."""
    losant = {"application": plant.application, "url": plant.url, "token": {"env": "LOSANT_API_TOKEN"}}
    needs = {"radio": {"version": ["1.4.0"], "connection": "stations", "tag": "site"}}
    poller = {"version": "v1.4.0", "requires": needs}
    documents: list[tuple[str, str, dict[str, Any]]] = [
        ("Connection", "plant", {"losant": losant}),
        ("Connection", "stations", {"getapp": {"agent": stations.url, "routes": ROUTES}}),
        (
            "Fleet",
            "a-gateways",
            {"connection": "plant", "units": {"all": True}, "workloads": {"modbus-poller": poller}},
        ),
        (
            "Fleet",
            "b-stations",
            {"connection": "stations", "units": {"all": True}, "workloads": {"radio": {"version": "1.4.0"}}},
        ),
    ]
    folder.mkdir()
    (folder / "m.yaml").write_text(
        "\n---\n".join(
            json.dumps({"apiVersion": "reconciler/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
            for kind, name, spec in documents
        )
    )


def told(plant: Simulator) -> set[str]:
    rows = plant.control("GET", "state")["rows"]
    return {row["desired"] for row in rows if row["flow"] == "modbus-poller"}


@pytest.mark.parametrize(
    "how", [("apply", "--yes"), ("watch", "--once", "--mode", "apply", "--wait", "2m")], ids=" ".join
)
def test_one_run_moves_what_is_needed_first(
    run: Run, tmp_path: Path, sites: tuple[Simulator, Simulator], how: tuple[str, ...]
) -> None:
    plant, stations = sites
    written(tmp_path / "m", plant, stations)
    secrets = {**secrets_of(stations), "LOSANT_API_TOKEN": plant.token}
    planned = run("plan", "m", "--detailed-exitcode", **secrets)
    assert planned.code == 2, planned
    assert "stage 2" in planned.out
    ran = run(how[0], "m", *how[1:], **secrets)
    assert ran.code == 0, ran
    assert told(plant) == {"v1.4.0"}
    assert run("plan", "m", "--detailed-exitcode", **secrets).code == 0


def test_a_missing_secret_stops_no_other_connection(
    run: Run, tmp_path: Path, sites: tuple[Simulator, Simulator]
) -> None:
    plant, stations = sites
    written(tmp_path / "m", plant, stations)
    planned = run("plan", "m", "--detailed-exitcode", "-o", "json", **secrets_of(stations))
    assert planned.code == 1, planned
    gateways, beside = planned.json["fleets"]
    assert "LOSANT_API_TOKEN is not set" in gateways["error"]
    assert (beside["error"], len(beside["changes"])) == ("", 3)


@pytest.mark.usefixtures("impatient")
def test_what_is_needed_from_a_platform_that_is_down_is_waited_for(
    run: Run, tmp_path: Path, sites: tuple[Simulator, Simulator]
) -> None:
    plant, stations = sites
    written(tmp_path / "m", plant, stations)
    before = told(plant)
    text = (tmp_path / "m/m.yaml").read_text()
    (tmp_path / "m/m.yaml").write_text(text.replace(stations.url, "http://127.0.0.1:9"))
    secrets = {**secrets_of(stations), "LOSANT_API_TOKEN": plant.token}
    ran = run("apply", "m", "--yes", **secrets)
    assert ran.code != 0, ran
    assert "Traceback" not in ran.err
    assert told(plant) == before
    explained = run("explain", "gw-000", "modbus-poller", "m", **secrets)
    assert "requirement" in explained.out.lower(), explained

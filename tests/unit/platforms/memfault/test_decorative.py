"""A field of another type than documented costs what it decides: nothing becomes unknown but by identity, version or status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from reconciler.model.release import Release, ReleaseQuery
from reconciler.model.snapshot import Snapshot
from tests.unit.platforms.memfault.project import MAIN, RADIO, Project

ESSENTIAL: dict[str, frozenset[str]] = {
    "/cohorts": frozenset({"slug"}),
    "/devices": frozenset({"id", "cohort", "last_seen_release", "last_seen_software_version"}),
    "/deployments": frozenset({"id", "cohort", "release", "type", "status", "rollout_percent"}),
    "/software_types": frozenset({"name"}),
    "/software_type_values": frozenset({"name"}),
    "/software_versions": frozenset({"version"}),
    "/releases": frozenset({"version"}),
}
"""By the end of a path, the fields of its rows that may make something unknown."""

ODD: list[Any] = [None, "12", 12, -1, 1.5, True, "", "{}", {}, [], [None], {"name": None}, 1_700_000_000, 10**30]


def fields() -> Iterator[tuple[str, str, str]]:
    """Yield path, field and shape of all fields that decide nothing."""
    for shape in ("reference", "live"):
        project = Project(device_shape=shape)
        for end, essential in ESSENTIAL.items():
            path = f"/software_types/{MAIN}{end}" if end == "/software_versions" else end
            body = project.platform._routes.client.get(project.platform._routes.project + path, "read").content
            row = json.loads(body)["data"][0]
            yield from ((end, field, shape) for field in sorted(row) if field not in essential)
    for end in ESSENTIAL:
        yield from ((end, f"paging.{field}", "live") for field in ("page", "page_count", "per_page", "item_count"))


def put(body: Any, *, field: str, value: Any) -> None:
    if field.startswith("paging."):
        body["paging"][field.removeprefix("paging.")] = value
    else:
        for row in body["data"] if isinstance(body["data"], list) else [body["data"]]:
            row[field] = value


def decided(snapshot: Snapshot) -> list[Any]:
    """Return what a reading decides."""
    return [
        (unit, name, state.assigned, state.reported, state.phase, state.ready, state.size, state.settings)
        for row, unit in enumerate(snapshot.units.ids)
        for name in (MAIN, RADIO)
        for state in [snapshot.state(name, row)]
    ]


PLAIN = {shape: decided(Project(device_shape=shape).observe()) for shape in ("reference", "live")}


@pytest.mark.parametrize(("end", "field", "shape"), list(fields()))
def test_it_decides_nothing(end: str, field: str, shape: str) -> None:
    numbers_disagree = field.startswith("paging.")
    for value in (one for one in ODD if not numbers_disagree or (type(one) is not int and one != "12")):
        project = Project(device_shape=shape)
        project.rewrite(end, partial(put, field=field, value=value))
        snapshot = project.observe()
        assert snapshot.coverage.complete, (value, snapshot.coverage.problems)
        assert decided(snapshot) == PLAIN[shape], value
        if end != "/releases":
            continue
        wanted = [Release(MAIN, "1.3.0"), Release(RADIO, "2.3.0")]
        for asked in (wanted, wanted[:1]):
            assert all(info.found for info in project.platform.catalog(asked).values()), value
        assert len(project.platform.releases(ReleaseQuery(versions=("1.3.0",))).releases) == 1, value


@pytest.mark.parametrize("total", ["24", 24])
def test_a_total_is_a_number_however_it_is_written(total: Any) -> None:
    project = Project()
    project.rewrite("/devices", lambda body: body["paging"].update(total_count=total))
    assert project.observe().coverage.complete


@pytest.mark.parametrize("total", ["many", "", None, 1.5, -3, True])
def test_without_a_total_nothing_is_proved(total: Any) -> None:
    project = Project()
    project.rewrite("/devices", lambda body: body["paging"].update(total_count=total))
    assert not project.observe().coverage.complete


@pytest.mark.parametrize("artifacts", [None, [], [None], ["x"], "x", {}, [{"type": 5, "md5": 7, "size": "12"}]])
def test_artifacts_of_any_shape_leave_the_release_found(artifacts: Any) -> None:
    project = Project()
    project.rewrite("/releases/1.3.0", lambda body: body["data"].update(artifacts=artifacts))
    assert project.platform.catalog([Release(MAIN, "1.3.0")])[Release(MAIN, "1.3.0")].found


def test_one_odd_artifact_costs_itself() -> None:
    project = Project()
    project.rewrite("/releases/1.3.0", lambda body: body["data"]["artifacts"].append(None))
    info = project.platform.catalog([Release(MAIN, "1.3.0")])[Release(MAIN, "1.3.0")]
    assert len(info.artifacts or ()) == 2


NOTED = {
    "/cohorts": ("name", "count_devices", "count_active_deployments", "bypass_version_checks", "updates_enabled"),
    "/devices": ("hardware_version", "last_seen"),
    "/deployments": ("deployed_date", "updated_date"),
    "/software_types": ("software_versions_count",),
    "/software_type_values": ("is_primary_type",),
}


@pytest.mark.parametrize(("end", "field"), [(end, field) for end, several in NOTED.items() for field in several])
def test_what_was_left_out_of_a_reading_is_noted(end: str, field: str) -> None:
    project = Project()
    project.rewrite(end, partial(put, field=field, value=[7]))
    coverage = project.observe().coverage
    assert coverage.complete
    assert any(note.startswith(f"{field}: Expected ") for note in coverage.notes), coverage


def test_a_list_of_releases_says_what_was_left_out() -> None:
    project = Project()
    project.rewrite("/releases", lambda body: [row.update(count_devices="47") for row in body["data"]])
    (note,) = project.platform.releases(ReleaseQuery(versions=("1.3.0",))).notes
    assert note.endswith("count_devices: Expected `int | null`, got `str`")

"""Drift through the installed command on every platform: who made it, what holds its correction, and what a history keeps."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.conftest import LIMIT, Ran, Simulator, content, simulating, started, until
from tests.e2e.test_platform_faults import ROUTES

Run = Callable[..., Ran]


class Case(NamedTuple):
    """One slot of a platform: which row of its state, what somebody does to it, and who that is said to be."""

    shape: dict[str, Any]
    keys: tuple[str, str]
    workload: str
    other: str
    happen: Callable[[Simulator, str], object]
    words: str
    by: tuple[str, str | None]
    secrets: Callable[[Simulator], dict[str, str]]
    connection: dict[str, Any]


CASES = {
    "losant": Case(
        {"units": 3},
        ("deviceId", "desired"),
        "telemetry",
        "v1.1.0",
        lambda one, unit: one.control(
            "POST", "console", device=unit, flow="telemetry", version="v1.1.0", source="flow"
        ),
        "changed by workflow 65a7",
        ("65a700000000000000000001", "workflow"),
        lambda one: {"LOSANT_API_TOKEN": one.token},
        {},
    ),
    "memfault": Case(
        {"units": 2, "devices": 4},
        ("cohort", "assigned"),
        "main-fw",
        "1.0.1",
        lambda one, unit: one.control(
            "POST", "activate", cohort=unit, version="1.4.0", person="Ann\x1b[31m\n::error::"
        ),
        "changed by user Ann",
        ("Ann [31m ::error::", "user"),
        lambda one: {"MEMFAULT_ORG_TOKEN": one.token},
        {},
    ),
    "getapp": Case(
        {"units": 3},
        ("device", "assigned"),
        "radio",
        "1.1.0",
        lambda one, unit: one.control("POST", "console", device=unit, project="radio", version="1.1.0"),
        "changed: ",
        ("", None),
        lambda one: {},
        {"routes": ROUTES},
    ),
}


def slot(simulator: Simulator, case: Case) -> tuple[str, str]:
    """Return a unit that has another version than what somebody is about to give it, and that version."""
    rows = simulator.control("GET", "state")["rows"]
    unit, assigned = case.keys
    found = (
        (row[unit], row[assigned])
        for row in rows
        if case.workload in {row.get("flow"), row.get("software_type"), row.get("project")}
        and row[assigned] not in (None, case.other, "1.4.0")
    )
    return next(found)


@pytest.mark.parametrize(("platform", "held"), [("losant", True), ("memfault", False), ("getapp", False)])
def test_drift_says_who_made_it_and_what_holds_its_correction(
    run: Run, tmp_path: Path, platform: str, *, held: bool
) -> None:
    case = CASES[platform]
    with simulating(platform, **case.shape) as one:
        unit, version = slot(one, case)
        suspend = "  suspend: {reason: site audit}\n" if held else ""
        one.manifest(
            tmp_path / "m",
            "apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: all}\nspec:\n  connection: plant\n"
            f'  units: {{ids: ["{unit}"]}}\n  workloads: {{{case.workload}: {{version: "{version}"}}}}\n{suspend}',
            **case.connection,
        )
        out, where = tmp_path / "out", ("--history", str(tmp_path / "h.db"))
        watch = started(tmp_path, "watch", "m", "--interval", "0.1s", *where, out=out, **case.secrets(one))
        until(lambda: "pass 1: synced" in content(out), "the first pass")
        case.happen(one, unit)
        until(lambda: " drift: " in content(out), "the drift")
        watch.send_signal(signal.SIGTERM)
        watch.communicate(timeout=LIMIT)
        ran = run("watch", "m", "--once", "--out", "drift.json", **case.secrets(one))
        assert ran.code == 0, ran
    issue = run("show", "drift.json", "-o", "markdown").out
    assert ("### Assigned there by" in issue) is (case.by[1] is not None), "what the issue about drift says"
    assert issue.count(case.by[0]) or not case.by[0]
    (line,) = (one for one in content(out).splitlines() if " drift: " in one)
    assert case.words in line
    assert ("held: the fleet is suspended: site audit" in line) is held
    assert line.isprintable()
    shown = run("history", *where, "-o", "json")
    (drift,) = (one for one in shown.json["events"] if one["event"] == "drifted")
    assert (drift["by"], drift["by_kind"], drift["was"]) == (*case.by, version)
    assert [one["code"] for one in drift["holds"]] == (["suspended"] if held else [])
    assert " drift: " in run("history", *where).out
    assert json.dumps(shown.json).count(next(iter(case.secrets(one).values()), "no secret")) == 0

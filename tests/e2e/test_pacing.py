"""Windows, `keep` and limits over time, through the installed command's own options."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.e2e.conftest import FLEET, Ran, Simulator, simulating

Run = Callable[..., Ran]


def windows(opens_in: timedelta) -> str:
    """Return `windows` with one that opens in this time, for an hour a day."""
    at = datetime.now(UTC) + opens_in
    return f'  windows: [{{allow: "{at.minute} {at.hour} * * *", duration: 1h}}]\n'


CLOSED, OPEN = timedelta(hours=6), timedelta(minutes=-20)


def test_outside_its_window_a_fleet_waits_and_a_person_lifts_that(run: Run, plant: Simulator, tmp_path: Path) -> None:
    def fleet(unit: str, opens_in: timedelta) -> str:
        return FLEET.replace("{all: true}", f"{{names: [{unit}]}}") + windows(opens_in)

    plant.manifest(tmp_path / "m", fleet("gw-011", CLOSED).replace("v1.4.0", "v1.2.0"))
    shown = run("plan", "m", token=plant.token)
    assert shown.code == 0, shown
    assert "outside the maintenance window: 1" in shown.out
    assert "they open on" in shown.out
    assert run("plan", "m", "--detailed-exitcode", token=plant.token).code == 2
    found = run("plan", "m", "--out", "plan.json", "-o", "json", token=plant.token).json["fleets"][0]
    (held,) = found["held"]
    (reason,) = held["reasons"]
    assert reason["code"] == "outside-window"
    assert datetime.fromisoformat(reason["opens"]) > datetime.now(UTC)
    explained = run("explain", "gw-011", "telemetry", "m", token=plant.token)
    assert "they open on" in explained.out
    nothing = run("apply", "m", "--yes", token=plant.token)
    assert nothing.code == 0, nothing
    assert "Nothing was sent: 1 held" in nothing.out
    assert run("apply", "m", "--yes", "--allow", "window", token=plant.token).code == 64
    lifted = run(
        "apply", "m", "--yes", "--allow", "window", "--reason", "a leak", "--no-wait", "--result", "run.jsonl",
        token=plant.token,
    )  # fmt: skip
    assert lifted.code == 0, lifted
    assert "! window was allowed for this run: a leak" in lifted.out
    events = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert events[0]["allowed"] == [["window", "a leak"]]
    plant.manifest(tmp_path / "m", fleet("gw-011", OPEN).replace("v1.4.0", "v1.2.0"))
    again = run("watch", "m", "--once", "--mode", "apply", token=plant.token)
    assert again.code == 0, again


def test_a_plan_of_yesterday_is_applied_when_the_window_is_open(run: Run, plant: Simulator, tmp_path: Path) -> None:
    fleet = FLEET.replace("{all: true}", "{names: [gw-012]}").replace("v1.4.0", "v1.2.0")
    plant.manifest(tmp_path / "m", fleet + windows(CLOSED))
    assert run("plan", "m", "--out", "plan.json", token=plant.token).code == 0
    plant.manifest(tmp_path / "m", fleet + windows(OPEN))
    applied = run("apply", "m", "--plan", "plan.json", token=plant.token)
    assert applied.code == 0, applied
    assert "1 done" in applied.out, applied


def test_windows_that_never_open_are_told(run: Run, plant: Simulator, tmp_path: Path) -> None:
    fleet = FLEET.replace("{all: true}", "{names: [gw-013]}").replace("v1.4.0", "v1.2.0")
    never = '  windows: [{allow: "0 2 * * *", duration: 1h}, {deny: "0 0 * * *", duration: 1d}]\n'
    plant.manifest(tmp_path / "m", fleet + never)
    shown = " ".join(run("plan", "m", token=plant.token).out.split())
    assert "they do not open before 20" in shown
    assert "check that no `deny` covers every `allow`" in shown


def test_of_units_with_one_value_of_a_tag_so_many_keep_serving(run: Run, tmp_path: Path) -> None:
    with simulating(units=12) as plant:
        plant.manifest(tmp_path / "m", FLEET.replace("v1.4.0", "v1.2.0") + "  keep: {per: site, serving: 2}\n")
        found = run("plan", "m", "-o", "json", token=plant.token).json["fleets"][0]
        assert found["changes"]
        assert found["held"]
        assert {one["code"] for held in found["held"] for one in held["reasons"]} <= {"kept", "keep-unmet"}
        applied = run("apply", "m", "--yes", "--deadline", "1m", token=plant.token)
        assert applied.code == 0, applied
        left = run("plan", "m", "-o", "json", token=plant.token).json["fleets"][0]
        assert {one["code"] for held in left["held"] for one in held["reasons"]} <= {"keep-unmet"}


def test_without_a_history_a_plan_says_what_its_limits_cannot_know(run: Run, plant: Simulator, tmp_path: Path) -> None:
    fleet = FLEET.replace("{all: true}", "{names: [gw-014]}").replace("v1.4.0", "v1.2.0")
    plant.manifest(tmp_path / "m", fleet + "  limits: {window: 24h, per: site}\n")
    shown = " ".join(run("plan", "m", token=plant.token).out.split())
    assert "limits count what went in the last 24h, but what went before" in shown


def test_limits_over_time_hold_across_runs(run: Run, tmp_path: Path) -> None:
    def fleet(first: int, last: int, window: str) -> str:
        names = ", ".join(f"gw-{number:03}" for number in range(first, last))
        limits = f"  limits: {{replace: 8{window}}}\n"
        return FLEET.replace("{all: true}", f"{{names: [{names}]}}").replace("v1.4.0", "v1.2.0") + limits

    kept = ("--history", "history.db")
    with simulating(units=20) as plant:
        plant.manifest(tmp_path / "m", fleet(0, 6, ", window: 24h"))
        assert run("apply", "m", "--yes", *kept, token=plant.token).code == 0
        plant.manifest(tmp_path / "m", fleet(0, 10, ", window: 24h"))
        broken = "after 6 in the last 24h; replace is limited to 8"
        shown = run("plan", "m", *kept, token=plant.token)
        assert broken in " ".join(shown.out.split()), shown
        blocked = run("apply", "m", "--yes", *kept, token=plant.token)
        assert blocked.code == 3, blocked
        plant.manifest(tmp_path / "m", fleet(0, 10, ""))
        watched = run("watch", "m", "--once", "--mode", "apply", *kept, token=plant.token)
        assert watched.code == 3, watched
        assert broken in watched.out + watched.err, "by itself a watch looks back a day"
        assert run("apply", "m", "--yes", *kept, token=plant.token).code == 0, (
            "one apply looks back where it is told to"
        )

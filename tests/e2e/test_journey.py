"""The ways people go: import, plan, apply, converge, drift, repair, watch, stop, die and go on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from reconciler.cli import wiring
from tests.e2e.conftest import LIMIT, Ran, Simulator, content, environment, simulating, started, until

Run = Callable[..., Ran]


@pytest.fixture
def fleet() -> Iterator[Simulator]:
    """A fleet of 60 units of this test's own; all healthy."""
    with simulating(units=60) as one:
        yield one


def _imported(run: Run, simulator: Simulator, folder: Path) -> str:
    """Import into a folder; return the manifest's text."""
    ran = run(
        "import",
        "losant",
        "--url",
        simulator.url,
        "--application",
        simulator.application,
        "--out",
        folder.name,
        token=simulator.token,
    )
    assert ran.code == 0, ran
    return (folder / "fleet.yaml").read_text()


def _edited(folder: Path, old: str = "v1.3.0", new: str = "v1.4.0") -> None:
    """Change the default version of modbus-poller, one line."""
    path = folder / "fleet.yaml"
    head, name, tail = path.read_text().partition("modbus-poller:")
    assert f"version: {old}" in tail
    path.write_text(head + name + tail.replace(f"version: {old}", f"version: {new}", 1))


def _versions(simulator: Simulator, flow: str, field: str = "desired") -> dict[str, Any]:
    return {row["device"]: row[field] for row in simulator.control("GET", "state")["rows"] if row["flow"] == flow}


def test_import_plan_edit_plan_apply_plan_watch(run: Run, tmp_path: Path) -> None:
    with simulating(units=1000, offline=0.05, settle=0.3) as simulator:
        folder, token = tmp_path / "fleet", simulator.token
        text = _imported(run, simulator, folder)
        assert len(text.splitlines()) < 60, "an import should be compact"
        assert run("plan", "fleet", "--detailed-exitcode", token=token).code == 0
        _edited(folder)
        planned = run("plan", "fleet", "--detailed-exitcode", token=token)
        assert planned.code == 2, planned
        assert simulator.writes == []
        applied = run("apply", "fleet", "--yes", token=token)
        assert applied.code == 0, applied
        assert len(simulator.writes) <= 1
        assert run("plan", "fleet", "--detailed-exitcode", token=token).code == 0
        assert run("watch", "fleet", "--once", token=token).code == 0


def test_a_reviewed_plan_is_an_upper_bound(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    _edited(folder)
    assert run("plan", "fleet", "--out", "plan.json", token=fleet.token).code == 0
    movers = [
        change["unit"]["name"] for change in json.loads((tmp_path / "plan.json").read_text())["fleets"][0]["changes"]
    ]
    fleet.control("POST", "console", device=movers[0], flow="modbus-poller", version="v1.1.0")
    fleet.control("POST", "delete_device", device=movers[1])
    foreign = fleet.control("POST", "add_device", name="newcomer")["id"]
    fleet.control("POST", "console", device=foreign, flow="modbus-poller", version="v1.3.0")
    applied = run("apply", "fleet", "--plan", "plan.json", "-o", "json", token=fleet.token)
    assert applied.code == 4, applied
    results = {one["unit"]["name"]: one["result"] for one in applied.json["outcomes"]}
    assert results.pop(movers[0]) == "stale"
    assert results.pop(movers[1]) == "stale"
    assert set(results.values()) == {"done"}
    now = _versions(fleet, "modbus-poller")
    assert now[movers[0]] == "v1.1.0"
    assert now["newcomer"] == "v1.3.0"


def test_explain_says_which_line(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    explained = run("explain", "gw-007", "modbus-poller", "fleet", token=fleet.token)
    assert explained.code == 0, explained
    assert re.search(r"fleet/fleet\.yaml:\d+", explained.out), explained
    assert "v1.3.0" in explained.out


def test_status_and_doctor_answer(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    assert run("status", "fleet", token=fleet.token).code == 0
    units = run("status", "fleet", "--units", "-o", "json", token=fleet.token)
    assert units.code == 0, units
    assert len(units.json["fleets"][0]["unit_list"]) == 60
    doctor = run("doctor", "fleet", token=fleet.token)
    assert doctor.code == 0, doctor


def test_a_recorded_snapshot_plans_offline(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    _edited(folder)
    live = run("plan", "fleet", "-o", "json", token=fleet.token).json
    assert run("snapshot", "fleet", "--out", "snapshot.json", token=fleet.token).code == 0
    offline = run("plan", "fleet", "--snapshot", "snapshot.json", "-o", "json").json
    assert [one["changes"] for one in offline["fleets"]] == [one["changes"] for one in live["fleets"]]
    assert run("diff", "snapshot.json", "snapshot.json").code == 0


def test_drift_is_told_and_repaired(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    _imported(run, fleet, tmp_path / "fleet")
    before = _versions(fleet, "modbus-poller")
    fleet.control("POST", "console", device="gw-007", flow="modbus-poller", version="v1.1.0")
    seen = run("watch", "fleet", "--once", "--log-format", "json", token=fleet.token)
    assert seen.code == 0, seen
    assert _versions(fleet, "modbus-poller")["gw-007"] == "v1.1.0", "watch observes unless told"
    assert run("watch", "fleet", "--once", "--mode", "apply", token=fleet.token).code == 0
    until(lambda: _versions(fleet, "modbus-poller") == before, "repaired")


def test_a_fleet_that_only_observes_says_so(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    text = _imported(run, fleet, tmp_path / "fleet")
    assert text.count("\nspec:\n") == 1
    (tmp_path / "fleet/fleet.yaml").write_text(text.replace("\nspec:\n", "\nspec:\n  mode: observe\n"))
    fleet.control("POST", "console", device="gw-007", flow="modbus-poller", version="v1.1.0")
    seen = run("watch", "fleet", "--once", "--mode", "apply", token=fleet.token)
    assert seen.code == 0, seen
    assert "nothing is sent: the mode of the fleet is observe" in seen.out
    assert fleet.writes == []


def _start(tmp_path: Path, simulator: Simulator, *args: str) -> subprocess.Popen[str]:
    return started(tmp_path, *args, out=tmp_path / "out", LOSANT_API_TOKEN=simulator.token)


def test_watch_ends_well_when_told_to(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    _imported(run, fleet, tmp_path / "fleet")
    watching = _start(
        tmp_path, fleet, "watch", "fleet", "--interval", "0.2s", "--log-format", "json", "--mode", "apply"
    )
    until(lambda: '"passed"' in content(tmp_path / "out"), "a pass that found all in order")
    fleet.control("POST", "console", device="gw-007", flow="modbus-poller", version="v1.1.0")
    until(lambda: _versions(fleet, "modbus-poller")["gw-007"] != "v1.1.0", "the repair")
    (tmp_path / "fleet" / "fleet.yaml").write_text("apiVersion: reconciler/v1\nkind: Fleet\nspec: [")
    until(lambda: "last valid" in content(tmp_path / "out"), "the note on what cannot be read")
    watching.send_signal(signal.SIGTERM)
    _, err = watching.communicate(timeout=LIMIT)
    assert watching.returncode == 0, err
    events = [json.loads(line) for line in content(tmp_path / "out").splitlines()]
    assert any(one["event"] == "drifted" and one["unit"]["name"] == "gw-007" for one in events)
    assert any(one["event"] == "note" and "last valid" in one["message"] for one in events)


def test_stopping_an_apply_says_what_is_open(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    _edited(folder)
    fleet.control("POST", "faults", latency="400ms")
    applying = _start(tmp_path, fleet, "apply", "fleet", "--yes", "-o", "json", "--result", "run.jsonl")
    until(lambda: "intended" in content(tmp_path / "run.jsonl"), "a call")
    applying.send_signal(signal.SIGINT)
    _, err = applying.communicate(timeout=LIMIT)
    assert "Traceback" not in err
    report = json.loads(content(tmp_path / "out"))
    assert report["outcomes"], "every change is spoken of"
    assert {one["result"] for one in report["outcomes"]} <= {"done", "still waiting", "not tried", "unknown"}
    fleet.control("POST", "faults", latency="0ms")
    assert run("apply", "fleet", "--yes", token=fleet.token).code == 0
    assert run("plan", "fleet", "--detailed-exitcode", token=fleet.token).code == 0


def test_killed_in_mid_apply_and_run_again_it_converges(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    _edited(folder)
    fleet.control("POST", "faults", latency="300ms")
    applying = _start(tmp_path, fleet, "apply", "fleet", "--yes", "--result", "run.jsonl")
    until(lambda: "intended" in content(tmp_path / "run.jsonl"), "a call")
    os.kill(applying.pid, signal.SIGKILL)
    applying.communicate(timeout=LIMIT)
    fleet.control("POST", "faults", latency="0ms")
    assert run("apply", "fleet", "--yes", token=fleet.token).code == 0
    assert run("plan", "fleet", "--detailed-exitcode", token=fleet.token).code == 0


def test_a_plan_against_a_base_says_what_the_change_is(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    _committed(tmp_path)
    fleet.control("POST", "console", device="gw-007", flow="telemetry", version="v1.1.0")
    _edited(folder)
    plan = run("plan", "fleet", "--base", "HEAD", "-o", "json", token=fleet.token)
    assert plan.code == 0, plan
    reasons = {(one["workload"]["name"], one["reason"]) for one in plan.json["fleets"][0]["changes"]}
    assert reasons == {("modbus-poller", "change"), ("telemetry", "drift")}
    assert run("plan", "fleet", "--base", "no-such-ref", token=fleet.token).code == 1


@pytest.mark.parametrize(("base", "named"), [("main", "folder"), ("HEAD", "git ref")])
def test_a_base_without_any_fleet_says_so(run: Run, tmp_path: Path, fleet: Simulator, base: str, named: str) -> None:
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "README").write_text("")
    _committed(tmp_path)
    _imported(run, fleet, tmp_path / "fleet")
    plan = run("plan", "fleet", "--base", base, token=fleet.token)
    assert plan.code == 0, plan
    assert f"warning: the {named} {base} has no Fleet to compare with" in plan.err


def _committed(place: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(place)]
    for words in (["init", "-q", "-b", "trunk"], ["add", "."], ["commit", "-qm", "as imported"]):
        subprocess.run([*git, *words], check=True, env=environment())


@pytest.mark.parametrize("place", ["plants", ".deploy/plants"])
def test_a_fleet_that_merely_moved_is_no_change(run: Run, tmp_path: Path, fleet: Simulator, place: str) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    _committed(tmp_path)
    fleet.control("POST", "console", device="gw-007", flow="telemetry", version="v1.1.0")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    folder.rename(tmp_path / place)
    plan = run("plan", place, "--base", "HEAD", "-o", "json", token=fleet.token, GIT_DIR="/nowhere")
    assert plan.code == 0, plan
    changes = plan.json["fleets"][0]["changes"]
    assert [(one["workload"]["name"], one["reason"]) for one in changes] == [("telemetry", "drift")]


def test_a_base_that_holds_not_everything_says_so_and_guesses_nothing(
    run: Run, tmp_path: Path, fleet: Simulator
) -> None:
    repository, outside = tmp_path / "repository", tmp_path / "outside"
    _imported(run, fleet, outside)
    repository.mkdir()
    (repository / "fleet.yaml").symlink_to(outside / "fleet.yaml")
    (outside / "connections.yaml").rename(repository / "connections.yaml")
    _committed(repository)
    fleet.control("POST", "console", device="gw-007", flow="telemetry", version="v1.1.0")
    plan = run("plan", "repository", "--base", "HEAD", "-o", "json", token=fleet.token)
    assert plan.code == 0, plan
    assert "--base HEAD: fleet.yaml leads out of the repository; whether its fleets changed is not known" in plan.err
    assert [one["reason"] for one in plan.json["fleets"][0]["changes"]] == ["out-of-sync"]


def test_a_repository_that_git_refuses_is_named_in_its_words(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    _imported(run, fleet, tmp_path / "fleet")
    _committed(tmp_path)
    other = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    for words in (["plan", "fleet"], ["doctor", "fleet"]):
        ran = run(*words, token=fleet.token, **other)
        assert "fatal: detected dubious ownership in repository at" in ran.err + ran.out, ran
    ran = run("plan", "fleet", "--base", "HEAD", token=fleet.token, **other)
    assert ran.code == 1, ran
    assert "cannot look up 'HEAD': fatal: detected dubious ownership" in ran.err, ran
    assert "safe.directory" in ran.err, ran


def test_output_is_the_same_bytes_apart_from_the_times(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    _edited(folder)
    plans = [run("plan", "fleet", "-o", "json", token=fleet.token).json for _ in range(2)]
    assert all(plan.pop("times") for plan in plans)
    assert all(plan.pop("checksum") for plan in plans), "it covers the times"
    assert json.dumps(plans[0]) == json.dumps(plans[1])


def test_show_renders_a_saved_plan_in_every_form(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    _edited(folder)
    planned = run("plan", "fleet", "--out", "plan.json", token=fleet.token)
    assert run("show", "plan.json").out.splitlines()[:3] == planned.out.splitlines()[:3]
    assert run("show", "plan.json", "-o", "markdown").out.startswith("<!-- reconciler:plan -->")
    assert run("show", "plan.json", "-o", "json").json == json.loads((tmp_path / "plan.json").read_text())


def test_a_saved_plan_expires_when_it_says_and_no_later(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    _imported(run, fleet, folder)
    _edited(folder)
    for wrong in ("0s", "500ms", "366d", "99999999999d", "-1h", "soon", "72"):
        assert run("plan", "fleet", "--expires", wrong, token=fleet.token).code == 64, wrong
    planned = run("plan", "fleet", "--out", "plan.json", "--expires", "72h", token=fleet.token)
    assert re.search(r"It can be applied until \S+Z \(in (3 d|2 d 23 h)\)", planned.out), planned
    content = json.loads((tmp_path / "plan.json").read_text())
    content["times"]["expires"] = "2031-01-01T00:00:00Z"
    (tmp_path / "revived.json").write_text(json.dumps(content))
    for words in (["show", "revived.json"], ["apply", "fleet", "--plan", "revived.json"]):
        ran = run(*words, token=fleet.token)
        assert ran.code == 1, ran
        assert "the plan was edited after it was made" in ran.err, ran
    run("plan", "fleet", "--out", "plan.json", "--expires", "1s", token=fleet.token)
    expires = datetime.fromisoformat(json.loads((tmp_path / "plan.json").read_text())["times"]["expires"]).timestamp()
    with mock.patch.object(wiring.SystemClock, "now", return_value=expires + 1):
        ran = run("apply", "fleet", "--plan", "plan.json", token=fleet.token)
    assert ran.code == 1, ran
    assert "the plan expired at" in ran.err, ran
    assert fleet.writes == []


def test_limits_stop_an_apply_and_are_lifted_with_a_reason(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    folder = tmp_path / "fleet"
    text = _imported(run, fleet, folder)
    head, name, tail = text.partition("modbus-poller:")
    (folder / "fleet.yaml").write_text(head + name + tail.replace("version: v1.3.0", "absent: true", 1))
    assert run("plan", "fleet", "--detailed-exitcode", token=fleet.token).code == 3
    refused = run("apply", "fleet", "--yes", token=fleet.token)
    assert refused.code == 3, refused
    assert fleet.writes == []
    allowed = run(
        "apply",
        "fleet",
        "--yes",
        "--allow",
        "remove",
        "--reason",
        "site closed",
        "--result",
        "run.jsonl",
        token=fleet.token,
    )
    assert allowed.code == 0, allowed
    assert "site closed" in content(tmp_path / "run.jsonl")

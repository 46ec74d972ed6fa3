"""Every command on its own: what it prints, in which form, with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from tests.e2e.conftest import FLEET, Ran, Simulator, environment, simulating

Run = Callable[..., Ran]
COMMANDS = [
    "plan",
    "apply",
    "status",
    "explain",
    "watch",
    "validate",
    "show",
    "diff",
    "snapshot",
    "releases",
    "deliveries",
    "import",
    "doctor",
    "simulate",
    "demo",
]


@pytest.fixture
def folder(run: Run, plant: Simulator, tmp_path: Path) -> Path:
    """The shared simulator's fleet, imported."""
    ran = run(
        "import", "losant", "--url", plant.url, "--application", plant.application, "--out", "fleet", token=plant.token
    )
    assert ran.code == 0, ran
    return tmp_path / "fleet"


@pytest.fixture
def edited(folder: Path) -> Path:
    """The same, with one line changed."""
    path = folder / "fleet.yaml"
    head, name, tail = path.read_text().partition("modbus-poller:")
    path.write_text(head + name + tail.replace("version: v1.3.0", "version: v1.4.0", 1))
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example(run: Run, name: str) -> None:
    shown = run(name, "--help")
    assert shown.code == 0, shown
    assert "Example" in shown.out
    assert f"reconciler {name}" in shown.out


def test_help_lists_every_command(run: Run) -> None:
    shown = run("--help").out
    assert all(f"  {name}" in shown for name in COMMANDS)
    assert run("--version").out.startswith("reconciler ")


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "--version"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


def test_plan_answers_in_every_form(run: Run, plant: Simulator, edited: Path, tmp_path: Path) -> None:
    text = run("plan", "fleet", "--verbose", token=plant.token)
    assert text.code == 0, text
    assert "gw-007" in text.out
    markdown = run("plan", "fleet", "-o", "markdown", token=plant.token)
    assert len(markdown.out) <= 65_536
    found = run("plan", "fleet", "-o", "json", token=plant.token).json
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "plan.v1.schema.json").read_text())
    jsonschema.validate(found, schema)
    assert found["fleets"][0]["summary"]["changes"]["replace"] == len(found["fleets"][0]["changes"]) > 0


def test_colour_only_where_it_is_wanted(run: Run, plant: Simulator, edited: Path) -> None:
    assert "\x1b[" not in run("plan", "fleet", token=plant.token).out
    coloured = run("plan", "fleet", token=plant.token, FORCE_COLOR="1")
    assert "\x1b[" in coloured.out
    assert "\x1b[" not in run("plan", "fleet", token=plant.token, FORCE_COLOR="1", NO_COLOR="1").out


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_lines_fit_the_width(run: Run, plant: Simulator, edited: Path, columns: int) -> None:
    shown = run("plan", "fleet", "--verbose", token=plant.token, COLUMNS=str(columns)).out
    assert max(map(len, shown.splitlines())) <= columns


def test_filters_narrow_output_and_calls(run: Run, plant: Simulator, edited: Path) -> None:
    found = run(
        "plan",
        "fleet",
        "--unit",
        "gw-00*",
        "--exclude",
        "gw-007",
        "--workload",
        "modbus-*",
        "-o",
        "json",
        token=plant.token,
    ).json
    names = {change["unit"]["name"] for change in found["fleets"][0]["changes"]}
    assert names
    assert all(name.startswith("gw-00") for name in names)
    assert "gw-007" not in names
    assert found["filters"] == "--unit gw-00* --workload modbus-* --exclude gw-007"


def test_diff_compares_plans_and_manifests(run: Run, plant: Simulator, edited: Path, tmp_path: Path) -> None:
    assert run("plan", "fleet", "--out", "a.json", token=plant.token).code == 0
    assert run("plan", "fleet", "--unit", "gw-001", "--out", "b.json", token=plant.token).code == 0
    assert run("diff", "a.json", "a.json").code == 0
    different = run("diff", "a.json", "b.json")
    assert different.code == 2, different
    assert "gw-002" in different.out
    assert run("diff", "a.json", "b.json", "-o", "json").json["differences"]
    assert run("diff", "fleet", "fleet").code == 0
    assert run("diff", "fleet", "a.json").code == 1


def test_doctor_says_what_fails(run: Run, plant: Simulator, folder: Path) -> None:
    wrong = run("doctor", "fleet", token="wrong")
    assert wrong.code == 1, wrong
    assert "401" in wrong.out
    assert run("doctor", "fleet").code == 1, "no token at all"
    fine = run("doctor", "fleet", "-o", "json", token=plant.token)
    assert fine.code == 0, fine


def test_explain_answers_for_what_is_not_there(run: Run, plant: Simulator, edited: Path) -> None:
    missing = run("explain", "gw-07", "fleet", token=plant.token)
    assert missing.code == 1
    assert "gw-07" in missing.err
    all_of_it = run("explain", "gw-007", "fleet", "-o", "json", token=plant.token)
    assert all_of_it.code == 0, all_of_it
    assert {one["workload"]["name"] for one in all_of_it.json["slots"]} >= {"modbus-poller", "telemetry"}


def test_import_refuses_to_overwrite(run: Run, plant: Simulator, folder: Path) -> None:
    words = ("import", "losant", "--url", plant.url, "--application", plant.application, "--out", "fleet")
    refused = run(*words, token=plant.token)
    assert refused.code == 1, refused
    assert "--force" in refused.err
    assert run(*words, "--force", token=plant.token).code == 0
    again = run("import", "--from", "fleet", "--connection", "losant", "--out", "-", token=plant.token)
    assert again.code == 0, again
    assert "kind: Fleet" in again.out


def test_snapshot_of_another_shape_is_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"format": "reconciler/snapshot.v1"}')
    refused = run("plan", "fleet", "--snapshot", "s.json")
    assert refused.code == 1, refused
    assert "s.json" in refused.err
    assert run("plan", "fleet", "--snapshot", "missing.json").code == 1


@pytest.mark.usefixtures("impatient")
def test_one_broken_connection_does_not_stop_the_rest(run: Run, plant: Simulator, folder: Path) -> None:
    (folder / "other.yaml").write_text(
        json.dumps(
            {
                "apiVersion": "reconciler/v1",
                "kind": "Connection",
                "metadata": {"name": "dead"},
                "spec": {
                    "losant": {
                        "application": "5" * 24,
                        "url": "http://127.0.0.1:9",
                        "token": {"env": "LOSANT_API_TOKEN"},
                    }
                },
            }
        )
        + "\n---\n"
        + json.dumps(
            {
                "apiVersion": "reconciler/v1",
                "kind": "Fleet",
                "metadata": {"name": "gone"},
                "spec": {"connection": "dead", "units": {"all": True}, "workloads": {}},
            }
        )
    )
    planned = run("plan", "fleet", "-o", "json", token=plant.token)
    assert planned.code == 1, planned
    errors = {one["fleet"]: bool(one["error"]) for one in planned.json["fleets"]}
    assert errors == {"losant": False, "gone": True}
    assert run("watch", "fleet", "--once", token=plant.token).code == 1
    assert run("apply", "fleet", "--yes", token=plant.token).code in {1, 4}


@pytest.mark.usefixtures("impatient")
def test_faults_do_not_bring_down_a_plan(run: Run, tmp_path: Path) -> None:
    faults = ["429=10%", "500=10%", "reset=10%", "truncate=10%", "html=5%", "short=10%", "empty=5%"]
    with simulating(units=50, offline=0.05, settle=2.0, faults=faults) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        for _ in range(4):
            ran = run("plan", "m", "--detailed-exitcode", token=simulator.token)
            assert ran.code in {0, 1, 2}, ran
            assert "Traceback" not in ran.err


def test_warnings_of_loading_are_shown_and_strict_makes_them_errors(run: Run, plant: Simulator, folder: Path) -> None:
    path = folder / "fleet.yaml"
    path.write_text(path.read_text() + "  quarantine: [{workload: visoin, version: v1.3.0, reason: typo}]\n")
    planned = run("plan", "fleet", "-o", "json", token=plant.token)
    assert planned.code == 0, planned
    assert planned.json["fleets"]
    assert "visoin" in planned.err
    assert "did you mean 'vision'?" in planned.err
    strict = run("plan", "fleet", "--strict", token=plant.token)
    assert strict.code == 1, strict
    assert strict.err.count("the quarantine names") == 1
    assert "hint: with --strict, warnings about manifests are errors" in strict.err


def test_an_apply_that_shows_no_plan_says_what_the_plan_warns_of(run: Run, plant: Simulator, folder: Path) -> None:
    path = folder / "fleet.yaml"
    head, spec, tail = path.read_text().partition("spec:\n")
    path.write_text(f"{head}{spec}  pins: {{gw-404: {{vision: v1.2.0}}}}\n{tail}")
    ran = run("apply", "fleet", "--yes", "--no-wait", token=plant.token)
    shown = [line.removeprefix("warning: losant: ").strip() for line in ran.err.splitlines()]
    assert shown == [
        (
            "fleet/fleet.yaml:7:10: no unit has the id or name 'gw-404'; did you mean 'gw-034'?: this pin holds nothing; if it "
            "was renamed, name its id, which stays"
        ),
        "3 units match the scope but are of a class that takes no assignments; left out",
    ]

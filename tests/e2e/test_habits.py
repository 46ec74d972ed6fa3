"""What fingers do by themselves, from kubectl, terraform and git: accepted, or answered with what to type."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import yaml

from reconciler.cli import COMMANDS
from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, command, environment, simulating
from tests.e2e.test_terminal import on_a_terminal

Run = Callable[..., Ran]
COLOUR = r"\x1b\[(?:\d+;)*[39][0-8][;m]"


@pytest.fixture
def fleet(plant: Simulator, tmp_path: Path) -> Path:
    return plant.manifest(tmp_path / "m", FLEET)


def piped(folder: Path, text: str, *args: str, **env: str) -> Ran:
    """Run the installed command with a text on standard input."""
    done = subprocess.run(
        [*command(), *args], cwd=folder, env=environment(**env), input=text, text=True, capture_output=True, timeout=LIMIT, check=False
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


# --- paths --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plan", "status", "validate", "doctor", "releases"])
def test_f_gives_paths(run: Run, plant: Simulator, fleet: Path, name: str) -> None:
    by_option = run(name, "-f", "m/fleet.yaml", "--file", "m/connections.yaml", token=plant.token)
    assert by_option.code == run(name, "m", token=plant.token).code == 0, by_option
    assert run(name, "-f", "nowhere").code == 1


def test_f_gives_paths_to_explain_and_deliveries(run: Run, plant: Simulator, fleet: Path) -> None:
    assert "telemetry on gw-001" in run("explain", "gw-001", "-f", "m", token=plant.token).out
    assert run("deliveries", "-f", "m", token=plant.token).code == 0


def test_a_manifest_comes_from_standard_input(fleet: Path, plant: Simulator, tmp_path: Path) -> None:
    text = (fleet / "connections.yaml").read_text() + "\n---\n" + FLEET
    (tmp_path / "token").write_text(plant.token)
    by_file = text.replace('{"env": "LOSANT_API_TOKEN"}', '{"file": "token"}')
    assert "file" in by_file
    for args in (("plan", "-"), ("plan", "-f", "-")):
        ran = piped(tmp_path, by_file, *args, "-o", "json")
        assert ran.code == 0, ran
        assert ran.json["fleets"][0]["fleet"] == "all"
    whole = piped(tmp_path, FLEET, "status", "-", "m/connections.yaml", LOSANT_API_TOKEN=plant.token)
    assert whole.code == 0, whole


def test_a_finding_about_standard_input_says_so(tmp_path: Path) -> None:
    ran = piped(tmp_path, FLEET + "  prune: true\n", "validate", "-", "-o", "json")
    assert ran.code == 1
    origins = [one["origin"] for one in ran.json["findings"]]
    assert {"file": "<stdin>", "line": 10, "column": 3} in origins, origins


def test_standard_input_cannot_confirm_and_has_no_base(fleet: Path, plant: Simulator, tmp_path: Path) -> None:
    ran = piped(tmp_path, FLEET, "apply", "-", "m/connections.yaml", LOSANT_API_TOKEN=plant.token)
    assert (ran.code, "give --yes" in ran.err) == (64, True)
    ran = piped(tmp_path, FLEET, "plan", "-", "m/connections.yaml", "--base", "HEAD", LOSANT_API_TOKEN=plant.token)
    assert (ran.code, "--base compares files" in ran.err) == (1, True)


def test_a_plan_from_standard_input_is_of_no_commit(fleet: Path, plant: Simulator, tmp_path: Path) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "m"), (*who, "commit", "-q", "-m", "x")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    ran = piped(tmp_path, FLEET, "plan", "-", "m/connections.yaml", "-o", "json", LOSANT_API_TOKEN=plant.token)
    assert ran.json["fleets"][0]["basis"]["commit"].endswith("-dirty")


# --- one file for another -----------------------------------------------------------------------------------------------


@pytest.fixture
def written(run: Run, plant: Simulator, fleet: Path, tmp_path: Path) -> Path:
    """A folder with a saved plan, a snapshot and a result file beside the manifests."""
    assert run("plan", "m", "--out", "plan.json", token=plant.token).code == 0
    assert run("snapshot", "m", "--out", "snapshot.json", token=plant.token).code == 0
    (tmp_path / "run.jsonl").write_text('{"format":"reconciler/event.v1","event":"note"}\n')
    return tmp_path


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        ("plan plan.json", "`reconciler show plan.json` shows it, `reconciler apply --plan plan.json` applies it"),
        ("validate plan.json", "`reconciler show plan.json` shows it"),
        ("status -f plan.json", "`reconciler show plan.json` shows it"),
        ("doctor plan.json", "`reconciler show plan.json` shows it"),
        ("plan --snapshot plan.json m", "`reconciler show plan.json` shows it"),
        ("plan snapshot.json", "`reconciler plan --snapshot snapshot.json` plans against it"),
        ("validate snapshot.json", "`reconciler diff snapshot.json OTHER` compares it"),
        ("show snapshot.json", "`reconciler plan --snapshot snapshot.json` plans against it"),
        ("apply --plan snapshot.json -y", "`reconciler plan --snapshot snapshot.json` plans against it"),
        ("show m", "`reconciler validate m` checks it, `reconciler plan m` shows what it would change"),
        ("show m/fleet.yaml", "`reconciler plan m/fleet.yaml` shows what it would change"),
        ("apply --plan m/fleet.yaml", "`reconciler plan m/fleet.yaml` shows what it would change"),
        ("plan m --snapshot m/fleet.yaml", "`reconciler validate m/fleet.yaml` checks it"),
        ("show run.jsonl", "`reconciler schema event.v1` describes them"),
        ("validate run.jsonl", "it has one JSON object a line"),
        ("diff plan.json m", "compare two plans, two snapshots, or two manifests"),
    ],
)
def test_a_file_of_another_kind_is_answered_with_the_command_for_it(
    run: Run, written: Path, args: str, hint: str
) -> None:
    ran = run(*args.split())
    said = ran.err + ran.out
    assert ran.code == 1, ran
    assert hint in said, ran


@pytest.mark.parametrize("thing", ["m", "plan.json"])
def test_diff_needs_two_things_and_says_what_shows_one(run: Run, written: Path, thing: str) -> None:
    ran = run("diff", thing)
    assert ran.code == 64
    assert f"`reconciler diff {thing} B`" in ran.err


def test_apply_takes_a_saved_plan_among_its_paths(tmp_path: Path, run: Run) -> None:
    with simulating(units=5) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        assert run("plan", "m", "--out", "plan.json", token=simulator.token).code == 0
        both = run("apply", "m", "plan.json", "--plan", "plan.json", token=simulator.token)
        assert (both.code, "several plans" in both.err) == (64, True)
        ran = run("apply", "m", "plan.json", token=simulator.token)
        assert ran.code == 0, ran
        assert "Applied" in ran.out
        again = run("apply", "m", "plan.json", token=simulator.token)
        assert again.code == 0, again
        assert len(simulator.writes) == 1


# --- options that every command has -------------------------------------------------------------------------------------


def test_quiet_leaves_results_and_errors(run: Run, plant: Simulator, fleet: Path, tmp_path: Path) -> None:
    loud = run("watch", "m", "--once", token=plant.token)
    quiet = run("watch", "m", "--once", "-q", token=plant.token)
    assert "only comparing" in loud.err
    assert quiet.err == ""
    assert run("validate", "-q", "m").out == ""
    assert run("-q", "validate", "m").out == "", "before the command's name, too"
    assert "valid" in run("validate", "m").out
    assert "error" in run("validate", "-q", "nowhere").err
    warned = (fleet / "fleet.yaml").read_text().replace("v1.4.0", "latest")
    (fleet / "fleet.yaml").write_text(warned)
    assert "taken for the name of a version" in run("plan", "m", token=plant.token).err
    assert run("plan", "m", "--quiet", token=plant.token).err == ""
    there = ("--url", plant.url, "--application", plant.application)
    assert run("import", "losant", *there, "--out", "new", "-q", token=plant.token) == Ran(0, "", "")
    assert (tmp_path / "new/fleet.yaml").exists()


def test_y_is_yes(tmp_path: Path, run: Run) -> None:
    with simulating(units=3) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        assert run("apply", "m", "-y", token=simulator.token).code == 0


@pytest.mark.parametrize("where", ["before", "behind", "environment"])
def test_no_color_on_a_terminal(plant: Simulator, fleet: Path, tmp_path: Path, where: str) -> None:
    args = {
        "before": ["--no-color", "status", "m"],
        "behind": ["status", "m", "--no-color"],
        "environment": ["status", "m"],
    }[where]
    more = {"NO_COLOR": "1"} if where == "environment" else {"FORCE_COLOR": "1"}
    assert not re.search(COLOUR, on_a_terminal(tmp_path, plant, *args, env=more)[1])
    assert re.search(COLOUR, on_a_terminal(tmp_path, plant, "status", "m")[1])


# --- environment --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "args", "same"),
    [
        ({"RECONCILER_FILE": "m"}, ["validate"], ["validate", "m"]),
        ({"RECONCILER_OUTPUT": "json"}, ["validate", "m"], ["validate", "m", "-o", "json"]),
        ({"RECONCILER_OUTPUT": "json", "RECONCILER_VALIDATE_OUTPUT": "text"}, ["validate", "m"], ["validate", "m"]),
        ({"RECONCILER_OUTPUT": "json"}, ["validate", "m", "-o", "text"], ["validate", "m"]),
        ({"RECONCILER_QUIET": "1"}, ["validate", "m"], ["validate", "m", "-q"]),
        ({"RECONCILER_CONNECTIONS": "nowhere"}, ["validate", "m"], ["validate", "m", "--connections", "nowhere"]),
        ({"RECONCILER_VERSION": "9"}, ["version"], ["version"]),
        (
            {"RECONCILER_HISTORY": "none", "RECONCILER_FILE": "m", "RECONCILER_QUIET": "1"},
            ["rollout", "pause", "edge", "telemetry", "--reason", "why"],
            ["rollout", "pause", "edge", "telemetry", "--reason", "why", "--history", "none", "-f", "m", "-q"],
        ),
    ],
)
def test_variables_stand_for_options(
    run: Run, fleet: Path, env: dict[str, str], args: list[str], same: list[str]
) -> None:
    assert run(*args, **env) == run(*same)


def test_variables_stand_for_flags_and_lists(run: Run, plant: Simulator, fleet: Path) -> None:
    env = {"RECONCILER_UNIT": "gw-001 gw-002", "RECONCILER_STATUS_OUT_OF_SYNC": "1", "RECONCILER_OUTPUT": "name"}
    ran = run("status", "m", token=plant.token, **env)
    assert ran.out.split() == ["gw-001/telemetry", "gw-002/telemetry"]


@pytest.mark.parametrize("name", ["RECONCILER_FAILING", "RECONCILER_SIMULATE_LOSANT_FAILING"])
def test_commands_of_a_command_take_variables_too(run: Run, name: str) -> None:
    ran = run("simulate", "losant", **{name: "some"})
    assert (ran.code, name in ran.err) == (64, True), ran


def test_a_wrong_variable_is_named(run: Run) -> None:
    ran = run("apply", "-y", RECONCILER_CONCURRENCY="900")
    assert ran.code == 64
    assert "RECONCILER_CONCURRENCY" in ran.err


# --- help, version, completion ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_that_of_the_command(run: Run, name: str) -> None:
    assert run("help", name).out == run(name, "--help").out
    assert "-q, --quiet" in run("help", name).out


def test_help_of_all_and_of_what_is_not_there(run: Run) -> None:
    assert run("help").out == run("--help").out
    assert run("help", "simulate", "losant").out == run("simulate", "losant", "-h").out
    wrong = run("help", "plann")
    assert (wrong.code, "did you mean 'plan'?" in wrong.err) == (64, True)
    assert run("help", "plan", "more").code == 64


def test_version_is_a_command(run: Run) -> None:
    assert run("version").out == run("--version").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script(run: Run, shell: str) -> None:
    ran = run("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert f"_RECONCILER_COMPLETE={shell}_complete" in ran.out


def test_bash_completes(tmp_path: Path) -> None:
    script = f"""
source <({command()[0]} completion bash)
PATH={Path(command()[0]).parent}:$PATH
COMP_WORDS=(reconciler sta); COMP_CWORD=1; _reconciler_completion reconciler; echo "${{COMPREPLY[@]}}"
COMPREPLY=(); COMP_WORDS=(reconciler status --fail); COMP_CWORD=2; _reconciler_completion reconciler; echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True, timeout=LIMIT
    )  # fmt: skip
    assert done.stdout.split() == ["status", "--failed"], done.stderr


@pytest.mark.parametrize("name", ["plan", "status", "explain", "doctor", "releases", "validate", "diff"])
def test_yaml_is_what_json_is(run: Run, plant: Simulator, fleet: Path, name: str) -> None:
    args = {"explain": ["explain", "gw-001", "m"], "diff": ["diff", "m", "m"]}.get(name, [name, "m"])
    as_json, as_yaml = (run(*args, "-o", form, token=plant.token) for form in ("json", "yaml"))
    assert as_yaml.code == as_json.code == 0, as_yaml
    said = yaml.safe_load(as_yaml.out)
    assert shape(said) == shape(as_json.json)
    assert json.dumps(said, default=str).count("telemetry") == as_json.out.count("telemetry")


def shape(value: object) -> object:
    """Return a value without what two runs say differently: times, ids, texts."""
    if isinstance(value, dict):
        return {key: shape(child) for key, child in value.items()}
    if isinstance(value, list):
        return [shape(child) for child in value]
    return "time" if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value) else type(value).__name__


def test_every_option_of_every_command_has_its_variable() -> None:
    from reconciler.cli import root

    ctx = click.Context(root)
    for name in COMMANDS:
        found = root.get_command(ctx, name)
        assert found is not None
        for one in found.params:
            if isinstance(one, click.Option):
                assert f"RECONCILER_{max(one.opts, key=len).lstrip('-').replace('-', '_').upper()}" in (
                    one.envvar or []
                )


@pytest.mark.parametrize("name", ["plan", "apply", "import", "status", "watch", "simulate losant"])
@pytest.mark.parametrize("columns", ["60", "80"])
def test_help_is_wrapped_at_spaces_only_so_that_options_stay_whole(run: Run, name: str, columns: str) -> None:
    shown = run(*name.split(), "--help", COLUMNS=columns)
    assert shown.code == 0
    assert "-\n" not in shown.out
    assert "\u2011" not in shown.out

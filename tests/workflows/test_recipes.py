"""The recipes for other systems: the shell lines of the example files themselves, run as those systems run them."""

from __future__ import annotations

import configparser
import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import regopy
import yaml

from reconciler.views import plan_json
from tests.e2e.conftest import until
from tests.forge.servers import TOKEN, GitLab, serving
from tests.golden import plans
from tests.house.tree import ROOT
from tests.workflows.conftest import Plant, fleet

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"
BIN = Path(sys.executable).parent
Ran = subprocess.CompletedProcess[str]


class Machine:
    """Where a recipe runs: a clone, and an environment in which only what the recipe sets is set."""

    def __init__(self, plant: Plant, folder: Path) -> None:
        self.plant = plant
        self.folder = folder
        self.environment = {
            "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder),
            **{key: os.environ[key] for key in os.environ if key.startswith("COVERAGE_PROCESS")},
        }  # fmt: skip

    def clone(self, name: str, ref: str = "main") -> Path:
        """Clone the branch as it is now; later branches are not there."""
        origin, to = f"file://{self.plant.hub.origin}", self.folder / name
        subprocess.run(["git", "clone", "-q", "--single-branch", "--branch", ref, origin, str(to)], check=True)
        return to

    def run(self, command: list[str], folder: Path, **environment: str) -> Ran:
        """Run a command, and print what it said for a test that fails."""
        ran = subprocess.run(
            command, cwd=folder, env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
        )  # fmt: skip
        print(ran.stdout)
        return ran

    @property
    def token(self) -> dict[str, str]:
        return {"LOSANT_API_TOKEN": self.plant.simulator.token}


@pytest.fixture
def machine(plant: Plant, tmp_path: Path) -> Machine:
    (tmp_path / "machine").mkdir()
    return Machine(plant, tmp_path / "machine")


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with serving(GitLab) as one:
        yield one


class Pipeline:
    """Jobs of `.gitlab-ci.yml`, each in a clone of its own; artefacts go from one to the next."""

    def __init__(self, machine: Machine, forge: GitLab) -> None:
        self.machine = machine
        self.jobs: dict[str, Any] = yaml.safe_load((EXAMPLES / "gitlab/.gitlab-ci.yml").read_text())
        self.kept: dict[str, bytes] = {}
        self.environment = {
            "GITLAB_CI": "true", "CI_API_V4_URL": f"{forge.url}/api/v4", "CI_PROJECT_ID": "42", "GITLAB_TOKEN": TOKEN,
            "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_DEFAULT_BRANCH": "main",
            "CI_COMMIT_SHA": "0" * 40, **machine.token,
        }  # fmt: skip

    def run(self, name: str, at: Path) -> Ran:
        """Run one job as the runner does: its lines in one shell that stops at the first failure."""
        job = self.jobs[name]
        for file, content in self.kept.items():
            (at / file).write_bytes(content)
        script = "\n".join(["set -eo pipefail", *job["script"]])
        ran = self.machine.run(["bash", "-c", script], at, **self.environment)
        self.kept = {file: (at / file).read_bytes() for file in job["artifacts"]["paths"] if (at / file).exists()}
        return ran


def test_gitlab_plans_a_request_and_applies_what_a_person_has_seen(machine: Machine, gitlab: GitLab) -> None:
    plant, pipeline = machine.plant, Pipeline(machine, gitlab)
    pull = plant.change(7, poller="v1.4.0")
    request = machine.clone("request", "topic-7")
    assert pipeline.run("plan", request).returncode == 0
    (comment,) = gitlab.bodies
    assert "20 changes" in comment
    assert gitlab.labels == ["reconciler: changes"]
    assert "changes=20\n" in (request / "plan.env").read_text()
    assert b"<h1>Plan: 20 changes" in pipeline.kept["plan.html"]
    plant.hub.merge(pull, how="squash")
    pipeline.kept = {}
    assert pipeline.run("plan main", machine.clone("main")).returncode == 0
    assert plant.writes == 0
    assert pipeline.run("apply", machine.clone("apply")).returncode == 0
    assert plant.runs("modbus-poller") == {"v1.4.0"}


def test_gitlab_applies_nothing_that_was_reverted_meanwhile(machine: Machine, gitlab: GitLab) -> None:
    plant, pipeline = machine.plant, Pipeline(machine, gitlab)
    plant.hub.merge(plant.change(7, poller="v1.4.0"))
    old = machine.clone("old")
    assert pipeline.run("plan main", old).returncode == 0
    plant.hub.revert()
    pipeline.run("apply", old)
    assert plant.writes == 0


@pytest.mark.parametrize("known", [True, False], ids=["before the push", "nobody knows"])
def test_gitlab_compares_a_push_with_what_the_branch_was_before(machine: Machine, gitlab: GitLab, known: bool) -> None:
    plant, pipeline = machine.plant, Pipeline(machine, gitlab)
    pull = plant.change(7, poller="v1.4.0")
    plant.hub.push("topic-7", fleet("v1.4.0", "v1.4.0"), "origin/topic-7")
    push = plant.hub.merge(pull, how="rebase")
    pipeline.environment["CI_COMMIT_BEFORE_SHA"] = push["before"] if known else "0" * 40
    assert pipeline.run("plan main", machine.clone("main")).returncode == 0
    (found,) = plan_json.decode(pipeline.kept["plan.json"]).fleets
    why = {(one.workload.name, one.reason.value) for one in found.changes}
    first = "change" if known else "drift"
    assert why == {("modbus-poller", first), ("telemetry", "change")}


def test_gitlab_says_why_there_is_no_plan(machine: Machine, gitlab: GitLab) -> None:
    plant, pipeline = machine.plant, Pipeline(machine, gitlab)
    plant.change(7, poller="v1.4.0")
    plant.hub.push("topic-7", {"fleets/austin.yaml": "kind: Fleat\n"})
    assert pipeline.run("plan", machine.clone("request", "topic-7")).returncode == 1
    (comment,) = gitlab.bodies
    assert "this is not a manifest" in comment
    (finding,) = json.loads((machine.folder / "request/findings.json").read_text())
    assert finding["location"]["path"] == "fleets/austin.yaml"


def test_gitlab_keeps_one_issue_for_drift(machine: Machine, gitlab: GitLab) -> None:
    plant, pipeline = machine.plant, Pipeline(machine, gitlab)
    plant.simulator.control("POST", "console", device="gw-003", flow="modbus-poller", version="v1.2.0")
    assert pipeline.run("reconcile", machine.clone("one")).returncode == 0
    (issue,) = gitlab.issues
    assert (issue["state"], "gw-003" in issue["description"]) == ("opened", True)
    plant.simulator.control("POST", "console", device="gw-003", flow="modbus-poller", version="v1.3.0")
    pipeline.kept = {}
    assert pipeline.run("reconcile", machine.clone("two")).returncode == 0
    assert issue["state"] == "closed"


def test_gitlab_lets_no_two_jobs_write_at_a_time() -> None:
    jobs = yaml.safe_load((EXAMPLES / "gitlab/.gitlab-ci.yml").read_text())
    writing = {name for name, job in jobs.items() if isinstance(job, dict) and job.get("environment") == "production"}
    assert writing == {"apply", "reconcile"}
    assert {jobs[name]["resource_group"] for name in writing} == {"plant"}
    checked = subprocess.run(
        [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci", str(EXAMPLES / "gitlab/.gitlab-ci.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def _jenkins(stage: str) -> str:
    """Return what a stage's `sh` runs."""
    text = (EXAMPLES / "jenkins/Jenkinsfile").read_text()
    assert text.count("{") == text.count("}")
    stages = dict(re.findall(r"stage\('([^']+)'\) \{(.*?)(?=\n        stage\(|\Z)", text, flags=re.DOTALL))
    (script,) = re.findall(r"sh '''(.*?)'''", stages[stage], flags=re.DOTALL)
    assert "\\" not in script, "Groovy would take it for its own"
    return script


def test_jenkins_plans_and_applies_what_a_person_has_seen(machine: Machine) -> None:
    plant = machine.plant
    pull = plant.change(7, poller="v1.4.0")
    request = machine.clone("request", "topic-7")
    environment = {**machine.token, "CHANGE_TARGET": "main"}
    planned = machine.run(["sh", "-xe", "-c", _jenkins("Plan a request")], request, **environment)
    assert planned.returncode == 0
    assert "20 to change" in planned.stdout or "20 changes" in planned.stdout
    assert "<h1>Plan: 20 changes" in (request / "plan.html").read_text()
    plant.hub.merge(pull)
    main = machine.clone("main")
    assert machine.run(["sh", "-xe", "-c", _jenkins("Plan")], main, **environment).returncode == 0
    assert plant.writes == 0
    assert machine.run(["sh", "-xe", "-c", _jenkins("Apply")], main, **environment).returncode == 0
    assert plant.runs("modbus-poller") == {"v1.4.0"}


def _cron(machine: Machine, clone: Path) -> tuple[str, dict[str, str]]:
    """Return the command of the crontab's line and its environment, with this machine's places."""
    lines = [line for line in (EXAMPLES / "cron/reconciler.crontab").read_text().splitlines() if line[:1] != "#"]
    settings = dict(line.split("=", 1) for line in lines[:-1])
    *when, user, command = lines[-1].split(maxsplit=6)
    assert (len(when), user) == (5, "fleet")
    assert "%" not in command, "cron would take it for a line's end"
    secrets = machine.folder / "secrets"
    secrets.write_text(f"LOSANT_API_TOKEN={machine.plant.simulator.token}\n")
    own = f"{EXAMPLES / 'cron'}:{BIN}"
    path = settings["PATH"].replace("/opt/reconciler/bin", own)
    return command.replace("/run/lock", str(machine.folder)), {
        "PATH": path,
        "FLEET": str(clone),
        "SECRETS": str(secrets),
    }


def test_cron_corrects_and_is_silent_when_there_is_nothing_to_say(machine: Machine) -> None:
    plant = machine.plant
    command, environment = _cron(machine, machine.clone("fleet"))
    quiet = machine.run(["/bin/sh", "-c", command], machine.folder, **environment)
    assert (quiet.returncode, quiet.stdout) == (0, "")
    plant.hub.push("main", fleet(poller="v1.4.0"))
    assert machine.run(["/bin/sh", "-c", command], machine.folder, **environment).returncode == 0
    assert plant.runs("modbus-poller") == {"v1.4.0"}
    (machine.folder / "secrets").write_text("LOSANT_API_TOKEN=wrong\n")
    failed = machine.run(["/bin/sh", "-c", command], machine.folder, **environment)
    assert failed.returncode == 1
    assert "token" in failed.stdout


def test_cron_never_runs_two_at_a_time(machine: Machine) -> None:
    plant = machine.plant
    command, environment = _cron(machine, machine.clone("fleet"))
    plant.hub.push("main", fleet(poller="v1.4.0"))
    with (machine.folder / "reconciler-plant").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        passed = machine.run(["/bin/sh", "-c", command], machine.folder, **environment)
    assert (passed.returncode, passed.stdout, plant.writes) == (0, "", 0)


def _unit(name: str) -> configparser.RawConfigParser:
    unit = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment]  # keys of units keep their spelling
    unit.read(EXAMPLES / "systemd" / name)
    return unit


def test_systemd_runs_a_pass(machine: Machine) -> None:
    plant, service = machine.plant, _unit("reconciler.service")["Service"]
    clone = machine.clone("fleet")
    plant.hub.push("main", fleet(poller="v1.4.0"))
    environment = {
        **machine.token,
        "PATH": service["Environment"].partition("=")[2].replace("/opt/reconciler/bin", str(BIN)),
    }
    for key in ("ExecStartPre", "ExecStart"):
        command = shlex.split(service[key].replace("/srv/fleet", str(clone)))
        command[0] = shutil.which(Path(command[0]).name) or command[0]
        assert machine.run(command, clone, **environment).returncode == 0
    assert plant.runs("modbus-poller") == {"v1.4.0"}
    assert service["Type"] == "oneshot", "systemd starts no second one while it runs"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    for name in ("reconciler.service", "reconciler.timer"):
        text = (EXAMPLES / "systemd" / name).read_text()
        (tmp_path / name).write_text(
            re.sub(r"=/usr/bin/(?=git|flock)", lambda _: f"={Path(shutil.which('git') or '').parent}/", text)
        )
        ran = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)], capture_output=True, text=True, check=False
        )
        assert name not in ran.stderr, ran.stderr


def test_kubernetes_runs_a_pass_and_no_two(machine: Machine) -> None:
    plant = machine.plant
    job = yaml.safe_load((EXAMPLES / "kubernetes/cronjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"], job["spec"]["concurrencyPolicy"]) == ("batch/v1", "CronJob", "Forbid")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    (clone,), (container,) = pod["initContainers"], pod["containers"]
    place = machine.folder / "fleet"
    place.mkdir()
    plant.hub.push("main", fleet(poller="v1.4.0"))
    for one, environment in ((clone, {"REPOSITORY": f"file://{plant.hub.origin}"}), (container, machine.token)):
        assert {item["name"] for item in one["env"]} == set(environment)
        assert one["securityContext"]["readOnlyRootFilesystem"] is True
        folder = Path(one.get("workingDir", "/fleet").replace("/fleet", str(place), 1))
        args = [arg.replace("/fleet/", f"{place}/") for arg in one["args"]]
        assert machine.run([*one["command"], *args], folder, **environment).returncode == 0
    assert plant.runs("modbus-poller") == {"v1.4.0"}


def test_kubernetes_has_workers_that_make_what_the_watch_lays_down(machine: Machine, database: str) -> None:
    plant, place = machine.plant, machine.folder / "fleet"
    found = yaml.safe_load((EXAMPLES / "kubernetes/workers.yaml").read_text())
    assert {(one["apiVersion"], one["kind"]) for one in found["items"]} == {("apps/v1", "Deployment")}
    pods = {}
    for one in found["items"]:
        spec, name = one["spec"], one["metadata"]["name"]
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == {"app": name}
        pods[name] = spec["template"]["spec"]
    place.mkdir()
    plant.hub.push("main", fleet(poller="v1.4.0"))
    secrets = {"RECONCILER_DATABASE": database, **machine.token}
    running = []
    for name, pod in pods.items():
        assert pod["securityContext"]["runAsNonRoot"] is True
        (clone,), (container,) = pod["initContainers"], pod["containers"]
        (kept,) = {one["valueFrom"]["secretKeyRef"]["name"] for one in container["env"]}
        assert kept == "reconciler"
        folder = place / name
        folder.mkdir()
        args = [arg.replace("/fleet/", f"{folder}/") for arg in clone["args"]]
        cloned = machine.run([*clone["command"], *args], folder, REPOSITORY=f"file://{plant.hub.origin}")
        assert cloned.returncode == 0
        environment = {one["name"]: secrets[one["name"]] for one in container["env"]}
        command = [*container["command"], *container["args"]]
        process = subprocess.Popen(
            command, cwd=folder / "clone", env={**machine.environment, **environment},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        running.append(process)
    try:
        until(lambda: plant.runs("modbus-poller") == {"v1.4.0"}, "what git says")
    finally:
        for process in running:
            process.terminate()
    assert [process.wait(60) for process in running] == [0, 0]


def _policy(plan: bytes) -> dict[str, list[str]]:
    rego = regopy.Interpreter()
    rego.add_module("plan.rego", (EXAMPLES / "conftest/plan.rego").read_text())
    rego.set_input(json.loads(plan))
    found = {}
    for rule in ("deny", "warn"):
        answer = json.loads(str(rego.query(f"x := data.main.{rule}")))
        found[rule] = sorted(answer["bindings"]["x"])
    return found


@pytest.mark.parametrize(
    "name", sorted(set(plans.SAMPLES) - {"hostile"})
)  # the engine prints control characters as they are
def test_the_policy_means_what_it_says(name: str) -> None:
    """Conftest itself is no package; a Rego engine reads the policy, on plans of every kind."""
    plan = plans.SAMPLES[name]()
    said = _policy(plan_json.encode(plan))
    denied = " ".join(said["deny"])
    assert ("could not be read" in denied) is not plan.complete
    assert ("a limit is violated" in denied) is any(one.violations for one in plan.fleets)
    assert ("need a person" in denied) is any(change.verb == "remove" for one in plan.fleets for change in one.changes)
    assert bool(said["warn"]) is any(one.held for one in plan.fleets)


def test_every_shell_line_is_linted() -> None:
    gitlab = yaml.safe_load((EXAMPLES / "gitlab/.gitlab-ci.yml").read_text())
    scripts = {
        name: "\n".join(job["script"]) for name, job in gitlab.items() if isinstance(job, dict) and "script" in job
    }
    scripts |= {stage: _jenkins(stage) for stage in ("Plan a request", "Plan", "Apply")}
    scripts["cron"] = (EXAMPLES / "cron/reconciler-pass").read_text()
    for file in sorted((ROOT / ".github/workflows").glob("*.yml")):
        for job in yaml.safe_load(file.read_text())["jobs"].values():
            scripts |= {
                f"{file.name} {step.get('name')}": step["run"] for step in job.get("steps", []) if "run" in step
            }
    for name, script in scripts.items():
        ran = subprocess.run(
            [str(BIN / "shellcheck"), "--shell=bash", "--severity=info", "-"],
            input=script, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, f"{name}: {ran.stdout}"

"""The workflows: linted, minimal in what they may do, and their scripts run against stand-ins for the runner's tools."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import reconciler
from reconciler.platforms.registry import installed
from tests.house.tree import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXAMPLES = sorted((ROOT / "examples/github").glob("*.yml"))
ACTION = ".github/actions/setup"
BIN = Path(sys.executable).parent
Yaml = dict[Any, Any]


def _load(file: Path) -> Yaml:
    return yaml.safe_load(file.read_text())


def _steps(workflow: Yaml) -> list[Yaml]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def _script(name: str, job: str, step: str) -> str:
    steps = _load(ROOT / ".github/workflows" / name)["jobs"][job]["steps"]
    (script,) = (item["run"] for item in steps if item.get("name") == step)
    return script


@pytest.mark.parametrize("file", [*WORKFLOWS, *EXAMPLES], ids=lambda file: str(file.relative_to(ROOT)))
def test_workflows_pass_schema_and_audit(file: Path) -> None:
    schema = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(file)]
    checked = subprocess.run(schema, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    audit = [str(BIN / "zizmor"), "--offline", "--no-progress", "--no-config", "--quiet", str(file)]
    audited = subprocess.run(audit, cwd=ROOT, capture_output=True, text=True, check=False)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def test_the_audit_finds_something(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text(
        "on: issue_comment\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: echo ${{ github.event.comment.body }}\n"
    )
    audited = subprocess.run([str(BIN / "zizmor"), "--offline", "--quiet", str(bad)], capture_output=True, check=False)
    assert audited.returncode != 0


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_ask_for_little(file: Path) -> None:
    workflow = _load(file)
    assert workflow["permissions"] == {}
    for step in _steps(workflow):
        uses = step.get("uses", "")
        assert not uses or re.fullmatch(rf"\$/{ACTION}|(actions|pypa)/[a-z-]+@[0-9a-f]{{40}}", uses), (
            "never ./: the caller's"
        )
        if uses.startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", ""), "inputs reach a shell as environment variables"
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
    assert "pull_request_target" not in workflow[True]  # YAML 1.1 reads the key `on` as a boolean


def test_the_token_and_the_right_to_write_are_never_in_one_job() -> None:
    for job in _load(ROOT / ".github/workflows/plan.yml")["jobs"].values():
        holds_secret = "secrets." in json.dumps(job)
        writes = "write" in job["permissions"].values()
        assert holds_secret != writes


@pytest.mark.parametrize("name", ["plan.yml", "apply.yml", "reconcile.yml"])
def test_every_platform_gets_its_secrets(name: str) -> None:
    """Under the names that its plug-in, and so `import` and the examples, give them."""
    workflow = _load(ROOT / ".github/workflows" / name)
    named = {option.variable for plugin in installed().values() for option in plugin.options if option.variable}
    examples = (file.read_text() for file in (ROOT / "examples").glob("*/connections.yaml"))
    assert {found for text in examples for found in re.findall(r"\{env: (\w+)\}", text)} == named
    asked = workflow[True]["workflow_call"]["secrets"]  # YAML 1.1 reads the key `on` as a boolean
    assert set(asked) == named
    assert not any(secret["required"] for secret in asked.values())
    (given,) = (step["env"] for step in _steps(workflow) if "secrets." in json.dumps(step))
    assert {key: value for key, value in given.items() if key in named} == {
        key: f"${{{{ secrets.{key} }}}}" for key in named
    }


def test_one_at_a_time_per_connection_and_never_half() -> None:
    for name, job in (("apply.yml", "apply"), ("reconcile.yml", "reconcile")):
        concurrency = _load(ROOT / ".github/workflows" / name)["jobs"][job]["concurrency"]
        assert concurrency == {"group": "reconciler-${{ inputs.connection }}", "cancel-in-progress": False}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.name)
def test_callers_give_what_is_asked_and_no_more(example: Path) -> None:
    called = _load(ROOT / ".github/workflows" / example.name)
    asked = called[True]["workflow_call"]  # YAML 1.1 reads the key `on` as a boolean
    needed: dict[str, str] = {}
    for job in called["jobs"].values():
        needed |= job["permissions"]
    ((_, caller),) = _load(example)["jobs"].items()
    assert caller["permissions"] == needed
    assert set(caller["with"]) <= set(asked["inputs"])
    assert {name for name, item in asked["inputs"].items() if item.get("required")} <= set(caller["with"])
    assert set(caller["secrets"]) == set(asked["secrets"])
    assert caller["uses"].endswith(f"/{example.name}@{'0' * 40}"), "to be replaced by the commit that the reader trusts"
    assert f"{'0' * 40} # v{reconciler.__version__}\n" in example.read_text()


def test_every_action_is_pinned_once() -> None:
    files = [*WORKFLOWS, ROOT / ACTION / "action.yml"]
    pins = {
        pin
        for file in files
        for pin in re.findall(r"uses: ([a-z/-]+)@([0-9a-f]{40} # v[\d.]+)$", file.read_text(), re.MULTILINE)
    }
    assert len({name for name, _ in pins}) == len(pins), sorted(pins)
    uses = [
        step["uses"]
        for file in WORKFLOWS
        for step in _steps(_load(file))
        if "uses" in step and "$/" not in step["uses"]
    ]
    assert {use.partition("@")[0] for use in uses} <= {name for name, _ in pins}, "a pin without its version"


class Runner:
    """A runner's step: a folder with stand-ins first on the PATH, that record how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.output = folder / "output"
        self.summary = folder / "summary"

    def stand_in(self, name: str, script: str) -> None:
        """Put a shell script in the place of a tool; `$LOG` is where it may record."""
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def run(self, script: str, below: str = ".", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a step as GitHub does with `shell: bash`."""
        (self.folder / below).mkdir(exist_ok=True)
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder / below,
            env={
                "PATH": f"{self.bin}:{os.environ['PATH']}", "LOG": str(self.folder / "log"), "GITHUB_SHA": "merge",
                "GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.summary),
                "GITHUB_REPOSITORY": "plant/fleets", **environment,
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    @property
    def log(self) -> str:
        """What the stand-ins recorded."""
        return (self.folder / "log").read_text()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner without anything."""
    made = Runner(tmp_path)
    made.stand_in("uuidgen", "echo fence-1")
    return made


@pytest.mark.parametrize(("code", "passes"), [(0, True), (2, True), (1, False), (3, False), (64, False)])
def test_plan_keeps_the_exit_code_as_an_answer(runner: Runner, code: int, passes: bool) -> None:
    runner.stand_in("reconciler", f'echo "$@" >> "$LOG"; echo "## Plan"; exit {code}')
    ran = runner.run(_script("plan.yml", "plan", "Plan"), "head", FLEETS="fleets", CONNECTIONS="connections")
    assert ran.returncode == 0, ran.stderr
    assert runner.output.read_text() == f"exit-code={code}\n"
    assert runner.summary.read_text() == "## Plan\n"
    assert "--connections ../base/connections" in runner.log
    assert "--base ../base/fleets" in runner.log
    said = runner.run(_script("plan.yml", "plan", "Say how it went"), CODE=str(code))
    assert (said.returncode == 0) is passes
    assert ("::error" in said.stdout) is not passes


def test_what_the_tool_says_is_no_command_to_the_runner(runner: Runner) -> None:
    runner.stand_in("reconciler", "echo '::set-env name=PATH::/evil'; echo '::add-mask::a' >&2; exit 4")
    for name, job, step in (("apply.yml", "apply", "Apply"), ("reconcile.yml", "reconcile", "One pass")):
        ran = runner.run(
            _script(name, job, step), "fleet", FLEETS=".", CONNECTIONS=".", DEADLINE="1m", MODE="observe", WAIT="0s"
        )
        assert ran.returncode == 4
        before, _, after = ran.stdout.partition("::set-env name=PATH::/evil\n")
        assert before == "::stop-commands::fence-1\n"
        assert after == "::fence-1::\n"
        assert "    ::set-env" in runner.summary.read_text()


_needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is on GitHub's runners, but not on this machine")
_GH = """
printf '%s\\n' "$*" >> "$LOG"
case "$*" in
    *--method*) cat body.json > sent.json ;;
    *issues/7/comments*) cat comments.json ;;
    *commits/merge/pulls*) cat pulls.json ;;
    *actions/artifacts*) cat artifacts.json ;;
    *actions/runs/*) cat event ;;
    "run download"*) ;;
    *) exit 9 ;;
esac
"""


def _comment(runner: Runner, plan: str | None, comments: list[Yaml]) -> Yaml:
    runner.stand_in("gh", _GH)
    (runner.folder / "comments.json").write_text(json.dumps(comments[:1]) + json.dumps(comments[1:]))  # two pages
    if plan is not None:
        (runner.folder / "plan").mkdir()
        (runner.folder / "plan/plan.md").write_text(plan)
    ran = runner.run(
        _script("plan.yml", "comment", "Write or edit the comment"),
        NAME="default",
        NUMBER="7",
        HEAD="abc",
        RUN="the-run",
    )
    assert ran.returncode == 0, ran.stderr
    sent: Yaml = json.loads((runner.folder / "sent.json").read_text())
    return sent


def _said(id_: int, author: str, body: str) -> Yaml:
    return {"id": id_, "user": {"login": author}, "body": body}


MARKER = "<!-- reconciler plan: default -->"
BOT = "github-actions[bot]"


@_needs_jq
def test_the_first_plan_is_a_new_comment(runner: Runner) -> None:
    others = [_said(1, "ann", f"{MARKER}\nmine!"), _said(2, BOT, "<!-- reconciler plan: other -->\n")]
    sent = _comment(runner, '## Plan `$(id)` "quoted"\n', others)
    assert sent == {"body": f'{MARKER}\n## Plan `$(id)` "quoted"\n'}
    assert "--method POST repos/plant/fleets/issues/7/comments" in runner.log


@_needs_jq
def test_later_plans_edit_it_in_place(runner: Runner) -> None:
    sent = _comment(runner, "## Plan\n", [_said(1, "ann", "hello"), _said(2, BOT, f"{MARKER}\nold")])
    assert sent == {"body": f"{MARKER}\n## Plan\n"}
    assert "--method PATCH repos/plant/fleets/issues/comments/2" in runner.log


@_needs_jq
@pytest.mark.parametrize("plan", [None, ""])
def test_no_plan_is_said(runner: Runner, plan: str | None) -> None:
    assert "No plan could be made" in _comment(runner, plan, [])["body"]


@_needs_jq
def test_a_comment_is_never_longer_than_github_takes(runner: Runner) -> None:
    assert len(_comment(runner, "x" * 65_536, [])["body"]) < 1_000


def _find(runner: Runner, pulls: list[Yaml], artifacts: list[Yaml], event: str = "pull_request") -> tuple[int, str]:
    runner.stand_in("gh", _GH)
    (runner.folder / "pulls.json").write_text(json.dumps(pulls))
    (runner.folder / "artifacts.json").write_text(json.dumps({"artifacts": artifacts}))
    (runner.folder / "event").write_text(event)
    ran = runner.run(_script("apply.yml", "apply", "Find the reviewed plan"), NAME="default")
    return ran.returncode, ran.stdout


def _pull(merge: str = "merge", merged: str | None = "2026-11-21") -> Yaml:
    return {"merged_at": merged, "merge_commit_sha": merge, "head": {"sha": "abc"}}


def _artifact(run: int, created: str, head: str = "abc", source: int = 1, expired: bool = False) -> Yaml:
    origin = {"id": run, "head_sha": head, "repository_id": 1, "head_repository_id": source}
    return {"created_at": created, "expired": expired, "workflow_run": origin}


@_needs_jq
def test_the_newest_plan_of_the_reviewed_head_is_taken(runner: Runner) -> None:
    artifacts = [
        _artifact(1, "2026-11-20"), _artifact(2, "2026-11-21"), _artifact(3, "2026-11-22", source=666),
        _artifact(4, "2026-11-23", head="def"), _artifact(5, "2026-11-24", expired=True),
    ]  # fmt: skip
    code, _ = _find(runner, [_pull("other"), _pull()], artifacts)
    assert code == 0
    assert "run download 2 --repo plant/fleets --name reconciler-plan-default-abc" in runner.log


@_needs_jq
@pytest.mark.parametrize(
    ("pulls", "artifacts", "event"),
    [
        ([], [_artifact(1, "2026-11-20")], "pull_request"),
        ([_pull(merged=None)], [_artifact(1, "2026-11-20")], "pull_request"),
        ([_pull()], [], "pull_request"),
        ([_pull()], [_artifact(3, "2026-11-22", source=666)], "pull_request"),
        ([_pull()], [_artifact(1, "2026-11-20")], "push"),
    ],
    ids=["no pull request", "not merged", "no plan", "a fork's plan", "a plan nobody reviewed"],
)
def test_without_a_reviewed_plan_nothing_is_applied(
    runner: Runner, pulls: list[Yaml], artifacts: list[Yaml], event: str
) -> None:
    code, said = _find(runner, pulls, artifacts, event)
    assert code == 1
    assert "::error title=No reviewed plan::" in said
    assert "run download" not in runner.log

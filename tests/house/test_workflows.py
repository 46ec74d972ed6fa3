"""The workflows: linted, and minimal in what they may do. Their steps are run in tests/workflows."""

from __future__ import annotations

import json
import re
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


@pytest.mark.parametrize("name", ["plan.yml", "apply.yml", "reconcile.yml"])
def test_the_token_and_the_right_to_write_are_never_in_one_job(name: str) -> None:
    for job in _load(ROOT / ".github/workflows" / name)["jobs"].values():
        holds_secret = "secrets." in json.dumps(job)
        writes = "write" in job["permissions"].values()
        assert holds_secret != writes
        assert ("environment" in job) is holds_secret, "an environment can give each job a token of its own"


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
    given = [step["env"] for step in _steps(workflow) if "secrets." in json.dumps(step)]
    assert given
    for env in given:
        assert {key: env[key] for key in env if key in named} == {key: f"${{{{ secrets.{key} }}}}" for key in named}


def test_one_at_a_time_per_connection_and_never_half() -> None:
    for name, job in (("apply.yml", "apply"), ("reconcile.yml", "reconcile")):
        concurrency = _load(ROOT / ".github/workflows" / name)["jobs"][job]["concurrency"]
        assert concurrency == {
            "group": "reconciler-${{ inputs.connection }}",
            "cancel-in-progress": False,
            "queue": "max",
        }


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

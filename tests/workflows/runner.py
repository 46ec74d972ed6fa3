"""Runs our workflow files: their `run:` steps in order, in bash, with GitHub's variables, against the hub.

What actions do is done here as their documentation says it: a checkout is git's, an artefact is a zip at the hub, and the
setup is the command of this environment.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.forge.servers import TOKEN
from tests.house.tree import ROOT
from tests.workflows.expressions import Contexts, filled, passes
from tests.workflows.hub import REPOSITORY, Hub

Yaml = dict[Any, Any]


@dataclass
class Step:
    """A step that ran: its name, whether it went well, and what it wrote."""

    name: str
    good: bool
    log: str
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """What became of a job: success, failure or skipped."""

    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    summary: str = ""

    @property
    def log(self) -> str:
        return "\n".join(f"== {step.name} ({'ok' if step.good else 'failed'})\n{step.log}" for step in self.steps)


@dataclass
class Event:
    """What starts a workflow: its name and payload, the commit and the ref."""

    name: str
    payload: dict[str, Any]
    sha: str
    ref: str


class Runner:
    """Runs reusable workflows as their callers in `examples/github` call them."""

    def __init__(self, hub: Hub, folder: Path, programs: Path, secrets: dict[str, str]) -> None:
        """Run jobs below a folder, with the command that is in `programs`."""
        self.hub = hub
        self.programs = programs
        self.folder = folder
        self.secrets = secrets
        self.count = 0
        self.left: dict[str, str] = {}
        """Files of earlier jobs, as a runner of one's own keeps them."""

    def run(self, name: str, event: Event, *, run: int, attempt: int = 1, **inputs: Any) -> dict[str, Job]:
        """Run a workflow's jobs one after the other; return them by name."""
        workflow = yaml.safe_load((ROOT / ".github/workflows" / name).read_text())
        asked = workflow[True]["workflow_call"]["inputs"]  # YAML 1.1 reads the key `on` as a boolean
        assert set(inputs) <= set(asked)
        given = {key: inputs.get(key, one.get("default", "")) for key, one in asked.items()}
        contexts: dict[str, Any] = {
            "inputs": given, "secrets": self.secrets, "needs": {}, "github": {
                "event_name": event.name, "event": event.payload, "repository": REPOSITORY, "sha": event.sha,
                "ref": event.ref, "run_id": run, "run_attempt": attempt, "token": TOKEN,
            },
        }  # fmt: skip
        jobs: dict[str, Job] = {}
        for key, job in workflow["jobs"].items():
            needed = [jobs[job["needs"]]] if "needs" in job else []
            good = all(one.result == "success" for one in needed)
            contexts["needs"] = {name: {"result": one.result, "outputs": one.outputs} for name, one in jobs.items()}
            if not passes(job.get("if"), contexts, good=good):
                jobs[key] = Job("skipped")
                continue
            jobs[key] = self._job(job, contexts, event)
        return jobs

    def _job(self, job: Yaml, contexts: Contexts, event: Event) -> Job:
        self.count += 1
        home = self.folder / f"job{self.count}"
        (home / "workspace").mkdir(parents=True)
        for name, text in self.left.items():
            (home / "workspace" / name).parent.mkdir(parents=True, exist_ok=True)
            (home / "workspace" / name).write_text(text)
        (home / "event.json").write_text(json.dumps(event.payload))
        done = Job("success")
        steps: dict[str, Any] = {}
        inside = {**contexts, "steps": steps}
        for step in job["steps"]:
            if not passes(step.get("if"), inside, good=done.result == "success"):
                continue
            ran = self._step(step, inside, event, home)
            done.steps.append(ran)
            if "id" in step:
                steps[step["id"]] = {"outputs": ran.outputs, "outcome": "success" if ran.good else "failure"}
            if not ran.good and not step.get("continue-on-error"):
                done.result = "failure"
        done.outputs = {key: filled(value, inside) for key, value in job.get("outputs", {}).items()}
        done.summary = (home / "summary").read_text() if (home / "summary").exists() else ""
        return done

    def _step(self, step: Yaml, contexts: Contexts, event: Event, home: Path) -> Step:
        if "uses" in step:
            action = step["uses"].partition("@")[0]
            given = {key: filled(value, contexts) for key, value in step.get("with", {}).items()}
            return getattr(self, f"_{action.rpartition('/')[2].replace('-', '_')}")(given, contexts, event, home)
        output = home / "output"
        output.write_text("")
        github = contexts["github"]
        environment = {
            "PATH": f"{self.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(home), "CI": "true",
            "GITHUB_ACTIONS": "true", "GITHUB_API_URL": self.hub.url, "GITHUB_SERVER_URL": "https://github.test",
            "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_EVENT_NAME": event.name, "GITHUB_SHA": event.sha,
            "GITHUB_EVENT_PATH": str(home / "event.json"), "GITHUB_REF": event.ref,
            "GITHUB_REF_NAME": event.ref.removeprefix("refs/heads/").removeprefix("refs/pull/"),
            "GITHUB_RUN_ID": str(github["run_id"]), "GITHUB_RUN_ATTEMPT": str(github["run_attempt"]),
            "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(home / "summary"), "RUNNER_TEMP": str(home),
            **{key: str(filled(value, contexts)) for key, value in step.get("env", {}).items()},
        }  # fmt: skip
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=home / "workspace" / filled(step.get("working-directory", "."), contexts), env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
        )  # fmt: skip
        outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return Step(step.get("name", "run"), ran.returncode == 0, ran.stdout, outputs)

    def _setup(self, given: Yaml, contexts: Contexts, event: Event, home: Path) -> Step:
        return Step("setup", True, "")

    def _checkout(self, given: Yaml, contexts: Contexts, event: Event, home: Path) -> Step:
        """Fetch the event's commit, or the tip of the ref that is asked for; all branches where the depth is 0."""
        folder = home / "workspace" / given.get("path", ".")
        folder.mkdir(parents=True, exist_ok=True)

        def git(*args: str) -> None:
            ran = subprocess.run(["git", *args], cwd=folder, check=False, capture_output=True, text=True)
            assert ran.returncode == 0, f"git {args}: {ran.stderr}"

        git("init", "-q", "-b", "main")
        git("remote", "add", "origin", f"file://{self.hub.origin}")
        whole = given.get("fetch-depth") == 0
        depth = [] if whole else [f"--depth={given.get('fetch-depth', 1)}"]
        if whole:
            git("fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
        ref = given.get("ref", "")
        wanted = ref or (event.sha if event.ref.startswith("refs/heads/") else event.ref)
        git("fetch", "-q", *depth, "origin", f"+{wanted}:refs/checked/out")
        branch = (ref or event.ref).removeprefix("refs/heads/")
        name = ["-B", branch] if (ref or event.ref).startswith("refs/heads/") else ["--detach"]
        git("checkout", "-q", *name, "refs/checked/out")
        git("update-ref", "-d", "refs/checked/out")
        return Step("checkout", True, "")

    def _upload_artifact(self, given: Yaml, contexts: Contexts, event: Event, home: Path) -> Step:
        folder = home / "workspace" / given["path"]
        files = {file.name: file.read_bytes() for file in folder.iterdir()} if folder.is_dir() else {}
        if not files:
            return Step("upload", given["if-no-files-found"] != "error", "no files were found")
        made = self.hub.keep(contexts["github"]["run_id"], given["name"], files)
        return Step("upload", True, "", {"artifact-id": str(made)})

    def _download_artifact(self, given: Yaml, contexts: Contexts, event: Event, home: Path) -> Step:
        run = contexts["github"]["run_id"]
        found = [one for one in self.hub.artifacts if one.run == run and str(one.id) == given["artifact-ids"]]
        if not found:
            return Step("download", False, "no such artefact")
        folder = home / "workspace" / given["path"]
        shutil.rmtree(folder, ignore_errors=True)
        with zipfile.ZipFile(io.BytesIO(found[0].content)) as archive:
            archive.extractall(folder)
        return Step("download", True, "")

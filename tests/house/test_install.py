"""Installing it elsewhere: by hash from a checkout, by the action, in an image, as a hook; and what a release contains."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT, texts, tracked

BIN = Path(sys.executable).parent
HASHED = ".github/constraints.txt"
TOOLS = ".github/constraints-dev.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^\s;]+)(?P<rest>.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def _pins(text: str) -> dict[str, str]:
    return {canonicalize_name(found["name"]): found["version"] for found in _PIN.finditer(text)}


def _needed(requirement: str, found: dict[str, Requirement]) -> None:
    """Follow what is needed on this machine, through what is installed on it."""
    parsed = Requirement(requirement)
    name = canonicalize_name(parsed.name)
    if (parsed.marker and not parsed.marker.evaluate({"extra": ""})) or name in found:
        return
    found[name] = parsed
    for following in requires(name) or []:
        _needed(following, found)


def test_what_runs_is_pinned_by_hash_and_nothing_else_is() -> None:
    needed: dict[str, Requirement] = {}
    pages = PROJECT["project"]["optional-dependencies"]["web"]  # the workflows keep one beside each plan
    for requirement in (*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"], *pages):
        _needed(requirement, needed)
    pins = _pins(texts()[HASHED])
    assert set(needed) <= set(pins), "run `make lock`"
    others = {found["name"]: found["rest"] for found in _PIN.finditer(texts()[HASHED])}
    surplus = [name for name in set(pins) - set(needed) if ";" not in others[name]]
    assert not surplus, "nobody needs it: run `make lock`"
    for name, requirement in needed.items():
        assert requirement.specifier.contains(pins[name]), f"{name}=={pins[name]}: run `make lock`"


def test_every_pin_has_hashes_and_no_host() -> None:
    for found in _PIN.finditer(texts()[HASHED]):
        rest = re.sub(r"^ ; [a-z_]+ (<|>=|==|!=) '[\w.]+'", "", found["rest"])
        assert re.fullmatch(r"(?: \\\n +--hash=sha256:[0-9a-f]{64})+\n*", rest), found["name"]
    lines = texts()[TOOLS].splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+", line)] == []


def test_tools_are_pinned_and_no_name_stands_in_both() -> None:
    hashed, tools = _pins(texts()[HASHED]), _pins(texts()[TOOLS])
    assert not set(hashed) & set(tools)
    extras = PROJECT["project"]["optional-dependencies"]
    named = {canonicalize_name(Requirement(item).name) for items in extras.values() for item in items}
    assert named <= set(hashed) | set(tools)
    assert {Requirement(item).name for item in extras["simulators"]} <= {Requirement(i).name for i in extras["dev"]}


def _same_everywhere(name: str) -> bool:
    """Return whether what is installed here, by its hash, came from a file for every machine."""
    try:
        return "-any\n" in (distribution(name).read_text("WHEEL") or "")
    except PackageNotFoundError:  # it is for other machines
        return False


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["manylinux_2_28_aarch64", "macosx_11_0_arm64", "win_amd64"])
def test_the_hashes_are_those_of_other_machines_too(platform: str, tmp_path: Path) -> None:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--dry-run",
        "--target",
        str(tmp_path),
        "--require-hashes",
    ]
    platforms = [platform, platform.replace("2_28", "2_17")]
    options = [f"--platform={name}" for name in platforms]
    pins = tmp_path / "pins"
    pins.write_text("".join(pin[0] for pin in _PIN.finditer(texts()[HASHED]) if not _same_everywhere(pin["name"])))
    assert "msgspec==" in pins.read_text()
    found = subprocess.run(
        [*pip, *options, "--only-binary=:all:", "--no-deps", "-r", str(pins)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr


def _checkout(folder: Path, *names: str) -> Path:
    """Lay a checkout: every tracked file, or what the names begin with; what the machine made of them is not in it."""
    for name in tracked():
        if not names or any(name == wanted or name.startswith(f"{wanted}/") for wanted in names):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def _run(*command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "PYTHON", "VIRTUAL"))
    }
    clean["PIP_NO_COMPILE"] = "0"  # as pip takes it: compile nothing, which would be half of the time
    return subprocess.run(
        command, cwd=folder, env={**clean, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.slow
def test_the_action_installs_its_own_checkout(tmp_path: Path) -> None:
    """As a runner does: the action's repository is fetched somewhere, and the job works in another one.

    Of the repository there is what the first stage of the image copies, and nothing else that both could lean on.
    """
    stage = texts()["Containerfile"].replace("\\\n", "").split("\nFROM ")[1]
    copied = [name.rstrip("/") for line in re.findall(r"^COPY (.+) \S+$", stage, re.MULTILINE) for name in line.split()]
    place = tmp_path / "_actions/someone/their fork/v9"
    action = _checkout(place, *copied, ".github/actions/setup/action.yml") / ".github/actions/setup"
    steps = yaml.safe_load((action / "action.yml").read_text())["runs"]["steps"]
    (script,) = (step["run"] for step in steps if "run" in step)
    (tmp_path / "fleets").mkdir()
    (tmp_path / "temp dir").mkdir()
    runner = {
        "GITHUB_ACTION_PATH": str(action), "RUNNER_TEMP": str(tmp_path / "temp dir"),
        "GITHUB_PATH": str(tmp_path / "path"), "PYTHON": sys.executable,
    }  # fmt: skip
    ran = _run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script, folder=tmp_path / "fleets", **runner)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    added = (tmp_path / "path").read_text().strip()
    said = _run("reconciler", "--version", folder=tmp_path / "fleets", PATH=f"{added}:/usr/bin:/bin")
    assert said.stdout.startswith("reconciler "), said.stderr
    assert [file.name for file in Path(added).iterdir()] == ["reconciler"], "the job's own Python stays first"
    plan = ["plan", "losant", "--snapshot", "losant/snapshot.json", "-o", "html"]  # with all that the workflows need
    for command in (plan, ["schema", "manifest.v1"]):
        assert _run(f"{added}/reconciler", *command, folder=ROOT / "examples").returncode == 0


@pytest.mark.slow
def test_another_file_than_the_one_pinned_is_refused(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path / "source", ".github")
    lock = checkout / HASHED
    lock.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", lock.read_text()))
    ran = _run(str(checkout / ".github/actions/setup/install"), str(tmp_path / "to"), sys.executable, folder=tmp_path)
    assert ran.returncode != 0
    assert "HASHES" in ran.stderr.upper()


def test_the_image_installs_as_the_action_does() -> None:
    """No registry is asked here: the test of the action runs the same command where no more is than what is copied."""
    _, first, last = texts()["Containerfile"].split("\nFROM ")
    (command,) = re.findall(r"^RUN (.+)$", first, flags=re.MULTILINE)
    assert command == ".github/actions/setup/install /opt/reconciler"
    assert "COPY --from=build /opt/reconciler /opt/reconciler" in last
    assert "PATH=/opt/reconciler/bin:" in last
    assert "USER 65532" in last, "not as root"


def test_the_image_is_linted() -> None:
    linted = _run(str(BIN / "hadolint"), "Containerfile", folder=ROOT)
    assert linted.returncode == 0, linted.stdout
    bad = subprocess.run(
        [str(BIN / "hadolint"), "-"], input="FROM python\nRUN cd x", text=True, capture_output=True, check=False
    )
    assert bad.returncode != 0


@pytest.mark.slow
def test_the_hook_refuses_a_commit_with_a_mistake(tmp_path: Path) -> None:
    """With the real tool, from a repository of ours that a config names, in a repository of somebody else's."""
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com")
    ours, theirs = _checkout(tmp_path / "ours"), tmp_path / "theirs"
    shutil.copytree(ROOT / "examples/losant", theirs / "fleets")
    for folder in (ours, theirs):
        _run(*git, "init", "--quiet", folder=folder)
        _run(*git, "add", "--all", folder=folder)
        assert _run(*git, "commit", "--quiet", "-m", "first", folder=folder).returncode == 0
    commit = _run("git", "rev-parse", "HEAD", folder=ours).stdout.strip()
    hook = {"id": "reconciler-validate", "args": ["fleets"]}
    config = {"repos": [{"repo": str(ours), "rev": commit, "hooks": [hook]}]}
    (theirs / ".pre-commit-config.yaml").write_text(json.dumps(config))
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "PATH": f"{BIN}:{os.environ['PATH']}"}
    assert _run("pre-commit", "install", folder=theirs, **home).returncode == 0
    fleet = theirs / "fleets/fleet.yaml"
    good = fleet.read_text()
    for text, code in ((good + "# checked\n", 0), (good.replace("kind: Fleet", "kind: Fleat"), 1)):
        fleet.write_text(text)
        _run(*git, "add", "--all", folder=theirs)
        committed = _run(*git, "commit", "-m", "second", folder=theirs, **home)
        assert committed.returncode == code, committed.stdout + committed.stderr
    assert "Fleat" in committed.stdout + committed.stderr


@pytest.mark.slow
def test_a_release_is_built_and_says_what_is_in_it(tmp_path: Path) -> None:
    """The steps of the release that need no GitHub, without the environments that they make."""
    source = _checkout(tmp_path / "source")
    job: dict[str, Any] = yaml.safe_load(texts()[".github/workflows/release.yml"])["jobs"]["build"]
    for step in job["steps"]:
        lines = [line for line in step.get("run", "").replace("\\\n", "").splitlines() if not _makes_environment(line)]
        script = "\n".join(re.sub(r"\S+/bin/(?=hatchling|cyclonedx)", f"{BIN}/", line) for line in lines)
        ran = _run("bash", "-eo", "pipefail", "-c", script, folder=source, TAG=f"v{_version()}")
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {file.suffix for file in (source / "dist").iterdir()} == {".whl", ".gz"}
    listed = json.loads((source / "sbom/fleet-reconciler.cdx.json").read_text())
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["metadata"]["component"]["name"] == PROJECT["project"]["name"]
    assert {canonicalize_name(part["name"]) for part in listed["components"]} == set(_pins(texts()[HASHED]))


def _makes_environment(line: str) -> bool:
    return "-m venv" in line or "-m pip" in line


def _version() -> str:
    return _run(str(BIN / "reconciler"), "--version", folder=ROOT).stdout.split()[1]

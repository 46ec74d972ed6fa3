"""The vendor's own command line, unchanged, against the simulator over real HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from reconciler.simulators.memfault import Served, Shape, Variants, serve

pytestmark = pytest.mark.skipif(
    find_spec("memfault_cli") is None, reason="the vendor's command line is not installed: install memfault-cli"
)


@pytest.fixture
def memfault() -> Iterator[Served]:
    with serve(Shape(settle=0.05, offline=0, failing=0)) as served:
        yield served


def run(memfault: Served, *arguments: str, who: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    where = ("--url", memfault.url, "--org", memfault.organization, "--project", memfault.project)
    who = who or ("--org-token", memfault.token)
    command = [sys.executable, "-m", "memfault_cli.cli", *where, *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def deploy(memfault: Served, version: str, cohort: str, *more: str) -> subprocess.CompletedProcess[str]:
    return run(memfault, "deploy-release", "--release-version", version, "--cohort", cohort, *more)


def row(memfault: Served, cohort: str, software_type: str = "main-fw") -> dict[str, object]:
    rows = {(row["cohort"], row["software_type"]): row for row in memfault.world.state()}
    return rows[cohort, software_type]


def test_activate_and_deactivate(memfault: Served) -> None:
    done = deploy(memfault, "1.4.0", "default")
    assert done.returncode == 0, done.stderr
    assert (row(memfault, "default")["assigned"], row(memfault, "default")["staged"]) == ("1.4.0", None)
    assert "/software/main-fw/versions/1.4.0" in done.stdout

    again = deploy(memfault, "1.4.0", "default")
    assert again.returncode != 0
    assert "already active" in again.stdout + again.stderr

    assert deploy(memfault, "1.4.0", "default", "--deactivate").returncode == 0
    assert row(memfault, "default")["assigned"] == "1.3.0"
    missing = deploy(memfault, "1.4.0", "default", "--deactivate")
    assert missing.returncode != 0
    assert "Could not find an active deployment" in missing.stderr


@pytest.mark.parametrize("status", ["removed", "pulled", "aborted"])
def test_a_staged_rollout_comes_and_goes(status: str) -> None:
    variants = Variants({"pull-status": status, "activation-status": "in_progress", "write-status": "201"})
    with serve(Shape(settle=0.05, offline=0, failing=0), variants=variants) as memfault:
        assert deploy(memfault, "1.4.0", "texas-plants", "--rollout-percent", "40").returncode == 0
        assert row(memfault, "texas-plants")["staged"] == 40
        assert deploy(memfault, "1.4.0", "texas-plants", "--deactivate").returncode == 0
        assert row(memfault, "texas-plants")["assigned"] == "1.3.0"


def test_a_delta_comes_and_goes(memfault: Served) -> None:
    delta = ("deploy-release", "--delta-from", "1.3.0", "--delta-to", "1.4.0", "--cohort", "default")
    assert run(memfault, *delta).returncode == 0
    project = memfault.world.project
    assert [one.release.name for one in project.activations(project.cohorts["default"])][-1] == "1.3.0 -> 1.4.0"
    assert run(memfault, *delta, "--deactivate").returncode == 0
    assert len(project.activations(project.cohorts["default"])) == 3


@pytest.mark.parametrize(("version", "cohort"), [("9.9.9", "default"), ("1.4.0", "nowhere")])
def test_what_is_not_there(memfault: Served, version: str, cohort: str) -> None:
    refused = deploy(memfault, version, cohort)
    assert refused.returncode != 0
    assert "NotFoundError" in refused.stdout + refused.stderr


def test_credentials(memfault: Served) -> None:
    told = ("deploy-release", "--release-version", "1.4.0", "--cohort", "default")
    wrong = run(memfault, *told, who=("--org-token", "oat_wrong"))
    assert "401" in wrong.stdout + wrong.stderr
    user = run(memfault, *told, who=("--email", memfault.email, "--password", memfault.key))
    assert user.returncode == 0, user.stderr
    token = run(memfault, *told, "--deactivate", who=("--password", memfault.token))
    assert token.returncode == 0, token.stderr

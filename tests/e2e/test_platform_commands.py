"""All platforms import, releases, deliveries, status, and the demo's story."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.cli.demo import stories
from tests.e2e.conftest import Ran, Simulator, simulating, until
from tests.e2e.test_platform_faults import of_getapp, of_memfault

Run = Callable[..., Ran]
STORIES = stories()
SECRETS = {name: story.secrets for name, story in STORIES.items()}


@pytest.fixture(scope="module", params=["getapp", "memfault"])
def announced(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """What a simulator of this platform says of itself; this module's tests share it and change nothing."""
    with simulating(request.param, units=8) as one:
        yield one.said


@pytest.fixture
def secrets(announced: dict[str, str]) -> dict[str, str]:
    return SECRETS[announced["platform"]](announced)


@pytest.fixture
def imported(announced: dict[str, str], secrets: dict[str, str], run: Run, tmp_path: Path) -> Path:
    story = STORIES[announced["platform"]]
    ran = run("import", announced["platform"], *story.connect(announced), "--out", "m", **secrets)
    assert ran.code == 0, ran
    return tmp_path / "m"


def test_import_writes_what_plans_to_nothing(run: Run, secrets: dict[str, str], imported: Path) -> None:
    text = "".join(path.read_text() for path in imported.iterdir())
    assert not any(value in text for value in secrets.values())
    assert all(f"{{env: {name}}}" in text for name in secrets)
    ran = run("plan", "m", "--detailed-exitcode", "--strict", "--probe", **secrets)
    assert ran.code == 0, ran


def test_releases_tell_what_is_there(
    run: Run, announced: dict[str, str], secrets: dict[str, str], imported: Path
) -> None:
    told = run("releases", "m", **secrets)
    assert told.code == 0, told
    found = run("releases", "m", "-o", "json", **secrets).json
    assert found["format"] == "reconciler/releases.v1"
    (connection,) = found["connections"]
    workload = connection["releases"][0]["workload"]["name"]
    version = connection["releases"][0]["version"]
    narrowed = run("releases", "m", "--workload", workload, "--version", version, "--sort", "-version", **secrets)
    assert workload in narrowed.out
    assert version in narrowed.out
    assert "1 release" in narrowed.out
    assert ("Catalog id" in narrowed.out) is (announced["platform"] == "getapp")


def test_deliveries_are_asked_only_when_told_to(
    run: Run, announced: dict[str, str], secrets: dict[str, str], imported: Path
) -> None:
    catalog_id = run("releases", "m", "-o", "json", **secrets).json["connections"][0]["releases"][0]["info"][
        "reference"
    ]
    told = run("deliveries", catalog_id, "--manifests", "m", **secrets)
    assert told.code == 0, told
    if announced["platform"] != "getapp":
        assert "does not prepare releases" in told.out
        return
    assert f"{catalog_id}: not asked" in told.out
    found = run("deliveries", catalog_id, "--manifests", "m", "--probe", "-o", "json", **secrets).json
    assert found["connections"][0]["preparations"][0]["status"] in {"start", "inProgress", "done"}


def test_status_and_explain_tell_units(
    run: Run, announced: dict[str, str], secrets: dict[str, str], imported: Path
) -> None:
    (fleet,) = run("status", "m", "--units", "-o", "json", **secrets).json["fleets"]
    assert fleet["units"] == len(fleet["unit_list"]) == 8
    assert (fleet["devices"] is None) is (announced["platform"] == "getapp")
    unit = fleet["unit_list"][0]["unit"]["id"]
    told = run("explain", unit, "m", **secrets)
    assert told.code == 0, told
    assert "assigned" in told.out


def test_a_connection_that_cannot_be_read_stops_no_other(
    run: Run, announced: dict[str, str], secrets: dict[str, str], imported: Path
) -> None:
    dead = {"losant": {"application": "5" * 24, "token": {"env": "NOPE"}}}
    document = {"apiVersion": "reconciler/v1", "kind": "Connection", "metadata": {"name": "dead"}, "spec": dead}
    (imported / "dead.yaml").write_text(json.dumps(document))
    told = run("releases", "m", **secrets)
    assert told.code == 1, told
    assert "error: dead: the environment variable NOPE is not set" in told.err
    assert "releases" in told.out
    told = run("deliveries", "x", "--manifests", "m", **secrets)
    assert told.code == 1, told
    assert "could not be asked: the environment variable NOPE is not set" in told.out
    assert run("releases", "m", "--connection", announced["platform"], **secrets).code == 0


def test_what_a_platform_cannot_answer_is_said_beside(run: Run, plant: Simulator, tmp_path: Path) -> None:
    plant.manifest(tmp_path / "m", "")
    told = run("releases", "m", "--revision", "9f3c", token=plant.token)
    assert told.code == 0, told
    assert "no release matches" in told.out
    assert "note: plant: Losant's versions have no revision" in told.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("getapp", "--units", "0"), "needs at least 1"),
        (("getapp", "--fault", "nonsense"), "--fault"),
        (("memfault", "--variant", "nonsense=yes"), "--variant"),
        (("memfault", "--offline", "many"), "--offline"),
    ],
)
def test_simulators_refuse_what_cannot_be_meant(run: Run, args: tuple[str, ...], words: str) -> None:
    ran = run("simulate", *args)
    assert ran.code == 64, ran
    assert words in ran.err


@pytest.mark.parametrize("platform", ["getapp", "memfault"])
def test_a_scheduled_pass_carries_changes_through_all_their_steps(run: Run, tmp_path: Path, platform: str) -> None:
    with simulating(platform, units=4, settle=0.1) as one:
        if platform == "getapp":
            of_getapp(one, tmp_path / "m")
        else:
            of_memfault(one, tmp_path / "m")
        secrets = SECRETS[platform](one.said)
        once = ("watch", "m", "--once", "--mode", "apply")
        first = run(*once, **secrets)
        assert first.code == 0, first
        until(lambda: run("plan", "m", "--detailed-exitcode", **secrets).code == 2, "what the first calls alone leave")
        waited = run(*once, "--wait", "2m", **secrets)
        assert waited.code == 0, waited
        assert run("plan", "m", "--detailed-exitcode", **secrets).code == 0


@pytest.mark.parametrize("args", [("--wait", "1m"), ("--once", "--wait", "1m"), ("--mode", "apply", "--wait", "1m")])
def test_waiting_goes_with_one_pass_that_applies(run: Run, args: tuple[str, ...]) -> None:
    ran = run("watch", *args)
    assert ran.code == 64, ran
    assert "--wait needs --once and --mode apply" in ran.err


@pytest.mark.parametrize("platform", list(stories()))
def test_the_demo_tells_its_story(installed: Run, tmp_path: Path, platform: str) -> None:
    told = installed("demo", "--platform", platform, "--units", "30", "--keep", "kept")
    assert told.code == 0, told
    assert "Done." in told.out
    assert (tmp_path / "kept" / "fleet.yaml").exists()
    last = told.out.partition("A new version, in waves")[2]
    assert bool(last) == (stories()[platform].bad is not None)
    if last:
        assert "Rollout of vision v1.3.0: halted" in last
        assert "halted since" in last, "the history that is kept is asked"
        assert "branch rollback/losant-vision-v1.3.0: made" in last
        assert last.rindex("Nothing to do: ") > last.index("$ git merge")
        assert "rollout" not in (tmp_path / "kept" / "fleet.yaml").read_text(), "the last act is elsewhere"

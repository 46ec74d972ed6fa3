"""A platform from another package: made by the recipe, installed beside our wheel, and at home in every command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.conftest import build
from tests.house.tree import ROOT, texts, tracked

PLUGIN = "tests/plugin/"
RECIPE = ".github/CONTRIBUTING.md"


def test_the_recipe_lists_every_file_of_the_plug_in() -> None:
    _, _, rest = texts()[RECIPE].partition("### Add a platform\n")
    recipe, _, _ = rest.partition("\n### ")
    listed = set(re.findall(r"^\| `([^`]+)` \|", recipe, flags=re.MULTILINE))
    there = {name.removeprefix(PLUGIN).replace("reconciler_shelf", "NAME") for name in tracked() if PLUGIN in name}
    assert listed == there


@dataclass(frozen=True)
class Place:
    """An environment with our wheel and the plug-in, and a folder to work in."""

    bin: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, expected: int = 0, secrets: dict[str, str] | None = None) -> str:
        """Run a command of the environment; return what it says."""
        ran = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=self.folder, env={**self.environment, **(secrets or {})}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert ran.returncode == expected, f"{command}: {ran.returncode}\n{ran.stdout}{ran.stderr}"
        return ran.stdout


@pytest.fixture(scope="module")
def place(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An environment into which both were installed; what they need is found in ours (`test_package` installs all of it)."""
    folder = tmp_path_factory.mktemp("outside")
    shutil.copytree(ROOT / PLUGIN, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    plugin = build(folder / "source", folder / "dist")
    venv.create(folder / "venv")
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site / "ours.pth").write_text(
        sysconfig.get_path("purelib") + "\n"
    )  # a path in it alone: our own .pth files do not count
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "PYTHON"))}
    found = Place(folder / "venv" / "bin", folder, environment)
    found.run(
        "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--ignore-installed",
        str(wheel),
        str(plugin),
    )
    where = "import reconciler, reconciler_shelf; print(reconciler.__file__, reconciler_shelf.__file__)"
    assert all(one.startswith(str(site)) for one in found.run("python", "-c", where).split()), "not our work tree"
    return found


@pytest.fixture(scope="module")
def store(place: Place) -> Iterator[dict[str, str]]:
    """The plug-in's own server, run by our command; what it says of itself."""
    options = ["--units", "30", "--offline", "0%", "--failing", "0%", "--settle", "100ms"]
    process = subprocess.Popen(
        [str(place.bin / "reconciler"), "simulate", "shelf", *options],
        env=place.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.slow
def test_a_platform_from_elsewhere_is_at_home(place: Place, store: dict[str, str]) -> None:
    """One test, so that the environment is made once however tests are spread over processes."""
    _every_command_works(place, store)
    _mistakes_in_its_connection_are_told_like_ours(place)
    said = place.run("reconciler", "demo", "--platform", "shelf", "--units", "20")
    assert "A store with shelves is running" in said
    assert said.count("(exit ") >= 8
    said = place.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "source/tests")
    assert re.search(r"\b[5-9]\d passed", said), said


def _every_command_works(place: Place, store: dict[str, str]) -> None:
    secret = {"SHELF_TOKEN": store["token"]}
    assert "--store STORE" in place.run("reconciler", "import", "--help")
    where = ("--url", store["url"], "--store", store["store"])
    place.run("reconciler", "import", "shelf", *where, "--out", "fleet", secrets=secret)
    connections, fleet = place.folder / "fleet/connections.yaml", place.folder / "fleet/fleet.yaml"
    assert "  shelf:\n" in connections.read_text()
    place.run("reconciler", "validate", "fleet")
    place.run("reconciler", "plan", "fleet", "--detailed-exitcode", secrets=secret)
    assert store["token"] not in connections.read_text() + fleet.read_text()
    head, workloads, tail = fleet.read_text().partition("  workloads:\n")
    fleet.write_text(head + workloads + re.sub(r"version: 1\.\d\.0", "version: 1.2.0", tail))
    place.run("reconciler", "plan", "fleet", "--detailed-exitcode", "--out", "plan.json", expected=2, secrets=secret)
    calls = [
        call["call"]
        for one in json.loads((place.folder / "plan.json").read_text())["fleets"]
        for call in one["actions"]
    ]
    assert set(calls) == {"shelf.assign"}
    place.run("reconciler", "apply", "fleet", "--plan", "plan.json", secrets=secret)
    place.run("reconciler", "plan", "fleet", "--detailed-exitcode", secrets=secret)
    assert "Shelf" in place.run("reconciler", "doctor", "fleet", secrets=secret)
    assert "shelf-0003" in place.run("reconciler", "explain", "shelf-0003", "firmware", "fleet", secrets=secret)
    assert "1.2.0" in place.run("reconciler", "releases", "fleet", secrets=secret)


def _mistakes_in_its_connection_are_told_like_ours(place: Place) -> None:
    (place.folder / "wrong").mkdir()
    wrong = place.folder / "wrong/c.yaml"
    wrong.write_text(
        "apiVersion: reconciler/v1\nkind: Connection\nmetadata: {name: a}\n"
        "spec: {shelf: {store: 7, url: 'http://shelves.example.com', token: {env: T}}}\n"
    )
    found = json.loads(place.run("reconciler", "validate", "wrong", "-o", "json", expected=1))["findings"]
    assert [(one["code"], one["origin"]["line"]) for one in found] == [("wrong-value", 4)]
    wrong.write_text(wrong.read_text().replace("store: 7", "store: store-7"))
    found = json.loads(place.run("reconciler", "validate", "wrong", "-o", "json", expected=1))["findings"]
    assert [one["code"] for one in found] == ["plain-http"]
    wrong.write_text(wrong.read_text().replace("{shelf:", "{shelve:"))
    (only,) = json.loads(place.run("reconciler", "validate", "wrong", "-o", "json", expected=1))["findings"]
    assert "did you mean 'shelf'?" in only["message"]
    assert '"shelf"' in place.run("reconciler", "schema")

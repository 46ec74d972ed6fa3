"""The coverage gates: met, too low, and no data are three answers; a worker that loses its data fails the run."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from coverage import Coverage, CoverageData

from tests.house.coverage_gate import Gate, held
from tests.house.tree import ROOT


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Two modules of two lines each."""
    folder = tmp_path / "package"
    folder.mkdir()
    for name in ("one.py", "two.py"):
        (folder / name).write_text("first = 1\nsecond = 2\n")
    return folder


def _held(package: Path, **lines: list[int]) -> bool:
    """Hold a gate of 100 % after these lines of these modules ran."""
    kept = str(package.parent / "data")
    data = CoverageData(kept)
    data.add_arcs({str(package / f"{name}.py"): list(pairwise([-1, *ran])) for name, ran in lines.items()})
    data.touch_files([str(file) for file in package.iterdir()])  # as coverage does with what is there and did not run
    data.write()
    coverage = Coverage(data_file=kept, config_file=False, source=[str(package)], messages=False)
    coverage.load()
    return held(coverage, Gate("package", f"{package}/*", 100.0))


def test_all_of_it_ran(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _held(package, one=[1, 2], two=[1, 2])
    assert capsys.readouterr().out == "coverage: package: 100.00 %, branches 100.00 %, gate 100 %: ok\n"


def test_a_line_that_no_test_reaches_is_named(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not _held(package, one=[1, 2], two=[1])
    shown = capsys.readouterr().out
    assert "75.00 %" in shown
    assert "TOO LOW" in shown
    assert "NO DATA" not in shown
    assert "two.py" in shown


def test_a_module_of_which_nothing_ran_is_told_apart(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not _held(package, one=[1, 2])
    shown = capsys.readouterr().out
    assert "two.py: NO DATA: nothing of it ran" in shown
    assert "one.py" not in shown


def test_nothing_measured_is_no_data(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not _held(package)
    assert "NO DATA: nothing was measured" in capsys.readouterr().out


PLUGINS = ("-p", "xdist", "-p", "pytest_cov")
DYING = """
import os
import signal

import pytest

from tests import measured


def pytest_configure(config):
    config.pluginmanager.register(measured)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop():
    yield
    if os.environ.get("PYTEST_XDIST_WORKER") == os.environ["DIES"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return True
"""
"""A conftest with our hooks whose worker is killed after its last test, with all tests passed."""


@pytest.mark.slow
@pytest.mark.parametrize(("dies", "code"), [("none", 0), ("gw1", 1)])
def test_a_worker_that_is_killed_after_its_last_test_fails_the_run(tmp_path: Path, dies: str, code: int) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(DYING)
    (tmp_path / "module.py").write_text("def one():\n    return 1\n")
    (tmp_path / "test_it.py").write_text("import module\n\n\ndef test_it():\n    assert module.one() == 1\n")
    alone = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "DIES": dies}
    known = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "PYTEST"))}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, "-n", "2", "--cov=module", "--cov-report="],
        cwd=tmp_path, env=known | alone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
    assert ("the data of gw1 is lost" in ran.stdout) is (dies == "gw1")

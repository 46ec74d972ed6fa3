"""The floors: imports go down only, and what starts fast stays fast."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from reconciler.platforms.registry import installed
from tests.house.tree import ROOT, modules

SLOW = {
    "cronsim",
    "h11",
    "httpx",
    "truststore",
    "zoneinfo",
    "rich",
    "yaml",
    "jsonschema",
    "deepdiff",
    "starlette",
    "uvicorn",
    "asyncio",
}


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run(
        [*command, "--no-cache"], cwd=folder, env={"PYTHONPATH": str(folder), "PATH": "", "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_floors_are_kept() -> None:
    linted = _lint(ROOT)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its contracts, to break."""
    shutil.copytree(ROOT / "reconciler", tmp_path / "reconciler", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for floor in ("engine", "views", "manifest", "platforms", "platforms/losant", "simulators"):
        (tmp_path / "reconciler" / floor).mkdir(parents=True, exist_ok=True)
        (tmp_path / "reconciler" / floor / "__init__.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core/select.py", "from reconciler import engine"),
        ("model/unit.py", "import httpx"),
        ("core/judge.py", "import yaml"),
        ("errors.py", "import click"),
        ("engine/plan.py", "from reconciler import manifest"),
        ("views/breach.py", "from reconciler import platforms"),
        ("simulators/breach.py", "from reconciler.platforms import losant"),
        ("views/breach.py", "import httpx"),
        ("attic/__init__.py", "'''A folder that is on no floor.'''"),
    ],
)
def test_a_breach_is_found(copy: Path, module: str, line: str) -> None:
    file = copy / "reconciler" / module
    file.parent.mkdir(exist_ok=True)
    (file.parent / "__init__.py").touch()
    before = file.read_text() if file.exists() else ""
    file.write_text(f"{before}\n{line}\n")
    linted = _lint(copy)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert "BROKEN" in linted.stdout


def test_nothing_but_platforms_and_simulators_names_a_platform() -> None:
    """What the rest knows of a platform is in its plug-in: another one could stand in its place."""
    name = re.compile("|".join(installed()), re.IGNORECASE)
    assert name.search("LosantConnection")
    naming = [
        f"{module.path}:{number}: {line.strip()}"
        for module in modules()
        if not module.path.startswith(("reconciler/platforms/", "reconciler/simulators/"))
        for number, line in enumerate(module.text.split("\n"), 1)
        if name.search(line)
    ]
    assert not naming, "\n".join(naming)


def test_each_platform_is_named_by_itself_alone() -> None:
    for name in installed():
        others = re.compile("|".join(set(installed()) - {name}), re.IGNORECASE)
        for floor in ("platforms", "simulators"):
            for module in modules(f"reconciler/{floor}/{name}/"):
                assert not others.search(module.text), module.path


def _loaded_by(*arguments: str) -> set[str]:
    return {name.split(".")[0] for name in _modules_loaded_by(*arguments)}


def _modules_loaded_by(*arguments: str) -> set[str]:
    script = textwrap.dedent(
        """
        import sys
        from reconciler.cli import main
        sys.argv[1:] = sys.argv[1:]
        try:
            code = main()
        except SystemExit as end:
            code = end.code
        print("\\n" + " ".join(sorted(sys.modules)))
        sys.exit(code)
        """
    )
    ran = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return set(ran.stdout.rstrip().rsplit("\n", 1)[-1].split())


def test_help_loads_nothing_slow() -> None:
    loaded = _loaded_by("--help")
    assert "click" in loaded
    assert not loaded & SLOW


def test_help_looks_for_no_plug_in_and_checking_manifests_loads_none_that_no_manifest_names(tmp_path: Path) -> None:
    assert "importlib.metadata" not in _modules_loaded_by("--help")
    (tmp_path / "c.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Connection\nmetadata: {name: a}\nspec: {getapp: {agent: https://cdn.example.com}}\n"
        "---\napiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: f}\n"
        "spec: {connection: a, units: {all: true}, workloads: {map: v1}}\n"
    )
    loaded = _modules_loaded_by("validate", str(tmp_path))
    assert "reconciler.platforms.getapp.plugin" in loaded
    assert not {name for name in loaded if name.startswith(("reconciler.platforms.losant", "reconciler.simulators"))}
    assert not {name.partition(".")[0] for name in loaded} & {"httpx", "starlette", "uvicorn"}


def test_importing_the_package_loads_nothing_but_the_standard_library() -> None:
    script = "import sys, reconciler; print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    ran = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    foreign = set(ran.stdout.split()) - set(sys.stdlib_module_names) - {"reconciler"}
    assert {"click", "msgspec"} & foreign == set()


def test_every_module_imports_by_itself() -> None:
    """A cycle shows only when its middle is imported first; each module is, in a process of its own batch."""
    names = [module.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for module in modules()]
    script = textwrap.dedent(
        """
        import importlib, sys
        for name in sys.argv[1:]:
            for loaded in [key for key in sys.modules if key.split(".")[0] == "reconciler"]:
                del sys.modules[loaded]
            importlib.import_module(name)
        """
    )
    wanted = [name for name in names if not name.endswith("__main__")]
    ran = subprocess.run([sys.executable, "-c", script, *wanted], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("folder", ["cli", "views", "manifest", "engine"])
def test_modules_of_a_floor_do_not_import_each_other_in_a_circle(folder: str) -> None:
    """Imports inside functions count too; a package's `__init__` may know its modules by name."""
    prefix = f"reconciler.{folder}."
    imported: dict[str, set[str]] = {}
    for module in modules(f"reconciler/{folder}/"):
        name = module.path.removesuffix(".py").replace("/", ".")
        if not name.endswith("__init__"):
            imported[name] = set(_imports(module.tree))
    graph = {name: [one for one in found if one.startswith(prefix)] for name, found in imported.items()}
    order = TopologicalSorter(graph)
    order.prepare()  # raises CycleError, which names the circle


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)

"""The floors: imports go down only, and what starts fast stays fast."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Container, Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from importlib import import_module
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


BREACHES = (
    ("core/select.py", "reconciler.engine"),
    ("model/unit.py", "httpx"),
    ("core/judge.py", "yaml"),
    ("errors.py", "click"),
    ("engine/plan.py", "reconciler.manifest"),
    ("views/breach.py", "reconciler.platforms"),
    ("simulators/breach.py", "reconciler.platforms.losant"),
    ("views/breach.py", "httpx"),
)
"""Files, and what they must not import. That the floors are kept as they stand is a part of `make check`."""


def test_every_breach_is_found(tmp_path: Path) -> None:
    """In one copy of the package and its contracts, as linting takes long: each is named, and so is a folder on no floor."""
    package = tmp_path / "reconciler"
    shutil.copytree(ROOT / "reconciler", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, name in BREACHES:
        with (package / file).open("a") as module:
            module.write(f"\nimport {name}\n")
    (package / "attic").mkdir()
    (package / "attic" / "__init__.py").touch()
    linted = _lint(tmp_path)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    found = {tuple(words[1:4:2]) for line in linted.stdout.splitlines() if (words := line.split())[:1] == ["-"]}
    breaches = {(f"reconciler.{file.removesuffix('.py').replace('/', '.')}", name) for file, name in BREACHES}
    assert not breaches - found, linted.stdout
    assert "attic" in linted.stdout


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


def test_whichever_module_is_imported_first_imports_run_in_no_circle() -> None:
    """A circle shows only when its middle is imported first: there is none among what modules import while they load."""
    trees = {_dotted(module.path).removesuffix(".__init__"): module.tree for module in modules()}
    TopologicalSorter(
        {name: _loaded_before(name, trees) for name in trees}
    ).prepare()  # raises CycleError, which names it
    for name in trees.keys() - {"reconciler.__main__"}:
        import_module(name)


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _loaded_before(name: str, trees: Mapping[str, ast.Module]) -> Iterator[str]:
    """Yield what a module waits for: what it imports outside of functions, and the packages that these are in."""
    for imported in _imported_by(_while_loading(trees[name].body), trees):
        parts = imported.split(".")
        packages = {".".join(parts[:length]) for length in range(1, len(parts))}
        yield from {one for one in packages if not f"{name}.".startswith(f"{one}.")}
        if imported in trees:
            yield imported


def _imported_by(nodes: Iterable[ast.AST], known: Container[str]) -> Iterator[str]:
    """Yield the modules of ours that statements import."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (one if one in known else node.module for one in inner)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _while_loading(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the statements that run while a module loads."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _while_loading(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _while_loading(ast.iter_child_nodes(node))


@pytest.mark.parametrize("folder", ["cli", "views", "manifest", "engine"])
def test_modules_of_a_floor_do_not_import_each_other_in_a_circle(folder: str) -> None:
    """Imports inside functions count too; a package's `__init__` may know its modules by name."""
    prefix = f"reconciler.{folder}."
    imported: dict[str, set[str]] = {}
    for module in modules(f"reconciler/{folder}/"):
        name = _dotted(module.path)
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

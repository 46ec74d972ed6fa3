"""The shape of the sources: sizes, names, words that may not stand there, and the folders of the repository."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.house.tree import ROOT, modules, texts, tracked

TOP_LEVEL = {
    ".ci", ".github", ".gitignore", ".pre-commit-hooks.yaml", "CHANGELOG.md", "Containerfile", "LICENSE", "Makefile",
    "README.md", "examples", "pyproject.toml", "reconciler", "schemas", "tests",
}  # fmt: skip
PACKAGE = {
    "__init__.py", "__main__.py", "cli", "core", "engine", "errors.py", "forge", "git", "jobs", "journal", "manifest", "model",
    "notify", "platforms", "plugin", "ports.py", "py.typed", "screen", "simulators", "testing", "views", "web",
}  # fmt: skip
TESTS = {
    "benchmarks",
    "browser",
    "conftest.py",
    "contract",
    "docs",
    "e2e",
    "forge",
    "golden",
    "house",
    "laws",
    "measured.py",
    "plugin",
    "postgres.py",
    "unit",
    "workflows",
}
MODULE_LINES = 350
FUNCTION_LINES = 60
NOT_NAMES = {"util", "utils", "helper", "helpers", "common", "misc"}

# How often a rule of a tool may be lifted, in the package and in its tests. Raise a number only with the reason in the
# commit; each line carries its own as well.
CEILING = {
    "reconciler/": {"pragma: no cover": 0, "type: ignore": 3, "noqa": 8},
    "tests/": {"pragma: no cover": 0, "type: ignore": 10, "noqa": 10},
}
_LIFTED = re.compile(r"#\s*(?P<rule>pragma: no cover|type: ignore|noqa)(?P<codes>[^#]*?)(?P<reason>( - | +# )\S.*)?$")


def _shown(rows: list[str]) -> str:
    return "\n  " + "\n  ".join(rows)


def test_modules_are_about_one_thing() -> None:
    long = [f"{module.path}: {module.lines} lines" for module in modules() if module.lines > MODULE_LINES]
    assert not long, f"longer than {MODULE_LINES} lines, split by noun or verb:{_shown(long)}"


def test_functions_fit_a_screen() -> None:
    long = [
        f"{module.path}:{function.lineno} {function.name}: {size} lines"
        for module in modules()
        for function in module.functions()
        if (size := (function.end_lineno or function.lineno) - function.lineno + 1) > FUNCTION_LINES
    ]
    assert not long, f"longer than {FUNCTION_LINES} lines:{_shown(long)}"


def test_no_module_is_a_drawer() -> None:
    drawers = [name for name in tracked() if NOT_NAMES & set(re.split(r"[/._]", name.removesuffix(".py")))]
    assert not drawers, f"name what it is about:{_shown(drawers)}"


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        module.path
        for module in (*modules(), *modules("tests/"))
        if module.text.strip() and not ast.get_docstring(module.tree)
    ]
    assert not silent, f"no docstring:{_shown(silent)}"


def test_every_public_class_and_function_says_what_it_is() -> None:
    silent = [
        f"{module.path}:{node.lineno} {node.name}"
        for module in modules()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith(("_", "test_"))
        and not ast.get_docstring(node)
        and not _overload(node)
    ]
    assert not silent, f"no docstring:{_shown(silent)}"


def _overload(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(item, ast.Name) and item.id == "overload" for item in node.decorator_list)


WRITERS = {"reconciler/cli/output.py", "reconciler/simulators/server.py"}
"""Modules that write to standard streams: the one way out, and what a simulator announces about itself."""
DRAWERS = {*WRITERS, "reconciler/views/progress.py", "reconciler/views/reading.py", "reconciler/jobs/database.py"}
"""Modules that use rich's console, on lines that a view made harmless; the last one silences the logs of libraries."""
ECHOES = {"echo", "secho", "echo_via_pager", "show", "print_exc", "print_exception"}
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}


def _writes(node: ast.AST) -> bool:
    """Return whether an expression writes to a standard stream, or names what does."""
    if isinstance(node, ast.Name):
        return node.id in {"print", "breakpoint"}
    if isinstance(node, ast.ImportFrom):
        return node.module in {"click", "sys"} and any(one.name in ECHOES | STREAMS for one in node.names)
    if isinstance(node, ast.Attribute):
        on = node.value
        stream = isinstance(on, ast.Attribute) and on.attr in STREAMS
        library = isinstance(on, ast.Name) and on.id in {"click", "traceback", "wrong", "error"}
        return (stream and node.attr in {"write", "writelines", "buffer"}) or (library and node.attr in ECHOES)
    return False


def test_there_is_one_way_out() -> None:
    found = [
        f"{module.path}:{getattr(node, 'lineno', 0)}"
        for module in modules()
        if module.path not in WRITERS
        for node in ast.walk(module.tree)
        if _writes(node)
    ]
    assert not found, f"say it through cli/output.py, yield an event, or return text:{_shown(found)}"
    drawn = [
        module.path
        for module in modules()
        if module.path not in DRAWERS
        for node in ast.walk(module.tree)
        if (
            isinstance(node, ast.ImportFrom)
            and node.module in {"rich", "rich.console", "logging"}
            and any(one.name == "Console" for one in node.names)
        )
        or (isinstance(node, ast.Import) and any(one.name in {"logging", "rich"} for one in node.names))
    ]
    assert not drawn, f"views return lines:{_shown(drawn)}"


@pytest.mark.parametrize(
    "text",
    ["print(1)", "click.echo(x)", "from click import echo", "sys.stderr.write(x)", "sys.stdout.buffer.write(x)", "wrong.show()",
     "traceback.print_exc()", "from sys import stdout", "out = print"],
)  # fmt: skip
def test_what_writes_is_seen(text: str) -> None:
    assert any(map(_writes, ast.walk(ast.parse(text))))


@pytest.mark.parametrize("below", sorted(CEILING))
def test_lifted_rules_are_counted_and_have_reasons(below: str) -> None:
    lifted: Counter[str] = Counter()
    bare = []
    for module in modules(below):
        if not any(rule in module.text for rule in CEILING[below]):
            continue  # reading its tokens is slow
        for number, comment in _comments(module.text):
            if found := _LIFTED.search(comment):
                lifted[found["rule"]] += 1
                if not found["reason"] or not re.search(r"[A-Z]\d|\[", found["codes"]):
                    bare.append(f"{module.path}:{number} {comment}")
    over = [
        f"{rule}: {count}, ceiling {CEILING[below][rule]}"
        for rule, count in lifted.items()
        if count > CEILING[below][rule]
    ]
    assert not over, f"in {below}:{_shown(over)}"
    assert not bare, f"no rule or no reason beside it (`# noqa: RULE - why`):{_shown(bare)}"


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_open_work_is_an_issue_and_not_a_comment() -> None:
    marker = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    found = [
        f"{name}:{number}"
        for name, text in texts().items()
        if name.endswith((".py", ".yml", ".toml", ".md")) or name == "Makefile"
        for number, line in enumerate(text.split("\n"), 1)
        if marker.search(line)
    ]
    assert not found, f"open work:{_shown(found)}"


def test_no_host_of_a_registry_and_no_path_of_a_machine() -> None:
    host = re.compile(r"py" r"pi\.org|python" r"hosted|registry\.npm" r"js|deb\.deb" r"ian\.org")
    path = re.compile(r"(?<![\w./~$}<-])/(?:wo" r"rk|fa" r"rm|ro" r"ot|Us" r"ers|ho" r"me)/\w")
    found = [
        f"{name}:{number}: {match.group()}"
        for name, text in texts().items()
        for number, line in enumerate(text.split("\n"), 1)
        if (match := host.search(line) or path.search(line))
    ]
    assert not found, f"belongs to one place only:{_shown(found)}"


def test_the_top_level_is_what_the_map_says() -> None:
    top = {name.split("/")[0] for name in tracked()}
    assert top <= TOP_LEVEL, f"not on the map: {sorted(top - TOP_LEVEL)}"
    missing = TOP_LEVEL - top
    assert not missing, f"on the map, but not there: {sorted(missing)}"


@pytest.mark.parametrize(("folder", "allowed"), [("reconciler", PACKAGE), ("tests", TESTS)])
def test_folders_are_on_the_map(folder: str, allowed: set[str]) -> None:
    inside = {name.split("/")[1] for name in tracked() if name.startswith(f"{folder}/")} - {"__init__.py"}
    assert inside <= allowed | {"__init__.py"}, f"not on the map: {sorted(inside - allowed)}"


def test_links_between_files_lead_somewhere() -> None:
    broken = []
    for name, text in texts().items():
        if not name.endswith(".md"):
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            place, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = (ROOT / name).parent / place if place else ROOT / name
            if not file.exists():
                broken.append(f"{name}: {target}")
            elif anchor and file.suffix == ".md" and anchor not in _anchors(file.read_text(encoding="utf-8")):
                broken.append(f"{name}: {target} (no such heading)")
    assert not broken, f"links that lead nowhere:{_shown(broken)}"


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}

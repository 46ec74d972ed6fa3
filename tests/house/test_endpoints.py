"""The table of endpoints (.github/ENDPOINTS.md) says what the platforms call: no more, no less, and each one is really answered."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

import pytest

from reconciler.simulators.getapp.simulator import routes as getapp_routes
from reconciler.simulators.getapp.variants import Variants as GetAppVariants
from reconciler.simulators.losant.simulator import ROUTES as LOSANT
from reconciler.simulators.memfault.simulator import ROUTES as MEMFAULT
from reconciler.simulators.routes import Route, find
from tests.house.tree import Module, modules, texts

ROW = re.compile(r"^\| (Losant|GetApp|Memfault) \| \**`([A-Z]+) (/\S+)`\** \| (.+) \|$", re.MULTILINE)
NOT_CALLED = "not called"
RELATIVE = re.compile(r"\w+/\{\}/\w+")
PATH = re.compile(r"(/[\w.{}-]+)+")

APPLICATION = "/applications/{}"
PROJECT = "/api/v0/organizations/{}/projects/{}"
BASES = {
    ("losant", "application"): APPLICATION,
    ("losant", "base"): APPLICATION,
    ("losant", "path"): f"{APPLICATION}/edge/deployments",
    ("memfault", "project"): PROJECT,
    ("memfault", "path"): f"{PROJECT}/deployments",
    ("getapp", "_project"): "/api/v1/catalog/releases/project/{}",
}
"""What stands at the beginning of a path by another name, by platform."""

ENDS = {f"/edge/deployments/{end}" for end in ("release", "replace", "remove")}
"""Ends of paths by which Losant's own calls are recognized; the whole paths stand elsewhere."""

ANSWERED: dict[str, Sequence[Route[Any]]] = {
    "losant": LOSANT,
    "memfault": MEMFAULT,
    "getapp": getapp_routes(GetAppVariants()),
}


def _table() -> list[tuple[str, str, str, str]]:
    """Return platform, method, path with its names taken out, and use of each row."""
    rows = ROW.findall(texts()[".github/ENDPOINTS.md"])
    return [(name.lower(), method, _plain(path), use) for name, method, path, use in rows]


def _plain(path: str) -> str:
    return re.sub(r"\{\w*\}", "{}", path.partition("?")[0])


def _paths(platform: str) -> set[str]:
    """Return the paths that stand in a platform's sources."""
    found = {path for module in modules(f"reconciler/platforms/{platform}/") for path in _of(module, platform)}
    return {
        path for path in found if not any(other != path and other.endswith(path) for other in found if path in ENDS)
    }


def _of(module: Module, platform: str) -> Iterator[str]:
    documented = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(module.tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    pages = {id(node.args[0]) for node in ast.walk(module.tree) if _is_page(node)}
    for node in ast.walk(module.tree):
        text = _plain(_text(node, platform)) if id(node) not in documented | parts else ""
        if id(node) in pages or (RELATIVE.fullmatch(text) and module.path.endswith("memfault/routes.py")):
            text = f"{PROJECT}/{text}"
        if PATH.fullmatch(text) and text not in {APPLICATION, PROJECT}:
            yield text


def _is_page(node: ast.AST) -> TypeGuard[ast.Call]:
    """Return whether this asks for a page of a listing below Memfault's project."""
    return (
        isinstance(node, ast.Call) and ast.unparse(node.func) == "self._page" and not isinstance(node.args[0], ast.Name)
    )


def _text(node: ast.AST, platform: str) -> str:
    """Return a text, or a text with values in it, where what is no known beginning becomes `{}`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(_part(part, platform) for part in node.values)


def _part(part: ast.expr, platform: str) -> str:
    if isinstance(part, ast.FormattedValue):
        value = part.value.func if isinstance(part.value, ast.Call) else part.value
        return BASES.get((platform, ast.unparse(value).rpartition(".")[2]), "{}")
    return _text(part, platform)


@pytest.mark.parametrize("platform", ANSWERED)
def test_the_table_names_what_is_called_and_nothing_else(platform: str) -> None:
    called = {path for name, _, path, use in _table() if name == platform and not use.startswith(NOT_CALLED)}
    assert called == _paths(platform)


@pytest.mark.parametrize("row", _table(), ids=lambda row: f"{row[1]} {row[2]}")
def test_every_endpoint_of_the_table_is_answered_by_the_simulator(row: tuple[str, str, str, str]) -> None:
    platform, method, path, _ = row
    found = find(ANSWERED[platform], method, path.replace("{}", "x"))
    assert found is not None
    assert found[0].name != "nothing"


def test_what_is_not_called_is_not_in_the_sources() -> None:
    left_out = [(name, path) for name, _, path, use in _table() if use.startswith(NOT_CALLED)]
    assert all(path not in _paths(platform) for platform, path in left_out)

"""Laws of loading: whatever stands in the files, it gives a manifest or findings; every value's place is where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError, SettingsError
from reconciler.manifest.finding import diagnostics_builtins, diagnostics_text
from reconciler.manifest.load import Loader
from reconciler.manifest.read import read
from reconciler.manifest.write import write
from reconciler.model.fleet import Manifest
from reconciler.platforms.registry import installed
from tests.laws.test_write import documents

PIECES = (
    "apiVersion: reconciler/v1\n", "kind: Fleet\n", "kind: Connection\n", "kind: Channel\n", "metadata: {name: a}\n", "spec:\n",
    "spec: {", "  connection: a\n", "  units: {all: true}\n", "  workloads:\n", "    w: {version: v1}\n", "  pins: {a: {w: v2}}\n",
    "  versions: {w: v1}\n", "  losant:\n", "    token: {env: A}\n", "    application: 575ec8687ae143cd83dc4a97\n", "---\n",
    "...\n", "&a ", "*a", "!t ", "<<: ", "? ", ": ", "- ", "{", "}", "[", "]", ",", "'", '"', "|\n", ">\n", "#", "\n", "  ", "\t",
    "~", "null", "\0", "\ufeff", "\x85", "\u2028", "%YAML 1.2\n", "%TAG ! x\n", "9" * 400, "1e999", "é", "\U0001f600", "\\", '"\\0"',
)  # fmt: skip
scraps = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=25
).map("".join)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Return a manifest that was right, with a few pieces taken out, put in or moved."""
    text = write(draw(documents))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 1, 2, 10, 100])))
        inserted = draw(st.sampled_from(["", text[start:end] * 2, *PIECES]))
        text = text[:start] + inserted + text[end:]
    return text


contents = st.one_of(
    scraps.map(str.encode),
    scraps.map(lambda text: ("apiVersion: reconciler/v1\nkind: Fleet\n" + text).encode()),
    damaged().map(str.encode),
    st.binary(max_size=30),
    scraps.map(lambda text: text.encode("utf-16")),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for two files."""
    return tmp_path_factory.mktemp("manifest")


@settings(max_examples=200)
@given(first=contents, second=contents, named=st.booleans())
def test_whatever_stands_in_files_gives_a_manifest_or_findings(
    folder: Path, first: bytes, second: bytes, named: bool
) -> None:
    files = [folder / "a.yaml", folder / "b.yaml"]
    for file, content in zip(files, (first, second), strict=True):
        file.write_bytes(content)
    found = outcome(files if named else [folder])
    if isinstance(found, Manifest):
        assert re.fullmatch("[0-9a-f]{64}", found.digest)
    elif isinstance(found, ManifestError):
        assert found.diagnostics
        assert all(one.message and one.origin.file for one in found.diagnostics)
        assert diagnostics_text(found.diagnostics).replace("\n", "").isprintable()
        assert msgspec.json.encode(diagnostics_builtins(found.diagnostics))


def outcome(paths: list[Path]) -> Manifest | ManifestError | SettingsError:
    """Return what loading gives; nothing else may come out of it."""
    try:
        return Loader(paths, installed()).load()
    except (ManifestError, SettingsError) as error:
        return error


# --- places ---------------------------------------------------------------------------------------------------------------

words = st.from_regex(r"[a-z]{1,6}", fullmatch=True).filter(
    lambda word: word not in {"null", "true", "y", "n"}
) | st.sampled_from(["é", "a b", "1.10", "\U0001f600", "quoted: yes", "- x", "line\nbreak", " "])
values = st.recursive(
    words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)


QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)


def places(
    value: Any, path: tuple[str | int, ...], seen: set[int]
) -> Iterator[tuple[tuple[str | int, ...], Any, bool]]:
    """Yield the paths below a value with what should stand there, and whether that is an alias."""
    if not isinstance(value, dict | list) or not value:
        return
    for step, child in value.items() if isinstance(value, dict) else enumerate(value):
        alias = isinstance(child, dict | list) and bool(child) and id(child) in seen
        seen.add(id(child))
        yield (*path, step), step if isinstance(step, str) else child, alias
        if not alias:
            yield from places(child, (*path, step), seen)


def stands(text: str, offset: int, what: Any, *, alias: bool) -> bool:
    """Return whether a key or value stands at an offset of a text."""
    rest = text[offset:]
    if not isinstance(what, str):
        if alias or rest[0] in "&{[-?":
            return rest[0] == "*" if alias else rest[0] != ("[" if isinstance(what, dict) else "{")
        return stands(text, offset, next(iter(what)), alias=False)
    quoted = QUOTED.match(rest)
    return yaml.safe_load(quoted[0]) == what if quoted else rest.startswith(what.split(" ")[0])


@given(
    value=st.dictionaries(words, values, min_size=1, max_size=4),
    twice=st.booleans(),
    flow=st.sampled_from([True, False, None]),
    width=st.sampled_from([20, 80, 1000]),
    break_=st.sampled_from(["\n", "\r\n"]),
    before=st.sampled_from(["", "# é\n", "first: document\n---\n"]),
)
def test_every_value_is_found_where_it_stands(
    value: dict[str, Any], twice: bool, flow: bool | None, width: int, break_: str, before: str
) -> None:
    if twice:
        value = {"anchored": list(value.values()), **value, "again": dict(value)}
    body = yaml.dump(
        value, default_flow_style=flow, width=width, allow_unicode=True, sort_keys=False, line_break=break_
    )
    text = before.replace("\n", break_) + body
    parsed = read("x.yaml", text)[-1]
    assert not parsed.problems, parsed.problems[0].message
    assert parsed.value == yaml.load(body, yaml.BaseLoader)
    lines = text.split("\n")
    for path, what, alias in places(value, (), set()):
        origin = parsed.locate(path)
        offset = sum(len(line) + 1 for line in lines[: origin.line - 1]) + origin.column - 1
        assert stands(text, offset, what, alias=alias), (path, what, text[offset : offset + 20])
        assert parsed.locate((*path, "nowhere", 7)) == origin


@given(value=st.dictionaries(words, values, min_size=1, max_size=4))
def test_json_is_yaml(value: dict[str, Any]) -> None:
    (parsed,) = read("x.json", json.dumps(value, ensure_ascii=False))
    assert parsed.value == value

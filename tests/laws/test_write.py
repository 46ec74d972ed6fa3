"""Laws of writing: what is written loads to an equal value, whatever its texts; other readers see texts as well."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.connections import convert
from reconciler.manifest.layout import WIDTH
from reconciler.manifest.ours import API, KINDS
from reconciler.manifest.parsed import settle
from reconciler.manifest.read import read
from reconciler.manifest.write import write
from reconciler.model.connection import ConnectionSpec, Requests, Secret
from reconciler.model.fleet import ChannelRef, ChannelSpec, Choice, FleetSpec, Override, WorkloadSpec
from reconciler.model.kind import ONE_LINE
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.registry import installed
from reconciler.views.words import harmless
from tests.laws.strategies import limits, quarantines, selectors

CONFUSING = (
    "1.10", "null", "~", "yes", "No", "on", "y", "true", "TRUE", "1e5", "0x1f", "0o17", "1_000", "12:30:00", ".5", ".inf",
    "2026-12-01", "<<", "=", "*", "&a", "!b", "- a", "-", "?", "? a", "0?", ": b", "a: b", "a #b", "#a", "%a", "@a", "`a", "|", ">",
    "{a}", "[a]", "a,b", "'a'", '"a"', " a", "a ", "a  b", "a\nb", "a\tb", "\x85", "\u2028", "\ufeff", "...", "---", "é",
    "\U0001f600", "\x7f", "\\", "v1.4.0", "v2 rc", "a" * 300, "\u00a0", "a:b", "http://x:1/y", "::error::x", "##[group]x", "a ##vso[task]",
)  # fmt: skip
texts = st.sampled_from(CONFUSING) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
)
versions = texts.map(lambda text: text[:255].strip()).filter(re.compile(ONE_LINE).search)
names = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True)
scalars = texts | st.integers(-(1 << 53), 1 << 53) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
settings = st.dictionaries(texts, scalars, max_size=3)


@st.composite
def choices(draw: st.DrawFn) -> dict[str, Any]:
    """Return the fields of a choice."""
    kind = draw(st.sampled_from(["version", "version", "channel", "absent", "unmanaged"]))
    if kind in {"absent", "unmanaged"}:
        return {kind: True}
    version = draw(versions) if kind == "version" else ChannelRef(channel=draw(names))
    return {"version": version, "settings": draw(settings)}


overrides = st.builds(lambda units, choice: Override(units=units, **choice), selectors, choices())
workloads = st.builds(
    lambda choice, **rest: WorkloadSpec(**choice, **rest),
    choices(),
    id=st.none() | texts,
    units=st.none() | selectors,
    overrides=st.lists(overrides, max_size=2),
)
fleets = st.builds(
    FleetSpec,
    connection=names,
    units=selectors,
    workloads=st.dictionaries(texts, workloads, max_size=3),
    pins=st.dictionaries(
        texts, st.dictionaries(texts, versions | choices().map(lambda one: Choice(**one)), max_size=3), max_size=3
    ),
    prune=st.sampled_from(["none", "listed", "all"]),
    allow_empty=st.booleans(),
    limits=limits,
    quarantine=st.lists(quarantines, max_size=2),
)
connections = st.builds(
    ConnectionSpec,
    st.just("losant"),
    st.builds(
        LosantConnection,
        application=st.just("575ec8687ae143cd83dc4a97"),
        token=st.builds(Secret, env=texts) | st.builds(Secret, file=texts),
        url=st.just("https://api.losant.com") | texts,
        requests=st.builds(Requests, concurrency=st.integers(1, 64), per_second=st.none() | st.floats(0.001, 1000)),
    ),
)
channels = st.builds(ChannelSpec, versions=st.dictionaries(texts, versions, max_size=4))
documents = st.lists(
    st.one_of(
        st.tuples(st.just("Fleet"), names, fleets),
        st.tuples(st.just("Connection"), names, connections),
        st.tuples(st.just("Channel"), names, channels),
    ),
    min_size=1,
    max_size=3,
)


def loaded(text: str) -> list[tuple[str, str, Any]]:
    """Return what the loader converts a text to, leaving out what it would say about its meaning."""
    found = []
    for parsed in read("written.yaml", text):
        assert not parsed.problems, (parsed.problems[0].message, text)
        kind = KINDS[parsed.value["kind"]]
        spec: Any
        if kind is ConnectionSpec:
            spec = convert(parsed.value["spec"], installed())
        else:
            spec = msgspec.convert(parsed.value["spec"], kind, strict=False)
        if isinstance(spec, FleetSpec):
            settle(spec, parsed)
        assert parsed.value["apiVersion"] == API
        found.append((parsed.value["kind"], parsed.value["metadata"]["name"], spec))
    return found


def exactly(value: Any) -> Any:
    """Return a value that equals only what has the same types: 1 is not 1.0 and not true."""
    if isinstance(value, msgspec.Struct):
        return exactly(msgspec.structs.asdict(value))
    if isinstance(value, dict):
        return [(key, exactly(child)) for key, child in value.items()]
    if isinstance(value, list | tuple):
        return [exactly(child) for child in value]
    return type(value).__name__, value


@given(documents, st.lists(texts, max_size=2))
def test_what_is_written_loads_to_equal_values(
    written: Sequence[tuple[str, str, Any]], comments: Sequence[str]
) -> None:
    text = write(written, comments)
    again = loaded(text)
    assert again == list(written), text
    assert exactly(again) == exactly(written)
    assert write(again, comments) == text
    assert [harmless(line) for line in text.split("\n")] == text.split("\n"), (
        "it may go to a terminal or a log as it is"
    )


@given(st.dictionaries(texts, texts, min_size=1))
def test_other_readers_of_yaml_see_the_same_texts(content: dict[str, str]) -> None:
    text = write([("Channel", "stable", {"versions": content})])
    assert yaml.safe_load(text)["spec"]["versions"] == content


def test_the_line_for_editors_is_the_callers_choice() -> None:
    documents = [("Channel", "a", ChannelSpec(versions={})), ("Channel", "b", ChannelSpec(versions={"x": "v1"}))]
    bare = write(documents, schema=None)
    assert bare == (
        "apiVersion: reconciler/v1\nkind: Channel\nmetadata: {name: a}\nspec:\n  versions: {}\n---\n"
        "apiVersion: reconciler/v1\nkind: Channel\nmetadata: {name: b}\nspec:\n  versions: {x: v1}\n"
    )
    assert write(documents, schema="x.json").count("# yaml-language-server: $schema=x.json\napiVersion:") == 2


@given(st.lists(st.text("0123456789abcdef", min_size=24, max_size=24), min_size=30, max_size=60))
def test_long_lists_fill_lines_and_stay_within_the_width(ids: list[str]) -> None:
    text = write([("Fleet", "all", {"units": {"ids": ids}})])
    assert yaml.load(text, yaml.BaseLoader)["spec"]["units"]["ids"] == ids
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) <= 6 + len(ids) // 3

"""Laws of edits of manifests: after one the loader gives exactly what was wanted, and every comment is still there."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.amend import Edit, amended
from reconciler.manifest.read import read

VERSIONS = st.sampled_from(
    ["v1.4.0", "1.10", "1e5", "true", "2.0", "v2 beta", "a: b", "#5", "x'y", 'q"q', "é", "null1"]
)
TEXTS = st.sampled_from(["a", "x y", "1.0", "no", "b: c", "# no comment", "[", "ü", "50%", "it's"])
CHOICES = st.one_of(
    st.fixed_dictionaries({"version": VERSIONS}),
    st.fixed_dictionaries({"version": st.just({"channel": "stable"})}),
    st.fixed_dictionaries({"channel": st.just("stable")}),
    st.fixed_dictionaries({"version": VERSIONS, "settings": st.dictionaries(TEXTS, TEXTS, max_size=2)}),
)
OVERRIDES = st.lists(CHOICES.flatmap(lambda one: st.just({"units": {"tags": {"ring": "canary"}}, **one})), max_size=3)
WORKLOADS = st.dictionaries(
    TEXTS,
    st.one_of(VERSIONS, st.tuples(CHOICES, OVERRIDES).map(lambda pair: {**pair[0], "overrides": pair[1]}), CHOICES),
    min_size=1,
    max_size=3,
)


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a fleet as plain values; some of its parts may be one and the same value."""
    workloads = draw(WORKLOADS)
    if len(workloads) > 1 and draw(st.booleans()):
        first, second, *_ = workloads
        workloads[second] = workloads[first]
    spec: dict[str, Any] = {"connection": "plant", "units": {"all": "yes"}, "workloads": workloads}
    if draw(st.booleans()):
        spec["pins"] = {"gw-1": {name: draw(st.one_of(VERSIONS, CHOICES)) for name in workloads}}
    entry = {"workload": "w", "version": "v0", "reason": draw(TEXTS)}
    spec |= draw(st.sampled_from([{}, {"quarantine": []}, {"quarantine": [entry]}, {"quarantine": [entry, entry]}]))
    if draw(st.booleans()):
        spec["mode"] = "apply"
    return {"apiVersion": "reconciler/v1", "kind": "Fleet", "metadata": {"name": "all"}, "spec": spec}


@st.composite
def written(draw: st.DrawFn, value: dict[str, Any]) -> str:
    """Draw a text that says a value, with comments and another document, as people and programs write them."""
    if draw(st.booleans()) and draw(st.booleans()):
        return json.dumps(value, indent=draw(st.sampled_from([None, 2])))
    text: str = yaml.dump(
        value,
        default_flow_style=draw(st.sampled_from([None, False, True])),
        indent=draw(st.integers(2, 5)),
        width=draw(st.sampled_from([20, 80, 10_000])),
        allow_unicode=draw(st.booleans()),
        sort_keys=draw(st.booleans()),
        default_style=draw(st.sampled_from([None, None, '"', "'"])),
    )
    lines = text.split("\n")
    if not any(one in text for one in "\"'|>{["):
        lines = [f"{one}  # note {number}" if one and draw(st.booleans()) else one for number, one in enumerate(lines)]
    text = "\n".join(lines)
    other = draw(st.sampled_from(["", "# first\n---\n", "kind: Other\nspec: {a: [1]}\n---\n"]))
    end = draw(st.sampled_from(["", "...\n", "---\nkind: Other\n", "# the end\n"]))
    text = f"{other}{text if text.endswith(chr(10)) else text + chr(10)}{end}"
    text = text if draw(st.booleans()) else text.rstrip("\n")
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def places(value: dict[str, Any]) -> list[tuple[str | int, ...]]:
    """Return the paths of all choices of a fleet that say a version."""
    spec = value["spec"]
    found: list[tuple[tuple[str | int, ...], Any]] = []
    for name, one in spec["workloads"].items():
        found.append((("spec", "workloads", name), one))
        for number, override in enumerate(one.get("overrides", ()) if isinstance(one, dict) else ()):
            found.append((("spec", "workloads", name, "overrides", number), override))
    for unit, pins in spec.get("pins", {}).items():
        found += [(("spec", "pins", unit, name), one) for name, one in pins.items()]
    return [path for path, one in found if isinstance(one, str) or {"version", "channel"} & one.keys()]


def wanted(value: Any, edits: list[Edit]) -> Any:
    """Return a document as it is to be read after edits, worked out apart from the code."""
    made = json.loads(json.dumps(value))
    for edit in edits:
        at = made
        for step in edit.path[:-1]:
            at = at[step]
        last = edit.path[-1]
        if isinstance(edit.value, dict):
            at[last] = [*at.get(last, []), edit.value]
        elif isinstance(at[last], str):
            at[last] = edit.value
        else:
            at[last] = {**{key: inner for key, inner in at[last].items() if key != "channel"}, "version": edit.value}
    return made


def comments(text: str) -> list[str]:
    return [line.split("# note ")[1].strip() for line in text.splitlines() if "# note " in line]


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@given(st.data())
def test_an_edit_changes_what_is_wanted_and_nothing_else(data: st.DataObject) -> None:
    value = data.draw(fleets())
    text = data.draw(written(value))
    before = read("", text)
    edits = [
        Edit(path, data.draw(VERSIONS)) for path in data.draw(st.lists(st.sampled_from(places(value)), unique=True, max_size=3))
    ]  # fmt: skip
    reason = data.draw(st.text(max_size=200).filter(lambda one: one.isprintable() and one.strip() == one))
    edits.append(
        Edit(("spec", "quarantine"), {"workload": "w", "version": data.draw(VERSIONS), "reason": reason or "x"})
    )
    made = amended(text, "all", edits)
    ours = [wanted(one.value, edits) if one.value.get("metadata") else one.value for one in before]
    assert [one.value for one in read("", made)] == ours
    assert sorted(comments(made)) == sorted(comments(text))
    if is_json(text):
        assert is_json(made)

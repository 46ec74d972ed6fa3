"""A mapping that becomes the value of a key: in blocks, in flow style and in JSON, and never over one that is there."""

from __future__ import annotations

import json

import pytest

from reconciler.manifest.amend import Edit, amended

BLOCK = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: all}
spec:  # what runs
  connection: plant
  units: {all: true}
  workloads:
    poller: v1  # tested
"""
FLOW = "{apiVersion: reconciler/v1, kind: Fleet, metadata: {name: all}, spec: {connection: p, units: {all: true}, workloads: {a: v1}}}\n"
SUSPEND = ("spec", "suspend")
ENTRY = {"reason": "site: audit", "until": "2026-12-31"}


def test_a_key_is_added_and_nothing_else_is_different() -> None:
    made = amended(BLOCK, "all", [Edit(SUSPEND, ENTRY, sets=True)])
    assert made == f'{BLOCK}  suspend:\n    reason: "site: audit"\n    until: "2026-12-31"\n'


@pytest.mark.parametrize("text", [FLOW, json.dumps({"apiVersion": "reconciler/v1", "kind": "Fleet", "metadata": {"name": "all"}, "spec": {"connection": "p"}})])  # fmt: skip
def test_flow_style_and_json_stay_what_they_are(text: str) -> None:
    made = amended(text, "all", [Edit(SUSPEND, ENTRY, sets=True)])
    assert "\n" not in made.rstrip()
    assert "site: audit" in made
    assert made.startswith("{")


def test_what_is_there_is_not_written_over() -> None:
    with pytest.raises(ValueError, match=r"there is something at spec\.suspend already"):
        amended(f"{BLOCK}  suspend: {{reason: x}}\n", "all", [Edit(SUSPEND, ENTRY, sets=True)])

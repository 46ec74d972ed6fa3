"""Times are ISO 8601 in every form that scripts read: no number anywhere is a moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.e2e.conftest import FLEET, Ran, simulating

Run = Callable[..., Ran]
SINCE = 1_000_000_000.0
"""Seconds since 1970 from which on a number is taken for a moment."""
READERS = (
    "plan -o json",
    "show plan.json -o json",
    "status -o json",
    "status --units -o json",
    "explain gw-001 -o json",
    "releases -o json",
    "doctor -o json",
    "rollout status -o json",
    "apply --yes --deadline 1s --history h.db --result run.jsonl -o json",
    "watch --once --history h.db --result pass.jsonl --log-format json",
    "history --history h.db -o json",
)
ROLLOUT = "  rollout: {waves: [10%], failure: {percent: 10%}}\n"


def moments(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers of a JSON value that may be moments, with the keys that lead to them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from moments(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from moments(inner, path)
    elif isinstance(value, int | float) and value > SINCE:
        yield path, value


def test_no_number_is_a_moment(run: Run, tmp_path: Path) -> None:
    found: dict[str, list[tuple[str, float]]] = {}
    with simulating(units=10, failing=0.2, offline=0.1, settle=0.1) as plant:
        plant.manifest(tmp_path / "m", FLEET + ROLLOUT)
        assert run("plan", "m", "--out", "plan.json", token=plant.token).code == 0
        for command in READERS:
            words = command.split()
            paths = [] if words[0] in {"show", "history"} else ["-f", "m"]
            ran = run(*words, *paths, token=plant.token)
            lines = ran.out.splitlines() if "json" in words[-1] and words[0] == "watch" else [ran.out]
            assert ran.out, ran
            found[command] = [one for line in lines if line[:1] in "{[" for one in moments(json.loads(line))]
    for name in ("run.jsonl", "pass.jsonl", "plan.json"):
        text = (tmp_path / name).read_text()
        lines = text.splitlines() if name.endswith("l") else [text]
        found[name] = [one for line in lines for one in moments(json.loads(line))]
    assert {name: some for name, some in found.items() if some} == {}

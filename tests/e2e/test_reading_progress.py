"""Every platform says in the same way how far its reading is: rows known by now, and of how many."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli import wiring
from reconciler.model.snapshot import Query
from tests.e2e.conftest import simulating

SIZES: dict[str, dict[str, Any]] = {"losant": {"units": 2500}, "memfault": {"devices": 2500}, "getapp": {"units": 2500}}


class Heard:
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int | None, int]] = []
        self.statuses: set[int | None] = set()

    def read(self, what: str, rows: int, total: int | None = None, pages: int = 0) -> None:
        self.told.append((what, rows, total, pages))

    def answered(self, status: int | None) -> None:
        self.statuses.add(status)


@pytest.mark.parametrize("platform", sorted(SIZES))
def test_a_reading_says_how_far_it_is(platform: str, tmp_path: Path) -> None:
    with simulating(platform, **SIZES[platform]) as world:
        fleet = "apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: f}\nspec: {connection: plant, units: {all: true}, workloads: {x: v1}}\n"
        more = {"topology": "cdn"} if platform == "getapp" else {}
        manifest = wiring.source([world.manifest(tmp_path / "m", fleet, **more)]).load()
        spec, heard = manifest.connections["plant"].spec, Heard()
        with_progress = wiring.connect(spec, lambda _: world.said.get("token", "x"), wiring.SystemClock(), heard)
        snapshot = with_progress.observe(Query())
        with_progress.close()
    assert snapshot.coverage.complete, snapshot.coverage.problems
    assert heard.statuses == {200}
    largest = max(heard.told, key=lambda one: one[1])
    assert largest[1] == largest[2], "the last page is the end"
    assert largest[1] >= 2400
    assert largest[3] > 1
    for (what, rows, *_), (next_what, more_rows, *_) in itertools.pairwise(heard.told):
        assert what != next_what or rows < more_rows or more_rows <= 1000

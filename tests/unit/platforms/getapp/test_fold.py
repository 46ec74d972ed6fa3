"""Lists of rows: what repeats is understood once, in whatever bytes it comes, and never taken for something else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.fold import LIST, Lists
from reconciler.platforms.getapp.translate import Rows, read_row, rows_of
from tests.unit.platforms.getapp.installation import row

rows = st.builds(
    row,
    state=st.sampled_from(["installed", "downloaded", "delivery", "deploy", "odd word"]),
    status=st.sampled_from(["Done", "Error", "Pause", None, 7]),
    version=st.sampled_from(["1.0.0", "2.0.0", ""]),
    project=st.sampled_from(["radio", "vision"]),
    downloadDuration=st.integers(1, 3),
    progress=st.sampled_from([100.0, 40.5, None]),
    dependencies=st.sampled_from([[], [{"projectName": "vision", "version": "1.0.0"}], ["x"], [3]]),
)
fleets: st.SearchStrategy[list[Any]] = st.lists(
    st.lists(rows, max_size=3) | st.just({"data": []}) | st.just(7), max_size=8
)


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


@given(fleets, st.sampled_from([0, 900, 10_000_000]), st.booleans())
def test_each_list_means_what_it_means_alone(fleet: list[Any], kept: int, auto: bool) -> None:
    shared = Lists[Rows](lambda rows: rows, auto=auto, kept=kept)
    for one in fleet:
        found = shared.of(raw(one))
        if isinstance(one, list):
            assert found == rows_of([read_row(bytes(item)) for item in wire.items(raw(one)).items], auto=auto)
        else:
            assert found.states == {}
            assert bool(found.blind) == (one == 7)


def test_what_is_not_used_makes_no_difference_and_what_is_used_does() -> None:
    made: list[Rows] = []

    def make(meaning: Rows) -> Rows:
        made.append(meaning)
        return meaning

    shared = Lists[Rows](make, auto=False, detail=False)
    for seconds in range(50):
        shared.of(raw([row(downloadDuration=seconds, artsDirPath=f"/var/{seconds}", other=seconds)]))
    assert len(made) == 1
    assert shared.of(raw([row(version="2.0.0")])).states["radio"].assigned == "2.0.0"
    shared.of(raw([row("delivery", "Start", progress=1.0, eta=9)]))
    shared.of(raw([row("delivery", "Start", progress=1.0, eta=8)]))
    assert len(made) == 4


def test_what_never_repeats_is_not_kept() -> None:
    shared = Lists[Rows](lambda rows: rows, auto=False, kept=5 * LIST)
    for number in range(100):
        shared.of(raw([row("deploy", "Error", errMsg=f"failed after {number} s")]))
        assert shared._held <= 5 * LIST + 3 * len(json.dumps(row())) + LIST

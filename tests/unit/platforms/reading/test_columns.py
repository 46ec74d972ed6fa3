"""States stand once, columns hold their numbers, and neither shows the order in which pages came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.observation import EMPTY, UNSEEN, State
from reconciler.platforms.reading.columns import StateColumns, places

UNITS = 4
WRITES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, UNITS - 1), st.sampled_from(["v1", "v2", None])),
    unique_by=lambda one: one[:2],
)


@given(WRITES)
def test_settled_columns_do_not_depend_on_the_order_of_writes(writes: list[tuple[str, int, str | None]]) -> None:
    found = []
    for order in (writes, sorted(writes, key=lambda one: (one[1], one[0]), reverse=True)):
        table = StateColumns(UNITS)
        for workload, row, version in order:
            table.column(workload)[row] = table.number(State(assigned=version))
        table.settle()
        assert table.states[0] == UNSEEN
        for workload, row, version in order:
            assert table.states[table.columns[workload][row]] == State(assigned=version)
        found.append((table.states, table.columns))
    assert found[0] == found[1]


def test_states_that_nothing_shows_have_number_zero() -> None:
    table = StateColumns(UNITS, EMPTY)
    assert (table.number(EMPTY), table.number(State("v1")), table.number(State("v1"))) == (0, 1, 1)
    assert StateColumns(UNITS).number(EMPTY) == 1


def test_places_follow_an_order_of_values() -> None:
    assert places({"b": 0, "a": 1, "c": 2}, ["a", "b", "c"]) == [1, 0, 2]

"""What is kept of a reading: states that stand once, and columns of their numbers over the units."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TypeVar

from reconciler.model.observation import UNSEEN, State

T = TypeVar("T")


class StateColumns:
    """States numbered as they first appear, and by workload one number a unit. Number 0 is for what nothing shows."""

    def __init__(self, units: int, *unshown: State) -> None:
        """Take how many units there are; states that are `unshown` have number 0."""
        self.states: list[State] = [UNSEEN]
        self.columns: dict[str, array[int]] = {}
        self._units = units
        self._numbers: dict[State, int] = dict.fromkeys(unshown, 0)

    @classmethod
    def going_on(cls, units: int, states: Sequence[State], columns: Mapping[str, array[int]]) -> StateColumns:
        """Return those of an earlier reading, to be gone on with; what is folded changes none of its columns."""
        found = cls(units)
        found.states, found.columns = [*states], dict(columns)
        found._numbers = {state: number for number, state in enumerate(states) if number}
        return found

    def opened(self, workload: str) -> array[int]:
        """Return the column of a workload, as a copy of what an earlier reading shows."""
        column = self.columns[workload] = self.column(workload)[:]
        return column

    def number(self, state: State) -> int:
        """Return the number of a state."""
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self.states)
            self.states.append(state)
        return number

    def column(self, workload: str) -> array[int]:
        """Return the column of a workload, made where there is none."""
        column = self.columns.get(workload)
        if column is None:
            column = self.columns[workload] = array("I", bytes(4 * self._units))
        return column

    def settle(self) -> None:
        """Number the states by where they first appear, so that the order in which pages came does not show."""
        columns = [self.columns[workload] for workload in sorted(self.columns)]
        order = list(dict.fromkeys(chain([0], *columns)))
        places = dict(zip(order, range(len(order)), strict=True))
        self.states = [self.states[old] for old in order]
        self.columns = {
            workload: array("I", map(places.__getitem__, self.columns[workload])) for workload in sorted(self.columns)
        }


def places(numbers: dict[T, int], ordered: Sequence[T]) -> list[int]:
    """Return, by the number that each value got as it came, its place in an order that does not depend on that."""
    found = [0] * len(numbers)
    for place, value in enumerate(ordered):
        found[numbers[value]] = place
    return found

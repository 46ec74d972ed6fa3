"""Masks mean what selectors say, unit by unit."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.select import both, either, everything, mask, matcher, nothing, rows_in, selectors_in, without
from reconciler.model.fleet import Selector
from reconciler.model.unit import Unit, Units
from tests.laws.naive import all_units, selects
from tests.laws.strategies import selectors, unit_lists


@given(selectors, unit_lists())
def test_a_mask_equals_asking_every_unit(selector: Selector, rows: list[Unit]) -> None:
    units = Units.build(rows)
    assert mask(selector, units) == bytes(selects(selector, unit) for unit in all_units(units))


@given(selectors, selectors, unit_lists())
def test_masks_combine_as_sets_do(left: Selector, right: Selector, rows: list[Unit]) -> None:
    units = Units.build(rows)
    ours, theirs = mask(left, units), mask(right, units)
    pairs = list(zip(ours, theirs, strict=True))
    assert both(ours, theirs) == bytes(a & b for a, b in pairs)
    assert either(ours, theirs) == bytes(a | b for a, b in pairs)
    assert without(ours, theirs) == bytes(a & (1 - b) for a, b in pairs)
    assert without(everything(units), ours) == mask(Selector(not_=left), units)
    assert both(ours, without(everything(units), ours)) == nothing(units)


@given(selectors, unit_lists())
def test_the_order_of_units_does_not_matter(selector: Selector, rows: list[Unit]) -> None:
    assert mask(selector, Units.build(rows)) == mask(selector, Units.build(reversed(rows)))


@given(selectors)
def test_every_selector_inside_is_found_once(selector: Selector) -> None:
    inside = list(selectors_in(selector))
    assert inside[0] is selector
    nested = [one for each in inside for one in [each.not_, *(each.any or [])] if one is not None]
    assert len(inside) == 1 + len(nested)


def test_case_counts_and_an_empty_list_matches_nothing() -> None:
    assert matcher(["Gw-*"])("Gw-1")
    assert not matcher(["Gw-*"])("gw-1")
    assert not matcher([])("")


def test_a_glob_also_matches_itself() -> None:
    assert matcher(["lab [1]"])("lab [1]")
    assert matcher(["lab [1]"])("lab 1")


@given(st.lists(st.booleans(), max_size=40))
def test_rows_are_those_of_their_mask(inside: list[bool]) -> None:
    rows = rows_in(bytes(inside))
    wanted = [row for row, one in enumerate(inside) if one]
    assert list(rows) == wanted
    assert len(rows) == len(wanted)
    assert [row for row in range(-1, len(inside) + 1) if row in rows] == wanted
    assert [rows.position(row) for row in wanted] == list(range(len(wanted)))
    assert list(rows.of([10 * row for row in range(len(inside))])) == [10 * row for row in wanted]
    assert "0" not in rows

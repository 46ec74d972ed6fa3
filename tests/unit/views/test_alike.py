"""Warnings of one kind are one line, and none is lost from the count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.views import alike


def _pin(number: int, name: str) -> str:
    return f"f.yaml:{number}:5: no unit has the id or name '{name}': this pin holds nothing"


def test_what_differs_in_names_alone_is_one_line() -> None:
    some = [_pin(number, f"gw-{number}") for number in range(9)]
    other = "3 units match the scope but take no assignments"
    (pins, rest) = alike.grouped([*some, other])
    assert pins == f"9 alike: {some[0]} (also 'gw-1', 'gw-2', 'gw-3' and 5 more)"
    assert rest == other
    assert alike.grouped(some[:1]) == some[:1]


@given(st.lists(st.tuples(st.sampled_from(["a '{}' b", "c '{}'", "{} units"]), st.integers(0, 99)), max_size=30))
def test_lines_are_bounded_by_kinds_and_count_all(drawn: list[tuple[str, int]]) -> None:
    texts = [f"f.yaml:{number}:1: {kind.format(number)}" for kind, number in drawn]
    found = alike.grouped(texts)
    assert len(found) == len({kind for kind, _ in drawn})
    counts = [int(text.partition(" alike: ")[0]) if " alike: " in text else 1 for text in found]
    assert sum(counts) == len(texts)


def test_a_few_findings_of_each_kind_are_shown_and_the_rest_is_counted() -> None:
    findings = [
        Diagnostic(code=code, severity=Severity.WARNING, message=f"{code} {number}")
        for code in ("odd-name", "unknown-tag")
        for number in range(5)
    ]
    shown, rest = alike.few(findings)
    assert [one.message for one in shown] == [
        f"{code} {number}" for code in ("odd-name", "unknown-tag") for number in (0, 1, 2)
    ]
    assert rest.startswith("… and 4 more warnings of the same kinds")
    assert alike.few(findings[:2]) == (findings[:2], "")

"""The open questions: their table, their defaults."""

from __future__ import annotations

from reconciler.simulators.memfault import Variants, variants
from reconciler.simulators.memfault.variants import QUESTIONS


def test_the_table_is_the_truth() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (variants.__doc__ or "").splitlines()
        if line.startswith("| ")
    ][1:]
    told = [(number, name, answers, default) for number, name, answers, default, _ in rows]
    assert told == [(str(q.number or "-"), q.name, ", ".join(q.answers), q.default) for q in QUESTIONS]


def test_every_default_is_the_first_answer() -> None:
    assert all(q.default == q.answers[0] for q in QUESTIONS)
    assert Variants.parse(["pull-status=aborted"])["pull-status"] == "aborted"

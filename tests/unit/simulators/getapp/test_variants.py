"""The open questions: their table, their defaults, and what is said to a wrong answer."""

from __future__ import annotations

import pytest

from reconciler.simulators.getapp import Variants, variants
from reconciler.simulators.getapp.variants import QUESTIONS


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
    assert len({q.name for q in QUESTIONS}) == len(QUESTIONS)


def test_parsing() -> None:
    parsed = Variants.parse(["cdn-action-body=catalog_id+device_ids", "repeat-action=405"])
    assert (parsed["cdn-action-body"], parsed["repeat-action"], parsed["swagger"]) == (
        "catalog_id+device_ids", "405", "on",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gone-row=drops", "did you mean 'gone-rows'"),
        ("gone-rows=never", "lingers, drops"),
        ("swagger", "QUESTION=ANSWER"),
    ],
)
def test_mistakes_are_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Variants.parse([text])

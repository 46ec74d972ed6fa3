"""The open questions: their table, their defaults, and what is said to a wrong answer."""

from __future__ import annotations

import pytest

from reconciler.simulators.losant import Variants, variants
from reconciler.simulators.losant.variants import QUESTIONS


def test_the_table_is_the_truth() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (variants.__doc__ or "").splitlines()
        if line.startswith("| ")
    ][1:]
    told = [(number, name, answers, default) for number, name, answers, default, _ in rows]
    assert told == [(str(q.number or "-"), q.name, ", ".join(q.answers) or "any text", q.default) for q in QUESTIONS]


def test_every_open_question_of_the_facts_is_one() -> None:
    assert [q.number for q in QUESTIONS if q.number] == list(range(1, 10))


def test_every_default_is_an_answer() -> None:
    assert all(not q.answers or q.default in q.answers for q in QUESTIONS)


def test_parsing() -> None:
    parsed = Variants.parse(["max-per-page=reject", "agent-error-text=a=b"])
    assert (parsed["max-per-page"], parsed["agent-error-text"], parsed["etags"]) == ("reject", "a=b", "shown")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("max-per-page", "QUESTION=ANSWER"),
        ("max-per-pag=clamp", "did you mean 'max-per-page'"),
        ("zzz=1", "known are max-per-page"),
        ("max-per-page=huge", "clamp, reject, unlimited"),
        ("agent-error-text=", "any text"),
    ],
)
def test_mistakes_are_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Variants.parse([text])

"""Cron expressions: those that mean something, and what is said of the others."""

from __future__ import annotations

import pytest

from reconciler.manifest.cron import problem


@pytest.mark.parametrize(
    "text",
    [
        "0 2 * * *", "*/15 * * * *", "0 0 24-26 12 *", "0,30 8-18/2 1 JAN-mar mon,Fri", "59 23 31 12 7", "0 0 * * sun-sat",
        "  5\t4 * * *  ",
    ],
)  # fmt: skip
def test_what_means_something(text: str) -> None:
    assert not problem(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has five fields (minute, hour, day, month, weekday), not 0"),
        ("0 2 * *", "not 4"),
        ("0 2 * * * *", "not 6"),
        ("@daily", "not 1"),
        ("60 2 * * *", "'60' is not a valid minute (0 to 59)"),
        ("0 24 * * *", "'24' is not a valid hour (0 to 23)"),
        ("0 0 0 * *", "'0' is not a valid day of the month (1 to 31)"),
        ("0 0 * 13 *", "'13' is not a valid month (1 to 12)"),
        ("0 0 * * 8", "'8' is not a valid day of the week (0 to 7)"),
        ("0 0 * jan-feb-mar *", "'jan-feb-mar' is not a valid month"),
        ("0 0 5-3 * *", "'5-3' is not a valid day of the month"),
        ("*/0 * * * *", "'*/0' is not a valid minute"),
        ("*/x * * * *", "'*/x' is not a valid minute"),
        ("*/ * * * *", "'*/' is not a valid minute"),
        ("*/² * * * *", "'*/²' is not a valid minute"),
        ("\N{ARABIC-INDIC DIGIT ONE} * * * *", "is not a valid minute"),
        ("-5 * * * *", "'-5' is not a valid minute"),
        ("1,, * * * *", "'' is not a valid minute"),
        ("0 0 * * mon-x", "'mon-x' is not a valid day of the week"),
        ("9" * 5000 + " * * * *", "is not a valid minute"),
        ("*/" + "9" * 5000 + " * * * *", "is not a valid minute"),
    ],
)
def test_what_means_nothing(text: str, words: str) -> None:
    assert words in problem(text)


def test_what_cannot_come_means_nothing_as_a_whole() -> None:
    assert problem("0 0 31 2,4 *") == "'0 0 31 2,4 *' never comes: none of its months has such a day"

"""The waves of rollouts on a page."""

from __future__ import annotations

import msgspec

from reconciler.model.plan import Plan
from reconciler.model.rollout import RolloutState
from reconciler.views.wave_sheet import MOST, rollouts
from tests.golden import plans


def many(number: int) -> Plan:
    found = plans.waves()
    (fleet,) = found.fleets
    going = next(one for one in fleet.rollouts if one.state is RolloutState.PROGRESSING)
    halted = next(one for one in fleet.rollouts if one.state is RolloutState.HALTED)
    return msgspec.structs.replace(
        found, fleets=(msgspec.structs.replace(fleet, rollouts=(*[going] * (number - 1), halted)),)
    )


def test_what_needs_a_person_comes_first_and_what_is_too_much_is_counted() -> None:
    shown, rest = rollouts(many(MOST + 3))
    assert (len(shown), shown[0].state, rest) == (MOST, "halted", "3 more rollouts in the saved plan")
    shown, rest = rollouts(many(2))
    assert ([one.state for one in shown], rest) == (["halted", "wave 2 of 4"], "")


def test_a_complete_rollout_is_not_shown() -> None:
    found = plans.waves()
    assert len(rollouts(found)[0]) < len(found.fleets[0].rollouts)

"""The waves of rollouts as a line of time: where each stands, what its gate waits for, how far it takes the version."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.model.plan import Plan
from reconciler.model.rollout import RolloutPlan, RolloutState, WavePlan, WaveState
from reconciler.views.rollout_words import closing_words, progress_words, remarks, state_words, wave_name
from reconciler.views.sheet import BAD, GOOD, IDLE, INFO, SIGNS, WARN
from reconciler.views.words import clean, count, devices, percent, version

LONGEST = 1000
MOST = 50
"""Rollouts that are shown at most."""
ORDER = (
    RolloutState.HALTED,
    RolloutState.PAUSED,
    RolloutState.ABORTED,
    RolloutState.PROGRESSING,
    RolloutState.COMPLETE,
)

TONES = {
    WaveState.EMPTY: IDLE,
    WaveState.SUCCEEDED: GOOD,
    WaveState.SOAKING: INFO,
    WaveState.OPEN: INFO,
    WaveState.CLOSED: WARN,
}
STATES = {
    RolloutState.COMPLETE: GOOD,
    RolloutState.PROGRESSING: INFO,
    RolloutState.HALTED: BAD,
    RolloutState.PAUSED: WARN,
    RolloutState.ABORTED: WARN,
}


class WaveSheet(msgspec.Struct, frozen=True):
    """One wave."""

    number: int
    takes: str
    state: str
    tone: str
    facts: tuple[tuple[str, str], ...]
    gate: str
    """Why it is closed; empty where it is not."""

    @property
    def sign(self) -> str:
        """Return what says the same as the colour."""
        return SIGNS[self.tone]


class RolloutSheet(msgspec.Struct, frozen=True):
    """One rollout. `bar` are the devices that report the version, failed, are on the way, each (length, tone)."""

    fleet: str
    title: str
    state: str
    tone: str
    bar: tuple[tuple[int, str], ...]
    progress: str
    remarks: tuple[str, ...]
    waves: tuple[WaveSheet, ...]

    @property
    def sign(self) -> str:
        """Return what says the same as the colour."""
        return SIGNS[self.tone]


def rollouts(plan: Plan) -> tuple[list[RolloutSheet], str]:
    """Return the rollouts of a plan that have waves, or are stopped, those that need a person first; and how many more there are."""
    every = (one for fleet in plan.fleets for one in fleet.rollouts)
    found = [one for one in every if one.waves or one.state is not RolloutState.COMPLETE]
    found.sort(key=lambda one: ORDER.index(one.state))
    rest = f"{count(len(found) - MOST, 'more rollout')} in the saved plan" if len(found) > MOST else ""
    return [sheet(one) for one in found[:MOST]], rest


def sheet(one: RolloutPlan) -> RolloutSheet:
    """Return a rollout as a page shows it."""
    return RolloutSheet(
        fleet=clean(one.rollout.fleet),
        title=f"{clean(one.workload.name)} {version(one.rollout.version)}",
        state=state_words(one)[0],
        tone=STATES[one.state],
        bar=tuple(_bar(one)),
        progress=progress_words(one),
        remarks=tuple(words for words, _ in remarks(one, clean)),
        waves=tuple(map(_wave, one.waves)),
    )


def _bar(one: RolloutPlan) -> Iterator[tuple[int, str]]:
    whole = max(one.devices, one.attempted, 1)
    on_the_way = max(0, one.attempted - one.reporting - one.failed)
    for number, tone in ((one.reporting, GOOD), (one.failed, BAD), (on_the_way, INFO)):
        yield number * LONGEST // whole, tone


def _wave(one: WavePlan) -> WaveSheet:
    state = f"{one.state.value}, promoted" if one.promoted else one.state.value
    gate = closing_words(one.closing) if one.closing is not None and one.state is WaveState.CLOSED else ""
    return WaveSheet(one.wave + 1, clean(wave_name(one)), state, TONES[one.state], tuple(_facts(one)), gate)


def _facts(one: WavePlan) -> Iterator[tuple[str, str]]:
    size = f" ({devices(one.devices)})" if one.devices != one.units else ""
    yield "takes", f"{count(one.units, 'unit')}{size}"
    yield "up to", percent(one.cumulative)
    numbers = {
        "attempted": one.attempted,
        "reporting": one.reporting,
        "failed": one.failed,
        "owed": one.owed,
        "held": one.held,
        "to go": one.to_go,
        "calls": one.calls,
    }
    yield from ((name, f"{number:,}") for name, number in numbers.items() if number)

"""Rollouts as text: a table of their waves, a bar, and what else there is to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from reconciler.model.rollout import RolloutPlan, RolloutState, WavePlan
from reconciler.views.line import EMPTY, Line, Span, fits, folded, line, table
from reconciler.views.rollout_words import STYLES, bar, progress_words, remarks, state_words, wave_name
from reconciler.views.words import clean, count, percent, version

FORMAT = "reconciler/rollouts.v1"
HEAD = ("Wave", "Takes", "Units", "Up to", "Attempted", "Reporting", "Failed", "Owed", "Calls", "State")
RIGHT = frozenset(range(2, len(HEAD) - 1))
LONGEST = 30
"""Characters of what a wave takes, in a table."""


def render(rollouts: Iterable[RolloutPlan], width: int, *, complete: bool = False) -> list[Line]:
    """Return rollouts as lines of at most `width` columns; those that are complete only where asked for."""
    found: list[Line] = []
    for one in rollouts:
        if complete or one.state is not RolloutState.COMPLETE or one.owed:
            found += _rollout(one, width)
    return found


def report(rollouts: Sequence[RolloutPlan], width: int) -> list[Line]:
    """Return all rollouts of fleets, complete ones too, or that there are none."""
    found: list[Line] = []
    for fleet in dict.fromkeys(one.rollout.fleet for one in rollouts):
        mine = [one for one in rollouts if one.rollout.fleet == fleet]
        found += [line(("Fleet ", "bold"), (clean(fleet), "bold cyan")), *render(mine, width, complete=True), EMPTY]
    return found[:-1] or [line("No version spreads in waves, or so many at a time.")]


def encode(rollouts: Sequence[RolloutPlan]) -> bytes:
    """Return rollouts as UTF-8 JSON."""
    return msgspec.json.encode({"format": FORMAT, "rollouts": rollouts})


def _rollout(one: RolloutPlan, width: int) -> Iterator[Line]:
    words, style = state_words(one)
    owed = f"; {count(one.owed, 'unit')} not connected" if one.owed and not one.waves else ""
    title = line(
        ("Rollout of ", "bold"),
        (clean(one.workload.name), "bold"),
        (f" {version(one.rollout.version)}", "bold"),
        ": ",
        (words, style),
        owed,
        indent=2,
    )
    yield from folded([title], width)
    if one.waves:
        yield from folded([line((bar(one), style), f"  {progress_words(one)}", indent=4)], width)
        yield from _waves(one, width)
    yield from folded((line((text, how), indent=4) for text, how in remarks(one, clean)), width)


def _waves(one: RolloutPlan, width: int) -> list[Line]:
    rows = [list(_cells(wave)) for wave in one.waves]
    if fits(HEAD, rows, width - 4):
        return table(HEAD, rows, width, indent=4, right=RIGHT)
    return folded((_narrow(wave) for wave in one.waves), width)


def _cells(wave: WavePlan) -> Iterator[str | Span]:
    yield f"{wave.wave + 1}"
    yield clean(wave_name(wave), LONGEST)
    yield f"{wave.units:,}"
    yield percent(wave.cumulative)
    for number in (wave.attempted, wave.reporting, wave.failed, wave.owed, wave.calls):
        yield f"{number:,}"
    yield _state(wave), STYLES[wave.state]


def _state(wave: WavePlan) -> str:
    """Return the state of a wave in a word or two."""
    if wave.promoted:
        return f"{wave.state.value}, promoted"
    return f"{wave.state.value}, {wave.held:,} held" if wave.held else wave.state.value


def _narrow(wave: WavePlan) -> Line:
    """Return a wave on a line that folds, without the numbers that are none."""
    named = (
        (wave.attempted, "attempted"),
        (wave.reporting, "reporting"),
        (wave.failed, "failed"),
        (wave.owed, "owed"),
        (wave.calls, "call" if wave.calls == 1 else "calls"),
    )
    numbers = "".join(f", {number:,} {name}" for number, name in named if number)
    what = f"{wave.wave + 1}. {clean(wave_name(wave))}: {count(wave.units, 'unit')}, up to {percent(wave.cumulative)}"
    return line(what, numbers, ": ", (_state(wave), STYLES[wave.state]), indent=4)

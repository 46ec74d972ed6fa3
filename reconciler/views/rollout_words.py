"""Rollouts in words: why a wave is closed, what stops a rollout, how far it is, how far a bad version gets."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.hold import ClosedBy, Closing, Hold, HoldReason
from reconciler.model.quantity import iso
from reconciler.model.rollout import RolloutPlan, RolloutState, WavePlan, WaveState
from reconciler.model.ruling import Command
from reconciler.views.words import Show, count, devices, duration, listed

ROLLOUT_HOLDS = frozenset(
    {
        HoldReason.ROLLOUT_HALTED,
        HoldReason.ROLLOUT_PAUSED,
        HoldReason.ROLLOUT_ABORTED,
        HoldReason.OWED,
        HoldReason.WAVE_NOT_OPEN,
        HoldReason.TOO_MANY_MOVING,
    }
)
STYLES = {
    WaveState.EMPTY: "dim",
    WaveState.SUCCEEDED: "green",
    WaveState.SOAKING: "cyan",
    WaveState.OPEN: "cyan",
    WaveState.CLOSED: "yellow",
}
BAR = 40
"""Columns of a bar."""


def closing_words(one: Closing) -> str:
    """Return what a wave still lacks, so that the next one is closed."""
    wave = f"wave {one.wave + 1}"
    if one.by is ClosedBy.INCOMPLETE:
        return f"{wave} cannot be judged: the reading is incomplete"
    if one.by is ClosedBy.TO_GO:
        which = f"{one.count:,} of the {count(one.of, 'unit')}" if one.of > 1 else "the unit"
        return f"{which} of {wave} {'has' if one.count == 1 else 'have'} yet to be sent the version"
    if one.by is ClosedBy.NOBODY:
        are = "is" if one.count == 1 else "are"
        owed = f"; {count(one.count, 'unit')} of it {are} not connected" if one.count else ""
        return f"no device of {wave} can report the version{owed}"
    if one.by is ClosedBy.SUCCESS:
        report = "reports" if one.count == 1 else "report"
        return f"{one.count:,} of {devices(one.of)} of {wave} {report} the version; {one.needs} must"
    return f"{wave} soaks for another {duration(one.count)} of {duration(one.of)}"


def rollout_hold_words(one: Hold) -> str:
    """Return why a rollout holds a change. Quoted text is not cleaned."""
    if one.closing is not None and one.wave is not None:
        return f"wave {one.wave + 1} is closed: {closing_words(one.closing)}"
    if one.code is HoldReason.TOO_MANY_MOVING:
        if one.count:
            return f"the unit has {devices(one.count)}, and `max_moving` lets {one.of:,} move at a time"
        return f"`max_moving` lets {devices(one.of)} move at a time"
    if one.code is HoldReason.ROLLOUT_HALTED:
        return f"{one.count:,} of {devices(one.of)} failed" if one.count else "too many failed before"
    return "the unit is not connected" if one.code is HoldReason.OWED else one.text


def state_words(one: RolloutPlan) -> tuple[str, str]:
    """Return where a rollout stands, and its style."""
    if one.state is RolloutState.HALTED:
        return "halted", "bold red"
    if one.state is RolloutState.PROGRESSING:
        open_ = [wave for wave in one.waves if wave.state is not WaveState.CLOSED and wave.units]
        number = open_[-1].wave + 1 if open_ else 1
        return f"wave {number} of {one.waves[-1].wave + 1 if one.waves else 1}", "cyan"
    return one.state.value, "green" if one.state is RolloutState.COMPLETE else "yellow"


def progress_words(one: RolloutPlan) -> str:
    """Return how many devices report the version."""
    failed = f", {one.failed:,} failed" if one.failed else ""
    moving = f", {one.moving - one.failed:,} on the way" if one.moving > one.failed else ""
    return f"{one.reporting:,} of {devices(one.devices)} report it{moving}{failed}"


def bar(one: RolloutPlan, width: int = BAR) -> str:
    """Return a bar of the devices that report the version, failed, are on the way, and are still to go; each shows if it is any."""
    whole = max(one.devices, one.attempted, 1)
    on_the_way = max(0, one.attempted - one.reporting - one.failed)
    found = ""
    reached = 0
    for number, sign in ((one.reporting, "█"), (one.failed, "×"), (on_the_way, "▒")):
        reached += number
        end = reached * width // whole
        found += sign * max(end - len(found), 1 if number else 0)
    return f"{found[:width]}{'░' * (width - len(found))}"


def remarks(one: RolloutPlan, show: Show) -> Iterator[tuple[str, str]]:
    """Yield what else there is to say of a rollout, each with a style."""
    if one.halted_at is not None:
        yield f"halted since {iso(one.halted_at)}", "red"
    if one.failing:
        names = listed([ref.name or ref.id for ref in one.failing], show=show)
        yield f"failed on {names}", "red"
    if one.ruling is not None and one.state is not RolloutState.COMPLETE:
        said = {Command.PAUSE: "paused", Command.RESUME: "resumed", Command.ABORT: "aborted"}
        done = said.get(one.ruling.command, one.ruling.command.value)
        yield f"{done} by {show(one.ruling.by)} at {iso(one.ruling.at)}: {show(one.ruling.reason)}", ""
    closed = next((wave for wave in one.waves if wave.state is WaveState.CLOSED), None)
    if closed is not None and closed.closing is not None and one.state is RolloutState.PROGRESSING:
        yield f"wave {closed.wave + 1} is closed: {closing_words(closed.closing)}", "yellow"
    if one.state is RolloutState.PROGRESSING and one.waves:
        yield _exposure(one, closed), "dim"
    if one.state is RolloutState.HALTED and not one.remembered:
        yield "no history is kept: it is halted as long as these failures show", "yellow"
    if one.state is RolloutState.PROGRESSING and one.soaks and not one.remembered and one.waves:
        yield "no history is kept: `soak` counts from the start of each run", "yellow"


def _exposure(one: RolloutPlan, closed: WavePlan | None) -> str:
    at_once = f", at most {one.at_once:,} of them on the way at a time" if one.at_once is not None else ""
    until = f" before wave {closed.wave + 1} opens" if closed is not None else ""
    return f"at most {devices(one.most)} have it{until}, however badly it does{at_once}"


def wave_name(one: WavePlan) -> str:
    """Return which units a wave takes, as written, not cleaned."""
    return one.rule or "all others"

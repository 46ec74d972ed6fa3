"""What a plan comes to and what to do next, in sentences; text and Markdown say the same ones."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from reconciler.model.change import Held, Verb
from reconciler.model.hold import HoldReason
from reconciler.model.plan import Assigned, Counts, FleetPlan, LimitKind, Plan, Summary
from reconciler.model.quantity import iso
from reconciler.views.group import codes
from reconciler.views.reason_words import LABELS
from reconciler.views.words import SAMPLE, Show, actor_words, age, count, joined, listed, moment, visible


class CommandContext(NamedTuple):
    """What was typed besides the command: `where` the manifests are, and the `filters`, each as words of a shell."""

    where: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()

    def command(self, name: str, *options: str, filtered: bool = True) -> str:
        """Return a command as it is typed in a shell, safe to print and whole, however long."""
        words = [*self.where, *(self.filters if filtered else ()), *options]
        return visible(shlex.join(["reconciler", name, *words]))


NOTHING = CommandContext()
"""Only the command was typed."""


def verbs(counts: Counts) -> str:
    """Return changes by verb, those that are none left out: `1 release, 1,000 replace`."""
    numbers = ((Verb.RELEASE, counts.release), (Verb.REPLACE, counts.replace), (Verb.REMOVE, counts.remove))
    return ", ".join(f"{number:,} {verb.value}" for verb, number in numbers if number)


def assigned_words(one: Assigned) -> str:
    """Return who assigned what is there, not cleaned: `poller v1 on 5 units (gw-1, gw-2, gw-3 and 2 more): user 5f1, last at …`."""
    names = listed([unit.name for unit in one.units], min(SAMPLE, len(one.units)), str, total=one.slots)
    when = f"{', last' if one.slots > 1 else ''} at {iso(one.at)}" if one.at is not None else ""
    what = f"{one.workload.name} {one.version}" if one.version is not None else f"{one.workload.name} removed"
    return f"{what} on {count(one.slots, 'unit')} ({names}): {actor_words(one.by, one.by_kind, str)}{when}"


def summed(total: int, parts: str) -> str:
    """Return a sum and its parts, `12: 7 agent too old, 5 unknown`; the sum is left out where there is one part."""
    return f"{total:,}: {parts}" if "," in parts.replace(f"{total:,}", "") else parts


def total(fleets: Iterable[FleetPlan]) -> Counts:
    """Return the changes of fleets by verb."""
    found = [fleet.summary.changes for fleet in fleets]
    return Counts(
        release=sum(one.release for one in found),
        replace=sum(one.replace for one in found),
        remove=sum(one.remove for one in found),
    )


def headline(plan: Plan) -> str:
    """Return what the whole plan comes to, in one line; only numbers and our own words."""
    going = [fleet for fleet in plan.fleets if not fleet.violations]
    counts = total(going)
    calls = sum(len(fleet.actions) for fleet in going)
    later = sum(bool(one.stage) for fleet in plan.fleets for one in fleet.held)
    held = sum(fleet.summary.held for fleet in plan.fleets) - later
    violated = sum(len(fleet.violations) for fleet in plan.fleets)
    errors = sum(bool(fleet.error) for fleet in plan.fleets)
    unknown = sum(fleet.summary.unknown for fleet in plan.fleets)
    wrong = {one for fleet in plan.fleets for one in fleet.mistakes}
    stopped = total(blocked(plan)).total
    besides = [
        f"{stopped:,} blocked" if stopped else "",
        f"{later:,} more in a later stage of this run" if later else "",
        f"{held:,} held" if held else "",
        f"{count(violated, 'limit')} violated" if violated else "",
        f"{count(len(wrong), 'mistake')} in manifests" if wrong else "",
        f"{count(unknown, 'slot')} unknown" if unknown else "",
        f"{count(errors, 'fleet')} could not be read" if errors else "",
    ]
    rest = "".join(f"; {part}" for part in besides if part)
    if counts.total:
        how = "starting with" if _goes_on(going) else "in"
        return f"{count(counts.total, 'change')} {how} {count(calls, 'call')} ({verbs(counts)}){rest}"
    if rest:
        return f"no change can be sent now{rest}"
    if not plan.fleets:
        return "no fleet matches"
    return "nothing to do"


def _goes_on(fleets: Iterable[FleetPlan]) -> bool:
    """Return whether a change takes further calls, once those of the plan took effect."""
    changes = (change for fleet in fleets for change in fleet.changes)
    return any(step.when != "now" for change in changes for step in change.steps)


def blocked(plan: Plan) -> list[FleetPlan]:
    """Return the fleets that a violated limit keeps from being applied."""
    return [fleet for fleet in plan.fleets if fleet.violations]


def expired(plan: Plan, now: float) -> bool:
    """Return whether the plan is too old to apply. `now` in seconds since 1970."""
    until = moment(plan.times.expires)
    return until is not None and now > until


def advice(
    plan: Plan, now: float, context: CommandContext = NOTHING, *, saved: str | None = None, silent: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield what to do next as (words, command or ""), commands with what was typed (`again`).

    `saved` is the file the plan stands in: what it leaves out needs no filter. Nothing is said of applying where that
    is left out (`silent`).
    """
    apply = context.command("apply", *(("--plan", saved) if saved else ()), filtered=not saved)
    if expired(plan, now):
        until = moment(plan.times.expires)
        yield (
            f"This plan expired {age(until or now, now)} and cannot be applied. Make a new one with:",
            context.command("plan"),
        )
        return
    if any(fleet.error for fleet in plan.fleets):
        yield "Check the connections that could not be read with:", context.command("doctor", filtered=False)
    if plan.provenance.recorded:
        if plan.applyable or blocked(plan):
            yield "Planned against a recorded snapshot. Plan against the platform with:", context.command("plan")
        return
    if plan.applyable and not silent:
        others = " what is not blocked" if blocked(plan) else ""
        yield f"Apply{others} with:", apply
    if blocked(plan):
        yield (
            f"{_fleets(blocked(plan))} blocked by a limit: change the manifests, or lift it once with:",
            (f"{apply}{_allow(blocked(plan))} --reason TEXT"),
        )
    if not plan.applyable and not blocked(plan) and any(fleet.held for fleet in plan.fleets):
        yield "Nothing can be applied now: every change is held; the reasons say what to do next.", ""


def _fleets(fleets: Sequence[FleetPlan]) -> str:
    if len(fleets) == 1:
        return "1 fleet is"
    return f"{count(len(fleets), 'fleet')} are"


def _allow(fleets: Sequence[FleetPlan]) -> str:
    kinds = {violation.kind for fleet in fleets for violation in fleet.violations}
    return "".join(f" --allow {kind.value}" for kind in LimitKind if kind in kinds)


def held_words(fleet: FleetPlan) -> str:
    """Return how many held changes have each reason: `7 agent too old, 5 unknown`."""
    found = codes(fleet.held)
    return ", ".join(f"{number:,} {LABELS[code]}" for code in HoldReason if (number := found[code]))


def staged(held: Iterable[Held]) -> str:
    """Return how many held changes are sent later in the same run, after others took effect; empty for none."""
    number = sum(bool(one.stage) for one in held)
    return f"{number:,} of them in a later stage of this run" if number else ""


def not_ready(summary: Summary) -> str:
    """Return what needs no change but is not where it should be: `3 converging, 40 waiting`; empty for nothing."""
    numbers = (
        ("converging", summary.converging),
        ("waiting", summary.waiting),
        ("failed", summary.failed),
        ("stuck", summary.stuck),
    )
    return ", ".join(f"{number:,} {name}" for name, number in numbers if number)


def reading(plan: Plan, fleet: FleetPlan, now: float) -> str:
    """Return how old the reading of a fleet's connection is, and whether it was complete."""
    at = moment(plan.times.read.get(fleet.connection, ""))
    old = age(at, now) if at is not None else "at an unknown time"
    return f"{old}, {'complete' if fleet.basis.complete else 'incomplete'}"


def filtered(plan: Plan, show: Show) -> str:
    """Return what the filters of a plan mean for who reads it."""
    return f"Filtered by {show(plan.filters)}: everything else is neither shown nor changed."


def settled(plan: Plan) -> str:
    """Return the calm sentence for a plan without changes: how many slots are as git says."""
    slots = sum(fleet.summary.slots for fleet in plan.fleets)
    going = [not_ready(fleet.summary) for fleet in plan.fleets if not_ready(fleet.summary)]
    still = f"; {joined(going)}" if len(going) == 1 else "; some are still settling" if going else ""
    what = f"{count(slots, 'slot')} of {count(len(plan.fleets), 'fleet')} {'matches' if slots == 1 else 'match'} git"
    return f"{what}{still}."

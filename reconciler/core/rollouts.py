"""A judged fleet → where its rollouts stand: which waves are open, what stops them, how many may move at a time.

All of it follows from the reading. What a reading cannot show is remembered (`model.memory`): since when a wave has met its
success, that a rollout is halted, and what people said. What was asked after the reading began is no evidence of anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import ceil, floor

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.course import SPREADING, Course, Tally
from reconciler.core.evidence import Evidence
from reconciler.core.guards.limit import parts
from reconciler.core.opening import Opening, opening
from reconciler.core.steps import Standing, Standings
from reconciler.core.waves import WHOLE, Waves
from reconciler.model.change import Held, Verb
from reconciler.model.fleet import Rollout
from reconciler.model.hold import HoldReason, Outlook
from reconciler.model.quantity import percent
from reconciler.model.rollout import STOPPED, RolloutPlan, RolloutState, WavePlan, WaveState
from reconciler.model.ruling import Command, Ruling
from reconciler.model.unit import refs

PASSING = frozenset({HoldReason.NOT_PREPARED, HoldReason.OUTSIDE_WINDOW})
"""What holds a unit only for a while: its wave waits for it."""
LONGEST_CALL = 600.0
"""Seconds that a call has at most until it was answered, or given up."""
EXPECTED = frozenset({Outlook.ON_THE_WAY, Outlook.DESIRED})
"""Requirements that the manifests are about to meet: their units are waited for as well."""


def standings(one: FleetAssessment, held: Sequence[Held]) -> Standings:
    """Return the rollouts of a judged fleet. `held` are the changes that something else than a rollout holds."""
    spec = one.resolution.spec.rollout
    if spec is None or not spec.paces:
        return {}
    waves = Waves(spec, one.snapshot.units)
    asked = _asked(one)
    out: dict[str, list[Held]] = defaultdict(list)
    for entry in held:
        if entry.to is not None and _is_vetoed(entry):
            out[entry.workload.id].append(entry)
    found: Standings = {}
    for judged in one.unfiltered:
        used = {rule for rule, _, _ in judged.triples}
        rules = [rule for number, rule in enumerate(judged.column.rules) if number in used and rule.kind in SPREADING]
        workload = judged.column.workload.id
        for version in sorted({rule.value.version for rule in rules if rule.value.version is not None}):
            course = Course(one, judged, version, waves, asked[workload])
            found[workload, version] = _Judge(course, spec, out[workload]).standing()
    return found


def _asked(one: FleetAssessment) -> dict[str, dict[str, str | None]]:
    """Return what units were asked for last after the reading began, by workload id and unit id."""
    found: dict[str, dict[str, str | None]] = defaultdict(dict)
    read_at = one.snapshot.read_at
    for went in reversed(one.memory.went):
        if went.at < read_at - LONGEST_CALL:
            break
        since = went.answered is None or went.answered >= read_at
        if since and went.fleet == one.document.name:
            found[went.workload].setdefault(went.unit, went.to)
    return found


def _is_vetoed(entry: Held) -> bool:
    """Return whether a unit is passed over: something holds it that does not end by itself."""
    return any(
        hold.code not in PASSING and not (hold.requirement is not None and hold.requirement.outlook in EXPECTED)
        for hold in entry.reasons
    )


class _Judge:
    """Works out where one rollout stands."""

    def __init__(self, course: Course, spec: Rollout, out: Sequence[Held]) -> None:
        self.course = course
        self.one = course.one
        self.spec = spec
        self.out = out
        self.ruling: Ruling | None = self.one.memory.rulings.get(course.id)

    def standing(self) -> Standing:
        """Return it; a rollout of which all that can be reached reports the version has no waves to look at."""
        distinct = [] if self.course.asked else self.course.distinct()
        shown = any(seen.settled and seen.reachable for seen, _ in distinct)
        settled = shown and all(seen.settled or (seen.gone and not seen.failed) for seen, _ in distinct)
        if settled and self._stop(fails=False) is None:
            return self._complete(distinct)
        waves, total, has = self.course.tallies()
        self._veto(waves)
        failing = self.course.failing() if total.failed else []
        fails = self._fails(total, failing)
        state = self._stop(fails=fails) or RolloutState.PROGRESSING
        opened = opening(
            self.spec,
            waves,
            complete=self.one.snapshot.coverage.complete,
            promoted=self.one.memory.promoted.get(self.course.id, -1),
            since=self._since(),
            now=self.one.patience.now,
        )
        plan = msgspec.structs.replace(
            self._plan(state, total.units),
            waves=tuple(self._waves(waves, total, opened)),
            owed=total.owed,
            devices=ceil(total.devices),
            attempted=total.attempted,
            reporting=total.reporting,
            failed=total.failed,
            failing=tuple(refs(self.one.snapshot.units, failing)),
            fails=fails,
            moving=total.moving,
            at_once=at_once(self.spec, ceil(total.devices)),
            most=ceil(has if state in STOPPED else self._most(opened)),
        )
        return Standing(self.course, plan, opened, self.course.membership.column)

    def _plan(self, state: RolloutState, units: int) -> RolloutPlan:
        memory = self.one.memory
        return RolloutPlan(
            rollout=self.course.id,
            workload=self.course.column.workload.ref,
            state=state,
            units=units,
            rest=self.course.waves.rest,
            ruling=self.ruling,
            halted_at=memory.halts.get(self.course.id),
            remembered=memory.durable,
            soaks=self.spec.soak is not None,
        )

    def _complete(self, distinct: Sequence[tuple[Evidence, int]]) -> Standing:
        devices = self.course.devices
        plan = msgspec.structs.replace(
            self._plan(RolloutState.COMPLETE, sum(number for _, number in distinct)),
            owed=sum(number for seen, number in distinct if seen.owed),
            devices=devices,
            most=devices,
        )
        last = self.course.waves.rest + 1
        return Standing(self.course, plan, Opening(last, None, (True,) * last))

    def _veto(self, waves: Sequence[Tally]) -> None:
        """Pass over the units that something else holds."""
        units = self.one.snapshot.units
        for entry in self.out:
            row = units.index.get(entry.unit.id)
            position = -1 if row is None or entry.to != self.course.id.version else self.course.position(row)
            if row is None or position < 0:
                continue
            seen = self.course.seen(position, row)
            for stop in self.course.pattern(position):
                if seen.reachable and not seen.attempted(stop.share):
                    waves[stop.wave].to_go -= 1
                    waves[stop.wave].held += 1

    def _fails(self, total: Tally, failing: Sequence[int]) -> bool:
        """Return whether enough failed to stop it; what failed before a person resumed it does not count."""
        rule = self.spec.failure
        if rule is None or not failing:
            return False
        excused = [row for row in failing if self._is_excused(row)]
        forgiven = sum(self.course.seen(self.course.position(row), row).failed for row in excused)
        failed = total.failed - forgiven
        return failed >= max(1, rule.minimum) and failed * 100 >= percent(rule.percent) * total.attempted

    def _is_excused(self, row: int) -> bool:
        if self.ruling is None or self.ruling.command is not Command.RESUME:
            return False
        since = self.one.snapshot.state(self.course.id.workload, row).since
        if since is not None:
            return since <= self.ruling.at
        return self.one.snapshot.units.ids[row] in self.one.memory.excused.get(self.course.id, ())

    def _stop(self, *, fails: bool) -> RolloutState | None:
        """Return what stops it."""
        command = self.ruling.command if self.ruling is not None else None
        if command is Command.ABORT:
            return RolloutState.ABORTED
        if fails or self.course.id in self.one.memory.halts:
            return RolloutState.HALTED
        return RolloutState.PAUSED if command is Command.PAUSE else None

    def _since(self) -> dict[int, float]:
        """Return since when each wave met its success: nothing of it may have been asked after that."""
        met = {wave: at for (rollout, wave), at in self.one.memory.met.items() if rollout == self.course.id}
        if not met or self.spec.soak is None:
            return met
        first = min(met.values())
        for went in reversed(self.one.memory.went):
            if went.at <= first - LONGEST_CALL:
                break
            row = self.one.snapshot.units.index.get(went.unit)
            if (went.fleet, went.workload) != (self.course.id.fleet, self.course.id.workload) or row is None:
                continue
            position = self.course.position(row) if went.verb is not Verb.REMOVE else -1
            for stop in self.course.pattern(position) if position >= 0 else ():
                if stop.wave in met:
                    met[stop.wave] = max(met[stop.wave], went.at if went.answered is None else went.answered)
        return met

    def _waves(self, tallies: Sequence[Tally], total: Tally, opened: Opening) -> Iterator[WavePlan]:
        reached = 0.0
        promoted = self.one.memory.promoted.get(self.course.id, -1)
        for number, tally in enumerate(tallies):
            if number == self.course.waves.rest and not tally.units:
                continue  # the waves as written take everybody
            reached += tally.devices
            closed = number >= opened.closed_from
            yield WavePlan(
                wave=number,
                rule=self.course.waves.rules[number] if number < self.course.waves.rest else "",
                state=_state(tally, number, opened),
                units=tally.units,
                devices=ceil(tally.devices),
                cumulative=round(100 * reached / total.devices, 1) if total.devices else 100.0,
                attempted=tally.attempted,
                reporting=tally.reporting,
                failed=tally.failed,
                owed=tally.owed,
                held=tally.held,
                to_go=tally.to_go,
                promoted=number <= promoted and bool(tally.units),
                met=opened.met[number],
                closing=opened.closing if closed else None,
            )

    def _most(self, opened: Opening) -> float:
        """Return how many devices have the version at most before a further wave opens, as open ones may take them."""
        found = 0.0
        for (number, key), (_, devices) in self.course.alike.items():
            seen = self.course.evidence(key)
            open_ = [stop.share for stop in self.course.membership.patterns[number] if stop.wave < opened.closed_from]
            found += devices * max(seen.has, min(max(open_, default=0), seen.final)) / WHOLE
        return found


def _state(tally: Tally, number: int, opened: Opening) -> WaveState:
    if not tally.units:
        return WaveState.EMPTY
    if number >= opened.closed_from:
        return WaveState.CLOSED
    if not opened.met[number]:
        return WaveState.OPEN
    return WaveState.SOAKING if number == opened.closed_from - 1 and opened.closing is not None else WaveState.SUCCEEDED


def at_once(spec: Rollout, devices: int) -> int | None:
    """Return how many devices may move at a time, of so many; None for any number. A share never comes to none at all."""
    if spec.max_moving is None:
        return None
    share, number = parts(spec.max_moving)
    bounds = [] if number is None else [number]
    if share is not None:
        bounds.append(max(1, floor(percent(share) * devices / 100)))
    return min(bounds)

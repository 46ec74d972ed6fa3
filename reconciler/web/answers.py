"""What there is to show → the answers of the API, which pages show as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from reconciler.core.assessment import FleetAssessment
from reconciler.core.select import is_glob, matcher
from reconciler.core.status import fleet_status, unit_status
from reconciler.engine.explain import explanation
from reconciler.model.event import AnyEvent, Passed, Proposed
from reconciler.model.event_shape import to_builtins
from reconciler.model.kept import EventQuery
from reconciler.model.plan import FleetPlan
from reconciler.model.quantity import iso
from reconciler.model.verdict import Health, Sync
from reconciler.views import event_line
from reconciler.views.line import text_of
from reconciler.web.board import Board, Live, Numbered
from reconciler.web.heat import LETTERS, NONE, Heat, heat
from reconciler.web.shapes import (
    CourseAnswer,
    CoursePoint,
    FleetAnswer,
    FleetSummary,
    HistoryAnswer,
    HistoryEvent,
    Overview,
    ProposalsAnswer,
    RolloutSummary,
    UnitAnswer,
    UnitRow,
    UnitsAnswer,
    Waiting,
)
from reconciler.web.standing import Fleet

POINTS = 96
"""Points of a course at most."""
WATCH, HISTORY = "watch", "history"
STANDINGS = {letter: standing.value for standing, letter in LETTERS.items()} | {NONE: "unmanaged"}


class NotThere(Exception):
    """Nobody knows of what was asked for."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


def overview(board: Board) -> Overview:
    """Return how everything stands."""
    return board.made("overview", lambda: _overview(board))


def _overview(board: Board) -> Overview:
    last = board.standing.last
    return Overview(
        source=WATCH if board.watched else HISTORY,
        generation=board.generation,
        at=None if last is None else iso(last.at),
        mode=board.live.mode if board.live is not None else "",
        commit=last.commit if last is not None else "",
        next_at=iso(last.at + last.pause) if board.watched and last is not None and last.pause else None,
        invalid=last.invalid if last is not None else "",
        unplanned=last.unplanned if last is not None else "",
        fleets=tuple(summaries(board)),
    )


def summaries(board: Board) -> Iterator[FleetSummary]:
    """Yield how each fleet stands, by name."""
    waiting = board.waiting()
    for name, one in board.fleets().items():
        rollouts = _rollouts(one, planned(board, name))
        proposal = waiting[name].plan.fingerprint if name in waiting else ""
        yield _summary(name, one, tuple(rollouts), proposal)


def _summary(name: str, one: Fleet, rollouts: tuple[RolloutSummary, ...], proposal: str) -> FleetSummary:
    """Return how a fleet stands; of one that no pass spoke of, only what other events say."""
    passed = one.passed
    if passed is None:
        return FleetSummary(
            fleet=name,
            platform="",
            sync=Sync.UNKNOWN.value,
            health=Health.UNKNOWN.value,
            at=None,
            drifted=one.drifted,
            rollouts=rollouts,
            proposal=proposal,
        )
    return FleetSummary(
        fleet=name,
        platform=passed.platform,
        sync=passed.sync,
        health=passed.health,
        at=iso(passed.at),
        read_at=iso(one.read_at) if one.read_at else None,
        error=passed.error,
        standings=dict(passed.standings),
        changes=passed.changes,
        held=passed.held,
        reasons=dict(passed.reasons),
        violations=passed.violations,
        mistakes=passed.mistakes,
        drifted=one.drifted,
        failing=passed.failing,
        spread=passed.spread,
        rollouts=rollouts,
        proposal=proposal,
    )


def _rollouts(fleet: Fleet, plan: FleetPlan | None) -> Iterator[RolloutSummary]:
    """Yield the rollouts of a fleet as a watch judged them, else as far as their events say."""
    if plan is None:
        yield from _remembered(fleet)
        return
    for one in plan.rollouts:
        met = tuple(wave.wave for wave in one.waves if wave.met)
        yield RolloutSummary(workload=one.workload, version=one.rollout.version, state=one.state.value, met=met)


def _remembered(one: Fleet) -> Iterator[RolloutSummary]:
    """Yield them as far as their events say."""
    for rollout, found in sorted(one.rollouts.items()):
        met = tuple(sorted(found.met))
        yield RolloutSummary(workload=found.workload, version=rollout.version, state=found.state, met=met)


def fleet(board: Board, name: str) -> FleetAnswer:
    """Return one fleet. Raises NotThere."""
    summary = next((one for one in overview(board).fleets if one.fleet == name), None)
    if summary is None:
        raise NotThere(f"there is no fleet {name!r}")
    judged, plan = assessed(board, name), planned(board, name)
    if judged is None or plan is None:
        return FleetAnswer(summary=summary)
    status = board.made(("status", name), lambda: fleet_status(judged))
    return FleetAnswer(summary=summary, status=status, rollouts=plan.rollouts)


def live(board: Board) -> Live:
    """Return what the watch saw last. Raises NotThere where no watch shows it."""
    if board.live is None:
        hint = "" if board.watched else "`reconciler watch --listen` shows it"
        raise NotThere("no pass has read it yet" if board.watched else "a history does not have this", hint)
    return board.live


def assessed(board: Board, name: str) -> FleetAssessment | None:
    """Return a fleet as the watch judged it; None where it could not be read, or a history alone is shown."""
    return board.live.planned.assessments.get(name) if board.live is not None else None


def planned(board: Board, name: str) -> FleetPlan | None:
    """Return the plan of a fleet; None where there is none."""
    found = board.live.planned.plan.fleets if board.live is not None else ()
    return next((one for one in found if one.fleet == name), None)


def _judged(board: Board, name: str) -> FleetAssessment:
    fleet(board, name)
    live(board)
    found = assessed(board, name)
    if found is None:
        raise NotThere(f"the connection of the fleet {name!r} could not be read")
    return found


# --- units ----------------------------------------------------------------------------------------------------------------


def heat_map(board: Board, name: str) -> Heat:
    """Return how every slot of a fleet stands. Raises NotThere."""
    found = _judged(board, name)
    return board.made(("heat", name), lambda: heat(found))


def units(
    board: Board, name: str, *, find: str = "", standing: str = "", offset: int = 0, limit: int = 100
) -> UnitsAnswer:
    """Return units of a fleet: whose name or id has a text or matches a glob, and whose worst slot stands so."""
    one, cells = _judged(board, name), heat_map(board, name).worst
    letters = {letter for letter, words in STANDINGS.items() if words == standing} if standing else set(STANDINGS)
    rows = list(one.reach)
    found = [place for place, letter in enumerate(cells) if letter in letters]
    if find:
        named, inventory = _named(find), one.snapshot.units
        found = [at for at in found if named(inventory.names[rows[at]]) or named(inventory.ids[rows[at]])]
    return UnitsAnswer(
        fleet=name,
        total=len(found),
        of=len(rows),
        offset=offset,
        units=tuple(
            UnitRow(row=at, standing=STANDINGS[cells[at]], unit=unit_status(one, rows[at]))
            for at in found[offset : offset + limit]
        ),
    )


def _named(find: str) -> Callable[[str], bool]:
    """Return whether a name has a text, in capitals or not, or matches a glob."""
    if is_glob(find):
        return matcher([find])
    part = find.casefold()
    return lambda name: part in name.casefold()


def unit(board: Board, name: str) -> UnitAnswer:
    """Return everything there is to say of a unit, by id or name. Raises NotThere, SettingsError."""
    one = live(board)
    key = "unit", name
    return board.made(key, lambda: UnitAnswer(slots=explanation(one.planned, one.manifest, one.authors, name).slots))


# --- what was ---------------------------------------------------------------------------------------------------------------


def course(board: Board, name: str, *, hours: float) -> CourseAnswer:
    """Return how versions of a fleet spread over the last hours. Raises NotThere, JournalError."""
    fleet(board, name)
    past = board.past
    until = board.clock.now()
    since = until - hours * 3600
    found: Sequence[Passed] = []
    if past is not None:
        found = board.made(("course", name, hours), lambda: past.course(name, since, until, POINTS))
    return CourseAnswer(
        fleet=name,
        since=iso(since),
        until=iso(until),
        points=tuple(CoursePoint(at=iso(one.at), standings=one.standings, spread=one.spread) for one in found),
    )


def history(board: Board, query: EventQuery, *, before: int | None = None) -> HistoryAnswer:
    """Return events, the newest first. Raises NotThere, JournalError."""
    page = found(board, query, before=before)
    return HistoryAnswer(events=tuple(_shown(page.events)), older=page.older)


def found(board: Board, query: EventQuery, *, before: int | None = None) -> Numbered:
    """Return events as they were recorded, the newest first. Raises NotThere, JournalError."""
    if board.past is None:
        raise NotThere("no history is kept", "name one with --history")
    return board.past.find(query, before=before)


def _shown(events: Iterable[tuple[int, AnyEvent]]) -> Iterator[HistoryEvent]:
    for number, event in events:
        level, words = event_line.words_of(event)
        yield HistoryEvent(number=number, level=level, words=text_of(tuple(words)), event=to_builtins(event))


def proposals(board: Board) -> ProposalsAnswer:
    """Return the plans that wait for a person."""
    return ProposalsAnswer(proposals=tuple(map(_waiting, board.waiting().values())))


def _waiting(one: Proposed) -> Waiting:
    plan = one.plan.fleets[0]
    return Waiting(
        fleet=one.fleet,
        fingerprint=one.plan.fingerprint,
        proposed=iso(one.at),
        expires=one.plan.times.expires,
        changes=len(plan.changes),
        held=len(plan.held),
    )

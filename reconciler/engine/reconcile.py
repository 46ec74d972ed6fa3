"""The loop: read, decide, advance, dispatch, and read again, until every change of a group has ended.

`apply` runs it to the end, `watch` once a pass. One place reads (`group`), one pure function decides (`core.decide`), one
pure function says what is sent now and what became of every slot (`core.advance`), one place sends (`dispatch`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping

import msgspec

from reconciler.core.advance import LONGEST_PAUSE, advance
from reconciler.core.gate import FRESH
from reconciler.core.progress import Advance, Answers, Call, Look, Moment, Progress, Sight, Unread
from reconciler.engine.dispatch import Dispatch, Sending
from reconciler.engine.group import GroupReader, View
from reconciler.engine.milestones import unrecorded
from reconciler.engine.run import Run
from reconciler.errors import PlatformError, ReconcilerError, Unauthorized
from reconciler.model.change import Held, SlotId
from reconciler.model.event import AnyEvent, Note, Settled, Settling
from reconciler.model.outcome import Outcome, Receipt, Result
from reconciler.model.plan import FleetPlan
from reconciler.model.quantity import iso
from reconciler.model.snapshot import Query

FEW = 20
"""Up to this many units are asked about one by one instead of listing all."""


class Reconciling:
    """The loop over one group. Iterate `events()`; afterwards `outcomes` has what came of every change."""

    def __init__(self, reader: GroupReader, view: View, begun: Mapping[str, Progress], run: Run) -> None:
        self.reader = reader
        self.run = run
        self.outcomes: list[Outcome] = []
        self.sent = 0
        self.interrupted = False
        """Whether a stop ended the wait for changes that were accepted."""
        self._open = {fleet: progress for fleet, progress in begun.items() if progress.tracks}
        self._number = 1
        self._sights: dict[str, Sight | Unread] = {}
        self._whole: dict[str, Sight] = {}
        self.plans: dict[str, FleetPlan] = {}
        """What was decided last, by fleet."""
        self._see(view)

    def events(self) -> Generator[AnyEvent, None, None]:
        """Carry out the changes, yielding events."""
        yield from self._milestones(self.plans)
        due: dict[str, Answers] = dict.fromkeys(self._open, ())
        steps: dict[str, Advance] = {}
        looked = False
        while self._open:
            batch: list[Sending] = []
            for fleet, answers in due.items():
                step = steps[fleet] = advance(self._open[fleet], self._moment(), self._sights[fleet], answers)
                yield from self._ended(step)
                if looked:
                    yield self._settling(step.progress)
                batch += self._sendings(fleet, step)
            looked = not batch
            if batch:
                due = yield from self._send(batch)
            elif self._open:
                yield from self._look([steps[fleet] for fleet in self._open])
                due = dict.fromkeys(self._open, ())

    def _moment(self) -> Moment:
        over = self.run.options.wait and self.run.left <= 0
        return Moment(
            now=self.run.clock.monotonic(),
            stopping=self.run.stopping(),
            over=over,
            date=self.run.now(),
            left=self.run.left,
        )

    def _ended(self, step: Advance) -> Iterator[Settled]:
        """Yield what ended, and keep what is open."""
        for outcome in step.outcomes:
            self.outcomes.append(outcome)
            yield Settled(at=self.run.now(), run=self.run.id, outcome=outcome)
        self.interrupted |= step.interrupted
        fleet = step.progress.fleet
        if step.ended:
            del self._open[fleet]
        else:
            self._open[fleet] = step.progress

    # --- sending ----------------------------------------------------------------------------------------------------

    def _sendings(self, fleet: str, step: Advance) -> Iterator[Sending]:
        sight = self._sights[fleet]
        platform = self.reader.platforms[self._connection(fleet)]
        for call in step.calls:
            fresh = sight.done_at + FRESH if isinstance(sight, Sight) else 0.0
            yield Sending(fleet, platform, call, min(fresh, step.until))

    def _send(self, batch: list[Sending]) -> Generator[AnyEvent, None, dict[str, Answers]]:
        """Send a batch; return what came back, by fleet."""
        dispatch = Dispatch(batch, self.run)
        yield from dispatch.events()
        self.sent += len(dispatch.receipts)
        answers: dict[str, list[tuple[Call, Receipt | None]]] = {}
        for position, one in enumerate(batch):
            answers.setdefault(one.fleet, []).append((one.call, dispatch.receipts.get(position)))
        return dict(answers)

    # --- looking ----------------------------------------------------------------------------------------------------

    def _look(self, steps: list[Advance]) -> Iterator[AnyEvent]:
        """Wait, then read what the open fleets need."""
        pause = min(step.pause for step in steps)
        if self.run.options.wait and self.run.left > 0:
            pause = min(pause, self.run.left)
        if pause > LONGEST_PAUSE:
            until = iso(self.run.now() + pause)
            yield self._note("info", f"all that is left waits for windows: going on at {until}, when one opens")
        if pause:
            self.run.clock.sleep(pause)
        self._number += 1
        if any(step.look is Look.WHOLE for step in steps):
            yield from self._read()
        else:
            yield from self._read_open()

    def _milestones(self, plans: Mapping[str, FleetPlan]) -> Iterator[AnyEvent]:
        """Yield what the last decision shows of rollouts: what comes later goes by it, once it is recorded."""
        yield from unrecorded(self.reader.history, [*plans.values()], at=self.run.now(), run=self.run.id)

    def _read(self) -> Iterator[AnyEvent]:
        """Read everything and decide again."""
        revealed = {release for progress in self._open.values() for release in progress.revealed}
        view = self.reader.read(self.run.now(), set(self._open), revealed)
        for error in view.unread.values():
            yield self._unread_note(error)
        self._see(view)
        yield from self._milestones(view.plans)

    def _see(self, view: View) -> None:
        """Take a view as the sight of every open fleet."""
        self.plans.update(view.plans)
        for fleet in self._open:
            error = view.unread.get(self._connection(fleet))
            if error is not None:
                self._sights[fleet] = _failed(self._number, error)
            else:
                self._sights[fleet] = self._whole[fleet] = self._sight(fleet, view)

    def _sight(self, fleet: str, view: View) -> Sight:
        reading = view.readings[self._connection(fleet)]
        assessment = view.assessments[fleet]
        return Sight(
            number=self._number,
            snapshot=reading.snapshot,
            patience=assessment.patience,
            compiler=reading.compiler,
            done_at=min(one.seen.done_at for one in view.assessed.values()),
            plan=view.plans[fleet],
            assessment=assessment,
        )

    def _read_open(self) -> Iterator[Note]:
        """Read only the open slots of each connection: enough to see whether they settle."""
        slots: dict[str, set[SlotId]] = {}
        for fleet, progress in self._open.items():
            slots.setdefault(self._connection(fleet), set()).update(progress.tracks)
        for connection, some in slots.items():
            fleets = [fleet for fleet in self._open if self._connection(fleet) == connection]
            try:
                snapshot = self.reader.observe(connection, _query(some), self._whole[fleets[0]].snapshot)
            except PlatformError as error:
                yield self._unread_note(error)
                self._sights.update((fleet, _failed(self._number, error)) for fleet in fleets)
                continue
            for fleet in fleets:
                self._sights[fleet] = msgspec.structs.replace(
                    self._whole[fleet],
                    number=self._number,
                    snapshot=snapshot,
                    patience=msgspec.structs.replace(self._whole[fleet].patience, now=self.run.now()),
                    done_at=self.run.clock.monotonic(),
                    plan=None,
                    assessment=None,
                )

    def _connection(self, fleet: str) -> str:
        connection: str = self.reader.request.manifest.fleets[fleet].spec.connection
        return connection

    def _unread_note(self, error: ReconcilerError) -> Note:
        return self._note("warning", f"could not read back: {error}")

    def _note(self, level: str, message: str) -> Note:
        return Note(at=self.run.now(), run=self.run.id, level=level, message=message)

    def _settling(self, progress: Progress) -> Settling:
        results = Counter(one.result for one in self.outcomes if one.fleet == progress.fleet)
        later = sum(isinstance(track.goal, Held) for track in progress.tracks.values())
        return Settling(
            at=self.run.now(),
            run=self.run.id,
            fleet=progress.fleet,
            done=results[Result.DONE],
            waiting=results[Result.WAITING],
            failed=results[Result.FAILED],
            pending=len(progress.tracks) - later,
            later=later,
            steps=_steps(progress) if progress.steps else {},
        )


def _steps(progress: Progress) -> dict[str, int]:
    """Return how many open changes wait for the effect of which calls."""
    calls = Counter(" and ".join(track.sent.calls) for track in progress.tracks.values() if track.sent is not None)
    return dict(sorted(calls.items()))


def _query(slots: set[SlotId]) -> Query:
    units = frozenset(unit for unit, _ in slots)
    return Query(units=units if len(units) <= FEW else None, workloads=frozenset(workload for _, workload in slots))


def _failed(number: int, error: ReconcilerError) -> Unread:
    return Unread(number=number, error=str(error), final=isinstance(error, Unauthorized))

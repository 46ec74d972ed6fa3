"""What a person may do in an incident. Each has a reason, is recorded, and goes the way that its command goes.

What belongs in git is a commit on a branch where the watch follows a repository; else the person gets the lines to commit.
Nothing here sends anything to a platform: the next pass does, as always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Protocol

import msgspec

from reconciler.engine.approve import approved
from reconciler.engine.rollout import chosen, rollouts, ruled
from reconciler.errors import SettingsError
from reconciler.model.event import Acted, AnyEvent
from reconciler.model.kind import SAID, Day, Text, Version
from reconciler.model.ruling import Act, Command
from reconciler.ports import Clock, History
from reconciler.web.answers import NotThere, live
from reconciler.web.board import Board
from reconciler.web.shapes import Done

ENTRIES = {Act.SUSPEND: "suspend", Act.QUARANTINE: "quarantine"}
"""The key of a fleet in which something is written."""


Reason = Annotated[
    str, msgspec.Meta(pattern=SAID, max_length=1000, description="Why; recorded with who it was. Not blank.")
]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person gives: why, in any case."""

    reason: Reason


class RolloutBody(Body, frozen=True, kw_only=True):
    """What is to become of a rollout; `version` where several spread."""

    workload: Text
    command: Command
    version: str | None = None


class SuspendBody(Body, frozen=True, kw_only=True):
    """Until when nothing of the fleet may change; without end where there is no day."""

    until: Day | None = None


class QuarantineBody(Body, frozen=True, kw_only=True):
    """Which version of which workload may go nowhere, and until when."""

    workload: Text
    version: Version
    until: Day | None = None


class Written(msgspec.Struct, frozen=True):
    """What an entry of a manifest came to: a commit on a branch, or the lines to commit."""

    lines: str
    branch: str = ""
    commit: str = ""


class Writes(Protocol):
    """Puts entries into manifests in git, and never into a work tree of anybody."""

    def write(self, fleet: str, key: str, entry: Mapping[str, str], by: str) -> Written:
        """Write an entry below a key of a fleet; raise ReconcilerError where that cannot be done."""
        ...


class Acts:
    """Carries out what operators ask for, from threads of the page."""

    def __init__(
        self,
        board: Board,
        history: History,
        writes: Writes,
        clock: Clock,
        *,
        run: Callable[[], str],
        happened: Callable[[AnyEvent], None],
        wake: Callable[[], None],
    ) -> None:
        """Take what is shown, and what hears of it: `happened` gets events that the history has, `wake` begins a pass."""
        self._board, self._history, self._writes, self._clock = board, history, writes, clock
        self._run, self._happened, self._wake = run, happened, wake

    def start_pass(self, body: Body, by: str) -> Done:
        """Begin the next pass now."""
        self._acted(Acted(at=self._clock.now(), run=self._run(), act=Act.NOW, by=by, reason=body.reason))
        return Done(message="the next pass begins")

    def rule(self, fleet: str, body: RolloutBody, by: str) -> Done:
        """Say what is to become of a rollout, as `reconciler rollout` does."""
        found = rollouts(live(self._board).planned, fleet, body.workload)
        one = chosen(found, body.version)
        event = ruled(
            one,
            body.command,
            reason=body.reason,
            by=by,
            history=self._history,
            clock=self._clock,
            run=self._run(),
        )
        self._heard(event)
        return Done(
            message=f"{body.command.value}: {one.workload.name} {one.rollout.version}; the next pass goes by it"
        )

    def approve(self, fingerprint: str, body: Body, by: str) -> Done:
        """Let the watch carry out a plan that it proposed, as `reconciler approve` does."""
        waiting = {one.plan.fingerprint: one for one in self._board.waiting().values()}
        if fingerprint not in waiting:
            raise NotThere(f"no plan with the fingerprint {fingerprint} waits for a person")
        event = approved(waiting[fingerprint], reason=body.reason, by=by, at=self._clock.now(), run=self._run())
        self._history.record(event)
        self._heard(event)
        return Done(message=f"the plan {fingerprint} is approved; the next pass carries it out")

    def suspend(self, fleet: str, body: SuspendBody, by: str) -> Done:
        """Ask git that nothing of a fleet changes."""
        return self._in_git(Act.SUSPEND, fleet, {}, body.reason, body.until, by)

    def quarantine(self, fleet: str, body: QuarantineBody, by: str) -> Done:
        """Ask git that a version goes nowhere."""
        entry = {"workload": body.workload, "version": body.version}
        return self._in_git(Act.QUARANTINE, fleet, entry, body.reason, body.until, by)

    def _in_git(self, act: Act, fleet: str, entry: Mapping[str, str], reason: str, until: str | None, by: str) -> Done:
        document = live(self._board).manifest.fleets.get(fleet)
        if document is None:
            raise NotThere(f"there is no fleet {fleet!r}")
        if act is Act.SUSPEND and document.spec.suspend is not None:
            raise SettingsError(f"the fleet {fleet!r} is suspended already: {document.spec.suspend.reason}")
        if act is Act.QUARANTINE and entry["workload"] not in document.spec.workloads:
            there = ", ".join(document.spec.workloads)
            raise SettingsError(f"the fleet {fleet!r} has no workload {entry['workload']!r}; it has {there}")
        whole = {**entry, "reason": reason, **({"until": until} if until else {})}
        made = self._writes.write(fleet, ENTRIES[act], whole, by)
        event = Acted(
            at=self._clock.now(),
            run=self._run(),
            act=act,
            by=by,
            reason=reason,
            fleet=fleet,
            subject=" ".join(entry.values()),
            branch=made.branch,
            commit=made.commit,
        )
        self._history.record(event)
        self._happened(event)
        where = (
            f"on the branch {made.branch}; it takes effect once that is merged" if made.branch else "to be committed"
        )
        return Done(message=f"{ENTRIES[act]} is {where}", branch=made.branch, commit=made.commit, lines=made.lines)

    def _acted(self, event: Acted) -> None:
        self._history.record(event)
        self._heard(event)

    def _heard(self, event: AnyEvent) -> None:
        """Let everybody hear of an event that is recorded, and begin a pass that goes by it."""
        self._happened(event)
        self._wake()

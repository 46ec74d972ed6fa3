"""What an observation says of a rollout: whether the slot was attempted, whether it reports the version, whether it failed. Pure."""

from __future__ import annotations

import msgspec

from reconciler.core.judge import Patience, reports_assigned, verdict
from reconciler.core.shares import besides, share_of
from reconciler.core.waves import WHOLE
from reconciler.model.change import Staging
from reconciler.model.condition import ConditionCode
from reconciler.model.desired import Desired, Want
from reconciler.model.observation import Phase, State
from reconciler.model.unit import Reach
from reconciler.model.verdict import Verdict

FAILED = frozenset({Verdict.FAILED, Verdict.RETRY})


class Evidence(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What one slot shows. `at` and `final` are percents of its devices: attempted as git asks, and asked for in the end.

    `size`, `reporting` and `failed` are devices, of those attempted. A device that runs a later version says nothing.
    """

    final: int
    has: int
    """Percent of its devices that may have the version, however they came to it."""
    reachable: bool
    gone: bool
    at: int = 0
    size: int = 0
    reporting: int = 0
    failed: int = 0

    def attempted(self, share: int) -> bool:
        """Return whether it was taken as far as a stop at this share asks."""
        return self.at >= min(share, self.final)

    @property
    def counts(self) -> bool:
        """Return whether it counts: one that cannot be reached is in no denominator, unless it is known to have failed."""
        return self.reachable or self.failed > 0

    @property
    def settled(self) -> bool:
        """Return whether all of it reports the version."""
        return self.attempted(WHOLE) and self.reporting == self.size

    @property
    def owed(self) -> bool:
        """Return whether it is owed the version: not connected, and not reporting it."""
        return self.gone and not self.settled and not self.failed

    @property
    def moving(self) -> int:
        """Return how many devices are on the way; failed ones are until they are repaired."""
        return self.size - self.reporting if self.reachable else 0


def evidence_of(value: Desired, state: State, reach: Reach, patience: Patience, staging: Staging | None) -> Evidence:
    """Return what a slot shows of the version that git asks for there."""
    final, reachable = share_of(value.settings, staging), reach is Reach.CONNECTED
    there = state.assigned == value.version
    nothing = Evidence(
        final=final, has=_has(value, state, staging), reachable=reachable, gone=reach is Reach.DISCONNECTED
    )
    anew = besides(state.settings, staging) != besides(value.settings, staging) or (state.overwritten and reachable)
    if not there or anew or state.phase in {Phase.UNKNOWN, Phase.PAUSED}:
        return nothing
    own = Desired(Want.VERSION, value.version, state.settings)
    found = verdict(own, state, reach, patience)
    size = max(0, state.size - _later(found, state))
    failed = _failed(found, state, patience)
    reporting = 0 if failed and state.ready is None else _reporting(state, size)
    return msgspec.structs.replace(
        nothing,
        at=share_of(state.settings, staging),
        size=size,
        reporting=reporting,
        failed=size - reporting if failed else 0,
    )


def _has(value: Desired, state: State, staging: Staging | None) -> int:
    """Return what percent of a slot's devices may have the version: it may be there while another one is assigned."""
    if state.assigned == value.version and state.phase is not Phase.UNKNOWN:
        return share_of(state.settings, staging)
    present = value.version == state.reported or value.version in state.extra_versions
    return WHOLE if present or state.phase is Phase.UNKNOWN else 0


def asked_since(value: Desired, reach: Reach, staging: Staging | None, *, doubt: bool) -> Evidence:
    """Return what a slot shows that was asked for something after the reading began: that it was asked, and nothing more.

    `doubt`: it was asked for another version. Whether it has this one nobody knows; it is still to be taken there.
    """
    return Evidence(
        final=share_of(value.settings, staging),
        has=WHOLE,
        reachable=reach is Reach.CONNECTED,
        gone=reach is Reach.DISCONNECTED,
        at=0 if doubt else WHOLE,
        size=0 if doubt else 1,
    )


def _reporting(state: State, size: int) -> int:
    if state.ready is not None:
        return min(state.ready, size)
    return size if reports_assigned(state) else 0


def _later(found: Verdict, state: State) -> int:
    """Return how many devices run a later version: they will not take this one."""
    if found is not Verdict.AHEAD:
        return 0
    if state.ready is None:
        return state.size
    return sum(one.count or 0 for one in state.conditions if one.code is ConditionCode.REPORTS_LATER)


def _failed(found: Verdict, state: State, patience: Patience) -> bool:
    """Return whether those that do not report the version failed, fell back, or had their time."""
    if found is Verdict.AHEAD:
        return state.since is not None and patience.now - state.since > patience.deadline
    return found is Verdict.STUCK or found in FAILED

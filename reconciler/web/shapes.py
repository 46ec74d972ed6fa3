"""What the API answers, as typed values: pages show the same ones, and the OpenAPI document is written from them.

Times are ISO 8601 in UTC. Counts are slots unless a field says units. Names are as platforms and manifests have them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from reconciler.model.event_parts import Failing
from reconciler.model.report import FleetStatus, SlotExplanation, Spread, UnitStatus
from reconciler.model.rollout import RolloutPlan
from reconciler.model.unit import Ref

FORMAT = "reconciler/api.v1"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer begins with."""

    format: str = FORMAT


class RolloutSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout in short. `met` are the numbers of waves, from 0, that meet their success."""

    workload: Ref
    version: str
    state: str
    met: tuple[int, ...] = ()


class FleetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How a fleet stood after its last pass.

    `standings` counts each managed slot once; `reasons` says how many held changes have each reason; `proposal` is the
    fingerprint of the plan that waits for a person. `error` says why its connection could not be read.
    """

    fleet: str
    platform: str
    sync: str
    health: str
    at: str | None
    read_at: str | None = None
    error: str = ""
    standings: dict[str, int] = {}
    changes: int = 0
    held: int = 0
    reasons: dict[str, int] = {}
    violations: int = 0
    mistakes: int = 0
    drifted: int = 0
    """Slots that somebody changed: since the watch began, or in the last 24 hours of a history."""
    failing: tuple[Failing, ...] = ()
    spread: tuple[Spread, ...] = ()
    rollouts: tuple[RolloutSummary, ...] = ()
    proposal: str = ""

    @property
    def total(self) -> int:
        """Return how many slots are managed."""
        return sum(self.standings.values())


class Overview(Answer, frozen=True, kw_only=True):
    """How everything stands. `source` is `watch` where a watch shows it, else `history`.

    `mode` is what the watch may do. `next_at` is when its next pass begins. `invalid` says why the manifests that are
    there now are not in force, `unplanned` why the last pass had no plan.
    """

    source: str
    generation: int
    at: str | None
    mode: str = ""
    commit: str = ""
    next_at: str | None = None
    invalid: str = ""
    unplanned: str = ""
    fleets: tuple[FleetSummary, ...] = ()


class FleetAnswer(Answer, frozen=True, kw_only=True):
    """One fleet. `status` and `rollouts` are None where only a history speaks of it."""

    summary: FleetSummary
    status: FleetStatus | None = None
    rollouts: tuple[RolloutPlan, ...] | None = None


class UnitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of a fleet. `standing` is the worst of its slots."""

    row: int
    standing: str
    unit: UnitStatus


class UnitsAnswer(Answer, frozen=True, kw_only=True):
    """Units of a fleet, as many as were asked for; `total` of `of` match."""

    fleet: str
    total: int
    of: int
    offset: int
    units: tuple[UnitRow, ...]


class CoursePoint(msgspec.Struct, frozen=True, kw_only=True):
    """How versions were spread at a time."""

    at: str
    standings: dict[str, int]
    spread: tuple[Spread, ...]


class CourseAnswer(Answer, frozen=True, kw_only=True):
    """How versions spread over time, from what passes recorded; the first point may be from before `since`."""

    fleet: str
    since: str
    until: str
    points: tuple[CoursePoint, ...]


class UnitAnswer(Answer, frozen=True, kw_only=True):
    """Everything there is to say of a unit, as `explain` says it."""

    slots: tuple[SlotExplanation, ...]


class HistoryEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event: its number in the history, its words as people read them, and itself (`event.v1`)."""

    number: int
    level: str
    words: str
    event: dict[str, Any]


class HistoryAnswer(Answer, frozen=True, kw_only=True):
    """Events, the newest first; `older` says whether there are more, before the last of these."""

    events: tuple[HistoryEvent, ...]
    older: bool = False


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that waits for a person."""

    fleet: str
    fingerprint: str
    proposed: str
    expires: str
    changes: int
    held: int


class ProposalsAnswer(Answer, frozen=True, kw_only=True):
    """All plans that wait for a person."""

    proposals: tuple[Waiting, ...]


class Done(Answer, frozen=True, kw_only=True):
    """What came of what a person asked for. `lines` are to be committed where there is no branch that says it."""

    message: str
    branch: str = ""
    commit: str = ""
    lines: str = ""


class Refusal(Answer, frozen=True, kw_only=True):
    """Why there is no answer, and what to do."""

    error: str
    hint: str = ""

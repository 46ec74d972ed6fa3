"""The operations of the API: path, who may, what is given, what comes back, and what does it.

Everything else follows from this table: routes, checks of what is given, the OpenAPI document, and the forms of pages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from reconciler.errors import ReconcilerError
from reconciler.model.kept import EventQuery
from reconciler.model.plan import Plan
from reconciler.model.quantity import DURATION, seconds
from reconciler.views import plan_json
from reconciler.web import answers
from reconciler.web.access import Person, Role
from reconciler.web.acting import Acts, Body, QuarantineBody, RolloutBody, SuspendBody
from reconciler.web.answers import NotThere
from reconciler.web.board import Board
from reconciler.web.heat import Heat
from reconciler.web.shapes import (
    CourseAnswer,
    Done,
    FleetAnswer,
    HistoryAnswer,
    Overview,
    ProposalsAnswer,
    UnitAnswer,
    UnitsAnswer,
)

PREFIX = "/api/v1"

Find = Annotated[str, msgspec.Meta(max_length=200)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Hours = Annotated[float, msgspec.Meta(gt=0, le=24 * 400)]
When = Annotated[
    str, msgspec.Meta(max_length=40, description="A date or time (`2026-12-01`), or how long ago (`24h`).")
]


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in the query of an address."""


class Nothing(Given, frozen=True, kw_only=True):
    """Nothing."""


class UnitsQuery(Given, frozen=True, kw_only=True):
    """Units whose name or id has `find` in it or matches it as a glob, and whose worst slot is `standing`."""

    find: Find = ""
    standing: Find = ""
    offset: Number = 0
    limit: Limit = 100


class CourseQuery(Given, frozen=True, kw_only=True):
    """How far back."""

    hours: Hours = 24.0


class UnitQuery(Given, frozen=True, kw_only=True):
    """A unit by its id or exact name."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class HistoryQuery(Given, frozen=True, kw_only=True):
    """Which events: names are globs; `text` stands anywhere in an event; `before` is the number of an event."""

    fleet: Find = ""
    unit: Find = ""
    workload: Find = ""
    kind: Find = ""
    text: Find = ""
    since: When = ""
    until: When = ""
    before: Number | None = None
    limit: Limit = 100

    def asked(self, now: float) -> EventQuery:
        """Return what is asked of a history; raise ValueError for a time that is none."""
        return EventQuery(
            fleets=_some(self.fleet),
            units=_some(self.unit),
            workloads=_some(self.workload),
            kinds=_some(self.kind),
            text=self.text,
            since=_when(self.since, now),
            until=_when(self.until, now),
            limit=self.limit,
        )


def _some(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _when(text: str, now: float) -> float | None:
    if not text:
        return None
    if DURATION.fullmatch(text):
        return now - seconds(text)
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is neither a date such as 2026-12-01 nor a duration such as 24h") from None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request that may go: who asks, what of the path, query and body it gives."""

    board: Board
    acts: Acts | None
    person: Person
    path: dict[str, str] = {}
    query: Any = None
    body: Any = None

    @property
    def acting(self) -> Acts:
        """Return what carries it out. Raises ReadOnly."""
        if self.acts is None:
            raise ReadOnly
        return self.acts


class ReadOnly(Exception):
    """A history alone is shown: nothing can be done here."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `answer` is the type of what comes back; bytes are JSON of that type already."""

    name: str
    method: str
    path: str
    summary: str
    answer: Any
    do: Callable[[Call], Any]
    query: type[Given] = Nothing
    body: type[Body] | None = None

    @property
    def role(self) -> Role:
        """Return who may: whoever looks, or those who act."""
        return Role.VIEWER if self.body is None else Role.OPERATOR


def _plan(call: Call) -> bytes:
    found = answers.live(call.board)
    return call.board.made("plan", lambda: plan_json.encode(found.planned.plan))


def _units(call: Call) -> UnitsAnswer:
    one: UnitsQuery = call.query
    return answers.units(
        call.board, call.path["fleet"], find=one.find, standing=one.standing, offset=one.offset, limit=one.limit
    )


def _unit(call: Call) -> UnitAnswer:
    try:
        return answers.unit(call.board, call.query.id)
    except ReconcilerError as error:
        raise NotThere(str(error), error.hint) from None


def _history(call: Call) -> HistoryAnswer:
    one: HistoryQuery = call.query
    return answers.history(call.board, one.asked(call.board.clock.now()), before=one.before)


OPERATIONS = (
    Operation(
        name="overview",
        method="GET",
        path="/overview",
        summary="How everything stands: sync and health, ready, drift, what moves, what is held and why.",
        answer=Overview,
        do=lambda call: answers.overview(call.board),
    ),
    Operation(
        name="fleet",
        method="GET",
        path="/fleets/{fleet}",
        summary="One fleet: its status as `status` has it, and its rollouts with their waves and gates.",
        answer=FleetAnswer,
        do=lambda call: answers.fleet(call.board, call.path["fleet"]),
    ),
    Operation(
        name="units",
        method="GET",
        path="/fleets/{fleet}/units",
        summary="Units of a fleet and their slots.",
        answer=UnitsAnswer,
        do=_units,
        query=UnitsQuery,
    ),
    Operation(
        name="heat",
        method="GET",
        path="/fleets/{fleet}/map",
        summary="How every slot of a fleet stands, one letter each, in the order of the fleet's units.",
        answer=Heat,
        do=lambda call: answers.heat_map(call.board, call.path["fleet"]),
    ),
    Operation(
        name="course",
        method="GET",
        path="/fleets/{fleet}/course",
        summary="How the versions of a fleet spread over time.",
        answer=CourseAnswer,
        do=lambda call: answers.course(call.board, call.path["fleet"], hours=call.query.hours),
        query=CourseQuery,
    ),
    Operation(
        name="unit",
        method="GET",
        path="/unit",
        summary="Why a unit has what it has, and what becomes of it, as `explain` says it.",
        answer=UnitAnswer,
        do=_unit,
        query=UnitQuery,
    ),
    Operation(
        name="plan",
        method="GET",
        path="/plan",
        summary="The plan of the last pass, as `plan -o json` has it.",
        answer=Plan,
        do=_plan,
    ),
    Operation(
        name="proposals",
        method="GET",
        path="/proposals",
        summary="The plans that wait for a person.",
        answer=ProposalsAnswer,
        do=lambda call: answers.proposals(call.board),
    ),
    Operation(
        name="history",
        method="GET",
        path="/history",
        summary="What happened, the newest first.",
        answer=HistoryAnswer,
        do=_history,
        query=HistoryQuery,
    ),
    Operation(
        name="pass",
        method="POST",
        path="/passes",
        summary="Begin the next pass now.",
        answer=Done,
        do=lambda call: call.acting.start_pass(call.body, call.person.name),
        body=Body,
    ),
    Operation(
        name="rollout",
        method="POST",
        path="/fleets/{fleet}/rollouts",
        summary="Pause, resume, promote or abort a rollout.",
        answer=Done,
        do=lambda call: call.acting.rule(call.path["fleet"], call.body, call.person.name),
        body=RolloutBody,
    ),
    Operation(
        name="approve",
        method="POST",
        path="/proposals/{fingerprint}/approval",
        summary="Let the watch carry out a plan that it proposed.",
        answer=Done,
        do=lambda call: call.acting.approve(call.path["fingerprint"], call.body, call.person.name),
        body=Body,
    ),
    Operation(
        name="suspend",
        method="POST",
        path="/fleets/{fleet}/suspension",
        summary="Ask git that nothing of a fleet changes: a commit on a branch, or the lines to commit.",
        answer=Done,
        do=lambda call: call.acting.suspend(call.path["fleet"], call.body, call.person.name),
        body=SuspendBody,
    ),
    Operation(
        name="quarantine",
        method="POST",
        path="/fleets/{fleet}/quarantine",
        summary="Ask git that a version goes nowhere: a commit on a branch, or the lines to commit.",
        answer=Done,
        do=lambda call: call.acting.quarantine(call.path["fleet"], call.body, call.person.name),
        body=QuarantineBody,
    ),
)

"""All slots of a plan that change or are held, and all of its calls, as long lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from functools import cache
from itertools import chain

import msgspec

from reconciler.model.change import Change, Held, Verb
from reconciler.model.plan import FleetPlan, Plan
from reconciler.views.group import Calls, gathered, moves, terms, units_and_devices
from reconciler.views.long_list import Builder, Field, Kind, LongList
from reconciler.views.plan_rows import FleetRows
from reconciler.views.reason_words import LABELS, advised, hold_words
from reconciler.views.sheet import NUMBER, Table
from reconciler.views.words import REASONS, SIGNS, clean, course, harmless_json, joined

GOES, LATER, HELD, BLOCKED = "sent by apply", "later in this run", "held", "blocked by a limit"
STATUSES = (GOES, LATER, HELD, BLOCKED)
"""What becomes of a slot when the plan is applied; their order is that of the picture's codes."""
LINES = 2000
"""Bytes of a body that is shown on lines; a longer one follows on."""
VERBS = (*Verb, None)
"""The order of the codes within a status; None: nothing is known of the slot."""

SLOTS = (
    Field("unit", "Unit", width=1.6),
    Field("workload", "Workload", width=1.4, filter=True),
    Field("course", "From \N{RIGHTWARDS ARROW} to", width=1.8),
    Field("change", "Change", width=0.9, filter=True),
    Field("status", "When applied", width=1.2, filter=True),
    Field("why", "Why", width=2, filter=True),
    Field("fleet", "Fleet", width=1, filter=True),
    Field("id", "Unit id"),
    Field("devices", "Devices", Kind.NUMBER),
    Field("blocked_by", "Blocked by"),
    Field("next", "Next"),
    Field("steps", "Calls"),
    Field("at", "Written at"),
    Field("code", "", Kind.CODE),
)

CALLS = (
    Field("number", "Call", Kind.NUMBER, 0.5),
    Field("call", "Kind", width=1.3, filter=True),
    Field("hits", "Hits", width=1.2),
    Field("stage", "Stage", Kind.NUMBER, 0.5),
    Field("request", "Request", width=4),
    Field("fleet", "Fleet", width=1, filter=True),
    Field("notes", "Note"),
    Field("body", "Body", Kind.WHOLE),
)


def slots(plan: Plan) -> LongList:
    """Return the slots that a plan changes, and those that it holds."""
    found = Builder("slot", SLOTS)
    for fleet in plan.fleets:
        words = _Words(fleet)
        every: Iterable[Change | Held] = chain(fleet.changes, fleet.held)
        for one in every:
            said = words(one)
            name, unit_id = clean(words.rows.unit(one.unit)), clean(one.unit.id)
            found.add(name or unit_id, *said[:6], unit_id, one.size, *said[6:])
    return found.built()


Said = tuple[str | int, ...]
"""The cells of a row but those of its unit, as `SLOTS` has them."""


class _Words:
    """What the rows of one fleet say; slots that differ in nothing but their unit share it."""

    def __init__(self, fleet: FleetPlan) -> None:
        self.rows = FleetRows(fleet, clean)
        self._fleet = clean(fleet.fleet)
        self._goes = BLOCKED if fleet.violations else GOES
        self._known: dict[Hashable, Said] = {}

    def __call__(self, one: Change | Held) -> Said:
        """Return the cells of a slot."""
        key = (one.workload, one.verb, one.from_, one.to, one.origin, one.downgrade, _rest(one))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._changed(one) if isinstance(one, Change) else self._held(one)
        return found

    def _changed(self, one: Change) -> Said:
        goes = ", ".join((moves(one, clean), *terms(one, clean)))
        head = (self.rows.workload(one.workload).text, goes, _verb(one.verb), self._goes, REASONS[one.reason])
        return (*head, self._fleet, "", "", _steps(one), _at(one), code(self._goes, one.verb))

    def _held(self, one: Held) -> Said:
        labels, why, advice = _reasons(one)
        status = LATER if one.stage else HELD
        goes = "" if one.verb is None else course(one.verb, one.from_, one.to, clean, downgrade=one.downgrade)
        head = (self.rows.workload(one.workload).text, goes, _verb(one.verb), status, labels)
        return (*head, self._fleet, why, advice, "", _at(one), code(status, one.verb))


def _rest(one: Change | Held) -> Hashable:
    """Return what else the words of a slot depend on."""
    if isinstance(one, Held):
        return one.reasons, one.stage
    return one.extra_versions, one.settings, one.settings_from, one.share, one.reason, one.steps


def _verb(verb: Verb | None) -> str:
    return "unknown" if verb is None else f"{SIGNS[verb]} {verb.value}"


def _at(one: Change | Held) -> str:
    return clean(str(one.origin)) if one.origin.file else ""


def _reasons(one: Held) -> tuple[str, str, str]:
    sentences = dict.fromkeys(clean(hold_words(hold, one.workload.name, one.to)) for hold in one.reasons)
    codes = dict.fromkeys(hold.code for hold in one.reasons)
    advice = dict.fromkeys(advised(found, in_this_run=bool(one.stage)) for found in codes)
    return ", ".join(LABELS[found] for found in codes), "; ".join(filter(None, sentences)), "; ".join(advice)


def _steps(one: Change) -> str:
    now = joined(clean(step.call) for step in one.steps if step.when == "now")
    later = joined(clean(step.call) for step in one.steps if step.when != "now")
    return "; ".join(part for part in (now, f"then {later}" if later else "") if part)


def code(status: str, verb: Verb | None) -> int:
    """Return the number that the picture of a slot is drawn from."""
    return STATUSES.index(status) * len(VERBS) + VERBS.index(verb)


class Sign(msgspec.Struct, frozen=True):
    """One sign of the map: the number that it is drawn from, its words, and how many slots have it."""

    code: int
    words: str
    number: str


def _coded(plan: Plan) -> Iterator[tuple[str, str, str, Verb | None]]:
    """Yield fleet, workload, status and verb of every slot."""
    for fleet in plan.fleets:
        rows = FleetRows(fleet, clean)
        goes = BLOCKED if fleet.violations else GOES
        called = cache(lambda ref, rows=rows: rows.workload(ref).text)
        for change in fleet.changes:
            yield fleet.fleet, called(change.workload), goes, change.verb
        for held in fleet.held:
            yield fleet.fleet, called(held.workload), LATER if held.stage else HELD, held.verb


def legend(plan: Plan) -> tuple[Sign, ...]:
    """Return the signs that the map of a plan has, in the order of their codes."""
    numbers = Counter((status, verb) for _, _, status, verb in _coded(plan))
    found = [
        Sign(code(status, verb), f"{_verb(verb)}, {status}", f"{number:,}")
        for (status, verb), number in numbers.items()
    ]
    return tuple(sorted(found, key=lambda one: one.code))


def tally(plan: Plan) -> Table:
    """Return how many slots of each workload change, and what becomes of them."""
    numbers: dict[tuple[str, str], Counter[str]] = {}
    for fleet, workload, status, verb in _coded(plan):
        found = numbers.setdefault((fleet, workload), Counter())
        found[_verb(verb)] += 1
        found[status] += 1
    kinds = [one for one in (*map(_verb, VERBS), *STATUSES) if any(found[one] for found in numbers.values())]
    rows = [
        [clean(fleet), workload, *(f"{found[kind]:,}" for kind in kinds)]
        for (fleet, workload), found in sorted(numbers.items())
    ]
    return Table([("Fleet", ""), ("Workload", ""), *((kind.capitalize(), NUMBER) for kind in kinds)], rows)


def calls(plan: Plan) -> LongList:
    """Return every call, in the order in which they are sent; those of a blocked fleet are not sent, and so are none."""
    found = Builder("call", CALLS)
    number = 0
    for fleet in plan.fleets:
        rows = FleetRows(fleet, clean)
        for one in () if fleet.violations else gathered(fleet.actions, fleet.changes, apart=True):
            number += 1
            found.add(*_call(rows, one, number))
    return found.built()


def _call(rows: FleetRows, one: Calls, number: int) -> Iterator[str | int]:
    request = one.first.request
    yield from (number, clean(one.first.call), units_and_devices([one.changes]), one.stage)
    yield from (clean(f"{request.method} {request.path}"), clean(rows.fleet.fleet), "; ".join(one.notes()))
    yield "" if request.body is None else _body(msgspec.json.encode(request.body))


def _body(content: bytes) -> str:
    """Return exactly what is sent, with spaces: on lines where that is not too long."""
    return harmless_json(msgspec.json.format(content, indent=2 if len(content) <= LINES else 0)).strip()

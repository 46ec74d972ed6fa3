"""A plan as JSON (`plan.v1`), and back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from reconciler.errors import PlanMismatch
from reconciler.model.change import Action, Change, Held
from reconciler.model.plan import FORMAT, FleetPlan, Plan
from reconciler.model.quantity import iso, moment
from reconciler.views.words import clean

AGAIN = "make a new plan with `reconciler plan --out FILE`"


class _Head(msgspec.Struct):
    """The one field that every version of the format has."""

    format: str = ""


def encode(plan: Plan) -> bytes:
    """Return a plan as UTF-8 JSON: the same plan gives the same bytes."""
    return msgspec.json.encode(plan)


def decode(content: bytes) -> Plan:
    """Return the plan that these bytes hold; its fingerprint is not checked here.

    Raises PlanMismatch for what is not JSON, of another format, or not shaped as `encode` writes it: a key that a plan
    does not have or that is given twice, a call without its changes.
    """
    try:
        head = msgspec.json.decode(content, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        if isinstance(wrong, msgspec.ValidationError):
            raise PlanMismatch("this JSON is not a plan: it has no `format`", hint=AGAIN) from wrong
        raise PlanMismatch(
            f"this is not a plan: it is not readable as JSON ({clean(str(wrong))}); it may be cut short", hint=AGAIN
        ) from wrong
    if head.format != FORMAT:
        raise PlanMismatch(_other_format(head.format), hint=AGAIN)
    try:
        plan = msgspec.json.decode(content, type=Plan)
    except (msgspec.ValidationError, RecursionError) as wrong:
        raise PlanMismatch(f"this plan is not shaped like {FORMAT}: {clean(str(wrong))}", hint=AGAIN) from wrong
    for problem in (*_strange(content, plan), *_unmatched(plan)):
        raise PlanMismatch(problem, hint=AGAIN)
    return plan


def check(plan: Plan) -> None:
    """Raise PlanMismatch for what this program never plans: a time that is none, something that is listed twice."""
    for problem in (*_bad_times(plan), *_repeated(plan)):
        raise PlanMismatch(problem, hint=AGAIN)


def _other_format(found: str) -> str:
    if not found:
        return "this JSON is not a plan: it has no `format`"
    if found.startswith("reconciler/plan."):
        return f"this plan has the format {clean(found)}; this version of reconciler reads {FORMAT}"
    return f"this is {clean(found)}, not a plan ({FORMAT})"


def _strange(content: bytes, plan: Plan) -> Iterator[str]:
    """Yield what stands in a document and is not of the plan that was read from it: it would be believed by readers."""
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice.extend(name for name, number in Counter(name for name, _ in pairs).items() if number > 1)
        return found

    written = json.loads(content, object_pairs_hook=once)
    if twice:
        yield f"this plan has the key {clean(twice[0])!r} twice in one place"
    place = _difference(written, json.loads(encode(plan)), "")
    if place:
        yield f"this plan has {clean(place)}, which no plan has there"


def _difference(written: Any, meant: Any, place: str) -> str:
    """Return the first place at which a document says more than, or something else than, what was read from it."""
    if isinstance(written, dict) and isinstance(meant, dict):
        for key, child in written.items():
            if key not in meant:
                return f"{place}.{key}".removeprefix(".")
            if found := _difference(child, meant[key], f"{place}.{key}"):
                return found
    elif isinstance(written, list) and isinstance(meant, list):
        pairs = enumerate(zip(written, meant, strict=True))
        return next((found for at, pair in pairs if (found := _difference(*pair, f"{place}[{at}]"))), "")
    elif written != meant:
        return place.removeprefix(".")
    return ""


def _unmatched(plan: Plan) -> Iterator[str]:
    """Yield calls that speak of changes which are not there."""
    for fleet in plan.fleets:
        for number, action in enumerate(fleet.actions, start=1):
            if not all(0 <= slot < len(fleet.changes) for slot in action.slots):
                yield f"call {number:,} of fleet {clean(fleet.fleet)} speaks of changes that the plan does not have"


def _bad_times(plan: Plan) -> Iterator[str]:
    for name, text in (("created", plan.times.created), ("expires", plan.times.expires), *plan.times.read.items()):
        if not _is_time(text):
            yield f"this plan has no time at {clean(name)}: {clean(text)!r}"


def _is_time(text: str) -> bool:
    """Return whether a text is a time as plans have them."""
    try:
        return iso(moment(text).timestamp()) == text
    except ValueError:
        return False


def _repeated(plan: Plan) -> Iterator[str]:
    """Yield what is listed twice: a plan is a set."""
    yield from _twice((one.fleet for one in plan.fleets), "the fleet")
    yield from _twice((_slot_words(fleet, slot) for fleet in plan.fleets for slot in _slots(fleet)), "the slot")
    for fleet in plan.fleets:
        calls = ((one, fleet.changes[slot]) for one in fleet.actions for slot in one.slots)
        yield from _twice((_call_words(one, _slot_words(fleet, change)) for one, change in calls), "the call")


def _slots(fleet: FleetPlan) -> Iterator[Change | Held]:
    yield from fleet.changes
    yield from fleet.held


def _slot_words(fleet: FleetPlan, slot: Change | Held) -> str:
    return f"{slot.workload.id or slot.workload.name} on {slot.unit.id} of {fleet.basis.target or fleet.connection}"


def _call_words(action: Action, slot: str) -> str:
    """Return a call for one slot: one stage may send the same call to several addresses, as for two activations."""
    request = action.request
    return f"{action.call} of {slot} ({request.method} {request.path}) in stage {action.stage}"


def _twice(names: Iterable[str], what: str) -> Iterator[str]:
    yield from (f"this plan lists {what} {clean(name)} twice" for name, number in Counter(names).items() if number > 1)

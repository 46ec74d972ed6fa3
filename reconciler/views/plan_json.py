"""A plan as JSON (`plan.v1`), and back."""

from __future__ import annotations

import msgspec

from reconciler.errors import PlanMismatch
from reconciler.model.plan import FORMAT, Plan
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

    Raises PlanMismatch for what is not JSON, of another format, or not shaped like a plan.
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
    _check_slots(plan)
    return plan


def _other_format(found: str) -> str:
    if not found:
        return "this JSON is not a plan: it has no `format`"
    if found.startswith("reconciler/plan."):
        return f"this plan has the format {clean(found)}; this version of reconciler reads {FORMAT}"
    return f"this is {clean(found)}, not a plan ({FORMAT})"


def _check_slots(plan: Plan) -> None:
    """A call may only speak of changes that are there."""
    for fleet in plan.fleets:
        for number, action in enumerate(fleet.actions, start=1):
            if not all(0 <= slot < len(fleet.changes) for slot in action.slots):
                raise PlanMismatch(
                    f"call {number:,} of fleet {clean(fleet.fleet)} speaks of changes that the plan does not have",
                    hint=AGAIN,
                )

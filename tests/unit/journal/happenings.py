"""Events for tests of the history."""

from __future__ import annotations

from reconciler.model.change import Request, Verb
from reconciler.model.event import Called, Intended, Passed, Settled
from reconciler.model.event_parts import SlotName
from reconciler.model.outcome import Outcome, Receipt, ReceiptKind, Result
from reconciler.model.unit import Ref

VISION = Ref("w1", "vision")
TARGETS = {"north": "losant:https://api.example/applications/1"}


def intended(at: float, call: int = 1, *, run: str = "r1", fleet: str = "north", units: int = 1) -> Intended:
    """Return that a call is about to be sent for the first units."""
    slots = tuple(SlotName(Ref(f"u{number}", f"gw-{number}"), VISION, Verb.RELEASE, 1, "v2") for number in range(units))
    return Intended(
        at=at,
        run=run,
        fleet=fleet,
        call=call,
        kind="losant.release",
        request=Request("POST", "/release", {"version": "v2"}),
        wide=False,
        slots=slots,
    )


def called(at: float, call: int = 1, kind: ReceiptKind = ReceiptKind.ACCEPTED, *, run: str = "r1") -> Called:
    """Return that a call was answered."""
    return Called(at=at, run=run, fleet="north", call=call, receipt=Receipt(kind), seconds=0.5)


def settled(at: float, unit: int = 0, result: Result = Result.DONE, *, run: str = "r1") -> Settled:
    """Return what came of the change of a unit."""
    ref = Ref(f"u{unit}", f"gw-{unit}")
    outcome = Outcome(fleet="north", unit=ref, workload=VISION, verb=Verb.RELEASE, to="v2", result=result)
    return Settled(at=at, run=run, outcome=outcome)


def passed(at: float, number: int, sync: str = "synced", *, fleet: str = "north") -> Passed:
    """Return that a pass ended."""
    return Passed(
        at=at, run="r1", fleet=fleet, number=number, sync=sync, health="healthy", changes=0, held=0, violations=0
    )

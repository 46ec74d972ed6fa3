"""What is not available: an exit code of its own, and with --strict a finding at the line that asks for it."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.core.detailed import detailed
from reconciler.core.unavailable import WORDS, findings
from reconciler.model.change import Held, Verb
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.origin import Origin
from reconciler.model.plan import Basis, Counts, FleetPlan, LimitKind, Plan, Summary, Times, Violation
from reconciler.model.unit import Ref

LINE = Origin("fleet.yaml", 9, 5)
NO_CHANGE = Summary(units=1, slots=1, synced=1, held=0, unmanaged=0, changes=Counts())


def held(code: HoldReason, unit: str = "u1", to: str | None = "v9", text: str = "") -> Held:
    return Held(
        unit=Ref(unit, unit),
        workload=Ref("w1", "poller"),
        verb=Verb.REPLACE,
        from_="v1",
        to=to,
        reasons=(Hold(HoldReason.SUSPENDED, "audit"), Hold(code, text)),
        origin=LINE,
    )


def plan(*some: Held, complete: bool = True, violated: bool = False) -> Plan:
    fleet = FleetPlan(
        fleet="austin",
        connection="plant",
        platform="losant",
        basis=Basis(target="t", manifest="m"),
        summary=NO_CHANGE,
        held=some,
        violations=(Violation(kind=LimitKind.REMOVE),) if violated else (),
    )
    times = Times(created="", expires="")
    return Plan(
        fingerprint="", checksum="", times=times, complete=complete, applyable=False, errored=False, fleets=(fleet,)
    )


@pytest.mark.parametrize("code", HoldReason)
def test_only_what_is_not_available_has_that_exit_code(code: HoldReason) -> None:
    assert detailed(plan(held(code))) == (5 if code in WORDS else 2)


@pytest.mark.parametrize("code", WORDS)
def test_what_was_not_read_comes_first_and_limits_after(code: HoldReason) -> None:
    assert detailed(plan(held(code), complete=False)) == 1
    assert detailed(plan(held(code), violated=True)) == 5
    assert detailed(plan(held(HoldReason.SUSPENDED), violated=True)) == 3
    assert detailed(plan()) == 0


@pytest.mark.parametrize("code", WORDS)
def test_a_line_has_one_finding_however_many_units_it_is_about(code: HoldReason) -> None:
    (one,) = findings(plan(held(code), held(code, "u2")).fleets)
    assert one.origin == LINE
    assert "poller" in one.message
    assert "v9" in one.message
    (told,) = findings(plan(held(code, text="so it says")).fleets)
    assert told.message == f"{one.message}: so it says"


def test_a_workload_that_is_not_there_says_it_in_its_own_words() -> None:
    missing = msgspec.structs.replace(held(HoldReason.VERSION_NOT_FOUND, text="no workload poller"), to=None)
    assert [one.message for one in findings(plan(missing).fleets)] == ["no workload poller"]

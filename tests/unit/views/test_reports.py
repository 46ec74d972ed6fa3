"""Reports as JSON, and the cases that no golden output shows."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.model.change import Verb
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.event import Settled
from reconciler.model.origin import Origin
from reconciler.model.outcome import Result
from reconciler.model.release import Preparation, PrepareStatus
from reconciler.model.report import Applied, ConnectionDeliveries, Explanation, Rule, Spread, Status, UnitStatus
from reconciler.model.report import Comparison as Compared
from reconciler.model.unit import Ref
from reconciler.ports import Check
from reconciler.views import (
    apply_text,
    deliveries_text,
    difference_text,
    doctor_text,
    event_line,
    explain_text,
    reason_words,
    releases_text,
    status_text,
)
from reconciler.views.line import plain
from reconciler.views.plan_words import CommandContext
from tests.golden import reports
from tests.golden.plans import NOW

NOBODY = Spread(workload="radio", version=None, assigned=0, reported=4, devices=0)
"""Cohorts without a member that was seen."""

JSON = {
    "result": lambda: apply_text.encode(reports.applied_badly()),
    "status": lambda: status_text.encode(reports.status()),
    "explanation": lambda: explain_text.encode(reports.explanation()),
    "checks": lambda: doctor_text.encode(reports.checks()),
    "releases": lambda: releases_text.encode(reports.releases()),
    "deliveries": lambda: deliveries_text.encode(reports.deliveries()),
    "difference": lambda: difference_text.encode(reports.difference()),
}


@pytest.mark.parametrize("name", JSON)
def test_json_is_one_line_that_names_its_format(name: str) -> None:
    found = JSON[name]()
    assert b"\n" not in found
    assert msgspec.json.decode(found)["format"] == f"reconciler/{name}.v1"


def test_json_of_a_result_counts_every_result() -> None:
    found = msgspec.json.decode(apply_text.encode(reports.applied_badly()))
    assert found["results"] == {"done": 39, "failed": 13, "stale": 1, "unknown": 1, "not tried": 12, "still waiting": 1}
    assert len(found["outcomes"]) == sum(found["results"].values())


def test_json_gives_reports_back() -> None:
    assert msgspec.json.decode(status_text.encode(reports.status()), type=Status) == reports.status()
    assert msgspec.json.decode(explain_text.encode(reports.explanation()), type=Explanation) == reports.explanation()
    assert msgspec.json.decode(apply_text.encode(reports.applied_badly()), type=Applied) == reports.applied_badly()


def test_nothing_was_sent_is_said() -> None:
    stale = (reports.outcome(1, Result.STALE),)
    found = plain(apply_text.render(Applied(run="r", exit_code=3, sent=0, outcomes=stale), width=80))
    assert "Nothing was sent: 1 stale; 0 calls." in found


def test_what_was_held_is_never_left_unsaid() -> None:
    found = plain(apply_text.render(Applied(run="r", exit_code=0, sent=0, held=1284), width=80))
    assert found == "Nothing was sent: 1,284 held; 0 calls.\nSee why changes are held with: reconciler plan\n"
    done = tuple(reports.outcome(number, Result.DONE) for number in range(2))
    found = plain(apply_text.render(Applied(run="r", exit_code=0, sent=1, held=2, outcomes=done), width=80))
    assert "Applied: 2 done, 2 held; 1 call.\nSee why changes are held with: reconciler plan\n" in found


def test_what_the_reading_did_not_cover_is_why_a_run_is_incomplete() -> None:
    why = "Slots that the reading does not cover are unknown and were left alone; see them with: reconciler plan\n"
    found = plain(apply_text.render(Applied(run="r", exit_code=4, sent=0), width=120))
    assert found == f"Nothing was sent; 0 calls.\n{why}"
    done = (reports.outcome(1, Result.DONE),)
    found = plain(apply_text.render(Applied(run="r", exit_code=4, sent=1, outcomes=done), width=120))
    assert found.endswith(f"Not all applied: 1 done; 1 call.\n{why}")


def test_a_run_that_did_not_wait_says_accepted_and_never_applied() -> None:
    accepted = tuple(reports.outcome(number, Result.WAITING) for number in range(2))
    failed = (*accepted, reports.outcome(2, Result.FAILED, "no such flow"))
    for outcomes, code, words in (
        (accepted, 0, "Accepted: 2 accepted; 1 call."),
        (failed, 4, "Not all accepted: 1 failed, 2 accepted; 1 call."),
    ):
        shown = Applied(run="r", exit_code=code, sent=1, waited=False, outcomes=outcomes)
        found = plain(apply_text.render(shown, width=120))
        assert words in found
        assert not {"Applied", "waiting"} & set(found.split())
        assert ("no such flow" in found) == (code == 4)


def test_done_claims_of_the_units_only_what_no_line_takes_back() -> None:
    done = reports.outcome(1, Result.DONE)
    behind = msgspec.structs.replace(done, detail="2 devices report a later version")
    for outcomes, words in (
        ((done,), "the platform and the units are as planned"),
        ((done, behind), reason_words.DONE_WITH_REMARKS),
    ):
        shown = apply_text.render(Applied(run="r", exit_code=0, sent=1, outcomes=outcomes), width=120)
        assert f"done: {len(outcomes)}  {words}\n" in plain(shown)


def test_commands_proposed_after_an_apply_name_what_was_typed() -> None:
    context = CommandContext(where=("fleets/austin",), filters=("--unit", "gw-*"))
    found = plain(apply_text.render(reports.applied_badly(), width=120, context=context))
    assert "See what remains to be done with: reconciler plan fleets/austin --unit 'gw-*'\n" in found
    assert "Follow the units with: reconciler status fleets/austin --unit 'gw-*'\n" in found


def test_leftovers_that_went_do_not_read_as_the_version_that_stays() -> None:
    one = msgspec.structs.replace(reports.outcome(1, Result.DONE), verb=Verb.REMOVE, to="2.4.0")
    found = plain(apply_text.render(Applied(run="r", exit_code=0, sent=1, outcomes=(one,)), width=80))
    assert "- remove modbus-poller other than 2.4.0\n" in found
    assert "- remove modbus-poller other than 2.4.0 on gw-0001 done" in plain(
        [event_line.render(Settled(at=NOW, run="r", outcome=one))]
    )


def test_empty_answers_say_so() -> None:
    assert plain(status_text.render(Status(fleets=()), now=NOW, width=80)) == "No fleet matches.\n"
    assert "No slot found" in plain(explain_text.render(Explanation(slots=()), now=NOW, width=80))
    assert plain(doctor_text.render([], width=80)) == "No connection to check.\n"
    same = Compared(kind="plan", left="a", right="b", differences=())
    assert plain(difference_text.render(same, width=80)) == "No difference: plan a and b are equal.\n"


def test_all_checks_ok_is_calm() -> None:
    calm = [("north", reports.checks()[1][1])]
    assert plain(doctor_text.render(calm, width=80)).endswith("1 check, all ok.\n")


def test_a_rule_without_place_or_author() -> None:
    one = reports.explanation().slots[1]
    bare = msgspec.structs.replace(
        one, won=Rule(origin=one.won.origin if one.won else reports.Origin(""), text="x", commit="abc")
    )
    found = plain(explain_text.render(Explanation(slots=(bare,)), now=NOW, width=80))
    assert "commit abc\n" in found
    nowhere = msgspec.structs.replace(bare, won=Rule(origin=reports.Origin(""), text="x"))
    assert "set by      x\n" in plain(explain_text.render(Explanation(slots=(nowhere,)), now=NOW, width=80))


def test_a_hint_to_be_copied_is_not_broken() -> None:
    proposal = f"routes: {'x' * 500}"
    shown = plain(doctor_text.render([("plant", [Check("OpenAPI", "warning", "a proposal", proposal)])], width=60))
    assert f"{proposal}\n" in shown


def test_units_that_report_nothing_are_no_version_of_their_own() -> None:
    found = (Spread(workload="radio", version="2.4.0", assigned=9, reported=5, devices=5), NOBODY)
    shown = status_text.render(
        Status(fleets=(msgspec.structs.replace(reports.cohorts(), spread=found),)), now=NOW, width=120
    )
    assert "radio: 2.4.0 on 9 units, 5 reporting it (5 devices)\n" in plain(shown)


def test_several_warnings_are_counted_as_such() -> None:
    checks = [Check("clock", "warning", "ahead"), Check("git", "warning", "not there"), Check("token", "failed", "401")]
    assert "3 checks: 2 warnings, 1 failed." in plain(doctor_text.render([("plant", checks)], width=80))


def test_units_tell_their_own_remarks_where_they_are_listed() -> None:
    fleet = reports.cohorts()
    unit = UnitStatus(unit=Ref("beta", "Beta"), reach="connected", slots=())
    alone = plain(status_text.render(Status(fleets=(fleet,)), now=NOW, width=120))
    listed = msgspec.structs.replace(fleet, unit_list=(unit,))
    together = plain(status_text.render(Status(fleets=(listed,)), now=NOW, width=120))
    assert "8 devices were not seen" in alone
    assert "8 devices were not seen" not in together


def test_what_manifests_say_wrongly_in_the_same_way_is_one_line_of_a_status() -> None:
    found = [
        Diagnostic(code=code, message=f"{code} of 'gw-{number}'", severity=severity, origin=Origin("a.yaml", number, 1))
        for severity, code in ((Severity.WARNING, "no unit"), (Severity.ERROR, "two units"))
        for number in range(1, 501)
    ]
    fleet = msgspec.structs.replace(reports.cohorts(), diagnostics=tuple(found))
    shown = plain(status_text.render(Status(fleets=(fleet,)), now=NOW, width=200))
    rest = "(also 'gw-2', 'gw-3', 'gw-4' and 496 more)"
    assert f"x mistake: 500 alike: a.yaml:1:1: two units of 'gw-1' {rest}\n" in shown
    assert f"! 500 alike: a.yaml:1:1: no unit of 'gw-1' {rest}\n" in shown
    assert shown.count("gw-1'") == 2


def test_who_asked_is_not_told_to_ask() -> None:
    for notes in ((), ("the server was asked, and knows no preparation of it",)):
        one = Preparation(reference="12.radio@1.0.0", status=PrepareStatus.NOT_ASKED, notes=notes)
        told = ConnectionDeliveries(connection="plant", platform="getapp", preparations=(one,))
        shown = plain(deliveries_text.render([told], width=120))
        assert ("--probe" in shown) == (not notes)
        assert all(note in shown for note in notes)

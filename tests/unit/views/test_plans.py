"""Plans as text, JSON and Markdown: the cases that no golden output shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from reconciler.errors import PlanMismatch
from reconciler.model.change import Action, Held, Reason, Request
from reconciler.model.origin import NOWHERE
from reconciler.model.plan import FleetPlan, Plan, Times
from reconciler.model.provenance import DIRTY
from reconciler.model.unit import Names
from reconciler.views import plan_json, plan_markdown, plan_text
from reconciler.views.group import body_text, gathered
from reconciler.views.line import plain
from reconciler.views.markdown import code
from reconciler.views.plan_words import NOTHING, CommandContext
from tests.golden import plans
from tests.golden.plans import NOW, POLLER

TYPED = CommandContext(where=("fleets/austin", "--connections", "../base"), filters=("--unit", "gw-*"))


def text(
    plan: Plan,
    *,
    width: int = 120,
    verbose: bool = False,
    saved: str | None = None,
    context: CommandContext | None = NOTHING,
) -> str:
    return plain(plan_text.render(plan, now=NOW, width=width, verbose=verbose, saved=saved, context=context))


def last(plan: Plan, *, saved: str | None = None, context: CommandContext | None = NOTHING) -> list[str]:
    return text(plan, saved=saved, context=context).split("\n\n")[-1].strip().split("\n")


def timed(plan: Plan, created: str, expires: str) -> Plan:
    return msgspec.structs.replace(plan, times=Times(created=created, expires=expires))


def test_no_fleet_in_reach_is_said() -> None:
    assert last(plans.plan()) == ["Plan: no fleet matches."]


def test_an_expired_plan_says_only_that_a_new_one_is_needed() -> None:
    old = timed(plans.canary(), "2026-11-16T11:06:40Z", "2026-11-17T11:06:40Z")
    assert last(old, saved="plan.json")[1:] == [
        "This plan expired 1 d ago and cannot be applied. Make a new one with: reconciler plan"
    ]


def test_times_that_are_none_do_not_stop_a_plan_from_being_shown() -> None:
    odd = timed(plans.canary(), "?", "?")
    assert "reading     at an unknown time, complete" in text(odd)
    assert last(odd, saved="plan.json")[-1] == "Apply with: reconciler apply --plan plan.json"


@pytest.mark.parametrize(
    ("context", "saved", "said"),
    [
        (NOTHING, None, "Apply with: reconciler apply"),
        (NOTHING, "my plan.json", "Apply with: reconciler apply --plan 'my plan.json'"),
        (TYPED, None, "Apply with: reconciler apply fleets/austin --connections ../base --unit 'gw-*'"),
        (TYPED, "plan.json", "Apply with: reconciler apply fleets/austin --connections ../base --plan plan.json"),
    ],
)
def test_the_command_that_applies_does_what_was_shown_and_no_more(
    context: CommandContext, saved: str | None, said: str
) -> None:
    assert said in last(plans.canary(), saved=saved, context=context)


def test_nothing_is_said_of_applying_where_people_are_asked_next() -> None:
    assert last(plans.canary(), context=None) == ["Plan: 2 changes in 1 call (2 replace)."]


def test_other_commands_name_what_was_typed_too() -> None:
    old = timed(plans.canary(), "2026-11-16T11:06:40Z", "2026-11-17T11:06:40Z")
    assert "reconciler plan fleets/austin --connections ../base --unit 'gw-*'" in last(old, context=TYPED)[-1]
    unread = plans.plan(plans.canary().fleets[0], msgspec.structs.replace(plans.canary().fleets[0], error="down"))
    assert "with: reconciler doctor fleets/austin --connections ../base" in "\n".join(last(unread, context=TYPED))


def test_changes_that_are_not_committed_are_no_part_of_a_commit() -> None:
    one = plans.canary().fleets[0]
    commit = f"{one.basis.commit}{DIRTY}"
    found = plans.plan(msgspec.structs.replace(one, basis=msgspec.structs.replace(one.basis, commit=commit)))
    assert "manifests   commit 9f3c1d27aa0b with uncommitted changes\n" in text(found)
    marked = plan_markdown.render(found, now=NOW)
    assert "manifests of commit `9f3c1d27aa0b45e1` with uncommitted changes." in marked


def test_a_command_is_never_broken() -> None:
    found = text(plans.violated(), width=110, saved="plan.json")
    line = "reconciler apply --plan plan.json --allow replace --allow remove --allow empty-scope --reason TEXT"
    assert f"with:\n  {line}\n" in found


def test_several_blocked_fleets_and_several_under_way() -> None:
    one = plans.violated().fleets[0]
    both = plans.plan(one, msgspec.structs.replace(one, fleet="boston"))
    assert any(part.startswith("2 fleets are blocked by a limit") for part in last(both))
    calm = plans.fleet(under_way=(0, 4, 0, 0))
    assert last(plans.plan(calm)) == ["Nothing to do: 300 slots of 1 fleet match git; 4 waiting."]
    assert last(plans.plan(calm, calm)) == ["Nothing to do: 600 slots of 2 fleets match git; some are still settling."]


def test_many_single_calls_of_one_kind_are_counted() -> None:
    moves = [plans.change(number, POLLER, f"v1.{number}", None) for number in range(1, 31)]
    actions = [
        Action(call="losant.remove", request=Request("POST", "/remove", {"deviceId": one.unit.id}), slots=(slot,))
        for slot, one in enumerate(moves)
    ]
    many = plans.plan(plans.fleet(changes=moves, actions=actions))
    assert "    … and 25 more calls of losant.remove, 25 units; --verbose lists all\n" in text(many)
    assert text(many).count("stage 1  losant.remove") == 5
    assert text(many, verbose=True).count("stage 1  losant.remove") == 30


def test_calls_stand_stage_by_stage_and_stages_count_from_one() -> None:
    moves = (plans.change(1, POLLER, "v1", "v2"), plans.change(2, POLLER, "v1", None))
    actions = [
        Action(call="last", request=Request("POST", "/x"), slots=(1,), stage=7),
        Action(call="first", request=Request("POST", "/x", [1]), slots=(0,), stage=3),
    ]
    assert [(one.first.call, one.stage, one.body) for one in gathered(actions, moves)] == [
        ("first", 1, "[1]"),
        ("last", 2, ""),
    ]


def test_bodies_are_shortened() -> None:
    body = {"id": "a", "ids": [1, 2, 3, 4], "few": ["x"]}
    assert body_text([body]) == '{"id": "a", "ids": [1, 2, 3, … 1 more], "few": ["x"]}'
    other = {**body, "ids": [5, 6], "few": []}
    assert body_text([body, other]) == '{"id": "a", "ids": [1, 2, 3, … 3 more in all 2 calls], "few": ["x"]}'


def test_units_of_one_name_are_told_apart() -> None:
    name = Names([plans.Ref("1", "gw"), plans.Ref("2", "gw"), plans.Ref("3", "other"), plans.Ref("", "")])
    assert [name(one) for one in (plans.Ref("1", "gw"), plans.Ref("3", "other"), plans.Ref("", ""))] == [
        "gw (1)",
        "other",
        "",
    ]


def test_a_fleet_that_only_warns_shows_its_warnings() -> None:
    assert "! no unit has the tag ring\n" in text(plans.plan(plans.fleet(warnings=["no unit has the tag ring"])))


def test_others_that_leave_besides_are_named() -> None:
    move = plans.change(1, POLLER, "v1", "v2", extra_versions=("v0",), reason=Reason.OUT_OF_SYNC)
    one = plans.plan(plans.fleet(changes=[move]))
    assert "v1 → v2 (v0 is removed too)" in text(one)
    assert "`v1` → `v2` (`v0` is removed too)" in plan_markdown.render(one, now=NOW)


@pytest.mark.parametrize(
    ("now", "then", "words", "shown"),
    [
        ((), (("percent", 25),), "      with percent=25\n", "`v1` again, with `percent=25` |"),
        (
            (("percent", 25),),
            (("percent", 50),),
            "with percent=50 instead of 25\n",
            "with `percent=50` instead of `25` |",
        ),
        ((("percent", 25),), (), "no longer percent=25\n", "`v1` again, no longer `percent=25` |"),
    ],
)
def test_settings_that_change_show_what_they_are_now(
    now: tuple[tuple[str, int], ...], then: tuple[tuple[str, int], ...], words: str, shown: str
) -> None:
    move = msgspec.structs.replace(plans.change(1, POLLER, "v1", "v1"), settings=then, settings_from=now)
    one = plans.plan(plans.fleet(changes=[move]))
    assert words in text(one)
    assert shown in plan_markdown.render(one, now=NOW)


def test_the_next_sentence_of_a_reading_that_proved_less_than_is_held() -> None:
    found = text(plans.plan(plans.fleet(unknown=3)))
    assert "unknown     the state of 3 slots could not be read" in found
    assert last(plans.plan(plans.fleet(unknown=3))) == ["Plan: no change can be sent now; 3 slots unknown."]


# --- JSON -----------------------------------------------------------------------------------------------------------


def edited(edit: Callable[[Any], object]) -> bytes:
    content = msgspec.json.decode(plan_json.encode(plans.canary()))
    edit(content)
    return msgspec.json.encode(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not readable as JSON"),
        (b"<html>", "not readable as JSON"),
        (b"\xff\xfe{", "not readable as JSON"),
        (b'{"a": ' + b"[" * 100_000, "not readable as JSON"),
        (b"[]", "no `format`"),
        (b"{}", "no `format`"),
        (b'{"format": 3}', "no `format`"),
        (b'{"format": "reconciler/plan.v9"}', "has the format reconciler/plan.v9; this version of reconciler reads"),
        (b'{"format": "reconciler/snapshot.v1"}', "this is reconciler/snapshot.v1, not a plan"),
        (b'{"format": "reconciler/plan.v1"}', "not shaped like reconciler/plan.v1: Object missing required field"),
        (edited(lambda plan: plan.update(fleets=3)), "not shaped like"),
    ],
)
def test_what_is_no_plan_is_told_in_words(content: bytes, message: str) -> None:
    with pytest.raises(PlanMismatch, match=message) as refused:
        plan_json.decode(content)
    assert "reconciler plan --out" in refused.value.hint


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ((), "extra"),
        (("times",), "valid_until"),
        (("fleets", 0), "mode"),
        (("fleets", 0, "basis"), "x"),
        (("fleets", 0, "summary", "changes"), "none"),
        (("fleets", 0, "changes", 1), "from_"),
        (("fleets", 0, "changes", 0, "unit"), "names"),
        (("fleets", 0, "actions", 0, "request"), "host"),
        (("fleets", 0, "changes", 0, "origin"), "columns"),
    ],
)
def test_a_key_that_no_plan_has_is_refused_wherever_it_stands(path: tuple[str | int, ...], key: str) -> None:
    def strange(plan: Any) -> None:  # any JSON value
        for step in path:
            plan = plan[step]
        plan[key] = "x"

    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*path, key)).removeprefix(".")
    with pytest.raises(PlanMismatch) as refused:
        plan_json.decode(edited(strange))
    assert str(refused.value) == f"this plan has {place}, which no plan has there"


@pytest.mark.parametrize("key", ["fingerprint", "expires", "to", "unit", "method", "changes"])
def test_a_key_that_is_given_twice_is_refused_wherever_it_stands(key: str) -> None:
    """Readers differ in which of two they believe."""
    text = plan_json.encode(plans.canary()).decode()
    twice = text.replace(f'"{key}":', f'"{key}":null,"{key}":', 1)
    again = text.replace(f'"{key}":', f'"{key[0]}\\u{ord(key[1]):04x}{key[2:]}":"x","{key}":', 1)
    for content in (twice, again):
        with pytest.raises(PlanMismatch):
            plan_json.decode(content.encode())
    same = re.sub(rf'"{key}":("[^"]*"|\d+)', rf'"{key}":\1,"{key}":\1', text, count=1)
    if same != text:
        with pytest.raises(PlanMismatch, match=f"the key '{key}' twice"):
            plan_json.decode(same.encode())


def with_fleets(*fleets: FleetPlan) -> Plan:
    return msgspec.structs.replace(plans.canary(), fleets=fleets)


def test_a_plan_is_a_set() -> None:
    one = plans.canary().fleets[0]
    change, action = one.changes[0], one.actions[0]
    held = Held(unit=change.unit, workload=change.workload, verb=None, from_=None, to=None, reasons=(), origin=NOWHERE)

    def but(**fields: Any) -> FleetPlan:  # any field's value
        return msgspec.structs.replace(one, **fields)

    plan_json.check(with_fleets(one))
    for many in (
        with_fleets(one, one),
        with_fleets(one, but(fleet="another")),
        with_fleets(but(changes=(*one.changes, change))),
        with_fleets(but(changes=(*one.changes, msgspec.structs.replace(change, to="other")))),
        with_fleets(but(held=(*one.held, held))),
        with_fleets(but(actions=(*one.actions, action))),
        with_fleets(but(actions=(msgspec.structs.replace(action, slots=(*action.slots, 0)),))),
        with_fleets(but(actions=(*one.actions, msgspec.structs.replace(action, slots=(0,))))),
    ):
        with pytest.raises(PlanMismatch, match=r"^this plan lists the (fleet|slot|call) .* twice$"):
            plan_json.check(many)


def test_two_calls_of_a_kind_for_one_slot_are_two_where_their_addresses_differ() -> None:
    """Two activations of one cohort are pulled by two calls."""
    one = plans.canary().fleets[0]
    action = one.actions[0]
    request = msgspec.structs.replace(action.request, path=f"{action.request.path}/2")
    other = msgspec.structs.replace(action, request=request)
    plan_json.check(with_fleets(msgspec.structs.replace(one, actions=(*one.actions, other))))


@pytest.mark.parametrize("text", ["", "never", "2026-11-19", "2026-11-19T11:06:30", "2026-11-19T11:06:30+00:00"])
@pytest.mark.parametrize("name", ["created", "expires", "plant"])
def test_a_time_that_is_none_is_refused(name: str, text: str) -> None:
    plan = plans.canary()
    times = msgspec.to_builtins(plan.times)
    (times["read"] if name == "plant" else times)[name] = text
    odd = msgspec.structs.replace(plan, times=msgspec.convert(times, Times))
    with pytest.raises(PlanMismatch, match=f"no time at {name}"):
        plan_json.check(odd)


@pytest.mark.parametrize("slot", [-1, 2])
def test_calls_may_only_speak_of_changes_that_are_there(slot: int) -> None:
    plan = plans.canary()
    one = plan.fleets[0]
    action = msgspec.structs.replace(one.actions[0], slots=(slot,))
    odd = msgspec.structs.replace(plan, fleets=(msgspec.structs.replace(one, actions=(action,)),))
    with pytest.raises(PlanMismatch, match="call 1 of fleet austin"):
        plan_json.decode(plan_json.encode(odd))


# --- Markdown -------------------------------------------------------------------------------------------------------


def test_a_limit_that_holds_no_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="2,048"):
        plan_markdown.render(plans.canary(), now=NOW, limit=2047)


def test_where_only_the_title_fits_the_rest_gives_way() -> None:
    plan = plans.hostile()
    long = msgspec.structs.replace(plan, filters="\u202e" * 200)
    found = plan_markdown.render(long, now=NOW, limit=2048)
    title = "no change can be sent now; 2 blocked; 1 held; 1 limit violated; 1 mistake in manifests"
    assert found.startswith(f"<!-- reconciler:plan -->\n## Plan: {title}\n\n")
    assert found.endswith("`reconciler show --verbose plan.json`.\n\n")


def test_the_largest_plan_stays_within_the_limit_and_says_what_is_missing() -> None:
    moves = [plans.change(number, POLLER, f"v{number}", "v9") for number in range(3000)]
    found = plan_markdown.render(plans.plan(plans.fleet(units=3000, changes=moves)), now=NOW)
    assert len(found.encode()) <= plan_markdown.LIMIT
    assert re.search(r"_2,\d{3} more of 3,000 changes left out here._", found)
    assert re.search(r"Left out.*: 2,\d{3} of 3,000 changes\.", found)
    assert "lists all 3,000 slots" in found
    assert "Slots: " not in found
    assert found.count("<details>") == found.count("</details>")


def test_many_fleets_lose_rows_and_not_the_title() -> None:
    many = plans.plan(
        *(plans.fleet(f"site-{number}", changes=[plans.change(number, POLLER, "a", "b")]) for number in range(300))
    )
    found = plan_markdown.render(many, now=NOW, limit=20_000)
    assert found.startswith("<!-- reconciler:plan -->\n## Plan: 300 changes in 300 calls (300 replace)\n")
    assert "**Left out** to stay within 20,000 characters: " in found
    assert len(found.encode()) <= 20_000


def test_several_connections_and_commits_keep_the_footer_short() -> None:
    plan = plans.canary()
    read = {f"connection-{number}": "2026-11-18T11:06:28Z" for number in range(9)}
    one = plan.fleets[0]
    other = msgspec.structs.replace(one, basis=msgspec.structs.replace(one.basis, commit=None, target=""))
    found = plan_markdown.render(
        msgspec.structs.replace(plan, fleets=(other,), times=msgspec.structs.replace(plan.times, read=read)), now=NOW
    )
    assert "`connection-2` read `2026-11-18T11:06:28Z` and 6 more" in found
    assert "commit" not in found
    assert "read from" not in text(msgspec.structs.replace(plan, fleets=(other,)))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a", "`a`"),
        ("", "(empty)"),
        ("  ", "(blank, 2 spaces)"),
        ("`", "`` ` ``"),
        ("a``b", "```a``b```"),
        (" a ", "`  a  `"),
    ],
)
def test_code_spans(given: str, shown: str) -> None:
    assert code(given) == shown


def test_a_version_that_is_there_already_and_wanted_is_not_said_to_leave() -> None:
    """Two versions side by side, and the one that was not assigned is wanted (GetApp, Memfault)."""
    one = plans.change(1, POLLER, "v2", "v1", extra_versions=("v0", "v1"))
    shown = plans.plan(plans.fleet("austin", changes=(one,)))
    assert "v2 → v1 (v0 is removed too)" in text(shown)
    assert "`v2` → `v1` (`v0` is removed too)" in plan_markdown.render(shown, now=NOW)
    alone = plans.plan(plans.fleet("austin", changes=(msgspec.structs.replace(one, extra_versions=("v1",)),)))
    assert "removed too" not in text(alone) + plan_markdown.render(alone, now=NOW)


def test_when_each_connection_was_read_is_enumerated() -> None:
    one = plans.canary()
    two = msgspec.structs.replace(one.times, read={"plant": "2026-11-18T11:06:28Z", "yard": "2026-11-18T11:06:29Z"})
    found = plan_markdown.render(msgspec.structs.replace(one, times=two), now=NOW)
    assert ", `plant` read `2026-11-18T11:06:28Z`, `yard` read `2026-11-18T11:06:29Z`, manifests" in found

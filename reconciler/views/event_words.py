"""What happened, in words: one sentence a kind of event. `event_line` puts them on lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch

from reconciler.model import event as events
from reconciler.model.drift import DriftCause
from reconciler.model.hold import HoldReason
from reconciler.model.notice import Delivery
from reconciler.model.outcome import ReceiptKind, Result
from reconciler.model.plan import PaceKind
from reconciler.model.quantity import iso
from reconciler.model.ruling import Act
from reconciler.views import bounds_text
from reconciler.views.limit_words import violation_words
from reconciler.views.line import Span
from reconciler.views.reason_words import LABELS, NOT_WAITED, RESULTS, hold_words, outcome_words
from reconciler.views.words import (
    REASONS,
    SIGNS,
    actor_words,
    clean,
    commit_words,
    count,
    course,
    duration,
    end,
    from_to,
    joined,
    listed,
    version,
)

LEVELS = {"debug": "dim", "info": "", "warning": "yellow", "error": "bold red"}


RECEIPTS = {
    ReceiptKind.ACCEPTED: ("accepted", "green"),
    ReceiptKind.REJECTED: ("rejected", "bold red"),
    ReceiptKind.UNKNOWN: ("effect unknown; reading back", "yellow"),
    ReceiptKind.UNPROVED: ("not sent: a check right before the call showed a different state; reading again", "yellow"),
}


DELIVERIES = {
    Delivery.SENT: ("info", "notified"),
    Delivery.FAILED: ("warning", "could not notify"),
    Delivery.DROPPED: ("warning", "too many messages wait to be sent; could not notify"),
    Delivery.LIMITED: ("info", "more than is sent in an hour; counted for"),
    Delivery.SILENT: ("debug", "over by what a person did, so nothing is sent to"),
}


def units_of(event: events.AnyEvent) -> list[str]:
    """Return the names of the units that an event is about."""
    if isinstance(event, events.Settled):
        return [event.outcome.unit.name]
    if isinstance(event, events.Drifted):
        return [event.unit.name]
    if isinstance(event, events.Resolved):
        return [one.unit.name for one in event.slots]
    return [unit.name for unit in event.units] if isinstance(event, events.Differing | events.Halted) else []


def _who(units: Sequence[str]) -> str:
    """Return which units something is about: the one, or how many and the first few."""
    return clean(units[0]) if len(units) == 1 else f"{count(len(units), 'unit')} ({listed(units)})"


Said = tuple[str, list[Span]]


@singledispatch
def said(event: events.Event, units: Sequence[str]) -> Said:
    """Return how serious an event is, and what happened; `units` are the names of the units that it is about."""
    del units
    raise TypeError(f"an event without words: {type(event).__name__}")


@said.register
def _(event: events.Started, _: Sequence[str]) -> Said:
    allowed = "".join(f"; {_lifted(kind)} lifted: {clean(why)}" for kind, why in event.allowed)
    who = f" by {clean(event.author)}" if event.author else ""
    commit = f", commit {commit_words(event.commit, 12)}{who}" if event.commit else ""
    plan = f", plan {clean(event.fingerprint)[:12]}" if event.fingerprint else ""
    lifted = "".join(f"; {clean(fleet)}: {bounds_text.lifted_words(one)}" for fleet, one in event.lifted)
    reviewed = f", planned again within {listed(event.reviewed)}" if event.reviewed else ""
    return "warning" if allowed or lifted else "info", [
        (f"{clean(event.kind)} {clean(event.run)} begins{plan}{commit}{reviewed}{allowed}{lifted}", "")
    ]


def _lifted(kind: str) -> str:
    return f"{'' if kind in frozenset(PaceKind) else 'limit on '}{clean(kind)}"


@said.register
def _(event: events.InForce, _: Sequence[str]) -> Said:
    commit = f", commit {commit_words(event.commit, 12)}" if event.commit else ""
    who = f" by {clean(event.author)}: {clean(event.summary)}" if event.author else ""
    who += f", signed by {clean(event.signer)}" if event.signer else ""
    words = "the manifests changed" if event.changed else "manifests in force"
    return "info", [(f"{words}: {count(event.fleets, 'fleet')}{commit}{who}", "")]


@said.register
def _(event: events.Intended, _: Sequence[str]) -> Said:
    request = f"{clean(event.request.method)} {clean(event.request.path)}"
    return "info", [(f"call {event.call:,}: {clean(event.kind)} {request} for {count(len(event.slots), 'slot')}", "")]


@said.register
def _(event: events.Called, _: Sequence[str]) -> Said:
    words, style = RECEIPTS[event.receipt.kind]
    status = f"{event.receipt.status}, " if event.receipt.status is not None else ""
    level = {ReceiptKind.ACCEPTED: "info", ReceiptKind.REJECTED: "error"}.get(event.receipt.kind, "warning")
    if event.receipt.refused and level == "info":
        level, words, style = "error", "accepted, but not for all units", "bold red"
    refused = listed([f"{unit}: {why}" for unit, why in event.receipt.refused])
    rest = "".join(f": {clean(text)}" for text in (event.receipt.error, refused) if text)
    rest += f"; it says {clean(event.receipt.answer)}" if event.receipt.answer else ""
    return level, [(f"call {event.call:,}: ", ""), (words, style), (f" ({status}{event.seconds:.1f} s){rest}", "")]


@said.register
def _(event: events.Resolved, units: Sequence[str]) -> Said:
    effect = "it took effect" if event.effect else "it is not in effect"
    what = f"call {event.call:,} of run {clean(event.of)[:12]} had no answer; read back on {_who(units)}: "
    return "info" if event.effect else "warning", [(what, ""), (effect, "green" if event.effect else "yellow")]


@said.register
def _(event: events.Settling, _: Sequence[str]) -> Said:
    return "info", [(f"settling: {settling_words(event)}", "")]


def settling_words(event: events.Settling) -> str:
    """Return how far a fleet has settled: `900 done, 2 still waiting and 101 moving`."""
    ended = (event.done, "done"), (event.waiting, "still waiting"), (event.failed, "failed")
    return _numbers((*ended, (event.pending, f"moving{_steps(event)}"), (event.later, "in a later stage")))


def _steps(event: events.Settling) -> str:
    """Return which calls changes wait for the effect of: ` (after a.push)`, ` (1 after a.prepare, 2 after a.push)`."""
    if len(event.steps) == 1 and sum(event.steps.values()) == event.pending:
        return f" (after {clean(next(iter(event.steps)))})"
    parts = [f"{number:,} after {clean(call)}" for call, number in event.steps.items()]
    return f" ({', '.join(parts)})" if parts else ""


@said.register
def _(event: events.Settled, units: Sequence[str]) -> Said:
    one = event.outcome
    words, name, style = clean(outcome_words(one)), *RESULTS[one.result][:2]
    level = {Result.DONE: "info", Result.WAITING: "info", Result.FAILED: "error"}.get(one.result, "warning")
    what = f"{SIGNS[one.verb]} {one.verb.value} {clean(one.workload.name)}{end(one.verb, one.to)} on {_who(units)} "
    said = words.startswith(NOT_WAITED[one.result][0])  # it was not waited for, so nothing is waited for still
    return level, [
        (what, ""),
        *([] if said else [(name, style)]),
        (f"{'' if said or not words else ': '}{words}", ""),
    ]


@said.register
def _(event: events.Note, _: Sequence[str]) -> Said:
    level = event.level if event.level in LEVELS else "warning"
    return level, [(clean(event.message), LEVELS[level])]


@said.register
def _(event: events.Blocked, _: Sequence[str]) -> Said:
    limits = [clean(violation_words(one)) for one in event.violations]
    beyond = "; ".join(map(bounds_text.excess_words, bounds_text.grouped(event.excess)))
    words = "; ".join([*limits, *([f"more than was reviewed: {beyond}"] if beyond else [])])
    return "error", [(f"blocked: {words}", "red")]


@said.register
def _(event: events.Passed, _: Sequence[str]) -> Said:
    outcomes = _numbers((number, _result(result, waited=event.waited)) for result, number in event.outcomes.items())
    numbers = [
        count(event.changes, "change"),
        f"{event.held:,} held{_reasons(event)}",
        f"{count(event.violations, 'limit')} violated" if event.violations else "",
        f"{count(event.mistakes, 'mistake')} in manifests" if event.mistakes else "",
    ]
    found = ", ".join(part for part in numbers if part)
    applied = f"; results: {outcomes}" if event.outcomes else ""
    then = " when read" if event.outcomes and not event.waited else ""
    return "info", [(f"pass {event.number:,}: {clean(event.sync)}, {clean(event.health)}{then}; {found}{applied}", "")]


def _result(name: str, *, waited: bool) -> str:
    """Return the words of a result; one that this program does not know has its own name."""
    known = {one.value: words for one, (words, *_) in (RESULTS if waited else NOT_WAITED).items()}
    return known.get(name) or clean(name)


def _reasons(event: events.Passed) -> str:
    """Return why changes are held, as far as this program knows the reasons: ` (7 agent too old, 5 state unknown)`."""
    known = [f"{event.reasons[one.value]:,} {LABELS[one]}" for one in HoldReason if one.value in event.reasons]
    return f" ({', '.join(known)})" if known else ""


@said.register
def _(event: events.Differing, units: Sequence[str]) -> Said:
    goes = course(event.verb, event.now, event.desired)
    what = f"{SIGNS[event.verb]} {event.verb.value} {clean(event.workload.name)} {goes}"
    why = "the manifests ask for it now" if event.cause is DriftCause.GIT else REASONS[event.reason]
    held = f"; {_held(event)}" if event.holds else ""
    return "info", [("to change: ", ""), (what, ""), (f" on {_who(units)}, {why}{held}", "")]


@said.register
def _(event: events.Drifted, units: Sequence[str]) -> Said:
    if event.cause is DriftCause.UNIT:
        what = f"drift: {clean(event.workload.name)} on {_who(units)} reports {from_to(event.was, event.now)} by itself"
        return "warning", [(what, "yellow"), (f"; assigned is {version(event.desired)}", "")]
    who = actor_words(event.by, event.by_kind)
    by = f" by {who}" if who else ""
    at = f" at {iso(event.changed_at)}" if event.changed_at is not None and len(units) == 1 else ""
    what = f"drift: {clean(event.workload.name)} on {_who(units)} changed{by}{at}: {from_to(event.was, event.now)}"
    corrects = f"{event.verb.value} corrects it" if event.verb is not None else ""
    rest = "; ".join(filter(None, (corrects, _held(event))))
    return "warning", [(what, "yellow"), (f"; desired is {version(event.desired)}{f' ({rest})' if rest else ''}", "")]


def _held(event: events.Drifted | events.Differing) -> str:
    """Return what keeps a change from going."""
    words = [clean(hold_words(one, event.workload.name, event.desired)) for one in event.holds]
    return f"held: {'; '.join(words)}" if words else ""


@said.register
def _(event: events.Met, _: Sequence[str]) -> Said:
    if event.whole:
        return "info", [(f"{_rollout(event)} is {'complete' if event.met else 'no longer complete'}", "")]
    state = "meets its success" if event.met else "no longer meets its success"
    return "info", [(f"{_rollout(event)}: wave {event.wave + 1} {state}", "")]


@said.register
def _(event: events.Halted, units: Sequence[str]) -> Said:
    what = f"{_rollout(event)} is halted: {event.failed:,} of {count(event.attempted, 'device')} failed"
    return "error", [(what, "red"), (f" ({listed(units)})" if units else "", "")]


@said.register
def _(event: events.Ruled, _: Sequence[str]) -> Said:
    one = event.ruling
    wave = f" wave {one.wave + 1} of" if one.wave is not None else ""
    what = f"{clean(one.by)}: {one.command.value}{wave} {_rollout(event)}: {clean(one.reason)}"
    return "info", [(what, "")]


@said.register
def _(event: events.RolledBack, _: Sequence[str]) -> Said:
    where = "pushed to the repository" if event.pushed else "in the repository here"
    if not event.new:
        where = f"already in the repository {'there' if event.pushed else 'here'}"
    goes = f"back to {version(event.to)}" if event.to else "back"
    branch = f"the branch {clean(event.branch)}, {where} (commit {clean(event.commit)[:12]})"
    return "warning", [(f"{_rollout(event)}: {branch}, goes {goes}; it takes effect once it is merged", "")]


@said.register
def _(event: events.RollbackFailed, _: Sequence[str]) -> Said:
    again = f"it is tried again in {duration(event.pause)}" if event.pause else "it is tried again"
    return "error", [(f"{_rollout(event)} is halted, but not rolled back in git: {clean(event.error)}; {again}", "red")]


@said.register
def _(event: events.Proposed, _: Sequence[str]) -> Said:
    found = event.plan.fleets[0]
    what = f"proposed: plan {event.plan.fingerprint}, {count(len(found.changes), 'change')}, {len(found.held):,} held"
    return "warning", [(f"{what}; waits for `reconciler approve {event.plan.fingerprint} --reason TEXT`", "")]


@said.register
def _(event: events.Approved, _: Sequence[str]) -> Said:
    return "info", [(f"{clean(event.by)} approved the plan {clean(event.fingerprint)}: {clean(event.reason)}", "")]


ACTS = {
    Act.NOW: "asked for a pass now",
    Act.SUSPEND: "asked to suspend the fleet",
    Act.QUARANTINE: "asked to quarantine",
}
"""What a person did, as a verb."""


@said.register
def _(event: events.Acted, _: Sequence[str]) -> Said:
    what = f"{ACTS[event.act]} {clean(event.subject)}".rstrip()
    effect = ""
    if event.branch:
        effect = (
            f"; it takes effect once the branch {clean(event.branch)} (commit {clean(event.commit)[:12]}) is merged"
        )
    elif event.act is not Act.NOW:
        effect = "; it takes effect once it is committed"
    return "info", [(f"{clean(event.by)} {what}: {clean(event.reason)}{effect}", "")]


@said.register
def _(event: events.Notified, _: Sequence[str]) -> Said:
    level, words = DELIVERIES[event.result]
    title = f": {clean(event.title)}" if event.title else ""
    why = f" ({clean(event.error)})" if event.error else ""
    return level, [(f"{words} {clean(event.target)}{title}{why}", LEVELS[level])]


def _rollout(event: events.Met | events.Halted | events.Ruled | events.RolledBack | events.RollbackFailed) -> str:
    return f"rollout of {clean(event.workload.name)} {version(event.rollout.version)}"


def _numbers(numbers: Iterable[tuple[int, str]]) -> str:
    return joined(f"{number:,} {name}" for number, name in numbers if number) or "nothing"

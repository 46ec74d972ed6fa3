"""One event, one line: for logs and `watch`; as text for people, as JSON (`event.v1`) for machines."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch

import msgspec

from reconciler.model.event import (
    AnyEvent,
    Blocked,
    Called,
    Drifted,
    Event,
    Finished,
    Intended,
    Note,
    Passed,
    Settled,
    Settling,
    Started,
    to_builtins,
)
from reconciler.model.outcome import ReceiptKind, Result
from reconciler.model.quantity import iso
from reconciler.views.line import Line, Span, line
from reconciler.views.reason_words import RESULTS, outcome_words, violation_words
from reconciler.views.words import SIGNS, clean, commit_words, count, duration, end, from_to, joined, listed, version

LEVELS = {"info": "", "warning": "yellow", "error": "bold red"}

RECEIPTS = {
    ReceiptKind.ACCEPTED: ("accepted", "green"),
    ReceiptKind.REJECTED: ("rejected", "bold red"),
    ReceiptKind.UNKNOWN: ("effect unknown; reading back", "yellow"),
    ReceiptKind.UNPROVED: ("not sent: a check right before the call showed a different state; reading again", "yellow"),
}


def encode(event: AnyEvent) -> bytes:
    """Return an event as one line of UTF-8 JSON, without a line break."""
    return msgspec.json.encode(to_builtins(event))


def render(event: AnyEvent) -> Line:
    """Return an event as one line: time in UTC, level, fleet, what happened. Never folded: one line an event."""
    level, words = _said(event)
    fleet = clean(_fleet(event))
    return line(
        (iso(event.at), "dim"),
        " ",
        (f"{level:<7}", LEVELS[level]),
        *((" ", (fleet, "bold")) if fleet else ()),
        " ",
        *words,
    )


def _fleet(event: AnyEvent) -> str:
    if isinstance(event, Settled):
        return event.outcome.fleet
    return getattr(event, "fleet", "")


Said = tuple[str, list[Span]]


@singledispatch
def _said(event: Event) -> Said:
    raise TypeError(f"an event without words: {type(event).__name__}")


@_said.register
def _(event: Started) -> Said:
    allowed = "".join(f"; limit on {clean(kind)} lifted: {clean(why)}" for kind, why in event.allowed)
    commit = f", commit {commit_words(event.commit, 12)}" if event.commit else ""
    plan = f", plan {clean(event.fingerprint)[:12]}" if event.fingerprint else ""
    return "warning" if allowed else "info", [
        (f"{clean(event.kind)} {clean(event.run)} begins{plan}{commit}{allowed}", "")
    ]


@_said.register
def _(event: Intended) -> Said:
    request = f"{clean(event.request.method)} {clean(event.request.path)}"
    return "info", [(f"call {event.call:,}: {clean(event.kind)} {request} for {count(len(event.slots), 'slot')}", "")]


@_said.register
def _(event: Called) -> Said:
    words, style = RECEIPTS[event.receipt.kind]
    status = f"{event.receipt.status}, " if event.receipt.status is not None else ""
    level = {ReceiptKind.ACCEPTED: "info", ReceiptKind.REJECTED: "error"}.get(event.receipt.kind, "warning")
    if event.receipt.refused and level == "info":
        level, words, style = "error", "accepted, but not for all units", "bold red"
    refused = listed([f"{unit}: {why}" for unit, why in event.receipt.refused])
    rest = "".join(f": {clean(text)}" for text in (event.receipt.error, refused) if text)
    rest += f"; it says {clean(event.receipt.answer)}" if event.receipt.answer else ""
    return level, [(f"call {event.call:,}: ", ""), (words, style), (f" ({status}{event.seconds:.1f} s){rest}", "")]


@_said.register
def _(event: Settling) -> Said:
    return "info", [(f"settling: {settling_words(event)}", "")]


def settling_words(event: Settling) -> str:
    """Return how far a fleet has settled: `900 done, 2 still waiting and 101 moving`."""
    waiting = (event.waiting, "still waiting")
    return _numbers(((event.done, "done"), waiting, (event.failed, "failed"), (event.pending, "moving")))


@_said.register
def _(event: Settled) -> Said:
    one = event.outcome
    words = clean(outcome_words(one))
    detail = f": {words}" if words else ""
    to = end(one.verb, one.to)
    level = {Result.DONE: "info", Result.WAITING: "info", Result.FAILED: "error"}.get(one.result, "warning")
    what = f"{SIGNS[one.verb]} {one.verb.value} {clean(one.workload.name)}{to} on {clean(one.unit.name)} "
    return level, [(what, ""), RESULTS[one.result][:2], (detail, "")]


@_said.register
def _(event: Note) -> Said:
    level = event.level if event.level in LEVELS else "warning"
    return level, [(clean(event.message), LEVELS[level])]


@_said.register
def _(event: Blocked) -> Said:
    words = "; ".join(clean(violation_words(one)) for one in event.violations)
    return "error", [(f"blocked: {words}", "red")]


@_said.register
def _(event: Passed) -> Said:
    outcomes = _numbers((number, clean(result)) for result, number in event.outcomes.items())
    numbers = [
        count(event.changes, "change"),
        f"{event.held:,} held",
        f"{count(event.violations, 'limit')} violated" if event.violations else "",
        f"{count(event.mistakes, 'mistake')} in manifests" if event.mistakes else "",
    ]
    found = ", ".join(part for part in numbers if part)
    applied = f"; results: {outcomes}" if event.outcomes else ""
    return "info", [(f"pass {event.number:,}: {clean(event.sync)}, {clean(event.health)}; {found}{applied}", "")]


@_said.register
def _(event: Drifted) -> Said:
    verb = f" ({event.verb.value} corrects it)" if event.verb is not None else ""
    what = f"drift: {clean(event.workload.name)} on {clean(event.unit.name)} changed: {from_to(event.was, event.now)}"
    return "warning", [(what, "yellow"), (f"; desired is {version(event.desired)}{verb}", "")]


@_said.register
def _(event: Finished) -> Said:
    found = _numbers((number, result.value) for result, number in event.results.items())
    level = "info" if event.exit_code == 0 else "error"
    return level, [(f"finished after {duration(event.seconds)}: {found}; exit code {event.exit_code}", "")]


def _numbers(numbers: Iterable[tuple[int, str]]) -> str:
    return joined(f"{number:,} {name}" for number, name in numbers if number) or "nothing"

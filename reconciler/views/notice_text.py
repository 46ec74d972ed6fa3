"""Notices → messages for people: one line for all that is alike, a title, plain text and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import msgspec

from reconciler.model.drift import DriftCause
from reconciler.model.hold import HoldReason
from reconciler.model.notice import Cause, Message, Notice, NoticeKind
from reconciler.views.limit_words import violation_words
from reconciler.views.markdown import code
from reconciler.views.reason_words import LABELS
from reconciler.views.words import SAMPLE, Show, actor_words, clean, count, joined, listed, version

MOST = 20
"""Lines of a message; of what is beyond, the largest come first, and the rest is counted."""

TITLES = {
    NoticeKind.DRIFT: "Drift",
    NoticeKind.FAILURE: "Failure",
    NoticeKind.HALT: "Rollout halted",
    NoticeKind.ROLLBACK: "Rollback",
    NoticeKind.HOLD: "Needs a person",
    NoticeKind.RECOVERY: "Recovered",
}

OVER = {
    Cause.DRIFT: "what drifted is again what git says",
    Cause.UNREAD: "can be read again",
    Cause.MANIFESTS: "the manifests are valid again",
    Cause.UNPLANNED: "there is a plan again",
    Cause.LIMIT: "no longer blocked by a limit",
    Cause.MISTAKE: "no mistake in manifests holds anything any more",
}


class Alike(msgspec.Struct):
    """Notices that are said in one line."""

    first: Notice
    fleets: dict[str, None]
    slots: int = 0
    units: list[str] = []
    units_in_all: int = 0


def message(notices: Sequence[Notice], *, at: float, run: str) -> Message:
    """Return notices of one kind as a message; `at` in seconds since 1970."""
    kind = notices[0].kind
    groups: dict[Hashable, Alike] = {}
    for one in notices:
        alike = groups.setdefault(_alike(one), Alike(one, {}))
        alike.fleets[one.fleet] = None
        alike.slots += one.slots
        alike.units += [unit.name for unit in one.units]
        alike.units_in_all += one.units_in_all
    some = sorted(groups.values(), key=lambda one: (-one.slots, -len(one.fleets)))
    fleets = sorted({one.fleet for one in notices if one.fleet})
    sizes: dict[str, int] = {}
    for one in notices:
        sizes[one.key] = max(one.size, sizes.get(one.key, 0))
    return Message(
        kind=kind,
        title=f"{TITLES[kind]}: {_where(fleets)}",
        text=_body(some, clean),
        markdown=_body(some, code),
        at=at,
        run=run,
        fleets=tuple(fleets),
        keys=tuple(sizes),
        sizes=tuple(sizes.values()),
    )


def summary(rest: Mapping[NoticeKind, int], *, at: float, run: str) -> Message:
    """Return a message about notices that were more than a target takes in an hour, by their numbers."""
    parts = joined(f"{number:,} {kind.value}" for kind, number in rest.items())
    text = f"More happened than this target takes in an hour. Not reported one by one: {parts}."
    kind = next(iter(rest))
    return Message(kind=kind, title=count(sum(rest.values()), "more notice"), text=text, markdown=text, at=at, run=run)


def _where(fleets: Sequence[str]) -> str:
    if not fleets:
        return "all fleets"
    return f"fleet {clean(fleets[0])}" if len(fleets) == 1 else f"{count(len(fleets), 'fleet')} ({listed(fleets)})"


def _alike(one: Notice) -> Hashable:
    return (
        one.kind,
        one.cause,
        one.workload,
        one.version,
        one.now,
        (one.drift, one.by, one.by_kind, one.held),
        one.text,
        tuple(map(violation_words, one.violations)),
    )


def _body(groups: Sequence[Alike], show: Show) -> str:
    lines = [_line(one, show) for one in groups[:MOST]]
    if len(groups) > MOST:
        lines.append(f"… and {len(groups) - MOST:,} more of other kinds")
    return "\n".join(f"- {line}" for line in lines)


def _line(one: Alike, show: Show) -> str:
    words = _over(one.first, show) if one.first.kind is NoticeKind.RECOVERY else WORDS[one.first.cause](one, show)
    fleets = [fleet for fleet in one.fleets if fleet]
    return f"{listed(fleets, show=show)}: {words}" if fleets else words


def _over(one: Notice, show: Show) -> str:
    """Return that a trouble is over."""
    if one.cause is Cause.FAILING:
        return f"{show(one.workload)} {version(one.version or None, show)} no longer fails"
    if one.cause is Cause.HELD:
        return f"nothing is held any more for: {_reason(one.text, show)}"
    return OVER.get(one.cause, "over")


def _drift(one: Alike, show: Show) -> str:
    first, what = one.first, f"{show(one.first.workload)} on {_units(one, show)}"
    if first.drift is DriftCause.UNIT:
        return f"{what} changed by itself: {version(first.now, show)} is reported, {version(first.version, show)} is assigned"
    who = actor_words(first.by, first.by_kind, show) or "somebody"
    held = f"; the correction is held: {joined(LABELS[reason] for reason in first.held)}" if first.held else ""
    return (
        f"{who} changed {what}: {version(first.now, show)} is assigned, git says {version(first.version, show)}{held}"
    )


def _failing(one: Alike, show: Show) -> str:
    error = f": {show(one.first.text)}" if one.first.text else ""
    return f"{show(one.first.workload)} {version(one.first.version, show)} fails on {_units(one, show)}{error}"


def _halt(one: Alike, show: Show) -> str:
    names = f" ({_names(one, show)})" if one.units else ""
    return f"{_rollout(one, show)} is halted: {one.slots:,} of {count(one.first.of, 'device')} failed{names}"


def _rollback(one: Alike, show: Show) -> str:
    goes = f"back to {version(one.first.now, show)}" if one.first.now else "back"
    return f"the branch {show(one.first.text)} takes {_rollout(one, show)} {goes}; it takes effect once it is merged"


def _rollout(one: Alike, show: Show) -> str:
    return f"the rollout of {show(one.first.workload)} {version(one.first.version, show)}"


def _limit(one: Alike, show: Show) -> str:
    return f"blocked: {'; '.join(show(violation_words(each)) for each in one.first.violations)}"


def _units(one: Alike, show: Show) -> str:
    return f"{count(one.units_in_all, 'unit')} ({_names(one, show)})"


def _names(one: Alike, show: Show) -> str:
    return listed(one.units, min(SAMPLE, len(one.units)), show, total=one.units_in_all)


def _reason(text: str, show: Show) -> str:
    return LABELS[HoldReason(text)] if text in set(HoldReason) else show(text)


WORDS: dict[Cause, Callable[[Alike, Show], str]] = {
    Cause.DRIFT: _drift,
    Cause.FAILING: _failing,
    Cause.UNREAD: lambda one, show: f"cannot be read: {show(one.first.text)}",
    Cause.MANIFESTS: lambda one, show: (
        f"the manifests are invalid; the last valid ones stay in force: {show(one.first.text)}"
    ),
    Cause.UNPLANNED: lambda one, show: f"there is no plan: {show(one.first.text)}",
    Cause.HALT: _halt,
    Cause.ROLLBACK: _rollback,
    Cause.NOT_ROLLED_BACK: lambda one, show: (
        f"{_rollout(one, show)} is halted, but not rolled back in git: {show(one.first.text)}"
    ),
    Cause.HELD: lambda one, show: f"{_changes(one.slots)} held: {_reason(one.first.text, show)}",
    Cause.LIMIT: _limit,
    Cause.MISTAKE: lambda one, _: f"{count(one.slots, 'mistake')} in manifests; see `reconciler plan`",
}


def _changes(number: int) -> str:
    return f"{count(number, 'change')} {'is' if number == 1 else 'are'}"

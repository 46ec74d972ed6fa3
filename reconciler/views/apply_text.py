"""What came of an apply, as text and JSON: nothing is left unsaid, least of all what nobody knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from reconciler.model.change import Held
from reconciler.model.outcome import Outcome, Result
from reconciler.model.report import RESULT_FORMAT, Applied
from reconciler.model.unit import Names
from reconciler.views.bounds_text import bounds
from reconciler.views.group import held_grouped
from reconciler.views.limit_words import LIMITS, violation_words
from reconciler.views.line import COMMAND, EMPTY, Line, Span, folded, line
from reconciler.views.plan_words import NOTHING, CommandContext
from reconciler.views.reason_words import (
    DONE_WITH_REMARKS,
    LABELS,
    NOT_WAITED,
    RESULTS,
    diagnostic_words,
    outcome_words,
)
from reconciler.views.words import SAMPLE, SIGNS, clean, count, duration, end, listed, places

REMAINING = (Result.FAILED, Result.STALE, Result.UNKNOWN, Result.NOT_TRIED)
"""Results that leave something to be done."""

KINDS = 5
"""Different details of one result that are shown when not verbose."""


def render(applied: Applied, *, width: int, verbose: bool = False, context: CommandContext = NOTHING) -> list[Line]:
    """Return what came of an apply as lines of at most `width` columns.

    `verbose` names every slot; `context` is what was typed.
    """
    lines: list[Line] = []
    errors = dict(applied.errors)
    blocked: dict[str, list[Line]] = {}
    for name, violation in applied.blocked:
        written = places([violation.origin])
        at = f" (at {written})" if written else ""
        one = line(
            ("x ", "red"), (LIMITS[violation.kind], "bold"), f": {clean(violation_words(violation))}{at}", indent=2
        )
        blocked.setdefault(name, []).append(one)
    mine: dict[str, list[Outcome]] = {}
    for outcome in applied.outcomes:
        mine.setdefault(outcome.fleet, []).append(outcome)
    wrong: dict[str, list[Line]] = {}
    for name, mistake in applied.mistakes:
        words = line(("x mistake: ", "red"), clean(diagnostic_words(mistake)), indent=2)
        wrong.setdefault(name, []).append(words)
    held: dict[str, list[Held]] = {}
    for name, one_held in applied.held_changes:
        held.setdefault(name, []).append(one_held)
    for fleet in sorted({*mine, *errors, *blocked, *wrong, *held}):
        lines.append(line(("Fleet ", "bold"), (clean(fleet), "bold cyan")))
        if fleet in errors:
            lines.append(line(("! could not be read: ", "bold red"), clean(errors[fleet]), indent=2))
        lines += [*blocked.get(fleet, []), *wrong.get(fleet, [])]
        lines += _results(mine.get(fleet, ()), verbose=verbose, waited=applied.waited)
        lines += _held(held.get(fleet, ()), verbose=verbose)
        lines.append(EMPTY)
    return folded([*lines, *bounds(applied), *_ending(applied, context)], width)


def _results(outcomes: Sequence[Outcome], *, verbose: bool, waited: bool) -> Iterator[Line]:
    unit = Names(outcome.unit for outcome in outcomes)
    workload = Names(outcome.workload for outcome in outcomes)
    for result in Result:
        mine = [outcome for outcome in outcomes if outcome.result is result]
        if not mine:
            continue
        name, style, meaning = (RESULTS if waited else NOT_WAITED)[result]
        if result is Result.DONE and any(map(outcome_words, mine)):
            meaning = DONE_WITH_REMARKS
        yield line((f"{name}: {len(mine):,}", style), (f"  {meaning}", "dim"), indent=2)
        groups: dict[tuple[Any, ...], list[Outcome]] = {}
        for one in mine:
            groups.setdefault((one.workload, one.verb, one.to, outcome_words(one)), []).append(one)
        shown = sorted(groups.values(), key=lambda group: -len(group))
        for group in shown if verbose else shown[:KINDS]:
            first = group[0]
            words = clean(outcome_words(first))
            detail = f": {words}" if words else ""
            yield line(
                f"{SIGNS[first.verb]} {first.verb.value} {clean(workload(first.workload))}{end(first.verb, first.to)}{detail}",
                indent=4,
            )
            names = [unit(one.unit) for one in group]
            yield line((listed(names, len(names) if verbose else SAMPLE), "dim"), indent=6)
        if not verbose and len(shown) > KINDS:
            rest = sum(len(group) for group in shown[KINDS:])
            yield line((f"… and {count(rest, 'more slot')}; --result FILE and -o json name all", "dim"), indent=4)


def _held(held: Sequence[Held], *, verbose: bool) -> Iterator[Line]:
    """Yield what was held, by reason; what has several reasons is under each."""
    if not held:
        return
    unit = Names(one.unit for one in held)
    yield line((f"held: {len(held):,}", "yellow"), ("  not sent", "dim"), indent=2)
    groups = [group for some in held_grouped(held).values() for group in some]
    groups.sort(key=lambda group: -len(group.held))
    for group in groups if verbose else groups[:KINDS]:
        words = clean(group.text)
        label = LABELS[group.code]
        yield line(f"! {label}: {clean(group.first.workload.name)}{f', {words}' if words else ''}", indent=4)
        names = [unit(one.unit) for one in group.held]
        yield line((listed(names, len(names) if verbose else SAMPLE), "dim"), indent=6)
    if not verbose and len(groups) > KINDS:
        rest = len({(one.unit, one.workload) for group in groups[KINDS:] for one in group.held})
        yield line((f"… and {count(rest, 'more slot')}; -o json names all", "dim"), indent=4)


def _ending(applied: Applied, context: CommandContext) -> Iterator[Line]:
    numbers = results(applied.outcomes)
    words = RESULTS if applied.waited else NOT_WAITED
    parts = [f"{number:,} {words[result][0]}" for result, number in numbers.items() if number]
    if applied.held:
        parts.append(f"{applied.held:,} held")
    if applied.errors:
        parts.append(f"{count(len(applied.errors), 'fleet')} could not be read")
    took = f" in {duration(applied.seconds)}" if applied.seconds is not None else ""
    calls = f"{count(applied.sent, 'call')}{took}"
    if not parts and _unread(applied, numbers):
        yield line(("Nothing was sent", "bold yellow"), f"; {calls}.")
    elif not parts and applied.excess:
        yield line(("Nothing was sent", "bold red"), f"; {calls}.")
    elif not parts:
        yield line(("Nothing to apply", "bold green"), f"; {calls}.")
    else:
        yield line(_verdict(applied, numbers), f"{', '.join(parts)}; {calls}.")
    for sentence, command in _next(applied, numbers, context):
        yield line(sentence, " ", (command, COMMAND)) if command else line(sentence)


def _verdict(applied: Applied, numbers: dict[Result, int]) -> Span:
    """Return how it went in a word: applied is only what was seen to be so."""
    if applied.held and not applied.outcomes and not applied.errors:
        return "Nothing was sent: ", "bold yellow"
    if applied.exit_code == 0:
        return "Accepted: " if numbers[Result.WAITING] else "Applied: ", "bold"
    return (
        f"Not all {'applied' if applied.waited else 'accepted'}: " if applied.sent else "Nothing was sent: ",
        "bold red",
    )


def _next(applied: Applied, numbers: dict[Result, int], context: CommandContext) -> Iterator[tuple[str, str]]:
    if applied.interrupted:
        yield "The run was interrupted before it saw every accepted change settle.", ""
    if applied.excess:
        yield "What is more must be reviewed; see today's plan with:", context.command("plan")
    if applied.blocked:
        yield "A limit forbids these changes: change the manifests, or lift it once with --allow and --reason.", ""
    if any(numbers[result] for result in REMAINING):
        yield "See what remains to be done with:", context.command("plan")
    elif _unread(applied, numbers):
        yield (
            "Slots that the reading does not cover are unknown and were left alone; see them with:",
            context.command("plan"),
        )
    elif applied.held:
        yield "See why changes are held with:", context.command("plan")
    if numbers[Result.WAITING] or numbers[Result.FAILED]:
        yield "Follow the units with:", context.command("status")


def _unread(applied: Applied, numbers: dict[Result, int]) -> bool:
    """Return whether all that keeps a run from being complete is that its reading was not."""
    named = (
        applied.blocked
        or applied.excess
        or applied.errors
        or applied.mistakes
        or applied.interrupted
        or any(numbers[result] for result in REMAINING)
    )
    return applied.exit_code != 0 and not named


def results(outcomes: Iterable[Outcome]) -> dict[Result, int]:
    """Return how many changes came to each result, every result named, in the order of reports."""
    found = Counter(outcome.result for outcome in outcomes)
    return {result: found[result] for result in Result}


def encode(applied: Applied) -> bytes:
    """Return what came of an apply as UTF-8 JSON."""
    counted = {result.value: number for result, number in results(applied.outcomes).items()}
    return msgspec.json.encode({"format": RESULT_FORMAT, "results": counted, **msgspec.to_builtins(applied)})

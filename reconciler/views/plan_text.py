"""A plan as text: what an operator reads before thousands of units are touched, or are not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath

from reconciler.model.hold import HoldReason
from reconciler.model.plan import FleetPlan, Plan
from reconciler.views import rollout_text
from reconciler.views.group import codes
from reconciler.views.line import COMMAND, EMPTY, KEY, Line, Span, aligned, folded, line, pair
from reconciler.views.plan_rows import Block, Rank, Row, Section, Where
from reconciler.views.plan_sections import Sections, of_plan
from reconciler.views.plan_words import (
    NOTHING,
    CommandContext,
    advice,
    filtered,
    headline,
    held_words,
    not_ready,
    reading,
    settled,
    staged,
    summed,
    verbs,
)
from reconciler.views.words import age, clean, commit_words, count, moment

COMMIT = 12
"""Characters of a commit's id that are shown."""
FLEETS = 20
"""Fleets that the summary names."""
ORDER = (
    Rank.MISTAKES,
    Rank.PROBLEMS,
    Rank.CHANGES,
    Rank.VERSIONS,
    Rank.CALLS,
    Rank.HELD,
    Rank.LIFTED,
    Rank.VIOLATIONS,
    Rank.WARNINGS,
)
"""The sections of text: what has to be decided on stands last, next to the question."""


def render(
    plan: Plan,
    *,
    now: float,
    width: int,
    verbose: bool = False,
    saved: str | PurePath | None = None,
    context: CommandContext | None = NOTHING,
) -> list[Line]:
    """Return a plan as lines of at most `width` columns.

    `now` is in seconds since 1970; `verbose` lists every slot and every call; `saved` is the file the plan stands in;
    `context` is what was typed, None where the question whether to apply follows by itself.
    """
    lines: list[Line] = []
    for fleet in plan.fleets:
        lines += folded(_header(plan, fleet, now), width, 2 + KEY)
        if rollouts := rollout_text.render(fleet.rollouts, width):
            lines += [EMPTY, *rollouts]
        sections = {one.rank: one for one in Sections([fleet], clean, verbose=verbose).all()}
        for rank in ORDER:
            if rank in sections:
                lines += [EMPTY, *_section(sections[rank], width)]
        lines.append(EMPTY)
    if plan.provenance.base_problem:
        words = f"! Not compared with the base: {clean(plan.provenance.base_problem)}"
        lines += [line((words, "bold yellow")), EMPTY]
    for section in of_plan(plan, clean):
        lines += [*_section(section, width), EMPTY]
    lines += [line((f"Fingerprint {clean(plan.fingerprint)}", "dim")), EMPTY]
    return folded([*lines, *_ending(plan, now, None if saved is None else str(saved), context)], width)


def summary(plan: Plan) -> list[Line]:
    """Return what a plan comes to, and which fleets it changes: for logs, before it is carried out."""
    fleets = [fleet for fleet in plan.fleets if fleet.changes or fleet.violations or fleet.error]
    lines = [line((f"Plan: {headline(plan)}.", "bold"))]
    for fleet in fleets[:FLEETS]:
        blocked = " (blocked by a limit)" if fleet.violations else ""
        what = "could not be read" if fleet.error else f"{verbs(fleet.summary.changes) or 'nothing'}{blocked}"
        lines.append(line((clean(fleet.fleet), "bold"), f": {what}", indent=2))
    if len(fleets) > FLEETS:
        lines.append(line(f"… and {count(len(fleets) - FLEETS, 'more fleet')}", indent=2))
    return lines


def _ending(plan: Plan, now: float, saved: str | None, context: CommandContext | None) -> Iterator[Line]:
    if plan.filters:
        yield line(filtered(plan, clean))
    words = headline(plan)
    calm = words == "nothing to do"
    yield line(("Nothing to do: ", "bold green"), settled(plan)) if calm else line((f"Plan: {words}.", "bold"))
    for sentence, command in advice(plan, now, context or NOTHING, saved=saved, silent=context is None):
        yield line(sentence, " ", (command, COMMAND)) if command else line(sentence)
    until = moment(plan.times.expires)
    if saved is not None and plan.applyable and until is not None and until >= now:
        yield line((f"It can be applied until {clean(plan.times.expires)} ({age(until, now)}).", "dim"))


def _header(plan: Plan, fleet: FleetPlan, now: float) -> Iterator[Line]:
    summary = fleet.summary
    where = " · ".join(clean(part) for part in (fleet.platform, f"connection {fleet.connection}") if part)
    yield line(("Fleet ", "bold"), (clean(fleet.fleet), "bold cyan"), f" · {where}")
    if fleet.error:
        yield line(("! could not be read: ", "bold red"), clean(fleet.error), indent=2)
        yield line("Nothing is planned for this fleet; units keep running what they run.", indent=2)
        return
    synced = "all" if summary.synced == summary.slots and summary.slots else f"{summary.synced:,}"
    numbers = (count(summary.units, "unit"), count(summary.slots, "slot"), f"{synced} synced")
    yield line(" · ".join((*numbers, f"{summary.unmanaged:,} unmanaged")), indent=2)
    if summary.changes.total:
        yield pair("changes", summed(summary.changes.total, verbs(summary.changes)))
    if summary.held:
        later = f"; {staged(fleet.held)}" if staged(fleet.held) else ""
        yield pair("held", summed(summary.held, held_words(fleet)) + later, "yellow")
    if summary.unknown > codes(fleet.held)[HoldReason.UNKNOWN]:
        yield pair("unknown", f"the state of {count(summary.unknown, 'slot')} could not be read", "yellow")
    if not_ready(summary):
        yield pair("not ready", not_ready(summary))
    yield pair("reading", reading(plan, fleet, now), "" if fleet.basis.complete else "yellow")
    if fleet.basis.target:
        yield pair("read from", clean(fleet.basis.target.removeprefix(f"{fleet.platform}:")))
    if fleet.basis.commit:
        yield pair("manifests", f"commit {commit_words(fleet.basis.commit, COMMIT)}")


def _section(one: Section, width: int) -> Iterator[Line]:
    yield from folded([line((f"{one.name}{one.detail}", one.style), indent=2)], width)
    if one.intro:
        yield from folded([line(one.intro, indent=4)], width)
    for block in one.blocks:
        yield from _block(block, one, width)


def _block(block: Block, section: Section, width: int) -> Iterator[Line]:
    indent = 6 if block.title else 4
    if block.title:
        yield line(section.sign, (block.title, "bold"), f": {block.number:,}", indent=4)
    rows = list(islice(block.rows, block.most))
    heads = [_head(row, ("", "") if block.title else section.sign) for row in rows]
    together = aligned(heads, width, indent=indent) if not block.title else []
    alone = len(together) != len(rows)  # folded, or of many kinds: each row brings its own lines
    for position, row in enumerate(rows):
        yield from aligned([heads[position]], width, indent=indent) if alone else [together[position]]
        yield from folded(_below(row, indent + 2), width)
    if block.rest:
        yield from folded([line((block.rest, "dim"), indent=indent)], width)
    if block.advice:
        yield from folded([line((f"next: {block.advice}", "cyan"), indent=6)], width)


def _head(row: Row, sign: Span) -> list[Span]:
    cells = [(f"{cell.lead}{cell.text}", cell.style) for cell in row.cells if cell.where is Where.HEAD]
    return [(f"{sign[0]}{cells[0][0]}", cells[0][1] or sign[1]), *cells[1:]]


def _below(row: Row, indent: int) -> Iterator[Line]:
    found: list[Span] = []
    for cell in row.cells:
        if not cell.text or cell.where not in {Where.BELOW, Where.BESIDE}:
            continue
        if cell.where is Where.BELOW and found:
            yield line(*found, indent=indent)
            found = []
        found.append((f"{'  ' if found else ''}{cell.lead}{cell.text}", cell.style))
    if found:
        yield line(*found, indent=indent)

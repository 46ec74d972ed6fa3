"""A plan as text: what an operator reads before thousands of units are touched, or are not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePath

from reconciler.model.change import Change, Held, Verb
from reconciler.model.hold import HoldReason
from reconciler.model.plan import FleetPlan, Plan
from reconciler.views.calls import Calls, gathered, notes
from reconciler.views.clean import clean
from reconciler.views.command_context import NOTHING, CommandContext
from reconciler.views.group import (
    Group,
    HeldGroup,
    Names,
    besides,
    codes,
    grouped,
    held_grouped,
    leaving,
    terms,
    weight,
)
from reconciler.views.hold_words import ADVICE, BY_ITSELF, LABELS, LIMITS, violation_words
from reconciler.views.line import EMPTY, Line, Span, aligned, columns_of, folded, line, text_of
from reconciler.views.plan_words import (
    advice,
    headline,
    held_words,
    quiet,
    reading,
    settled,
    staged,
    summed,
    under_way,
    verbs,
)
from reconciler.views.release_words import facts, first_line, spoken_of
from reconciler.views.words import (
    REASONS,
    SIGNS,
    age,
    commit_words,
    count,
    course,
    goal,
    joined,
    listed,
    moment,
    place,
    places,
    version,
    way,
)

COLOURS = {Verb.RELEASE: "green", Verb.REPLACE: "yellow", Verb.REMOVE: "red"}
COMMIT = 12
"""Characters of a commit's id that are shown."""
KEY = 12
"""Columns that the words before a fleet's numbers take."""
ALIKE = 5
"""Calls of one kind in a row that are shown when not verbose."""
TEXTS = 5
"""Different wordings of one hold reason that are shown when not verbose."""


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
        lines += _Fleet(plan, fleet, now, width, verbose=verbose).lines()
        lines.append(EMPTY)
    return folded([*lines, *_ending(plan, now, None if saved is None else str(saved), context, width)], width)


def _ending(plan: Plan, now: float, saved: str | None, context: CommandContext | None, width: int) -> Iterator[Line]:
    if plan.filters:
        yield line(
            ("Filtered: ", "bold"),
            f"{clean(plan.filters)}. What these filters leave out is not shown and not touched.",
        )
    words = headline(plan)
    if words == "nothing to do":
        yield line(("Nothing to do: ", "bold green"), f"{settled(plan)}.")
    else:
        yield line(("Plan: ", "bold"), (f"{words}.", "bold"))
    for sentence, command in advice(plan, now, context or NOTHING, saved=saved, silent=context is None):
        yield from asked(sentence, command, width)
    until = moment(plan.times.expires)
    if saved is not None and plan.applyable and until is not None and until >= now:
        yield line((f"It can be applied until {clean(plan.times.expires)} ({age(until, now)}).", "dim"))


def asked(sentence: str, command: str, width: int) -> Iterator[Line]:
    """Yield what to do next; the command stands on a line of its own where it would be broken otherwise."""
    together = line(sentence, " ", (command, "bold")) if command else line(sentence)
    if command and columns_of(text_of(together)) > width:
        yield line(sentence)
        yield line((command, "bold"), indent=2)
    else:
        yield together


class _Fleet:
    """The lines of one fleet."""

    def __init__(self, plan: Plan, fleet: FleetPlan, now: float, width: int, *, verbose: bool) -> None:
        self.plan = plan
        self.fleet = fleet
        self.now = now
        self.width = width
        self.verbose = verbose
        everything: list[Change | Held] = [*fleet.changes, *fleet.held]
        self.unit = Names(one.unit for one in everything)
        self.workload = Names(one.workload for one in everything)
        self.staged = f"; {staged(fleet)}" if staged(fleet) else ""

    def lines(self) -> list[Line]:
        fleet = self.fleet
        found = folded(self._header(), self.width, 2 + KEY)
        if fleet.error:
            return found
        if not quiet(fleet) or fleet.warnings:
            for section in (
                self._changes,
                self._versions,
                self._calls,
                self._held,
                self._violations,
                self._warnings,
            ):
                lines = section()
                if lines:
                    found += [EMPTY, *lines]
        return found

    def _header(self) -> Iterator[Line]:
        fleet, summary = self.fleet, self.fleet.summary
        where = " · ".join(clean(part) for part in (fleet.platform, f"connection {fleet.connection}") if part)
        yield line(("Fleet ", "bold"), (clean(fleet.fleet), "bold cyan"), f" · {where}")
        if fleet.error:
            yield line(("! could not be read: ", "bold red"), clean(fleet.error), indent=2)
            yield line("Nothing of this fleet is planned; what runs keeps running.", indent=2)
            return
        synced = "all" if summary.synced == summary.slots and summary.slots else f"{summary.synced:,}"
        yield line(
            f"{count(summary.units, 'unit')} · {count(summary.slots, 'slot')} · {synced} synced · {summary.unmanaged:,} unmanaged",
            indent=2,
        )
        if summary.changes.total:
            yield self._pair("changes", summed(summary.changes.total, verbs(summary.changes)))
        if summary.held:
            yield self._pair("held", summed(summary.held, held_words(fleet)) + self.staged, "yellow")
        if summary.unknown != codes(fleet.held)[HoldReason.UNKNOWN]:
            yield self._pair(
                "unknown", f"{count(summary.unknown, 'slot')} that the reading proved nothing about", "yellow"
            )
        if under_way(summary):
            yield self._pair("under way", under_way(summary))
        yield self._pair("reading", reading(self.plan, fleet, self.now), "" if fleet.basis.complete else "yellow")
        for problem in fleet.basis.problems:
            yield self._pair("", f"! {clean(problem)}", "yellow")
        if fleet.basis.target:
            yield self._pair("read from", clean(fleet.basis.target.removeprefix(f"{fleet.platform}:")))
        if fleet.basis.commit:
            yield self._pair("manifests", f"commit {commit_words(fleet.basis.commit, COMMIT)}")

    def _pair(self, key: str, value: str, style: str = "") -> Line:
        return line((key.ljust(KEY), "dim"), (value, style), indent=2)

    def _title(self, text: str, style: str = "bold") -> Line:
        return line((text, style), indent=2)

    def _changes(self) -> list[Line]:
        found = grouped(self.fleet.changes)
        if not found:
            return []
        lines = [self._title(f"Changes: {len(self.fleet.changes):,}")]
        heads = aligned([self._change_head(one) for one in found], self.width, indent=4)
        if len(heads) != len(found):  # folded: each group brings its own lines
            heads = []
        for position, one in enumerate(found):
            lines += [heads[position]] if heads else aligned([self._change_head(one)], self.width, indent=4)
            lines += folded(self._change_body(one), self.width)
        return lines

    def _change_head(self, one: Group) -> list[Span]:
        colour = COLOURS[one.verb]
        return [
            (f"{SIGNS[one.verb]} {one.verb.value}", colour),
            (clean(self.workload(one.workload)), "bold"),
            (way(one.from_, one.to, leaving(one)), colour),
            (weight(one.changes), ""),
            (REASONS[one.reason], "dim"),
        ]

    def _change_body(self, one: Group) -> Iterator[Line]:
        if besides(one) and not leaving(one):
            yield line(f"also leaving: {joined(version(other) for other in besides(one))}", indent=6)
        if terms(one, clean):
            yield line(joined(terms(one, clean)), indent=6)
        if one.later:
            yield line(", ".join(f"then {clean(call)}" for call in one.later), indent=6)
        if self.verbose:
            for change in one.changes:
                at = place(change.origin)
                size = f"  {count(change.size, 'device')}" if change.size != 1 else ""
                yield line(self._unit_in_full(change), (f"{size}  {at}" if at else size, "dim"), indent=6)
            return
        yield line((listed([self.unit(unit) for unit in one.units]), "dim"), indent=6)
        at = places(one.origins)
        if at:
            yield line((f"at {at}", "dim"), indent=6)

    def _versions(self) -> list[Line]:
        known = spoken_of(self.fleet)
        if not known:
            return []
        lines = [self._title("Versions these go to")]
        for one in known:
            name = f"{clean(self.workload(one.workload))} {version(one.version)}"
            said = " · ".join(facts(one.info))
            lines += folded([line((name, "bold"), f"  {said}" if said else "", indent=4)], self.width)
            notes = first_line(one)
            lines += folded([line((notes, "dim"), indent=6)], self.width) if notes else []
        return lines

    def _unit_in_full(self, one: Change | Held) -> str:
        known = clean(one.unit.name)
        return f"{known} ({clean(one.unit.id)})" if one.unit.id not in {one.unit.name, "*", ""} else known

    def _calls(self) -> list[Line]:
        if not self.fleet.actions:
            return []
        lines = [self._title(f"Calls: {len(self.fleet.actions):,}, in this order")]
        calls = gathered(self.fleet.actions, self.fleet.changes, apart=self.verbose)
        for (name, _, _), some in groupby(calls, key=lambda one: (one.call, one.method, one.stage)):
            alike = list(some)
            shown = alike if self.verbose else alike[:ALIKE]
            for one in shown:
                lines += folded(self._call(one), self.width)
            rest = alike[len(shown) :]
            if rest:
                more = count(sum(one.number for one in rest), "more call")
                hit = weight([change for one in rest for change in one.changes])
                lines.append(line((f"… and {more} of {clean(name)}, {hit}; --verbose lists all", "dim"), indent=4))
        return lines

    def _call(self, one: Calls) -> Iterator[Line]:
        number = f"{one.number:,} calls of " if one.number > 1 else ""
        yield line(
            (f"stage {one.stage:,}", "dim"),
            "  ",
            (f"{number}{clean(one.call)}", "bold"),
            f"  {weight(one.changes)}  {self._goals(one)}",
            indent=4,
        )
        yield line((f"{clean(one.method)} {clean(one.path)}", "dim"), indent=6)
        if one.body:
            yield line((one.body, "dim"), indent=6)
        for note in notes(one):
            yield line((f"! {note}", "yellow"), indent=6)

    def _goals(self, one: Calls) -> str:
        """Return which workloads the calls move, and to what."""
        found = dict.fromkeys(
            f"{self.workload(change.workload)} {goal(change.from_, change.to, leaving(change))}"
            for change in one.changes
        )
        return listed(list(found))

    def _held(self) -> list[Line]:
        found = held_grouped(self.fleet.held)
        if not found:
            return []
        numbers = codes(self.fleet.held)
        words = f"not sent now{self.staged}" if self.staged else "not sent"
        lines = folded([self._title(f"Held: {len(self.fleet.held):,} ({words})")], self.width)
        if sum(numbers.values()) > len(self.fleet.held):
            lines += folded([line("Some have several reasons and stand under each.", indent=4)], self.width)
        for code, groups in found.items():
            lines.append(line(("! ", "yellow"), (LABELS[code], "bold"), f": {numbers[code]:,}", indent=4))
            shown = groups if self.verbose else groups[:TEXTS]
            for one in shown:
                lines += folded(self._held_group(one), self.width)
            if len(groups) > len(shown):
                more = count(len(groups) - len(shown), "more kind")
                lines.append(line(f"… and {more} of these; --verbose lists all", indent=6))
            advised = BY_ITSELF if all(one.stage for one in groups) else ADVICE[code]
            lines += folded([line((f"to let it go: {advised}", "cyan"), indent=6)], self.width)
        return lines

    def _held_group(self, one: HeldGroup) -> Iterator[Line]:
        goes = f" {course(one.verb, one.from_, one.to)}" if one.verb is not None else ""
        verb = f"{one.verb.value} " if one.verb is not None else ""
        reason = f": {clean(one.text)}" if one.text else ""
        stage = (f"stage {one.stage:,}  ", "cyan") if one.stage else ("", "")
        yield line(stage, f"{verb}{clean(self.workload(one.workload))}{goes}{reason}", indent=6)
        if self.verbose:
            for held in one.held:
                yield line(self._unit_in_full(held), (f"  {place(held.origin)}", "dim"), indent=8)
            return
        names = listed([self.unit(held.unit) for held in one.held])
        at = places(held.origin for held in one.held)
        yield line((f"{names}  at {at}" if at else names, "dim"), indent=8)

    def _violations(self) -> list[Line]:
        violations = self.fleet.violations
        if not violations:
            return []
        title = f"Violated: {count(len(violations), 'limit')}; nothing of this fleet is applied"
        lines = folded([self._title(title, "bold red")], self.width)
        for one in violations:
            at = place(one.origin) if one.origin is not None else ""
            words: list[Line] = [
                line(("x ", "red"), (LIMITS[one.kind], "bold"), f": {clean(violation_words(one))}", indent=4)
            ]
            if one.intended:
                words.append(line(f"intended {one.intended:,}, allowed {one.allowed:,}, of {one.of:,}", indent=6))
            if at:
                words.append(line((f"at {at}", "dim"), indent=6))
            lines += folded(words, self.width)
        return lines

    def _warnings(self) -> list[Line]:
        if not self.fleet.warnings:
            return []
        lines = [self._title("Warnings", "bold yellow")]
        return lines + folded(
            (line(("! ", "yellow"), clean(text), indent=4) for text in self.fleet.warnings), self.width
        )

"""What a plan shows, decided once: sections of rows. Text and Markdown only lay them out.

Everything that comes from platforms and manifests goes through `show`, which makes it safe in the form at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, IntEnum
from itertools import groupby
from typing import NamedTuple

import msgspec

from reconciler.model.change import Change, Held, Verb
from reconciler.model.plan import FleetPlan, MovedTo, Violation
from reconciler.views import alike
from reconciler.views.group import (
    Calls,
    Group,
    HeldGroup,
    Names,
    codes,
    gathered,
    goal,
    grouped,
    held_grouped,
    moves,
    terms,
    weight,
)
from reconciler.views.plan_words import staged
from reconciler.views.reason_words import (
    ADVICE,
    LABELS,
    LIMITS,
    SENT_IN_THIS_RUN,
    diagnostic_words,
    violation_words,
    warnings_of,
)
from reconciler.views.releases_text import facts, first_line, spoken_of
from reconciler.views.words import REASONS, SAMPLE, SIGNS, Show, count, course, devices, listed, places

COLOURS = {Verb.RELEASE: "green", Verb.REPLACE: "yellow", Verb.REMOVE: "red"}
ALIKE = 5
"""Calls of one kind in a row that are shown in text when not verbose."""
TEXTS = 5
"""Different wordings of one hold reason that are shown in text when not verbose."""


class Rank(IntEnum):
    """The sections: what is kept first when space is short."""

    FLEETS = 0
    VIOLATIONS = 1
    MISTAKES = 2
    PROBLEMS = 3
    CHANGES = 4
    HELD = 5
    WARNINGS = 6
    VERSIONS = 7
    CALLS = 8
    SLOTS = 9


class Where(Enum):
    """Where a cell stands in text; in a table its column says that."""

    HEAD = "head"
    BELOW = "below"
    BESIDE = "beside"
    """Behind the cell before it."""
    TABLE = "table"
    """Only in a table: in text the title of its block says it."""


class Cell(NamedTuple):
    """One cell: safe text, its style, and what stands before it where no column says what it is."""

    column: str
    text: str
    style: str = ""
    where: Where = Where.HEAD
    lead: str = ""


Row = Sequence[Cell]
"""Several cells of one column are one enumeration in a table; empty ones are left out."""


class Block(msgspec.Struct):
    """Rows under a title of their own, and what to do about them. Of more than `most` rows text shows `rest`."""

    rows: Iterable[Row]
    title: str = ""
    number: int = 0
    advice: str = ""
    most: int | None = None
    rest: str = ""


class Section(msgspec.Struct):
    """A part of a fleet's plan. `noun` says what its rows are, in the plural; `total` how many there are."""

    rank: Rank
    name: str
    detail: str
    noun: str
    total: int
    columns: tuple[str, ...]
    blocks: Iterable[Block]
    style: str = "bold"
    sign: tuple[str, str] = ("", "")
    """What rows, or the titles of blocks, begin with in text, and its style."""
    intro: str = ""


class Sections:
    """The sections of one fleet. `verbose` names every slot and every call."""

    def __init__(self, fleet: FleetPlan, show: Show, *, verbose: bool = False) -> None:
        self.fleet = fleet
        self.show = show
        self.verbose = verbose
        everything: list[Change | Held] = [*fleet.changes, *fleet.held]
        self._unit = Names(one.unit for one in everything)
        self._workload = Names(one.workload for one in everything)

    def all(self) -> list[Section]:
        """Return the sections that have something to say, by rank; none of a fleet that could not be read."""
        if self.fleet.error:
            return []
        found = [
            self._violations(),
            self._mistakes(),
            self._problems(),
            self._changes(),
            self._held(),
            self._warnings(),
        ]
        return [one for one in (*found, self._versions(), self._calls(), self._slots()) if one.total]

    def _violations(self) -> Section:
        found = self.fleet.violations
        detail = f": {len(found):,}; no change of this fleet is applied"
        columns = ("Limit", "Violated by", "Written at")
        rows = map(self._violation, found)
        return Section(
            Rank.VIOLATIONS,
            "Limits violated",
            detail,
            "violations",
            len(found),
            columns,
            [Block(rows)],
            "bold red",
            ("x ", "red"),
        )

    def _violation(self, one: Violation) -> Row:
        at = Cell("Written at", places([one.origin], self.show), "dim", Where.BELOW, "at ")
        return [Cell("Limit", LIMITS[one.kind], "bold"), Cell("Violated by", self.show(violation_words(one))), at]

    def _mistakes(self) -> Section:
        found = [diagnostic_words(one) for one in self.fleet.mistakes]
        detail = f": {len(found):,}; the slots they are about are held"
        return self._texts(Rank.MISTAKES, "Mistakes in manifests", detail, "mistakes", found, "red")

    def _problems(self) -> Section:
        found = self.fleet.basis.problems
        detail = ": what it did not show is held"
        return self._texts(Rank.PROBLEMS, "Reading incomplete", detail, "problems of the reading", found)

    def _warnings(self) -> Section:
        found = warnings_of(self.fleet)
        shown = found if self.verbose else alike.grouped(found)
        return self._texts(Rank.WARNINGS, "Warnings", f": {len(found):,}", "warnings", shown)

    def _texts(
        self, rank: Rank, name: str, detail: str, noun: str, found: Sequence[str], colour: str = "yellow"
    ) -> Section:
        rows = ([Cell("", self.show(text))] for text in found)
        return Section(rank, name, detail, noun, len(found), (), [Block(rows)], f"bold {colour}", ("! ", colour))

    def _changes(self) -> Section:
        found = grouped(self.fleet.changes)
        columns = ("Change", "Workload", "From → to", "Units:", "Why", "Which", "Written at")
        detail = f": {len(self.fleet.changes):,}"
        rows = map(self._change, found)
        return Section(Rank.CHANGES, "Changes", detail, "kinds of changes", len(found), columns, [Block(rows)])

    def _change(self, one: Group) -> Row:
        first = one.first
        return [
            self._verb(first.verb),
            Cell("Workload", self.show(self._workload(first.workload)), "bold"),
            Cell("From → to", moves(first, self.show), COLOURS[first.verb]),
            Cell("Units", weight(one.changes)),
            Cell("Why", REASONS[first.reason], "dim"),
            Cell("From → to", ", ".join(terms(first, self.show)), "", Where.BELOW),
            Cell("Why", ", ".join(f"then {self.show(call)}" for call in one.later), "", Where.BELOW),
            *self._which(one.changes),
        ]

    def _verb(self, verb: Verb | None) -> Cell:
        return Cell("Change", f"{SIGNS[verb]} {verb.value}", COLOURS[verb]) if verb is not None else Cell("Change", "")

    def _which(self, slots: Sequence[Change | Held]) -> Iterator[Cell]:
        for one in slots if self.verbose else ():
            known = one.unit.id not in {one.unit.name, "*", ""}
            name = f"{self.show(one.unit.name)} ({self.show(one.unit.id)})" if known else self.show(one.unit.name)
            yield Cell("Which", name, "", Where.BELOW)
            yield Cell("Which", devices(one.size) if one.size != 1 else "", "dim", Where.BESIDE)
            yield Cell("Written at", places([one.origin], self.show), "dim", Where.BESIDE, "at ")
        if not self.verbose:
            yield Cell("Which", listed([self._unit(one.unit) for one in slots], SAMPLE, self.show), "dim", Where.BELOW)
            yield Cell("Written at", places((one.origin for one in slots), self.show), "dim", Where.BESIDE, "at ")

    def _versions(self) -> Section:
        found = spoken_of(self.fleet)
        columns = ("Workload", "Version", "Known", "Notes")
        rows = map(self._version, found)
        return Section(Rank.VERSIONS, "Versions to be released", "", "versions", len(found), columns, [Block(rows)])

    def _version(self, one: MovedTo) -> Row:
        said, notes = " · ".join(facts(one.info)), first_line(one)
        return [
            Cell("Workload", self.show(self._workload(one.workload)), "bold"),
            Cell("Version", self.show(one.version), "bold"),
            Cell("Known", self.show(said) if said else ""),
            Cell("Notes", self.show(notes) if notes else "", "dim", Where.BELOW),
        ]

    def _held(self) -> Section:
        groups = held_grouped(self.fleet.held)
        numbers = codes(self.fleet.held)
        later = staged(self.fleet)
        several = sum(numbers.values()) > len(self.fleet.held)
        return Section(
            Rank.HELD,
            "Held",
            f": {len(self.fleet.held):,}, {f'not sent now; {later}' if later else 'not sent'}",
            "kinds of held changes",
            sum(map(len, groups.values())),
            ("Why", "Slots:", "Change", "Workload", "From → to", "Blocked by", "Which", "Written at", "Next"),
            (self._held_block(LABELS[code], numbers[code], found) for code, found in groups.items()),
            sign=("! ", "yellow"),
            intro="Some have several reasons and are listed under each." if several else "",
        )

    def _held_block(self, label: str, number: int, found: Sequence[HeldGroup]) -> Block:
        most = None if self.verbose else TEXTS
        rest = len(found) - TEXTS
        advice = SENT_IN_THIS_RUN if all(one.first.stage for one in found) else ADVICE[found[0].code]
        return Block(
            map(self._held_group, found),
            title=label,
            number=number,
            advice=advice,
            most=most,
            rest=f"… and {count(rest, 'more kind')} of these; --verbose lists all" if most and rest > 0 else "",
        )

    def _held_group(self, one: HeldGroup) -> Row:
        first = one.first
        goes = "" if first.verb is None else course(first.verb, first.from_, first.to, self.show)
        stage = Cell("Why", f"stage {first.stage:,}" if first.stage else "", "cyan")
        return [
            Cell("Why", LABELS[one.code], "", Where.TABLE),
            stage,
            Cell("Slots", f"{len(one.held):,}", "", Where.TABLE),
            self._verb(first.verb),
            Cell("Workload", self.show(self._workload(first.workload)), "bold"),
            Cell("From → to", goes),
            Cell("Blocked by", self.show(one.text) if one.text else ""),
            *self._which(one.held),
            Cell("Next", SENT_IN_THIS_RUN if first.stage else ADVICE[one.code], "", Where.TABLE),
        ]

    def _calls(self) -> Section:
        found = gathered(self.fleet.actions, self.fleet.changes, apart=self.verbose)
        columns = ("Stage:", "Call", "Units:", "Moves", "Request", "Body")
        detail = f": {len(self.fleet.actions):,}, in this order"
        kinds = groupby(found, key=lambda one: (one.first.call, one.first.request.method, one.stage))
        blocks = (self._call_block(list(some)) for _, some in kinds)
        return Section(Rank.CALLS, "Calls", detail, "kinds of calls", len(found), columns, blocks)

    def _call_block(self, found: Sequence[Calls]) -> Block:
        rows = map(self._call, found)
        rest = found[ALIKE:]
        if self.verbose or not rest:
            return Block(rows)
        more = count(sum(len(one.actions) for one in rest), "more call")
        hit = weight([change for one in rest for change in one.changes])
        words = f"… and {more} of {self.show(found[0].first.call)}, {hit}; --verbose lists all"
        return Block(rows, most=ALIKE, rest=words)

    def _call(self, one: Calls) -> Row:
        number = f"{len(one.actions):,} calls of " if len(one.actions) > 1 else ""
        request = one.first.request
        goals = dict.fromkeys(
            f"{self.show(self._workload(change.workload))} {goal(change, self.show)}" for change in one.changes
        )
        return [
            Cell("Stage", f"{one.stage:,}", "dim", lead="stage "),
            Cell("Call", f"{number}{self.show(one.first.call)}", "bold"),
            Cell("Units", weight(one.changes)),
            Cell("Moves", listed(list(goals), SAMPLE, str)),
            Cell("Request", self.show(f"{request.method} {request.path}"), "dim", Where.BELOW),
            Cell("Body", self.show(one.body) if one.body else "", "dim", Where.BELOW),
            *(Cell("Call", note, "yellow", Where.BELOW, "! ") for note in one.notes()),
        ]

    def _slots(self) -> Section:
        found = self.fleet.changes
        columns = ("Change", "Unit", "Id", "Workload", "From → to", "Why", "Written at")
        rows = map(self._slot, found)
        return Section(Rank.SLOTS, "Slots", f": {len(found):,}", "slots", len(found), columns, [Block(rows)])

    def _slot(self, one: Change) -> Row:
        return [
            self._verb(one.verb),
            Cell("Unit", self.show(one.unit.name)),
            Cell("Id", self.show(one.unit.id)),
            Cell("Workload", self.show(self._workload(one.workload))),
            Cell("From → to", moves(one, self.show)),
            Cell("Why", REASONS[one.reason]),
            Cell("Written at", places([one.origin], self.show)),
        ]

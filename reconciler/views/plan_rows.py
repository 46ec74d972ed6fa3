"""What a plan shows, decided once: rows of cells. Text and Markdown only lay them out.

Everything that comes from platforms and manifests passes through `show`, which makes it safe for the output format.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from enum import Enum, IntEnum
from typing import NamedTuple

import msgspec

from reconciler.model.change import Change, Held, Reason, Verb
from reconciler.model.plan import FleetPlan, Lifted, Share, Violation
from reconciler.model.provenance import ConnectionChange, Loosened
from reconciler.model.release import Listed
from reconciler.model.unit import Names, Ref
from reconciler.views.base_words import READINGS, edit_words, loosened_words, was_and_now
from reconciler.views.group import Calls, Group, HeldGroup, goal, leaving, moves, terms, units_and_devices
from reconciler.views.limit_words import LIMITS, violation_words
from reconciler.views.reason_words import LABELS, advised
from reconciler.views.releases_text import facts, first_line
from reconciler.views.words import REASONS, SAMPLE, SIGNS, Show, course, devices, listed, places, portion

COLOURS = {Verb.RELEASE: "green", Verb.REPLACE: "yellow", Verb.REMOVE: "red"}


class Rank(IntEnum):
    """The sections, in the order of their importance: what a reviewer must know first, and what is kept to the last."""

    CONNECTIONS = 0
    LOOSENED = 1
    VIOLATIONS = 2
    LIFTED = 3
    REMOVALS = 4
    DOWNGRADES = 5
    UNREAD = 6
    MISTAKES = 7
    PROBLEMS = 8
    SHARES = 9
    ROLLOUTS = 10
    HELD = 11
    CHANGES = 12
    ASSIGNED = 13
    WARNINGS = 14
    FLEETS = 15
    VERSIONS = 16
    CALLS = 17
    SLOTS = 18


class Where(Enum):
    """Where a cell stands in text; in a table its column says that."""

    HEAD = "head"
    BELOW = "below"
    BESIDE = "beside"
    """Behind the cell before it."""
    TABLE = "table"
    """Only in a table: in text a title says it."""


class Cell(NamedTuple):
    """One cell: safe text, its style, and what stands before it where no column says what it is."""

    column: str
    text: str
    style: str = ""
    where: Where = Where.HEAD
    lead: str = ""


class Row(NamedTuple):
    """Cells; several of one column are one enumeration in a table, and empty ones are left out.

    `number` says how many things the row stands for.
    """

    cells: Sequence[Cell]
    number: int = 1


class Block(msgspec.Struct):
    """Rows under a title of their own, and what to do about them. Of more than `most` rows text shows `rest`."""

    rows: Iterable[Row]
    title: str = ""
    number: int = 0
    advice: str = ""
    most: int | None = None
    rest: str = ""


class Section(msgspec.Struct):
    """A part of a plan. `noun` says what its rows count, in the plural; `total` how many there are."""

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


class FleetRows:
    """The rows of one fleet. `verbose` names every slot."""

    def __init__(self, fleet: FleetPlan, show: Show, *, verbose: bool = False) -> None:
        self.fleet = fleet
        self.show = show
        self.verbose = verbose
        everything: list[Change | Held] = [*fleet.changes, *fleet.held]
        self.unit = Names(one.unit for one in everything)
        """What a unit is called in this fleet, not yet cleaned."""
        self._workload = Names(one.workload for one in everything)

    def workload(self, ref: Ref) -> Cell:
        """Return what a workload is called in this fleet."""
        return Cell("Workload", self.show(self._workload(ref)), "bold")

    def violation(self, one: Violation) -> Row:
        """Return a broken limit."""
        words = Cell("Violated by", self.show(violation_words(one)))
        at = _written_at([one], self.show, Where.BELOW)
        return Row([*in_fleets([self]), Cell("Limit", LIMITS[one.kind], "bold"), words, at])

    def lifted(self, one: Lifted) -> Row:
        """Return a limit that would be broken, were it not lifted."""
        cells = [
            *in_fleets([self]),
            Cell("Limit", LIMITS[one.violation.kind], "bold"),
            Cell("Would be violated by", self.show(violation_words(one.violation))),
            Cell("Reason", self.show(one.reason), "", Where.BELOW),
            Cell("Until", self.show(one.until), "dim", Where.BELOW, "until "),
            _written_at([one], self.show, Where.BELOW),
        ]
        return Row(cells)

    def version(self, one: Listed) -> Row:
        """Return what is known of a version that is moved to."""
        said, notes = " · ".join(facts(one.info)), first_line(one)
        return Row(
            [
                *in_fleets([self]),
                self.workload(one.workload),
                Cell("Version", self.show(one.version), "bold"),
                Cell("Known", self.show(said) if said else ""),
                Cell("Notes", self.show(notes) if notes else "", "dim", Where.BELOW),
            ]
        )

    def call(self, one: Calls) -> Row:
        """Return calls that are alike."""
        number = f"{len(one.actions):,} calls of " if len(one.actions) > 1 else ""
        request = one.first.request
        kinds: dict[Hashable, Change] = {}
        for change in one.changes:
            kinds.setdefault((change.workload, change.to, leaving(change)), change)
        goals = dict.fromkeys(f"{self.workload(some.workload).text} {goal(some, self.show)}" for some in kinds.values())
        cells = [
            *in_fleets([self]),
            Cell("Stage", f"{one.stage:,}", "dim", lead="stage "),
            Cell("Call", f"{number}{self.show(one.first.call)}", "bold"),
            Cell("Units", units_and_devices([one.changes])),
            Cell("Moves", listed(list(goals), SAMPLE, str)),
            Cell("Request", self.show(f"{request.method} {request.path}"), "dim", Where.BELOW),
            Cell("Body", self.show(one.body) if one.body else "", "dim", Where.BELOW),
            *(Cell("Call", note, "yellow", Where.BELOW, "! ") for note in one.notes()),
        ]
        return Row(cells)

    def slot(self, one: Change) -> Row:
        """Return one slot."""
        cells = [
            *in_fleets([self]),
            verb_cell(one.verb),
            Cell("Unit", self.show(one.unit.name)),
            Cell("Id", self.show(one.unit.id)),
            self.workload(one.workload),
            Cell("From → to", moves(one, self.show)),
            Cell("Why", REASONS[one.reason]),
            Cell("Written at", places([one.origin], self.show)),
        ]
        return Row(cells)


Written = Change | Held | Violation | Lifted | Loosened | ConnectionChange
ChangeParts = Sequence[tuple[FleetRows, Group]]
"""The same change of several fleets."""
HeldParts = Sequence[tuple[FleetRows, HeldGroup]]


def change_row(parts: ChangeParts) -> Row:
    """Return changes that differ in nothing but unit and fleet."""
    rows, group = parts[0]
    first, show = group.first, rows.show
    cells = [
        *in_fleets([one for one, _ in parts]),
        verb_cell(first.verb),
        rows.workload(first.workload),
        Cell("From → to", moves(first, show), COLOURS[first.verb]),
        Cell("Units", units_and_devices(some.changes for _, some in parts)),
        Cell("Why", REASONS[first.reason], "dim"),
        Cell("From → to", ", ".join(terms(first, show)), "", Where.BELOW),
        Cell("Why", ", ".join(f"then {show(call)}" for call in group.later), "", Where.BELOW),
        *_which([(one, some.changes) for one, some in parts]),
    ]
    return Row(cells, sum(len(some.changes) for _, some in parts))


COMPARED = {Reason.CHANGE, Reason.DRIFT}
"""Reasons that are known only with a base; a held change states no other."""


def held_row(parts: HeldParts) -> Row:
    """Return held changes that differ in nothing but unit and fleet."""
    rows, group = parts[0]
    first, show = group.first, rows.show
    goes = "" if first.verb is None else course(first.verb, first.from_, first.to, show, downgrade=first.downgrade)
    cells = [
        *in_fleets([one for one, _ in parts]),
        Cell("Why", LABELS[group.code], "", Where.TABLE),
        Cell("Why", f"stage {first.stage:,}" if first.stage else "", "cyan"),
        Cell("Slots", f"{sum(len(some.held) for _, some in parts):,}", "", Where.TABLE),
        verb_cell(first.verb),
        rows.workload(first.workload),
        Cell("From → to", goes),
        Cell("Blocked by", show(group.text) if group.text else ""),
        Cell("Change", REASONS[first.reason] if first.reason in COMPARED else "", "dim"),
        *_which([(one, some.held) for one, some in parts]),
        Cell("Next", advised(group.code, in_this_run=bool(first.stage)), "", Where.TABLE),
    ]
    return Row(cells)


def text_row(several: Sequence[FleetRows], text: str) -> Row:
    """Return words about fleets, in a list."""
    return Row([*in_fleets(several), Cell("", several[0].show(text))], len(several))


def share_row(parts: Sequence[tuple[FleetRows, Share]]) -> Row:
    """Return how much of what fleets manage of a workload is changed: they are alike."""
    rows, share = parts[0]
    each = " each" if len(parts) > 1 else ""
    cells = [
        *in_fleets([one for one, _ in parts]),
        rows.workload(share.workload),
        Cell("Devices", f"{share.changing:,} of {share.managed:,}{each}"),
        Cell("Share", portion(share.changing, share.managed)),
    ]
    return Row(cells, len(parts))


def loosened_row(one: Loosened, show: Show) -> Row:
    """Return what the manifests loosen."""
    cells = [
        Cell("Fleet", show(one.fleet), "bold cyan"),
        Cell("Loosened", loosened_words(one, show), "bold"),
        Cell("From → to", was_and_now(one.was, one.now, show)),
        Cell("Reason", show(one.reason) if one.reason else "", "", Where.BELOW),
        _written_at([one], show, Where.BELOW),
    ]
    return Row(cells)


def connection_row(one: ConnectionChange, show: Show) -> Row:
    """Return what happens to a Connection."""
    fields = [f"{show(field.path)} {was_and_now(field.was, field.now, show)}" for field in one.fields]
    cells = [
        Cell("Connection", show(one.connection), "bold cyan"),
        Cell("Edit", edit_words(one, show), "bold"),
        Cell("Reading", READINGS[one.reading], "red"),
        *(Cell("Fields", field, "", Where.BELOW) for field in fields),
        Cell("Fleets", listed(one.fleets, SAMPLE, show), "", Where.BELOW, "fleets "),
        _written_at([one], show, Where.BELOW),
    ]
    return Row(cells)


def in_fleets(several: Sequence[FleetRows]) -> Iterator[Cell]:
    """Yield which fleets a row is about, for a table: they are all blocked, or none is."""
    first = several[0]
    names = listed([one.fleet.fleet for one in several], SAMPLE, first.show)
    yield Cell("Fleet", f"{names} (blocked)" if first.fleet.violations else names, "", Where.TABLE)


def verb_cell(verb: Verb | None) -> Cell:
    """Return what happens to a slot; nothing where nobody knows."""
    return Cell("Change", f"{SIGNS[verb]} {verb.value}", COLOURS[verb]) if verb is not None else Cell("Change", "")


def _which(parts: Sequence[tuple[FleetRows, Sequence[Change | Held]]]) -> Iterator[Cell]:
    """Yield which units, and where that is written: all of them where everything is wanted, else a sample of one fleet's."""
    rows, show = parts[0][0], parts[0][0].show
    slots = [one for _, some in parts for one in some]
    if not rows.verbose:
        if len(parts) == 1:
            names = [rows.unit(one.unit) for one in slots[:SAMPLE]]
            yield Cell("Which", listed(names, SAMPLE, show, total=len(slots)), "dim", Where.BELOW)
        yield _written_at(slots, show, Where.BESIDE)
        return
    for one in slots:
        known = one.unit.id not in {one.unit.name, "*", ""}
        name = f"{show(one.unit.name)} ({show(one.unit.id)})" if known else show(one.unit.name)
        yield Cell("Which", name, "", Where.BELOW)
        yield Cell("Which", devices(one.size) if one.size != 1 else "", "dim", Where.BESIDE)
        yield _written_at([one], show, Where.BESIDE)


def _written_at(found: Iterable[Written], show: Show, where: Where) -> Cell:
    return Cell("Written at", places((one.origin for one in found), show), "dim", where, "at ")

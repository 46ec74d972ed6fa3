"""A plan as Markdown: one pull-request comment, edited in place by its marker, or a step summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.model.change import Change, Held
from reconciler.model.hold import HoldReason
from reconciler.model.origin import Origin
from reconciler.model.plan import DIRTY, FleetPlan, MovedTo, Plan
from reconciler.model.unit import Ref
from reconciler.views.calls import Calls, gathered, notes
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
from reconciler.views.markdown import Section, code, fitted, folded_away, row, size, table_head
from reconciler.views.plan_words import advice, headline, settled, staged, under_way
from reconciler.views.release_words import facts, first_line, spoken_of
from reconciler.views.words import NOTHING, REASONS, SAMPLE, SIGNS, count, joined

MARKER = "<!-- reconciler:plan -->\n"
"""First line of the comment: who edits it in place finds it by this."""

LIMIT = 65_536
"""GitHub's limit of a comment, in characters."""

SMALLEST = 2_048
"""Limit below which a plan cannot be shown."""

FLEETS, PROBLEMS, CHANGES, HELD, WARNINGS, VERSIONS, CALLS, SLOTS = range(8)
"""Ranks: what is kept first when space is short."""


def render(plan: Plan, *, now: float, limit: int = LIMIT) -> str:
    """Return a plan as Markdown of at most `limit` characters (at least 2,048); `now` in seconds since 1970.

    What does not fit is left out row by row, slots first, and the end says so. Raises ValueError for a smaller limit.
    """
    if limit < SMALLEST:
        raise ValueError(f"a plan needs {SMALLEST:,} characters, not {limit:,}")
    title = f"{MARKER}## Plan: {headline(plan)}\n\n"
    bottom = _footer(plan)
    words = "".join(f"{paragraph}\n\n" for paragraph in _paragraphs(plan, now))
    sections = [_fleets(plan), _errors(plan)]
    for fleet in plan.fleets:
        sections += _Fleet(plan, fleet).sections()
    top = title + words
    if size(top) + size(bottom) > limit // 2:
        top, bottom = title, ""
    return fitted(top, [section for section in sections if section.total], bottom, limit)


def _paragraphs(plan: Plan, now: float) -> Iterator[str]:
    if plan.filters:
        yield f"Filtered with {code(plan.filters)}: what these filters leave out is not shown and not touched."
    if headline(plan) == "nothing to do":
        yield f"Git{settled(plan).removeprefix('git')}."
    for sentence, command in advice(plan, now, silent=True):
        yield f"{sentence} {code(command)}" if command else sentence


def _fleets(plan: Plan) -> Section:
    columns = (
        "Fleet",
        "Platform",
        "Units:",
        "Slots:",
        "Synced:",
        "Release:",
        "Replace:",
        "Remove:",
        "Held:",
        "Unmanaged:",
        "Under way",
        "Reading",
    )
    return Section(
        "fleets", FLEETS, table_head(columns), (row(_fleet_cells(one)) for one in plan.fleets), len(plan.fleets)
    )


def _fleet_cells(fleet: FleetPlan) -> Iterator[str]:
    summary = fleet.summary
    yield code(fleet.fleet)
    yield code(fleet.platform)
    if fleet.error:
        yield from [""] * 9
        yield "**could not be read**"
        return
    changes = summary.changes
    numbers = (summary.units, summary.slots, summary.synced, changes.release, changes.replace, changes.remove)
    yield from (f"{number:,}" for number in (*numbers, summary.held, summary.unmanaged))
    yield under_way(summary)
    yield "complete" if fleet.basis.complete else "**incomplete**"


def _errors(plan: Plan) -> Section:
    broken = [fleet for fleet in plan.fleets if fleet.error]
    rows = (f"- {code(fleet.fleet)}: {code(fleet.error)}\n" for fleet in broken)
    return Section("errors", PROBLEMS, "**Could not be read**, so nothing of them is planned:\n\n", rows, len(broken))


def _footer(plan: Plan) -> str:
    read = "".join(f", {code(name)} read {code(at)}" for name, at in list(plan.times.read.items())[:SAMPLE])
    more = f" and {len(plan.times.read) - SAMPLE:,} more" if len(plan.times.read) > SAMPLE else ""
    commits = sorted({fleet.basis.commit for fleet in plan.fleets if fleet.basis.commit})
    commit = f", manifests of commit {code(commits[0].removesuffix(DIRTY))}" if len(commits) == 1 else ""
    if commit and commits[0].endswith(DIRTY):
        commit += " and changes that are not committed"
    return (
        f"Made {code(plan.times.created)}, expires {code(plan.times.expires)}{read}{more}{commit}. "
        f"Fingerprint {code(plan.fingerprint)}.\n"
    )


class _Fleet:
    """The sections of one fleet."""

    def __init__(self, plan: Plan, fleet: FleetPlan) -> None:
        self.fleet = fleet
        everything: list[Change | Held] = [*fleet.changes, *fleet.held]
        self.unit = Names(one.unit for one in everything)
        self.workload = Names(one.workload for one in everything)
        self.title = f" in {code(fleet.fleet)}" if len(plan.fleets) > 1 else ""

    def sections(self) -> list[Section]:
        return [
            self._violations(),
            self._problems(),
            self._changes(),
            self._versions(),
            self._held(),
            self._warnings(),
            self._calls(),
            self._slots(),
        ]

    def _violations(self) -> Section:
        found = self.fleet.violations
        head = f"### Limits violated{self.title}: nothing of this fleet is applied\n\n"
        rows = (
            f"- **{LIMITS[one.kind]}**: {code(violation_words(one))}"
            f"{f' (intended {one.intended:,}, allowed {one.allowed:,}, of {one.of:,})' if one.intended else ''}"
            f"{_at([one.origin] if one.origin is not None else [])}\n"
            for one in found
        )
        return Section("violations", PROBLEMS, head, rows, len(found))

    def _problems(self) -> Section:
        found = () if self.fleet.error else self.fleet.basis.problems
        head = f"### Reading incomplete{self.title}: what it did not show is held\n\n"
        return Section("problems of the reading", PROBLEMS, head, (f"- {code(one)}\n" for one in found), len(found))

    def _changes(self) -> Section:
        found = grouped(self.fleet.changes)
        columns = ("Change", "Workload", "From → to", "Units:", "Why", "Which", "Written at")
        head = f"### Changes{self.title}: {len(self.fleet.changes):,}\n\n{table_head(columns)}"
        return Section("kinds of changes", CHANGES, head, (row(self._change(one)) for one in found), len(found))

    def _change(self, one: Group) -> Iterator[str]:
        yield f"{SIGNS[one.verb]} {one.verb.value}"
        yield code(self.workload(one.workload))
        yield ", ".join([_way(one), *terms(one, code)])
        yield weight(one.changes)
        later = "".join(f", then {code(call)}" for call in one.later)
        yield REASONS[one.reason] + later
        yield self._names(one.units)
        yield _places(one.origins)

    def _versions(self) -> Section:
        found = spoken_of(self.fleet)
        columns = ("Workload", "Version", "Known", "Notes")
        head = f"### Versions{self.title}\n\n{table_head(columns)}"
        return Section("versions", VERSIONS, head, (row(self._version(one)) for one in found), len(found))

    def _version(self, one: MovedTo) -> Iterator[str]:
        said = ", ".join(facts(one.info))
        notes = first_line(one)
        yield code(self.workload(one.workload))
        yield code(one.version)
        yield code(said, 400) if said else ""
        yield code(notes, 400) if notes else ""

    def _held(self) -> Section:
        found = [one for groups in held_grouped(self.fleet.held).values() for one in groups]
        numbers = codes(self.fleet.held)
        columns = ("Why", "Slots:", "Workload", "From → to", "Reason", "Which", "To let it go")
        several = (
            " Some have several reasons and stand under each." if sum(numbers.values()) > len(self.fleet.held) else ""
        )
        words = ", ".join(f"{numbers[reason]:,} {LABELS[reason]}" for reason in HoldReason if numbers[reason])
        later = f"; {staged(self.fleet)}" if staged(self.fleet) else ""
        head = f"### Held{self.title}: {len(self.fleet.held):,}\n\nNot sent: {words}{later}.{several}\n\n{table_head(columns)}"
        return Section("kinds of held changes", HELD, head, (row(self._held_cells(one)) for one in found), len(found))

    def _held_cells(self, one: HeldGroup) -> Iterator[str]:
        yield LABELS[one.code] + (f" (stage {one.stage:,})" if one.stage else "")
        yield f"{len(one.held):,}"
        yield code(self.workload(one.workload))
        yield _way(one) if one.verb is not None else ""
        yield code(one.text)
        yield self._names([held.unit for held in one.held])
        yield BY_ITSELF if one.stage else ADVICE[one.code]

    def _warnings(self) -> Section:
        found = self.fleet.warnings
        head = f"### Warnings{self.title}\n\n"
        return Section("warnings", WARNINGS, head, (f"- {code(text, 400)}\n" for text in found), len(found))

    def _calls(self) -> Section:
        found = gathered(self.fleet.actions, self.fleet.changes)
        columns = ("Stage:", "Calls:", "Call", "Moves", "Units:", "Request", "Body")
        head, tail = folded_away(f"Calls: {len(self.fleet.actions):,}, in this order", columns)
        return Section(
            "kinds of calls", CALLS, self._named(head), (row(self._call(one)) for one in found), len(found), tail
        )

    def _call(self, one: Calls) -> Iterator[str]:
        yield f"{one.stage:,}"
        yield f"{one.number:,}"
        yield code(one.call) + "".join(f"; {note}" for note in notes(one))
        goals = list(dict.fromkeys((self.workload(each.workload), _goal(each)) for each in one.changes))
        more = f" and {len(goals) - SAMPLE:,} more" if len(goals) > SAMPLE else ""
        yield ", ".join(f"{code(name)} {words}" for name, words in goals[:SAMPLE]) + more
        yield weight(one.changes)
        yield code(f"{one.method} {one.path}")
        yield code(one.body, 400) if one.body else ""

    def _slots(self) -> Section:
        found = self.fleet.changes
        columns = ("Change", "Unit", "Id", "Workload", "From → to", "Why", "Written at")
        head, tail = folded_away(f"Slots: {len(found):,}", columns)
        return Section("slots", SLOTS, self._named(head), (row(self._slot(one)) for one in found), len(found), tail)

    def _named(self, head: str) -> str:
        return f"Fleet {code(self.fleet.fleet)}:\n\n{head}" if self.title else head

    def _slot(self, one: Change) -> Iterator[str]:
        yield f"{SIGNS[one.verb]} {one.verb.value}"
        yield code(one.unit.name)
        yield code(one.unit.id)
        yield code(self.workload(one.workload))
        yield _way(one)
        yield REASONS[one.reason]
        yield _places([one.origin])

    def _names(self, units: Sequence[Ref]) -> str:
        shown = ", ".join(code(self.unit(one)) for one in units[:SAMPLE])
        return f"{shown} and {len(units) - SAMPLE:,} more" if len(units) > SAMPLE else shown


def _goal(one: Change) -> str:
    """Return what becomes of a slot; the Markdown twin of `words.goal`."""
    if leaving(one):
        return f"without {joined(code(other) for other in one.extra_versions)}"
    return f"→ {_version(one.to)}"


def _version(name: str | None) -> str:
    return NOTHING if name is None else code(name)


def _way(one: Change | Group | HeldGroup) -> str:
    """Return where a slot goes; the Markdown twin of `words.way`."""
    others = () if isinstance(one, HeldGroup) else besides(one)
    if not isinstance(one, HeldGroup) and leaving(one):
        return f"{joined(code(other) for other in others)} → {NOTHING}, {_version(one.to)} stays"
    too = f" ({joined(code(other) for other in others)} leaving too)" if others else ""
    if one.from_ == one.to:
        return f"{_version(one.to)} again{too}"
    return f"{_version(one.from_)} → {_version(one.to)}{too}"


def _places(origins: Iterable[Origin]) -> str:
    distinct = list(dict.fromkeys(str(origin) for origin in origins if origin.file))
    if not distinct:
        return ""
    more = f" and {count(len(distinct) - 1, 'more line')}" if len(distinct) > 1 else ""
    return code(distinct[0]) + more


def _at(origins: Iterable[Origin]) -> str:
    place = _places(origins)
    return f" at {place}" if place else ""

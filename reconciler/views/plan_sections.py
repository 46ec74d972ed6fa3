"""The sections of a plan: of one fleet, as text shows them, or of all fleets together, as a review wants them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import TypeVar

from reconciler.model.change import Change, Verb
from reconciler.model.hold import HoldReason
from reconciler.model.plan import FleetPlan, Plan, Share
from reconciler.views import alike
from reconciler.views.group import (
    Calls,
    Group,
    HeldGroup,
    codes,
    gathered,
    grouped,
    held_grouped,
    sort_of,
    units_and_devices,
)
from reconciler.views.plan_rows import (
    Block,
    FleetRows,
    Rank,
    Row,
    Section,
    change_row,
    connection_row,
    held_row,
    loosened_row,
    share_row,
    text_row,
)
from reconciler.views.plan_words import assigned_words, staged
from reconciler.views.reason_words import LABELS, advised, diagnostic_words, warnings_of
from reconciler.views.releases_text import spoken_of
from reconciler.views.rollout_rows import WAVE_COLUMNS, rollout_summary, wave_rows
from reconciler.views.words import Show, count

ALIKE = 5
"""Calls of one kind in a row that are shown in text when not verbose."""
TEXTS = 5
"""Different wordings of one hold reason that are shown in text when not verbose."""

T = TypeVar("T")
G = TypeVar("G", Group, HeldGroup)
CHANGE_COLUMNS = ("Fleet", "Change", "Workload", "From → to", "Units:", "Why", "Which", "Written at")


def of_plan(plan: Plan, show: Show) -> Iterator[Section]:
    """Yield what the manifests change against their base besides versions, where they do."""
    connections = [connection_row(one, show) for one in plan.connections]
    if connections:
        columns: tuple[str, ...] = ("Connection", "Edit", "Reading", "Fields", "Fleets", "Written at")
        yield _counted(Rank.CONNECTIONS, "Connections changed", "changed Connections", columns, connections)
    loosened = [loosened_row(one, show) for one in plan.loosened]
    if loosened:
        columns = ("Fleet", "Loosened", "From → to", "Reason", "Written at")
        yield _counted(Rank.LOOSENED, "Loosened by these manifests", "loosened rules", columns, loosened)


def _counted(
    rank: Rank, name: str, noun: str, columns: tuple[str, ...], rows: Sequence[Row], colour: str = "red"
) -> Section:
    blocks, style, sign = [Block(rows)], f"bold {colour}", ("! ", colour)
    return Section(rank, name, f": {len(rows):,}", noun, len(rows), columns, blocks, style, sign)


class Sections:
    """The sections of fleets. `verbose` names every slot and every call.

    `apart`: removals and downgrades are sections of their own, and what is the same in several fleets is one row.
    """

    def __init__(self, fleets: Iterable[FleetPlan], show: Show, *, verbose: bool = False, apart: bool = False) -> None:
        self.show = show
        self.verbose = verbose
        self.apart = apart
        every = [FleetRows(one, show, verbose=verbose) for one in fleets]
        self.fleets = [one for one in every if not one.fleet.error]
        self.unread = [one for one in every if one.fleet.error]

    def all(self) -> list[Section]:
        """Return the sections that have something to say, by rank; of a fleet that could not be read only that."""
        found = [
            self._unread(),
            self._violations(),
            self._lifted(),
            *self._all_changes(),
            self._mistakes(),
            self._problems(),
        ]
        found += [
            self._shares(),
            self._rollouts(),
            self._held(),
            self._assigned(),
            self._warnings(),
            self._versions(),
            self._calls(),
            self._slots(),
        ]
        return sorted((one for one in found if one.total), key=lambda one: one.rank)

    def _violations(self) -> Section:
        rows = (one.violation(found) for one in self.fleets for found in one.fleet.violations)
        blocked = [one for one in self.fleets if one.fleet.violations]
        total = sum(len(one.fleet.violations) for one in blocked)
        what = "this fleet" if len(blocked) == 1 else f"these {len(blocked):,} fleets"
        detail = f": {total:,}; no change of {what} is applied"
        columns = ("Fleet", "Limit", "Violated by", "Written at")
        blocks = [Block(rows)]
        return Section(
            Rank.VIOLATIONS, "Limits violated", detail, "violations", total, columns, blocks, "bold red", ("x ", "red")
        )

    def _lifted(self) -> Section:
        rows = [one.lifted(found) for one in self.fleets for found in one.fleet.lifted]
        columns = ("Fleet", "Limit", "Would be violated by", "Reason", "Until", "Written at")
        return _counted(Rank.LIFTED, "Limits lifted by the manifests", "lifted limits", columns, rows, "yellow")

    def _unread(self) -> Section:
        found = [(one, [one.fleet.error]) for one in self.unread]
        noun = "fleets that could not be read"
        return self._texts(Rank.UNREAD, "Could not be read", noun, found, "nothing is planned for these fleets")

    def _mistakes(self) -> Section:
        found = [(one, [diagnostic_words(wrong) for wrong in one.fleet.mistakes]) for one in self.fleets]
        return self._texts(
            Rank.MISTAKES, "Mistakes in manifests", "mistakes", found, "the slots they are about are held"
        )

    def _problems(self) -> Section:
        found = [(one, one.fleet.basis.problems) for one in self.fleets]
        return self._texts(
            Rank.PROBLEMS, "Reading incomplete", "problems of the reading", found, "what it did not show is held"
        )

    def _assigned(self) -> Section:
        found = [(one, [assigned_words(each) for each in one.fleet.assigned]) for one in self.fleets]
        return self._texts(Rank.ASSIGNED, "Assigned there by", "assignments", found)

    def _warnings(self) -> Section:
        return self._texts(
            Rank.WARNINGS, "Warnings", "warnings", [(one, warnings_of(one.fleet)) for one in self.fleets]
        )

    def _texts(
        self, rank: Rank, name: str, noun: str, found: Sequence[tuple[FleetRows, Sequence[str]]], means: str = ""
    ) -> Section:
        pools = self._pooled(((one, self._alike(texts)) for one, texts in found), str)
        rows = (text_row([one for one, _ in some], some[0][1]) for some in pools)
        total = sum(len(texts) for _, texts in found)
        detail = f": {total:,}{means and f'; {means}'}"
        colour = "red" if rank in {Rank.MISTAKES, Rank.UNREAD} else "yellow"
        return Section(rank, name, detail, noun, total, (), [Block(rows)], f"bold {colour}", ("! ", colour))

    def _alike(self, texts: Sequence[str]) -> Sequence[str]:
        """Return texts with one for those of a kind; a table counts its rows, and has each."""
        return texts if self.verbose or self.apart else alike.grouped(texts)

    def _all_changes(self) -> Iterator[Section]:
        if not self.apart:
            yield self._changes(Rank.CHANGES, "Changes", "changes")
            return
        yield self._changes(Rank.REMOVALS, "Removals", "removals", _is_removal)
        yield self._changes(Rank.DOWNGRADES, "Downgrades", "downgrades", _goes_back)
        others = self._changes(Rank.CHANGES, "Changes", "changes", lambda one: not (_is_removal(one) or one.downgrade))
        if others.total < sum(len(one.fleet.changes) for one in self.fleets):
            others.name, others.noun = "Other changes", "other changes"
        yield others

    def _changes(self, rank: Rank, name: str, noun: str, belongs: Callable[[Change], bool] | None = None) -> Section:
        found = [(one, grouped(filter(belongs, one.fleet.changes))) for one in self.fleets]
        total = sum(len(group.changes) for _, groups in found for group in groups)
        rows = map(change_row, self._heaviest(found))
        return Section(rank, name, f": {total:,}", noun, total, CHANGE_COLUMNS, [Block(rows)])

    def _pooled(
        self, found: Iterable[tuple[FleetRows, Iterable[T]]], alike: Callable[[T], Hashable]
    ) -> list[list[tuple[FleetRows, T]]]:
        """Return what is the same in several fleets together; in text each by itself."""
        pools: dict[Hashable, list[tuple[FleetRows, T]]] = {}
        for rows, one in ((rows, one) for rows, some in found for one in some):
            key = (alike(one), bool(rows.fleet.violations)) if self.apart else len(pools)
            pools.setdefault(key, []).append((rows, one))
        return list(pools.values())

    def _heaviest(self, found: Iterable[tuple[FleetRows, Iterable[G]]]) -> list[list[tuple[FleetRows, G]]]:
        """Return groups of several fleets together, the heaviest first; in text as they come."""
        pools = self._pooled(found, sort_of)
        return sorted(pools, key=lambda some: -sum(group.size for _, group in some)) if self.apart else pools

    def _shares(self) -> Section:
        pools = self._pooled(((one, one.fleet.shares) for one in self.fleets if self.apart), _share_of)
        found = sorted(pools, key=lambda some: _part(some[0][1]), reverse=True)
        columns = ("Fleet", "Workload", "Devices:", "Share:")
        total = sum(map(len, found))
        rows = map(share_row, found)
        return Section(Rank.SHARES, "Share of the fleet", "", "shares of a fleet", total, columns, [Block(rows)])

    def _rollouts(self) -> Section:
        found = [(fleet, one) for fleet in self.fleets for one in fleet.fleet.rollouts if one.waves and self.apart]
        rows = [row for fleet, one in found for row in wave_rows(fleet, one)]
        intro = "\n\n".join(rollout_summary(one, self.show) for _, one in found)
        return Section(Rank.ROLLOUTS, "Rollouts", "", "waves", len(rows), WAVE_COLUMNS, [Block(rows)], intro=intro)

    def _held(self) -> Section:
        found = [(one, held_grouped(one.fleet.held)) for one in self.fleets]
        held = [slot for one in self.fleets for slot in one.fleet.held]
        numbers = codes(held)
        later = staged(held)
        several = sum(numbers.values()) > len(held)
        pools = {code: self._heaviest((one, groups.get(code, [])) for one, groups in found) for code in numbers}
        ordered = [(code, pools[code]) for code in HoldReason if pools.get(code)]
        return Section(
            Rank.HELD,
            "Held",
            f": {len(held):,}, {f'not sent now; {later}' if later else 'not sent'}",
            "kinds of held changes",
            sum(len(some) for _, some in ordered),
            ("Fleet", "Why", "Slots:", "Change", "Workload", "From → to", "Blocked by", "Which", "Written at", "Next"),
            (self._held_block(code, numbers[code], some) for code, some in ordered),
            sign=("! ", "yellow"),
            intro="Some have several reasons and are listed under each." if several else "",
        )

    def _held_block(
        self, code: HoldReason, number: int, found: Sequence[Sequence[tuple[FleetRows, HeldGroup]]]
    ) -> Block:
        most = None if self.verbose else TEXTS
        rest = len(found) - TEXTS
        in_this_run = all(group.first.stage for some in found for _, group in some)
        return Block(
            map(held_row, found),
            title=LABELS[code],
            number=number,
            advice=advised(code, in_this_run=in_this_run),
            most=most,
            rest=f"… and {count(rest, 'more kind')} of these; --verbose lists all" if most and rest > 0 else "",
        )

    def _versions(self) -> Section:
        found = [(one, version) for one in self.fleets for version in spoken_of(one.fleet)]
        rows = (one.version(version) for one, version in found)
        columns = ("Fleet", "Workload", "Version", "Known", "Notes")
        return Section(Rank.VERSIONS, "Versions to be released", "", "versions", len(found), columns, [Block(rows)])

    def _calls(self) -> Section:
        """Return the calls; those of a blocked fleet are not sent, and so are none."""
        going = [one for one in self.fleets if not one.fleet.violations]
        found = [(one, gathered(one.fleet.actions, one.fleet.changes, apart=self.verbose)) for one in going]
        total = sum(len(one.fleet.actions) for one in going)
        columns = ("Fleet", "Stage:", "Call", "Units:", "Moves", "Request", "Body")
        blocks = chain.from_iterable(self._call_blocks(one, calls) for one, calls in found)
        kinds = sum(len(calls) for _, calls in found)
        return Section(Rank.CALLS, "Calls", f": {total:,}, in this order", "kinds of calls", kinds, columns, blocks)

    def _call_blocks(self, rows: FleetRows, calls: Sequence[Calls]) -> Iterator[Block]:
        kinds = groupby(calls, key=lambda one: (one.first.call, one.first.request.method, one.stage))
        for _, some in kinds:
            yield self._call_block(rows, list(some))

    def _call_block(self, rows: FleetRows, found: Sequence[Calls]) -> Block:
        rest = found[ALIKE:]
        if self.verbose or not rest:
            return Block(map(rows.call, found))
        more = count(sum(len(one.actions) for one in rest), "more call")
        hit = units_and_devices(one.changes for one in rest)
        words = f"… and {more} of {self.show(found[0].first.call)}, {hit}; --verbose lists all"
        return Block(map(rows.call, found), most=ALIKE, rest=words)

    def _slots(self) -> Section:
        rows: Iterator[Row] = (one.slot(change) for one in self.fleets for change in one.fleet.changes)
        total = sum(len(one.fleet.changes) for one in self.fleets)
        columns = ("Fleet", "Change", "Unit", "Id", "Workload", "From → to", "Why", "Written at")
        return Section(Rank.SLOTS, "Slots", f": {total:,}", "slots", total, columns, [Block(rows)])


def _is_removal(one: Change) -> bool:
    return one.verb is Verb.REMOVE


def _goes_back(one: Change) -> bool:
    return one.downgrade and not _is_removal(one)


def _share_of(one: Share) -> Hashable:
    return one.workload.name, one.changing, one.managed


def _part(share: Share) -> tuple[float, int]:
    return share.changing / max(1, share.managed), share.changing

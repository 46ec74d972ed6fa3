"""A plan as a page shows it: what it comes to first, then what has to be decided on, then all of it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.model.plan import Plan
from reconciler.views import review
from reconciler.views.long_list import LongList
from reconciler.views.mix_sheet import WorkloadMix, mixes
from reconciler.views.mix_sheet import summary as mix_summary
from reconciler.views.plan_fleets import COLUMNS, fleet_cells, is_idle
from reconciler.views.plan_rows import Rank
from reconciler.views.plan_sections import Sections, of_plan
from reconciler.views.plan_words import advice, blocked, filtered, headline, settled, total, verbs
from reconciler.views.sheet import BAD, GOOD, IDLE, INFO, SIGNS, WARN, Block, Fact, Table, Tile, block, head, numbers
from reconciler.views.slot_list import Sign, calls, legend, slots, tally
from reconciler.views.wave_sheet import RolloutSheet, rollouts
from reconciler.views.words import clean, commit_words, count, moment, percent

COMMIT = 12
"""Characters of a commit's id that are shown."""

ELSEWHERE = {Rank.ROLLOUTS, Rank.CALLS, Rank.SLOTS}
"""Sections that a page shows in a form of its own."""

FIRST = Rank.SHARES
"""What is less important than this comes after the pictures."""

TONES = {
    review.VIOLATIONS: BAD,
    review.REMOVALS: WARN,
    review.CHANGES: INFO,
    review.INCOMPLETE: WARN,
    review.HELD: WARN,
    review.NOTHING: GOOD,
}


class PlanSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page of a plan shows. `expires` is ISO 8601; `word` is the plan in one word."""

    title: str
    word: str
    tone: str
    facts: tuple[Fact, ...]
    expires: str
    notes: tuple[tuple[str, str], ...]
    """Sentences, each with a command or nothing."""
    tiles: tuple[Tile, ...]
    first: tuple[Block, ...]
    mixes: tuple[WorkloadMix, ...]
    mix_summary: str
    rollouts: tuple[RolloutSheet, ...]
    more_rollouts: str
    rest: tuple[Block, ...]
    slots: LongList
    tally: Table
    """What the map of the slots draws, in numbers."""
    legend: tuple[Sign, ...]
    calls: LongList

    @property
    def sign(self) -> str:
        """Return what says the same as the colour."""
        return SIGNS[self.tone]


def sheet(plan: Plan) -> PlanSheet:
    """Return a plan as its page shows it; the same plan gives the same page, whenever that is made."""
    word = review.word(plan)
    blocks = _blocks(plan)
    found = mixes(plan)
    shown, more = rollouts(plan)
    return PlanSheet(
        title=headline(plan),
        word=word,
        tone=TONES.get(word, IDLE),
        facts=tuple(_facts(plan)),
        expires=clean(plan.times.expires),
        notes=tuple(_notes(plan)),
        tiles=tuple(_tiles(plan)),
        first=tuple(one for rank, one in blocks if rank <= FIRST),
        mixes=tuple(found),
        mix_summary=mix_summary(found),
        rollouts=tuple(shown),
        more_rollouts=more,
        rest=tuple(one for rank, one in blocks if rank > FIRST),
        slots=slots(plan),
        tally=tally(plan),
        legend=legend(plan),
        calls=calls(plan),
    )


def _blocks(plan: Plan) -> list[tuple[Rank, Block]]:
    several = len(plan.fleets) > 1
    sections = (*of_plan(plan, clean), *Sections(plan.fleets, clean, apart=True).all())
    found = [
        (one.rank, block(one, several=several or one.rank is Rank.LOOSENED))
        for one in sections
        if one.rank not in ELSEWHERE
    ]
    found += [(Rank.FLEETS, one) for one in _fleets(plan)]
    return sorted(found, key=lambda pair: pair[0])


def _fleets(plan: Plan) -> Iterator[Block]:
    read = [one for one in plan.fleets if not one.error]
    busy = [one for one in read if not is_idle(one)]
    idle = len(read) - len(busy)
    rest = f"{count(idle, 'more fleet')} {'has' if idle == 1 else 'have'} no changes." if idle else ""
    if busy or rest:
        rows = [list(fleet_cells(one, clean, str)) for one in busy]
        table = Table([head(name) for name in COLUMNS], rows) if rows else None
        yield Block(id="fleets", title="Fleets", table=table, rest=rest)


def _facts(plan: Plan) -> Iterator[Fact]:
    yield Fact("Fingerprint", clean(plan.fingerprint))
    yield Fact("Made", clean(plan.times.created))
    for name, at in plan.times.read.items():
        yield Fact(f"{clean(name)} read", clean(at))
    commits = sorted({fleet.basis.commit for fleet in plan.fleets if fleet.basis.commit})
    for commit in commits:
        yield Fact("Manifests of commit", commit_words(commit, COMMIT))
    came = plan.provenance
    if came.base:
        at = f" at commit {clean(came.base_commit)[:COMMIT]}" if came.base_commit else ""
        yield Fact("Compared with", f"{clean(came.base)}{at}")


def _notes(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.provenance.base_problem:
        yield f"Not compared with the base: {clean(plan.provenance.base_problem)}", ""
    if plan.filters:
        yield filtered(plan, clean), ""
    if headline(plan) == "nothing to do":
        yield settled(plan), ""
    yield from advice(plan, moment(plan.times.created) or 0.0, silent=True)


def _tiles(plan: Plan) -> Iterator[Tile]:
    going = [one for one in plan.fleets if not one.violations]
    counts = total(going)
    held = [one for fleet in plan.fleets for one in fleet.held]
    later = sum(bool(one.stage) for one in held)
    number = sum(len(one.actions) for one in going)
    yield numbers(counts.total, "changes", INFO, f"{verbs(counts)} in {count(number, 'call')}" if counts.total else "")
    yield numbers(counts.remove, "removals", WARN)
    yield numbers(sum(one.downgrade for fleet in going for one in fleet.changes), "downgrades", WARN)
    yield numbers(sum(len(one.violations) for one in plan.fleets), "limits violated", BAD)
    stopped = total(blocked(plan))
    if stopped.total:
        yield numbers(stopped.total, "blocked by a limit", BAD, verbs(stopped))
    yield numbers(len(held) - later, "held", WARN)
    if later:
        yield numbers(later, "later in this run", INFO)
    unknown = sum(one.summary.unknown for one in plan.fleets)
    if unknown:
        yield numbers(unknown, "slots unknown", WARN)
    errors = sum(bool(one.error) for one in plan.fleets)
    if errors:
        yield numbers(errors, "fleets not read", BAD)
    whole = sum(one.summary.slots for one in plan.fleets)
    synced = sum(one.summary.synced for one in plan.fleets)
    if whole:
        tone = GOOD if synced == whole else IDLE
        yield Tile(percent(100 * synced / whole), "in sync", f"{synced:,} of {count(whole, 'slot')}", tone)

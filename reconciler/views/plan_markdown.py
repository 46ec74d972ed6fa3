"""A plan as Markdown: one pull-request comment, edited in place by its marker, or a step summary."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.provenance import DIRTY
from reconciler.views import plan_rows
from reconciler.views.markdown import Section, code, fitted, folded_away, row, size, table_head
from reconciler.views.plan_rows import Rank, Sections
from reconciler.views.plan_words import advice, filtered, headline, not_ready, settled
from reconciler.views.words import SAMPLE, listed

MARKER = "<!-- reconciler:plan -->\n"
"""First line of the comment: who edits it in place finds it by this."""

LIMIT = 65_536
"""GitHub's limit of a comment, in characters."""

SMALLEST = 2_048
"""Limit below which a plan cannot be shown."""

COLLAPSED = {Rank.CALLS, Rank.SLOTS}
"""Sections that readers open by a click."""

FLEETS = (
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
    "Not ready",
    "Reading",
)


def render(plan: Plan, *, now: float, limit: int = LIMIT, marker: str = MARKER) -> str:
    """Return a plan as Markdown of at most `limit` characters (at least 2,048); `now` in seconds since 1970.

    What does not fit is left out row by row, slots first, and the end says so. Raises ValueError for a smaller limit.
    """
    if limit < SMALLEST:
        raise ValueError(f"a plan needs {SMALLEST:,} characters, not {limit:,}")
    title = f"{marker}## Plan: {headline(plan)}\n\n"
    bottom = _footer(plan)
    words = "".join(f"{paragraph}\n\n" for paragraph in _paragraphs(plan, now))
    sections = [_fleets(plan), _errors(plan)]
    for fleet in plan.fleets:
        where = f" in {code(fleet.fleet)}" if len(plan.fleets) > 1 else ""
        sections += (_section(one, where) for one in Sections(fleet, code).all())
    top = title + words
    if size(top) + size(bottom) > limit // 2:
        top, bottom = title, ""
    return fitted(top, [section for section in sections if section.total], bottom, limit)


def _paragraphs(plan: Plan, now: float) -> Iterator[str]:
    if plan.filters:
        yield filtered(plan, code)
    if headline(plan) == "nothing to do":
        yield settled(plan)
    for sentence, command in advice(plan, now, silent=True):
        yield f"{sentence} {code(command)}" if command else sentence


def _fleets(plan: Plan) -> Section:
    rows = (row(_fleet_cells(one)) for one in plan.fleets)
    return Section("fleets", Rank.FLEETS, table_head(FLEETS), rows, len(plan.fleets))


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
    yield not_ready(summary)
    yield "complete" if fleet.basis.complete else "**incomplete**"


def _errors(plan: Plan) -> Section:
    broken = [fleet for fleet in plan.fleets if fleet.error]
    rows = (f"- {code(fleet.fleet)}: {code(fleet.error)}\n" for fleet in broken)
    head = "**Could not be read**; nothing is planned for these fleets:\n\n"
    return Section("errors", Rank.PROBLEMS, head, rows, len(broken))


def _footer(plan: Plan) -> str:
    read = listed([f"{code(name)} read {code(at)}" for name, at in plan.times.read.items()], SAMPLE, str)
    commits = sorted({fleet.basis.commit for fleet in plan.fleets if fleet.basis.commit})
    commit = f", manifests of commit {code(commits[0].removesuffix(DIRTY))}" if len(commits) == 1 else ""
    if commit and commits[0].endswith(DIRTY):
        commit += " with uncommitted changes"
    return (
        f"Made {code(plan.times.created)}, expires {code(plan.times.expires)}{read and f', {read}'}{commit}. "
        f"Fingerprint {code(plan.fingerprint)}.\n"
    )


def _section(one: plan_rows.Section, where: str) -> Section:
    """Return a section as a table, or as a list where it has no columns; `where` names its fleet."""
    rows = chain.from_iterable(block.rows for block in one.blocks)
    if not one.columns:
        head = f"### {one.name}{where}{one.detail}\n\n"
        return Section(one.noun, one.rank, head, (f"- {cell.text}\n" for (cell,) in rows), one.total)
    filled = (row(_cells(each, one.columns)) for each in rows)
    if one.rank in COLLAPSED:
        head, tail = folded_away(f"{one.name}{one.detail}", one.columns)
        named = f"Fleet{where.removeprefix(' in')}:\n\n{head}" if where else head
        return Section(one.noun, one.rank, named, filled, one.total, tail)
    intro = f"{one.intro}\n\n" if one.intro else ""
    head = f"### {one.name}{where}{one.detail}\n\n{intro}{table_head(one.columns)}"
    return Section(one.noun, one.rank, head, filled, one.total)


def _cells(cells: plan_rows.Row, columns: tuple[str, ...]) -> Iterator[str]:
    texts: dict[str, list[str]] = {}
    for cell in cells:
        if cell.text:
            texts.setdefault(cell.column, []).append(cell.text)
    yield from (", ".join(texts.get(column.removesuffix(":"), ())) for column in columns)

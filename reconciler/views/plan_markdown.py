"""A plan as Markdown: one pull-request comment, edited in place by its marker, or a step summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from reconciler.model.plan import Plan
from reconciler.model.provenance import DIRTY
from reconciler.views import plan_rows
from reconciler.views.markdown import Section, code, fitted, folded_away, row, size, table_head
from reconciler.views.plan_fleets import COLUMNS, fleet_cells, is_idle
from reconciler.views.plan_rows import Cell, Rank
from reconciler.views.plan_sections import Sections, of_plan
from reconciler.views.plan_words import advice, filtered, headline, settled
from reconciler.views.words import SAMPLE, count, listed

MARKER = "<!-- reconciler:plan -->\n"
"""First line of the comment: who edits it in place finds it by this."""

LIMIT = 65_536
"""GitHub's limit of a comment, in characters."""

SMALLEST = 2_048
"""Limit below which a plan cannot be shown."""

COLLAPSED = {Rank.CALLS, Rank.SLOTS}
"""Sections that readers open by a click."""

DECISIVE = frozenset(rank for rank in Rank if rank <= Rank.DOWNGRADES)
"""Sections that are shown before anything else is."""

MANY = 300
"""Slots of a plan that are listed one by one at most, where not all were asked for."""

SHORT = 40
"""Characters of what stands in every comment."""

WHOLE = "The saved plan has all of it: `reconciler show --verbose plan.json`."


class About(NamedTuple):
    """Where a plan is shown: the first line, the name that distinguishes several plans, the commit under review, the run.

    `run` is an address, and is used as a link unchanged.
    """

    marker: str = MARKER
    name: str = ""
    head: str = ""
    run: str = ""


def render(
    plan: Plan,
    *,
    now: float,
    limit: int = LIMIT,
    verbose: bool = False,
    about: About | None = None,
) -> str:
    """Return a plan as Markdown of at most `limit` characters (at least 2,048); `now` in seconds since 1970.

    What does not fit is left out row by row, the least important first, and the end says so. `verbose` lists every slot.
    Raises ValueError for a smaller limit.
    """
    if limit < SMALLEST:
        raise ValueError(f"a plan needs {SMALLEST:,} characters, not {limit:,}")
    about = about or About()
    called = f" {code(about.name[:SHORT])}" if about.name else ""
    title = f"{about.marker}## Plan{called}: {headline(plan)}\n\n{_identity(plan, about.head)}\n\n"
    unlisted = sum(len(fleet.changes) for fleet in plan.fleets if not fleet.error)
    bottom = _footer(plan, 0 if verbose or unlisted <= MANY else unlisted)
    top = title + "".join(f"{paragraph}\n\n" for paragraph in _paragraphs(plan, now))
    if size(top) + size(bottom) > limit // 2:
        top, bottom = title, ""
    whole = f"{WHOLE} It was made by [this run]({about.run})." if about.run else WHOLE
    return fitted(top, _sections(plan, verbose=verbose), bottom, limit, whole)


def _identity(plan: Plan, head: str) -> str:
    """Return what an approval is of."""
    of = f"Commit {code(head[:SHORT])}, fingerprint" if head else "Fingerprint"
    return f"{of} {code(plan.fingerprint[:SHORT])}."


def _paragraphs(plan: Plan, now: float) -> Iterator[str]:
    if plan.provenance.base_problem:
        yield f"**Not compared with the base**: {code(plan.provenance.base_problem)}"
    if plan.filters:
        yield filtered(plan, code)
    if headline(plan) == "nothing to do":
        yield settled(plan)
    for sentence, command in advice(plan, now, silent=True):
        yield f"{sentence} {code(command)}" if command else sentence


def _sections(plan: Plan, *, verbose: bool) -> Iterator[Section]:
    several = len(plan.fleets) > 1
    for one in (*of_plan(plan, code), *Sections(plan.fleets, code, apart=True).all()):
        if one.rank is Rank.SLOTS and one.total > MANY and not verbose:
            continue
        yield _section(one, several=several or one.rank is Rank.LOOSENED)
    yield from _fleets(plan)


def _fleets(plan: Plan) -> Iterator[Section]:
    """Yield the fleets that have anything to show as a table, and the number of the rest."""
    read = [one for one in plan.fleets if not one.error]
    busy = [one for one in read if not is_idle(one)]
    idle = len(read) - len(busy)
    if not busy:
        return
    rows = ((row(fleet_cells(one, code, _strong)), 1) for one in busy)
    besides = f"{count(idle, 'more fleet')} {'has' if idle == 1 else 'have'} no changes.\n\n" if idle else ""
    yield Section("fleets", Rank.FLEETS, f"### Fleets\n\n{besides}{table_head(COLUMNS)}", rows, len(busy))


def _strong(text: str) -> str:
    return f"**{text}**"


def _footer(plan: Plan, unlisted: int) -> str:
    slots = f"`reconciler show --verbose plan.json` lists all {unlisted:,} slots.\n\n" if unlisted else ""
    read = listed([f"{code(name)} read {code(at)}" for name, at in plan.times.read.items()], SAMPLE, str)
    commits = sorted({fleet.basis.commit for fleet in plan.fleets if fleet.basis.commit})
    commit = f", manifests of commit {code(commits[0].removesuffix(DIRTY))}" if len(commits) == 1 else ""
    if commit and commits[0].endswith(DIRTY):
        commit += " with uncommitted changes"
    came = plan.provenance
    if came.base:
        at = f" at commit {code(came.base_commit)}" if came.base_commit else ""
        commit += f", compared with {code(came.base)}{at}"
    return (
        f"{slots}Made {code(plan.times.created)}, expires {code(plan.times.expires)}{read and f', {read}'}{commit}.\n"
    )


def _section(one: plan_rows.Section, *, several: bool) -> Section:
    """Return a section as a table, or as a list where it has no columns; `several`: fleets are named."""
    rows = chain.from_iterable(block.rows for block in one.blocks)
    decisive = one.rank in DECISIVE
    intro = f"{one.intro}\n\n" if one.intro else ""
    if not one.columns:
        lines = ((f"- {_item(each.cells, several=several)}\n", each.number) for each in rows)
        return Section(one.noun, one.rank, f"### {one.name}{one.detail}\n\n", lines, one.total)
    columns = tuple(name for name in one.columns if several or name != "Fleet")
    filled = ((row(_cells(each.cells, columns)), each.number) for each in rows)
    if one.rank in COLLAPSED:
        head, tail = folded_away(f"{one.name}{one.detail}", columns)
        return Section(one.noun, one.rank, head, filled, one.total, tail)
    head = f"### {one.name}{one.detail}\n\n{intro}{table_head(columns)}"
    return Section(one.noun, one.rank, head, filled, one.total, decisive=decisive)


def _item(cells: Sequence[Cell], *, several: bool) -> str:
    return ": ".join(cell.text for cell in cells if several or cell.column != "Fleet")


def _cells(cells: Sequence[Cell], columns: tuple[str, ...]) -> Iterator[str]:
    texts: dict[str, list[str]] = {}
    for cell in cells:
        if cell.text:
            texts.setdefault(cell.column, []).append(cell.text)
    yield from (", ".join(texts.get(column.removesuffix(":"), ())) for column in columns)

"""What stands around a plan where people review it: labels, titles, and what is said when there is none."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.plan import Plan
from reconciler.model.quantity import iso
from reconciler.views.markdown import code, fenced, size
from reconciler.views.plan_words import settled, total
from reconciler.views.words import clean, count

NO_PLAN, VIOLATIONS, REMOVALS, CHANGES, INCOMPLETE, HELD, NOTHING = WORDS = (
    "no plan",
    "violations",
    "removals",
    "changes",
    "incomplete",
    "held",
    "nothing to do",
)
"""What a plan comes to in one word, the most important first; None where there is no plan."""

LONGEST_LABEL = 50
"""Characters of a label at GitHub."""

LONGEST_NAME = 200
"""Characters of a name in a title, of which both forges take 255."""


def word(plan: Plan | None) -> str:
    """Return the most important thing of a plan, as one of `WORDS`."""
    if plan is None:
        return NO_PLAN
    counts = total(plan.fleets)
    found = (
        (VIOLATIONS, any(fleet.violations for fleet in plan.fleets)),
        (REMOVALS, counts.remove),
        (CHANGES, counts.total),
        (INCOMPLETE, plan.errored or not plan.complete),
        (HELD, any(fleet.held for fleet in plan.fleets)),
    )
    return next((name for name, there in found if there), NOTHING)


def label(one: str, name: str) -> str:
    """Return the label for one of `WORDS`; `name` distinguishes several plans of a repository, and may not hold commas."""
    where = "" if name == "default" else f" {name.replace(',', ' ')}"
    return f"{f'reconciler{where}'[: LONGEST_LABEL - len(one) - 2]}: {one}"


def issue_title(name: str) -> str:
    """Return the title of the issue."""
    return f"Fleets and git differ{'' if name == 'default' else f' ({name[:LONGEST_NAME]})'}"


def closing(plan: Plan, run: str) -> str:
    """Return why the issue is closed."""
    return f"{settled(plan)} {_log(run)}".strip()


def reviewed(
    plan: Plan, number: str, *, of: str, made: float, word: tuple[str, float], approved: bool, newer: int
) -> Iterator[str]:
    """Yield which plan was reviewed: of which run (`of`), and whose `word` it was, an approval or the merge itself."""
    by, at = word
    counts = total(plan.fleets)
    yield f"pull request {number}: plan {plan.fingerprint} of {of}, made {iso(made)}: {count(counts.total, 'change')}"
    yield f"  {'approved' if approved else 'not approved, but merged'} by {clean(by) or 'somebody'} at {iso(at)}"
    if newer:
        yield f"  {newer} newer, made since then, {'is' if newer == 1 else 'are'} not what was reviewed"


def no_plan(why: str, run: str, *, name: str, limit: int, marker: str) -> str:
    """Return that no plan could be made, and why, in at most `limit` characters; `run` is the address of the log."""
    top = f"{marker}## No plan{name and f' {code(name)}'} could be made\n\nIt is unknown what this would change. {_log(run)}\n\n"
    return top + (fenced(why, limit - size(top)) if why.strip() else "")


def _log(run: str) -> str:
    return f"[The log of the run]({run}) says more." if run else ""

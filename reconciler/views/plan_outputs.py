"""The numbers of a plan as lines of `name=value`: outputs of a GitHub step, a dotenv report of GitLab, a shell's."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.plan import Plan
from reconciler.views.plan_words import total


def render(plan: Plan) -> Iterator[str]:
    """Yield one line for each; the values are numbers and a digest, so that none needs quoting."""
    counts = total(plan.fleets)
    yield f"changes={counts.total}"
    yield f"removals={counts.remove}"
    yield f"violations={sum(len(fleet.violations) for fleet in plan.fleets)}"
    yield f"held={sum(fleet.summary.held for fleet in plan.fleets)}"
    yield f"fingerprint={plan.fingerprint}"

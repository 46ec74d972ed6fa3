"""Vetoes of what is not known for certain, and of what a person stopped."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.guards.case import Case
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.verdict import Verdict


def veto(case: Case) -> Iterator[Hold]:
    """Yield that nothing is known of the slot, with what the platform showed instead."""
    if case.verdict is Verdict.UNKNOWN:
        problems = case.scene.snapshot.coverage.problems
        yield Hold(HoldReason.UNKNOWN, conditions=case.state.conditions, problems=problems)


def veto_paused(case: Case) -> Iterator[Hold]:
    """Yield that a person paused or cancelled the change on the platform."""
    if case.verdict is Verdict.PAUSED:
        yield Hold(HoldReason.PAUSED, conditions=case.state.conditions)


def veto_pruning(case: Case) -> Iterator[Hold]:
    """Yield why a slot may not be pruned: its absence from git must be certain, and nothing may need it."""
    if case.rule.kind != "prune":
        return
    for why in case.scene.resolution.prune_unsafe:
        yield Hold(HoldReason.PRUNING_UNSAFE, why)
    coverage = case.scene.snapshot.coverage
    if not coverage.complete:
        yield Hold(HoldReason.PRUNING_UNSAFE, problems=coverage.problems)
    if case.state.protected:
        yield Hold(HoldReason.PRUNING_UNSAFE, conditions=case.state.protected)

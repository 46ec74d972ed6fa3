"""Saved plans that somebody reviewed, as a run may use them: those of what is checked out, and of the fingerprint approved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from reconciler.cli import wiring
from reconciler.cli.files import read_plan
from reconciler.cli.output import say
from reconciler.core.provenance import objection
from reconciler.errors import PlanExpired, PlanMismatch
from reconciler.model.fleet import Manifest
from reconciler.model.plan import Plan
from reconciler.model.provenance import DIRTY, NOT_IN_HISTORY
from reconciler.model.quantity import moment


def read(paths: Sequence[Path], approved: Sequence[str]) -> list[Plan]:
    """Return saved plans; raise PlanMismatch where one is not as it was made, or not among those approved."""
    plans = [read_plan(path) for path in paths]
    check_approved(plans, approved)
    return plans


def check_approved(plans: Sequence[Plan], approved: Sequence[str]) -> None:
    """Raise PlanMismatch unless plans and approved fingerprints are the same ones."""
    found = [one.fingerprint for one in plans]
    for one in found:
        if approved and not any(one.startswith(given) for given in approved):
            raise PlanMismatch(
                f"the plan has the fingerprint {one}, but approved is {' and '.join(approved)}",
                hint="have this plan reviewed, or apply the one that was approved",
            )
    for given in approved:
        if not any(one.startswith(given) for one in found):
            raise PlanMismatch(f"no plan given has the fingerprint {given}; they have {' and '.join(found)}")


def check(  # a saved plan, and what it is to be applied with
    saved: Plan, path: Path, today: Manifest, commit: str, paths: Sequence[Path], allowed: Collection[str], now: float
) -> None:
    """Refuse a saved plan that expired, or whose manifests those checked out do not have in their history.

    A person who lifts the latter still sees what was found.
    """
    if now > moment(saved.times.expires).timestamp():
        raise PlanExpired(f"the plan expired at {saved.times.expires}", hint="make a new plan and have it reviewed")
    theirs = saved.provenance.commit.removesuffix(DIRTY)
    repository = wiring.repository(paths)
    found = objection(saved, today.digest, commit, lambda: repository.placement(saved.provenance, theirs))
    if found is None:
        return
    if NOT_IN_HISTORY not in allowed:
        raise PlanMismatch(f"{path}: {found.message}", hint=f"{found.hint}, or {_lift()}")
    say(f"warning: {path}: {found.message}; applied since --allow {NOT_IN_HISTORY} was given", err=True)


def _lift() -> str:
    return f"apply it all the same with --allow {NOT_IN_HISTORY} --reason TEXT"

"""Whether a saved plan may be applied with the manifests that are checked out: was what it was made from ever merged?"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from reconciler.model.plan import Plan
from reconciler.model.provenance import DIRTY, Placement

SHOWN = 12
"""Characters of a commit's id that people see."""

AGAIN = "make a new plan from what is checked out, and have it reviewed"
WITH_BASE = "; a request that is squashed or rebased is found again where its plan was made with --base"


class Objection(msgspec.Struct, frozen=True):
    """Why a saved plan is not of what is checked out, and what to do."""

    message: str
    hint: str = AGAIN


def objection(saved: Plan, digest: str, commit: str, place: Callable[[], Placement]) -> Objection | None:
    """Return why a saved plan is not of these manifests; None where it is.

    `digest` and `commit` are those of today's manifests, the commit marked where they differ from it and empty outside git.
    `place` looks up how the plan's commit lies to it: only asked where both are in git.

    The very manifests that a plan was made from may be applied wherever they stand. Others must have the reviewed ones in
    their history: then what was changed later, a revert above all, decides slot by slot.
    """
    theirs = saved.provenance.commit
    same = {one.basis.manifest for one in saved.fleets} <= {digest}
    if not theirs or not commit:
        return None if same or not (theirs or commit) else _outside(theirs)
    found = place()
    if found.newer:
        return Objection(
            f"the commit checked out ({found.head[:SHOWN]}) is an older one of {found.newer}, where the manifests changed since",
            f"check out {found.newer}: what was changed since decides what still goes",
        )
    if found.alone:
        return Objection(
            f"this clone cannot show whether the commit checked out ({found.head[:SHOWN]}) is outdated: it has no branch",
            f"fetch the branch that it comes from: {found.alone}",
        )
    if same:
        return None
    if commit.endswith(DIRTY):
        return Objection(
            f"the manifests here differ from the commit checked out ({found.head[:SHOWN]}), and from those of the plan",
            "commit them or put them back",
        )
    if theirs.endswith(DIRTY):
        return Objection(
            f"the plan was made from manifests that were in no commit (edited since {theirs[:SHOWN]}), and these are others"
        )
    return None if found.ancestor or found.found else _elsewhere(saved, found)


def _outside(theirs: str) -> Objection:
    if theirs:
        return Objection(
            f"the plan was made from commit {theirs[:SHOWN]}, but the manifests here are in no git repository",
            "run this in a clone of the repository that the plan was made in",
        )
    return Objection("the plan names no commit, and it was made from other manifests than those checked out")


def _elsewhere(saved: Plan, found: Placement) -> Objection:
    commit = saved.provenance.commit[:SHOWN]
    if found.shallow and not found.ancestor:
        return Objection(
            f"it is unknown whether commit {commit}, which the plan was made from, was merged: this clone is shallow",
            f"fetch its history: {found.fetch}",
        )
    unknown = "" if found.known else ", nor anywhere in this clone"
    fetch = f"; if it was merged, fetch it: {found.fetch}" if not found.known and found.fetch else ""
    return Objection(
        f"the plan was made from commit {commit}, which is not in the history of what is checked out "
        f"({found.head[:SHOWN]}){unknown}: it was never merged, or it was replaced since",
        f"{AGAIN}{fetch}{'' if saved.provenance.base_commit else WITH_BASE}",
    )

"""Which saved plan was reviewed: of what a merged request's pipelines kept, the newest that its approval could see.

A plan that was made after the approval of the same commits is not the one that was approved: units may have changed since,
and it may do more.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from reconciler.errors import ReconcilerError


class Merged(msgspec.Struct, frozen=True):
    """A request that became part of a branch. `head` is its own newest commit; `at`, here and below, seconds since 1970."""

    number: str
    head: str
    at: float
    by: str = ""


class Approval(msgspec.Struct, frozen=True):
    """Somebody's word on the head of a request, not taken back."""

    by: str
    at: float


class Kept(msgspec.Struct, frozen=True):
    """A plan that a pipeline kept. `of` names the pipeline for people; `expired`: the forge has deleted it since."""

    id: str
    of: str
    at: float
    expired: bool = False


UNPLANNED = "did the plan workflow run for it, under this name? It does not for requests from forks"


class NotReviewed(ReconcilerError):
    """There is no plan that somebody reviewed."""


class Reviewed(msgspec.Struct, frozen=True):
    """The plan of a request to carry out: whose word it is, and how many newer ones nobody has seen."""

    request: Merged
    plan: Kept
    word: Approval
    approved: bool
    newer: int = 0


def choose(request: Merged, approvals: Collection[Approval], kept: Collection[Kept]) -> Reviewed:
    """Return the plan that was reviewed.

    That is the newest one that the first approval could see: every later approval could see it too. Where nobody approved
    the head, merging it was the approval. Raises NotReviewed.
    """
    if not kept:
        raise NotReviewed(f"no plan is kept for {request.head}", hint=UNPLANNED)
    words = sorted(approvals, key=lambda one: one.at) or [Approval(request.by, request.at)]
    for word in words:
        seen = [one for one in kept if one.at <= word.at]
        if seen:
            plan = max(seen, key=lambda one: one.at)
            if plan.expired:
                hint = "plan again: push to a new request, or keep artefacts longer"
                raise NotReviewed(f"the plan of {plan.of}, which was reviewed, is no longer kept", hint=hint)
            return Reviewed(request, plan, word, bool(approvals), sum(one.at > word.at for one in kept))
    last = words[-1]
    raise NotReviewed(
        f"every plan kept for {request.head} is newer than its {'approval' if approvals else 'merge'} by {last.by}",
        hint="nobody has reviewed one of them: `reconciler apply` by hand, or open a new request",
    )

"""What a plan rests on: the reading, the manifests, and the releases it moves units to."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.model.change import Change, Held
from reconciler.model.hold import HoldReason
from reconciler.model.plan import Basis
from reconciler.model.release import Catalog, Listed, Release, ReleaseInfo
from reconciler.model.unit import Ref


def basis(  # what a plan rests on
    one: FleetAssessment,
    changes: Sequence[Change],
    held: Sequence[Held],
    catalog: Catalog,
    *,
    manifest: str,
    commit: str | None,
) -> Basis:
    """Return what the plan of a fleet was computed from, with the identity of every version that it may move units to."""
    wanted = {(change.workload.id, change.to) for change in changes if change.to is not None}
    for later in held:
        key = later.workload.id, later.to or ""
        if key not in wanted and later.to is not None and _may_follow(later):
            wanted.add(key)
    nothing = ReleaseInfo(found=None)
    return Basis(
        target=one.snapshot.identity,
        manifest=manifest,
        commit=commit,
        complete=one.snapshot.coverage.complete,
        problems=one.snapshot.coverage.problems,
        versions=tuple(
            (workload, version, catalog.get(Release(workload, version), nothing).identity)
            for workload, version in sorted(wanted)
        ),
    )


def _may_follow(held: Held) -> bool:
    """Return whether a held change may get a stage: a plan that is applied later is bound to its version as well."""
    return held.follows or any(hold.code is HoldReason.REQUIREMENT_NOT_MET for hold in held.reasons)


def moved_to(changes: tuple[Change, ...], catalog: Catalog) -> tuple[Listed, ...]:
    """Return what is known of each version that changes move units to."""
    nothing = ReleaseInfo(found=None)
    wanted = sorted({(change.workload, change.to) for change in changes if change.to is not None}, key=_release_order)
    return tuple(
        Listed(
            workload,
            version,
            msgspec.structs.replace(catalog.get(Release(workload.id, version), nothing), availability={}),
        )
        for workload, version in wanted
    )


def _release_order(one: tuple[Ref, str]) -> tuple[str, str, str]:
    return one[0].name, one[0].id, one[1]

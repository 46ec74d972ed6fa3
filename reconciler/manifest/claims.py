"""Claims of two fleets that overlap whatever the inventory is: the ones that show without asking a platform."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from reconciler.manifest.finding import Findings, finding
from reconciler.model.diagnostic import Related
from reconciler.model.fleet import Choice, FleetSpec, Manifest, Selector
from reconciler.model.origin import Path

Claims = dict[tuple[str, str], str]
"""Workloads that a fleet claims: how it is identified (by id or by name) and that → its name in the manifest."""


def overlaps(manifest: Manifest) -> Findings:
    """Yield claims of two fleets that overlap whatever the inventory is: both on every unit, of surely one workload."""
    everywhere = [one for one in manifest.fleets.values() if one.spec.units == Selector(all=True)]
    whole = [(one, _claims(one.spec)) for one in everywhere] if len(everywhere) > 1 else []
    for (left, claimed), (right, claimed_too) in combinations(whole, 2):
        if left.spec.connection != right.spec.connection:
            continue
        for ours, theirs in _both(left.spec, claimed, right.spec, claimed_too):
            what = f"both claim {ours or theirs}{'' if ours and theirs else ' (one prunes all)'}"
            yield finding(
                left,
                _claim_path(ours),
                "claimed-twice",
                f"fleets {left.name!r} and {right.name!r} {what} on every unit",
                "narrow one fleet's units, or remove the workload from one of them",
                related=(Related("the other claim", right.locate(_claim_path(theirs))),),
            )


def _claim_path(workload: str) -> Path:
    return ("spec", "workloads", workload) if workload else ("spec", "prune")


def _both(left: FleetSpec, ours: Claims, right: FleetSpec, theirs: Claims) -> Iterator[tuple[str, str]]:
    """Yield the names under which two fleets claim one workload; nothing for the one that claims it by pruning all."""
    for key in sorted(ours.keys() & theirs.keys()):
        yield ours[key], theirs[key]
    if _prunes_all(right):
        yield from (
            (name, "") for key, name in sorted(ours.items()) if key not in theirs and name not in right.workloads
        )
    if _prunes_all(left):
        yield from (
            ("", name) for key, name in sorted(theirs.items()) if key not in ours and name not in left.workloads
        )


def _prunes_all(spec: FleetSpec) -> bool:
    """Return whether a fleet surely claims every workload it does not list; ids may stand for any name."""
    return spec.prune == "all" and all(one.id is None for one in spec.workloads.values())


def _claims(spec: FleetSpec) -> Claims:
    """Return the workloads that a fleet surely claims on every unit of its scope: (how it is identified, id or name) → name."""
    spared = {
        name for pins in spec.pins.values() for name, pin in pins.items() if isinstance(pin, Choice) and pin.unmanaged
    }
    return {
        ("id", one.id) if one.id is not None else ("name", name): name
        for name, one in spec.workloads.items()
        if name not in spared
        and one.units is None
        and not one.unmanaged
        and not any(override.unmanaged for override in one.overrides)
    }

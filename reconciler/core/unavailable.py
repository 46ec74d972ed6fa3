"""Versions and workloads that manifests ask for and the platform does not have, or of which nobody could tell.

Each is held where it is asked for. With `--strict` it is an error of the manifest, at the line that asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.change import Held
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.plan import FleetPlan

WORDS = {
    HoldReason.VERSION_NOT_FOUND: "the platform has no version {version} of {workload}",
    HoldReason.VERSION_UNKNOWN: "{workload} {version} could not be looked up",
    HoldReason.VERSION_NOT_RELEASED: "{workload} {version} is not released",
    HoldReason.VERSION_FORBIDDEN: "{workload} {version} cannot be deployed",
    HoldReason.NO_ARTIFACT: "{workload} {version} has nothing to install",
}


def is_unavailable(held: Held) -> bool:
    """Return whether a change is held since its version or workload is not available."""
    return any(reason.code in WORDS for reason in held.reasons)


def findings(fleets: Iterable[FleetPlan]) -> list[Diagnostic]:
    """Return a finding for each line that asks for what is not available."""
    found = [
        Diagnostic(code=reason.code.value, message=_message(one, reason), origin=one.origin)
        for fleet in fleets
        for one in fleet.held
        for reason in one.reasons
        if reason.code in WORDS
    ]
    return list(dict.fromkeys(found))


def _message(held: Held, reason: Hold) -> str:
    if held.to is None:  # the workload itself is not there: its text says so
        return reason.text
    words = WORDS[reason.code].format(version=held.to, workload=held.workload.name)
    return f"{words}: {reason.text}" if reason.text else words

"""What is wrong with the exceptions of a fleet: what it holds back, suspends and allows, and until when. Pure."""

from __future__ import annotations

from reconciler.core.names import suggestion
from reconciler.manifest.finding import Findings, finding
from reconciler.model.diagnostic import Severity
from reconciler.model.fleet import Allowance, Document, FleetSpec
from reconciler.model.origin import Path
from reconciler.model.plan import LimitKind
from reconciler.model.quantity import moment

OF_WORKLOADS = {LimitKind.REMOVE.value, LimitKind.REPLACE.value, LimitKind.RELEASE.value}


def policies(document: Document) -> Findings:
    """Yield what is wrong with `quarantine`, `suspend` and `allow`."""
    spec: FleetSpec = document.spec
    # the platform's names may be meant, and those of workloads that only pruning speaks of
    renamed = any(one.id is not None for one in spec.workloads.values())
    for position, entry in enumerate(spec.quarantine):
        path: Path = ("spec", "quarantine", position)
        if entry.workload not in spec.workloads and not renamed:
            near = suggestion(entry.workload, list(spec.workloads))
            message = (
                f"the quarantine names {entry.workload!r}, which this fleet does not list; if the platform "
                f"knows no such workload either, {entry.version} is held for every workload of the fleet{near}"
            )
            yield finding(document, (*path, "workload"), "unknown-workload", message, severity=Severity.WARNING)
        yield from _day(document, entry.until, (*path, "until"))
    for position, allowance in enumerate(spec.allow):
        yield from _allowance(document, allowance, ("spec", "allow", position), renamed=renamed or spec.prune == "all")
    if spec.suspend is not None:
        yield from _day(document, spec.suspend.until, ("spec", "suspend", "until"))


def _allowance(document: Document, one: Allowance, path: Path, *, renamed: bool) -> Findings:
    where: Path = (*path, "workload")
    if one.workload is not None and one.limit not in OF_WORKLOADS:
        message = f"{one.limit!r} is about the whole fleet, not about a workload"
        yield finding(document, where, "allow-workload", message, "remove `workload`")
    elif one.workload is not None and one.workload not in document.spec.workloads and not renamed:
        near = suggestion(one.workload, list(document.spec.workloads))
        message = f"`allow` names {one.workload!r}, which this fleet does not list: it lifts nothing{near}"
        yield finding(document, where, "unknown-workload", message, severity=Severity.WARNING)
    yield from _day(document, one.until, (*path, "until"))


def _day(document: Document, until: str | None, path: Path) -> Findings:
    try:
        if until is not None:
            moment(until)
    except ValueError as wrong:
        yield finding(document, path, "date", str(wrong))

"""Names of workloads: what one means in a manifest, and what somebody probably meant by one that nothing bears."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from reconciler.model.fleet import FleetSpec, WorkloadSpec
from reconciler.model.origin import Path
from reconciler.model.snapshot import Workload


class Names:
    """What the workloads that a fleet lists are on the platform, and what is odd about their names."""

    def __init__(self, spec: FleetSpec, workloads: tuple[Workload, ...]) -> None:
        self.identified: dict[str, Workload] = {}
        self.keys: dict[str, tuple[str, ...]] = {}
        """What the fleet calls workloads, by workload id."""
        self.missing: list[tuple[str, str]] = []
        """(name of a listed workload, why it could not be identified)."""
        self.prune_unsafe: list[str] = []
        self.warnings: list[tuple[str, str, Path]] = []
        for name, one in sorted(spec.workloads.items()):
            found = meant(name, [one], workloads)
            if len(found) == 1:
                self._identified(name, one, found[0])
            else:
                why = _unidentified(name, one, found, workloads)
                self.missing.append((name, why))
                self._doubt("workload-not-found", why, name)
        self._check_quarantine(spec, workloads)

    def _identified(self, name: str, spec: WorkloadSpec, found: Workload) -> None:
        self.identified[name] = found
        self.keys[found.id] = (*self.keys.get(found.id, ()), name)
        if spec.id is not None and found.name != name:
            why = f"workload {spec.id} is named {found.name!r} on the platform, not {name!r}"
            self._doubt("workload-renamed", why, name)

    def _doubt(self, code: str, why: str, name: str) -> None:
        self.prune_unsafe.append(why)
        self.warnings.append((code, why, ("spec", "workloads", name)))

    def _check_quarantine(self, spec: FleetSpec, workloads: tuple[Workload, ...]) -> None:
        known = known_names(spec, workloads)
        for position, entry in enumerate(spec.quarantine):
            if entry.workload not in known:
                message = (
                    f"the quarantine holds {entry.version} for every workload of the fleet: neither the fleet nor the "
                    f"platform knows a workload {entry.workload!r}{suggestion(entry.workload, known)}"
                )
                self.warnings.append(("quarantine-unknown", message, ("spec", "quarantine", position, "workload")))


def _unidentified(name: str, spec: WorkloadSpec, found: list[Workload], workloads: tuple[Workload, ...]) -> str:
    if found:
        ids = ", ".join(sorted(workload.id for workload in found))
        return f"several workloads are named {name!r}: add `id:` with one of {ids}"
    if spec.id is not None:
        return f"no workload has the id {spec.id}"
    near = suggestion(name, [workload.name for workload in workloads])
    return f"the platform has no workload named {name!r}{near}"


def meant(name: str, specs: Iterable[WorkloadSpec], workloads: Iterable[Workload]) -> list[Workload]:
    """Return the workloads that entries of a name mean: by their `id:`, else by the platform's name, else by its id.

    Without any entry the name stands for itself. None or several where it is not certain which is meant.
    """
    ids = {spec.id for spec in specs} or {None}
    named = [one for one in workloads if one.name == name] or [one for one in workloads if one.id == name]
    return [one for one in workloads if one.id in ids or (None in ids and one in named)]


def known_names(spec: FleetSpec, workloads: Iterable[Workload]) -> set[str]:
    """Return everything that a workload may go by in a fleet."""
    return {*spec.workloads, *(name for one in workloads for name in (one.id, one.name))}


def suggestion(typed: str, known: Collection[str]) -> str:
    """Return `; did you mean 'x'?`, or the known ones when they are few, or nothing."""
    close = get_close_matches(typed, list(known), n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    if known and len(known) <= 8:
        return f"; it has {', '.join(sorted(known))}"
    return ""

"""What bounds a run, in words: limits that somebody lifted, and what exceeds the reviewed plans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.model.outcome import Excess, Surplus
from reconciler.model.plan import Lifted
from reconciler.model.report import Applied
from reconciler.views.limit_words import LIMITS, violation_words
from reconciler.views.line import Line, line
from reconciler.views.words import SAMPLE, SIGNS, clean, count, course, listed, places, version

SURPLUSES = {
    Surplus.NOT_REVIEWED: "no reviewed plan changes it",
    Surplus.OTHER_VERSION: "reviewed was {reviewed}",
    Surplus.REMOVES_MORE: "it removes versions that no reviewed plan names",
    Surplus.DOWNGRADE: "it is a downgrade, which no reviewed plan has here",
}


def lifted_words(one: Lifted) -> str:
    """Return a limit that the fleet itself lifts: until when, where that is written, and why."""
    at = places([one.origin])
    written = f" ({at})" if at else ""
    return (
        f"{LIMITS[one.violation.kind]} lifted by `allow` until {clean(one.until)}{written}: {clean(one.reason)}; "
        f"otherwise it {clean(violation_words(one.violation))}"
    )


def bounds(applied: Applied) -> Iterator[Line]:
    """Yield what was lifted for a run, and by what it would have gone beyond what was reviewed."""
    for kind, reason in applied.allowed:
        yield line(("! ", "yellow"), f"{clean(kind)} was allowed for this run: {clean(reason)}")
    for fleet, one in applied.lifted:
        yield line(("! ", "yellow"), (clean(fleet), "bold cyan"), f": {lifted_words(one)}")
    if applied.excess:
        yield line((f"More than was reviewed: {len(applied.excess):,}; nothing was sent", "bold red"))
        for alike in grouped(applied.excess):
            yield line(("x ", "red"), excess_words(alike), indent=2)


def grouped(found: Iterable[Excess]) -> list[list[Excess]]:
    """Return what is alike but for the unit, together."""
    groups: dict[tuple[object, ...], list[Excess]] = {}
    for one in found:
        key = (one.fleet, one.workload, one.verb, one.from_, one.to, one.why, one.reviewed)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def excess_words(alike: Sequence[Excess]) -> str:
    """Return changes of today that were not reviewed, and why they count as more."""
    first = alike[0]
    goes = course(first.verb, first.from_, first.to)
    reviewed = "its removal" if first.reviewed is None else version(first.reviewed)
    settings = " with other settings" if first.reviewed == first.to else ""
    why = SURPLUSES[first.why].format(reviewed=f"{reviewed}{settings}")
    where = places([one.origin for one in alike])
    return (
        f"{clean(first.fleet)}: {SIGNS[first.verb]} {first.verb.value} {clean(first.workload.name)} {goes} on "
        f"{count(len(alike), 'unit')} ({listed([one.unit.name for one in alike], SAMPLE)}): {why}"
        + (f" (at {where})" if where else "")
    )

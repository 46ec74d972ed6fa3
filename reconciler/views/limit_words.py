"""Broken limits in words."""

from __future__ import annotations

from reconciler.model.plan import LimitKind, Violation

LIMITS = {
    LimitKind.RELEASE: "release limit",
    LimitKind.REPLACE: "replace limit",
    LimitKind.REMOVE: "remove limit",
    LimitKind.EMPTY_SCOPE: "empty scope",
}


def violation_words(one: Violation) -> str:
    """Return one broken limit in words."""
    if one.kind is LimitKind.EMPTY_SCOPE:
        return "the scope matches no unit; if this is intended, set `allow_empty: true`"
    unknown = f", counting {one.unknown:,} of unknown state" if one.unknown else ""
    if one.every_holder_of:
        count = f"{one.intended:,}{unknown}"
        return f"would remove {one.every_holder_of} from every unit of the fleet that has it ({count})"
    if one.number is None:
        limit = f"{one.percent} ({one.allowed:,})"
    else:
        limit = " and ".join(part for part in (one.percent, f"{one.number:,}") if part)
    verb, what = one.kind.value, f"{one.workload} on " if one.workload else ""
    base = "to have it" if one.kind is LimitKind.RELEASE else "assigned"
    where = f" with {one.tag} {one.value}" if one.tag else ""
    went = f", after {one.went:,} in the last {one.window}" if one.window else ""
    return (
        f"would {verb} {what}{one.intended:,} of {one.of:,} {base}{where}{unknown}{went}; {verb} is limited to {limit}"
    )

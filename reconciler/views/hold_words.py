"""What each reason for holding is called, and what a person can do about it. A test proves the tables total."""

from reconciler.model.hold import Hold, HoldReason
from reconciler.model.plan import LimitKind, Violation
from reconciler.views.condition_words import conditions_words
from reconciler.views.requirement_words import requirement_words

LABELS = {
    HoldReason.UNKNOWN: "unknown",
    HoldReason.SUSPENDED: "fleet suspended",
    HoldReason.QUARANTINED: "version quarantined",
    HoldReason.VERSION_NOT_FOUND: "version or workload not found",
    HoldReason.VERSION_UNKNOWN: "version not looked up",
    HoldReason.VERSION_NOT_RELEASED: "version not released",
    HoldReason.VERSION_FORBIDDEN: "version never deployed",
    HoldReason.AGENT_TOO_OLD: "agent too old",
    HoldReason.UNASSIGNABLE: "unit cannot be assigned to",
    HoldReason.UNREACHABLE: "unit not reachable",
    HoldReason.UNSUPPORTED: "not supported",
    HoldReason.NO_ARTIFACT: "nothing to install",
    HoldReason.NOT_PREPARED: "not prepared yet",
    HoldReason.PREPARATION_FAILED: "preparation failed",
    HoldReason.PAUSED: "paused by a person",
    HoldReason.PRUNING_UNSAFE: "pruning not safe",
    HoldReason.ROUTE_UNVERIFIED: "route unverified",
    HoldReason.OUTSIDE_WINDOW: "outside the window",
    HoldReason.WAVE_NOT_OPEN: "wave not open",
    HoldReason.TOO_MANY_MOVING: "too many moving",
    HoldReason.REQUIREMENT_NOT_MET: "requirement not met",
}

ADVICE = {
    HoldReason.UNKNOWN: "plan again; if it stays, `reconciler doctor` examines the connection",
    HoldReason.SUSPENDED: "end it in the fleet's `suspend`, or wait until its day",
    HoldReason.QUARANTINED: "choose another version, or take the entry out of `quarantine`",
    HoldReason.VERSION_NOT_FOUND: "correct the name in the manifest, or create it on the platform",
    HoldReason.VERSION_UNKNOWN: "plan again; if it stays, `reconciler doctor` examines the connection",
    HoldReason.VERSION_NOT_RELEASED: "release the version on the platform, or choose another",
    HoldReason.VERSION_FORBIDDEN: "create a version on the platform and name that",
    HoldReason.AGENT_TOO_OLD: "update the agent on these units, or pin them to a version it runs",
    HoldReason.UNASSIGNABLE: "take the unit out of the manifest, or change its class on the platform",
    HoldReason.UNREACHABLE: "it goes by itself in a run that finds the unit back",
    HoldReason.UNSUPPORTED: "change it on the platform or on the unit itself, or ask for something else in the manifest",
    HoldReason.NO_ARTIFACT: "upload an artifact of the version to the platform, or choose another version",
    HoldReason.NOT_PREPARED: "`reconciler deliveries` shows how the preparation stands",
    HoldReason.PREPARATION_FAILED: "`reconciler deliveries` says why, and whether trying again helps",
    HoldReason.PAUSED: "resume it on the platform",
    HoldReason.PRUNING_UNSAFE: "make the reading whole and the workload's name certain; until then nothing is pruned",
    HoldReason.ROUTE_UNVERIFIED: "confirm the route in the connection's `routes`",
    HoldReason.OUTSIDE_WINDOW: "it goes by itself when the window opens",
    HoldReason.WAVE_NOT_OPEN: "it goes by itself when the waves before it have succeeded",
    HoldReason.TOO_MANY_MOVING: "it goes by itself when others have settled",
    HoldReason.REQUIREMENT_NOT_MET: "bring the units to what the version requires first",
}

BY_ITSELF = "it goes by itself in this run, once what it waits for took effect"
"""The advice for a change that is held for a later stage of the same run."""

LIMITS = {
    LimitKind.RELEASE: "release limit",
    LimitKind.REPLACE: "replace limit",
    LimitKind.REMOVE: "remove limit",
    LimitKind.EMPTY_SCOPE: "empty scope",
}


PLAIN = {
    HoldReason.UNASSIGNABLE: "the platform cannot assign versions to a unit of this class",
    HoldReason.SUSPENDED: "the fleet is suspended{until}: {text}",
    HoldReason.QUARANTINED: "{workload} {version} is quarantined{until}: {text}",
    HoldReason.VERSION_UNKNOWN: "could not look up {version}{detail}",
    HoldReason.VERSION_NOT_RELEASED: "{version} is not released{detail}",
    HoldReason.AGENT_TOO_OLD: "{version} needs agent {needs} or later; the unit has {has}",
}


def hold_words(one: Hold, workload: str, version: str | None) -> str:
    """Return one reason in words, for a change of a workload to a version. Quoted text is not cleaned."""
    if one.requirement is not None:
        return requirement_words(one.requirement)
    if one.code is HoldReason.UNKNOWN:
        return _unknown(one)
    if one.code is HoldReason.PAUSED:
        paused = "a person paused or cancelled it on the platform; resume it there"
        return conditions_words(one.conditions) or one.text or paused
    if one.code is HoldReason.PRUNING_UNSAFE and not one.text:
        incomplete = f"the reading is incomplete: {'; '.join(one.problems)}"
        return conditions_words(one.conditions) or incomplete
    if one.code is HoldReason.VERSION_NOT_FOUND and version is not None:
        return f"the platform has no version {version}{f': {one.text}' if one.text else ''}"
    return PLAIN.get(one.code, "{text}").format(
        workload=workload,
        version=version,
        text=one.text,
        detail=f": {one.text}" if one.text else "",
        until=f" until {one.until}" if one.until else "",
        needs=one.needs,
        has=one.has,
    )


def _unknown(one: Hold) -> str:
    why = conditions_words(one.conditions) or one.text or "the platform shows a value that this program does not know"
    return f"{why} ({'; '.join(one.problems)})" if one.problems else why


def violation_words(one: Violation) -> str:
    """Return one broken limit in words."""
    if one.kind is LimitKind.EMPTY_SCOPE:
        return "the scope matches no unit; if that is intended, add `allow_empty: true`"
    if one.every_holder_of:
        return f"would remove {one.every_holder_of} from every unit of the fleet that has it"
    number = None if one.number is None else f"{one.number:,}"
    limit = " and ".join(part for part in (one.percent, number) if part)
    verb = one.kind.value
    return f"would {verb} {one.intended:,} of {one.of:,} assigned; {verb} is limited to {limit}"

"""Reasons in words: what holds a change and what to do about it, broken limits, results."""

from __future__ import annotations

from msgspec.structs import replace

from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan
from reconciler.views.condition_words import conditions_words
from reconciler.views.pace_words import kept_words, window_words
from reconciler.views.requirement_words import requirement_words
from reconciler.views.rollout_words import ROLLOUT_HOLDS, rollout_hold_words

LABELS = {
    HoldReason.MISTAKE: "mistake in a manifest",
    HoldReason.UNKNOWN: "state unknown",
    HoldReason.SUSPENDED: "fleet suspended",
    HoldReason.QUARANTINED: "version quarantined",
    HoldReason.VERSION_NOT_FOUND: "version or workload not found",
    HoldReason.VERSION_UNKNOWN: "version could not be looked up",
    HoldReason.VERSION_NOT_RELEASED: "version not released",
    HoldReason.VERSION_FORBIDDEN: "version cannot be deployed",
    HoldReason.AGENT_TOO_OLD: "agent too old",
    HoldReason.UNASSIGNABLE: "unit takes no assignments",
    HoldReason.UNREACHABLE: "unit not connected",
    HoldReason.UNSUPPORTED: "not supported",
    HoldReason.NO_ARTIFACT: "nothing to install",
    HoldReason.NOT_OFFERED: "refused by the platform",
    HoldReason.NOT_PREPARED: "not prepared yet",
    HoldReason.PREPARATION_FAILED: "preparation failed",
    HoldReason.PAUSED: "paused by a person",
    HoldReason.PRUNING_UNSAFE: "pruning unsafe",
    HoldReason.BEHIND_BASE: "behind the base",
    HoldReason.ROUTE_UNVERIFIED: "route unverified",
    HoldReason.IN_FLIGHT: "sent already",
    HoldReason.REPEATED: "sent in vain lately",
    HoldReason.OUTSIDE_WINDOW: "outside the maintenance window",
    HoldReason.ROLLOUT_HALTED: "rollout halted",
    HoldReason.ROLLOUT_PAUSED: "rollout paused",
    HoldReason.ROLLOUT_ABORTED: "rollout aborted",
    HoldReason.OWED: "unit not connected",
    HoldReason.WAVE_NOT_OPEN: "wave not open",
    HoldReason.TOO_MANY_MOVING: "too many units moving",
    HoldReason.KEPT: "others must keep serving",
    HoldReason.KEEP_UNMET: "`keep` cannot be met",
    HoldReason.REQUIREMENT_NOT_MET: "requirement not met",
}

PLAN_AGAIN = "plan again; if that does not help, check the connection with `reconciler doctor`"
ADVICE = {
    HoldReason.MISTAKE: "correct the manifest; all other changes of the fleet are applied",
    HoldReason.UNKNOWN: PLAN_AGAIN,
    HoldReason.SUSPENDED: "remove `suspend` from the fleet, or wait until it ends",
    HoldReason.QUARANTINED: "choose another version, or remove the entry from `quarantine`",
    HoldReason.VERSION_NOT_FOUND: "correct the name in the manifest, or create it on the platform",
    HoldReason.VERSION_UNKNOWN: PLAN_AGAIN,
    HoldReason.VERSION_NOT_RELEASED: "release the version on the platform, or choose another",
    HoldReason.VERSION_FORBIDDEN: "use a version that the platform deploys for this workload, or create one there",
    HoldReason.AGENT_TOO_OLD: "update the agent on these units, or pin them to a version that it supports",
    HoldReason.UNASSIGNABLE: "remove the unit from the manifest, or change its class on the platform",
    HoldReason.UNREACHABLE: "sent automatically when the unit reconnects",
    HoldReason.UNSUPPORTED: "make the change on the platform or on the unit, or change the manifest",
    HoldReason.NO_ARTIFACT: "upload an artifact for the version, or choose another version",
    HoldReason.NOT_OFFERED: "change what the platform names (a policy, a restriction, the unit itself), or choose another version",
    HoldReason.NOT_PREPARED: "sent automatically when it is prepared; `reconciler deliveries` shows the progress",
    HoldReason.PREPARATION_FAILED: "`reconciler deliveries` shows why, and whether a retry can help",
    HoldReason.PAUSED: "resume it on the platform",
    HoldReason.PRUNING_UNSAFE: "make sure that the connection can be read completely and that the workload's name is unique",
    HoldReason.BEHIND_BASE: "nothing to do: merged, these manifests leave it as the base has it; to see that, merge the base into them",
    HoldReason.ROUTE_UNVERIFIED: "confirm the route in the connection's `routes`",
    HoldReason.IN_FLIGHT: "sent again automatically by a later run, if the platform still shows nothing of it then",
    HoldReason.REPEATED: "sent again automatically, later each time; `--allow retry` sends it at once",
    HoldReason.OUTSIDE_WINDOW: "sent automatically when the window opens; `--allow window` sends it at once",
    HoldReason.ROLLOUT_HALTED: "see why it failed; `reconciler rollback` takes it back in git, `reconciler rollout resume` goes on",
    HoldReason.ROLLOUT_PAUSED: "go on with `reconciler rollout resume`",
    HoldReason.ROLLOUT_ABORTED: "ask for another version",
    HoldReason.OWED: "sent when the unit is connected again, in its wave like all others",
    HoldReason.WAVE_NOT_OPEN: "sent automatically when the earlier waves have succeeded",
    HoldReason.TOO_MANY_MOVING: "sent automatically when other units have settled",
    HoldReason.KEPT: "sent automatically when enough other units of the group are healthy",
    HoldReason.KEEP_UNMET: "correct the tags on the platform, or `keep` in the fleet; `--allow keep` sends it once",
    HoldReason.REQUIREMENT_NOT_MET: "bring the units to the required version first",
}

IN_THIS_RUN = {
    HoldReason.WAVE_NOT_OPEN: "sent automatically in this run, if the earlier waves succeed before its deadline",
    HoldReason.TOO_MANY_MOVING: "sent automatically in this run, as others settle before its deadline",
    HoldReason.REQUIREMENT_NOT_MET: "sent automatically in this run, when what it requires has taken effect",
}
"""The advice for a change that is held for a later stage of the same run."""


def advised(code: HoldReason, *, in_this_run: bool) -> str:
    """Return what a person can do about held changes."""
    return IN_THIS_RUN.get(code, ADVICE[code]) if in_this_run else ADVICE[code]


HOLDS = {
    HoldReason.MISTAKE: "{at}: {text}",
    HoldReason.UNASSIGNABLE: "the platform cannot assign versions to units of this class",
    HoldReason.SUSPENDED: "the fleet is suspended{until}: {text}",
    HoldReason.QUARANTINED: "{workload} {version} is quarantined{until}: {text}",
    HoldReason.BEHIND_BASE: "the base has {text} here since these manifests left it",
    HoldReason.IN_FLIGHT: "a call for it that began at {text} may still take effect{until}",
    HoldReason.REPEATED: "it was sent {times} in a row, last at {text}, without lasting effect; not sent again{until}",
    HoldReason.VERSION_UNKNOWN: "could not look up {version}{detail}",
    HoldReason.VERSION_NOT_RELEASED: "{version} is not released{detail}",
    HoldReason.AGENT_TOO_OLD: "{version} needs agent {needs} or later; the unit has {has}",
}


def hold_words(one: Hold, workload: str, version: str | None) -> str:
    """Return one reason in words, for a change of a workload to a version. Quoted text is not cleaned."""
    if one.requirement is not None:
        return requirement_words(one.requirement)
    if one.kept is not None:
        return kept_words(one.kept, one.at)
    if one.code is HoldReason.OUTSIDE_WINDOW:
        return window_words(one)
    if one.code is HoldReason.UNKNOWN:
        return _unknown(one)
    if one.code is HoldReason.PAUSED:
        paused = "paused or cancelled by a person on the platform"
        return conditions_words(one.conditions) or one.text or paused
    if one.code is HoldReason.PRUNING_UNSAFE and not one.text:
        incomplete = f"the reading is incomplete: {'; '.join(one.problems)}"
        return conditions_words(one.conditions) or incomplete
    if one.code is HoldReason.QUARANTINED and one.needs:
        own = hold_words(replace(one, needs=""), *one.needs.rsplit(" ", 1))
        return f"{workload} {version} brings along {one.needs}: {own}"
    if one.code in ROLLOUT_HOLDS:
        return rollout_hold_words(one)
    if one.code is HoldReason.VERSION_NOT_FOUND and version is not None:
        return f"the platform has no version {version}{f': {one.text}' if one.text else ''}"
    return HOLDS.get(one.code, "{text}").format(
        workload=workload,
        version=version,
        text=one.text or conditions_words(one.conditions),
        detail=f": {one.text}" if one.text else "",
        until=f" until {one.until}" if one.until else "",
        times=f"{one.count:,} time{'s' if one.count != 1 else ''}",
        needs=one.needs,
        has=one.has,
        at=one.at,
    )


def _unknown(one: Hold) -> str:
    why = (
        conditions_words(one.conditions) or one.text or "the platform returned a value that this program does not know"
    )
    return f"{why} ({'; '.join(one.problems)})" if one.problems else why


def warnings_of(fleet: FleetPlan) -> list[str]:
    """Return what a plan warns of: what is odd about manifests, and about the fleet."""
    odd = (one for one in fleet.diagnostics if one.severity is Severity.WARNING)
    return [*map(diagnostic_words, odd), *fleet.warnings]


def diagnostic_words(one: Diagnostic) -> str:
    """Return a finding on one line: its place, what it is, and the second places that take part in it."""
    related = "; ".join(f"{other.message}: {other.origin}" for other in one.related)
    return f"{one.origin}: {one.message}{f' ({related})' if related else ''}"


RESULTS = {
    Result.DONE: ("done", "green", "the platform and the units are as planned"),
    Result.FAILED: ("failed", "bold red", "did not take effect; each line says why"),
    Result.STALE: ("stale", "yellow", "changed since the plan was made; skipped"),
    Result.UNKNOWN: ("unknown", "bold yellow", "whether it took effect is unknown; plan again to see"),
    Result.NOT_TRIED: ("not tried", "yellow", "nothing was sent for it"),
    Result.WAITING: ("still waiting", "cyan", "accepted by the platform; the units have not taken it yet"),
}
"""Each result's name, style, and what it means."""
NOT_WAITED = {
    **RESULTS,
    Result.WAITING: ("accepted", "cyan", "by the platform; what the units make of it was not waited for"),
}
"""The same, of a run that does not wait for units."""
DONE_WITH_REMARKS = "the platform is as planned; each line says more"
"""What done means where something is to be said of it."""


def outcome_words(one: Outcome) -> str:
    """Return the words beside a result on one line; empty where the result says it all. Quoted text is not cleaned."""
    held = "; ".join(hold_words(hold, one.workload.name, one.to) for hold in one.holds)
    if held:
        return f"{one.detail or 'held'}: {held}"
    return "; ".join(part for part in (one.detail, conditions_words(one.conditions)) if part)

"""Reasons in words: conditions of a slot, unmet requirements, what holds a change, broken limits, results."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.hold import Hold, HoldReason, Outlook, Problem, Unmet
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan
from reconciler.views.pace_words import kept_words, window_words

CONDITIONS = {
    ConditionCode.NOT_COVERED: "not covered by the reading",
    ConditionCode.NOT_REPORTING: "the device has not reported for 24 hours and shows no releases: what it runs is unknown",
    ConditionCode.NOT_LISTED: "the list of releases has no entry for this device",
    ConditionCode.CAME_BACK: "removed from the unit, and there again; the platform gives no reason",
    ConditionCode.UPDATES_OFF: "updates are switched off for this cohort",
    ConditionCode.NOTHING_ACTIVE: "nothing is active",
    ConditionCode.UNINSTALL_ASKED: "an uninstall was requested; whether the agent removes software is not documented",
    ConditionCode.FILES_MAY_REMAIN: "uninstalled; its files may still be there",
}

QUOTED = {
    ConditionCode.UNEXPECTED_VALUE: "the platform gave an unexpected value: ",
    ConditionCode.UNKNOWN_STATUS: "awaits approval, or has a status that this program does not know; see to it on the platform: ",
    ConditionCode.NO_VERSION: "no version is given by ",
    ConditionCode.CONTRADICTION: "the platform contradicts itself: ",
    ConditionCode.REPORTS_UNREAD: "what its devices report could not be read: ",
    ConditionCode.FROM_FILE: "comes from a file on the device, which no release or removal changes: ",
    ConditionCode.PLATFORM: "",
}

RESUME = "resume it there, or request another version"
RESTART = "start it there again, or request another version"
OF_A_VERSION = {
    ConditionCode.FELL_BACK: "the unit took {version} and left it again; the platform gives no reason",
    ConditionCode.REQUIRED_STEP: "{version} stays active: devices must pass through it",
    ConditionCode.REQUIRED_STEP_UNREAD: "whether devices must pass through {version} could not be read",
    ConditionCode.SEVERAL_WORKLOADS: "{version} may belong to any of several workloads: {text}",
    ConditionCode.BASE_STAYS: "{version} stays active for devices that the rollout does not reach",
    ConditionCode.VERSION_STAGE: "{version} is {text}",
    ConditionCode.DEPENDENCY: "{version} is a dependency of {text}",
    ConditionCode.DEPENDENCIES_UNREAD: "{version} must stay: what {text} depends on could not be read",
    ConditionCode.DELIVERY_PAUSED: f"the delivery of {{version}} was paused on the device: {RESUME}",
    ConditionCode.DELIVERY_CANCELLED: f"the delivery of {{version}} was cancelled on the device: {RESTART}",
    ConditionCode.INSTALLATION_PAUSED: f"the installation of {{version}} was paused on the device: {RESUME}",
    ConditionCode.INSTALLATION_CANCELLED: f"the installation of {{version}} was cancelled on the device: {RESTART}",
}


def condition_words(one: Condition) -> str:
    """Return a condition as a sentence without its full stop. Quoted text is not cleaned: callers do that."""
    code = one.code
    if code in CONDITIONS:
        return CONDITIONS[code]
    if code in QUOTED:
        return QUOTED[code] + one.text
    if code in OF_A_VERSION:
        return OF_A_VERSION[code].format(version=one.versions[0], text=one.text)
    if code is ConditionCode.MAYBE_REQUIRED_STEP:
        stay, them = ("stay", "them") if len(one.versions) > 1 else ("stays", "it")
        versions = ", ".join(one.versions)
        return f"{versions} {stay} active: the platform does not say whether devices must pass through {them}"
    if code in {ConditionCode.DELTA_ACTIVE, ConditionCode.DELTA_LEADS}:
        where = "above all full releases" if code is ConditionCode.DELTA_LEADS else "as well"
        return f"the update from {one.versions[0]} to {one.versions[1]} is active {where}"
    return _counted(one)


def conditions_words(several: Iterable[Condition]) -> str:
    """Return several conditions on one line."""
    return "; ".join(map(condition_words, several))


def _counted(one: Condition) -> str:
    count = one.count or 0
    if one.code is ConditionCode.KEPT:
        return f"{_devices(count, 'keeps', 'keep')} {one.versions[0]}"
    if one.code is ConditionCode.REPORTS_LATER:
        return f"{_devices(count, 'reports', 'report')} a later version"
    if one.code is ConditionCode.REPORTS_UNRELEASED:
        return f"{_devices(count, 'reports', 'report')} {one.versions[0]}, a version that is not among the releases"
    if one.code is ConditionCode.REPORTS_UNREADABLE:
        return f"{_devices(count, 'reports', 'report')} something that cannot be read"
    if one.code is ConditionCode.REPORTS_NOTHING:
        return f"{_devices(count, 'reports', 'report')} no version"
    if one.code is ConditionCode.SILENT:
        return f"{_devices(count, 'is', 'are')} silent and not waited for"
    return f"staged to {one.percent or 0:g} % of {one.of or 0:,}, drawn at random: {_devices(count, 'reports', 'report')} it"


def _devices(count: int, one: str, several: str) -> str:
    return f"{count:,} device {one}" if count == 1 else f"{count:,} devices {several}"


PROBLEMS = {
    Problem.NOT_READ: "{connection} could not be read: {why}",
    Problem.READ_INCOMPLETELY: "{connection} was not read completely: {why}",
    Problem.NO_WORKLOAD: "{connection} has no workload of that name",
    Problem.SEVERAL_WORKLOADS: "{connection} has several workloads of that name",
    Problem.NO_TAG_VALUE: "this unit has no value of the tag {tag}",
    Problem.SEVERAL_TAG_VALUES: "this unit has several values of the tag {tag}",
    Problem.NOT_ONE_PARTNER: "{count} of its units have {tag} {value}",
}

OUTLOOKS = {
    Outlook.NONE: "",
    Outlook.CONTRADICTION: "the manifests contradict each other: they ask for {workload} {desired} there ({desired_at})",
    Outlook.AFTER_REPORTED: "sent in this run once {workload} {desired} is reported{alone}",
    Outlook.AFTER_REMOVED: "sent in this run once {workload} is gone",
    Outlook.PLAN_BRINGS: "this plan brings {desired} there",
    Outlook.PLAN_REMOVES: "this plan removes it",
}
OF_REQUIRED = {
    Outlook.UNMANAGED: "no fleet manages {workload} there",
    Outlook.ON_THE_WAY: "{desired} is on its way there",
    Outlook.DESIRED: "the manifests ask for {desired} there",
}
OF_DEPENDENT = {
    Outlook.UNMANAGED: "no fleet removes {workload} there",
    Outlook.ON_THE_WAY: "its removal is on its way",
    Outlook.DESIRED: "the manifests remove it",
}


def requirement_words(one: Unmet) -> str:
    """Return why a requirement holds a change, and what becomes of that. Quoted text is not cleaned."""
    problem = _required(one) if one.requires else _dependent(one)
    table = OUTLOOKS | (OF_REQUIRED if one.requires else OF_DEPENDENT)
    outlook = table[one.outlook].format(
        workload=one.workload,
        desired=one.desired,
        desired_at=one.desired_at,
        alone=f" and {' and '.join(one.strays)} gone" if one.strays else "",
    )
    words = "; ".join(part for part in (problem, outlook) if part)
    return words + (", but this plan does not include it" if one.left_out else "")


def _problem(one: Unmet) -> str:
    return PROBLEMS[one.problem].format(
        connection=one.connection, why=one.why, tag=one.tag, value=one.value, count=one.count or "no"
    )


def _required(one: Unmet) -> str:
    where = f" on the unit of {one.connection} with the same {one.tag}" if one.tag else ""
    lead = f"requires {one.required} {one.accepts}{where} ({one.origin}), but"
    return f"{lead} {_problem(one) if one.problem in PROBLEMS else _evidence(one)}"


def _evidence(one: Unmet) -> str:
    if one.problem is Problem.MAYBE_PRESENT:
        unknown = "what is there is unknown"
        return f"{unknown} ({conditions_words(one.conditions)})" if one.conditions else unknown
    versions = one.reported
    words = f"{' and '.join(versions) or 'nothing'} {'are' if len(versions) > 1 else 'is'} reported"
    if one.not_semantic:
        words += f", and {one.not_semantic} is not a semantic version"
    if versions and one.assigned not in versions:
        words += f", and {one.assigned or 'nothing'} is assigned"
    if one.strays:
        words += f", and {' and '.join(one.strays)} {'are' if len(one.strays) > 1 else 'is'} also present"
    return words


def _dependent(one: Unmet) -> str:
    lead = f"{one.workload} requires {one.required} {one.accepts} ({one.origin})"
    if one.problem in PROBLEMS:
        return f"{lead}, and {_problem(one)}"
    more = f" and {one.more:,} more" if one.more else ""
    where = f"on {', '.join(one.units)}{more} of {one.connection}" if one.tag else "here"
    if one.problem is Problem.MAYBE_PRESENT:
        return f"{lead} and may be present {where}: what is there is unknown"
    return f"{lead} and is {f'assigned ({one.assigned})' if one.assigned is not None else 'still'} {where}"


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
    HoldReason.OUTSIDE_WINDOW: "outside the maintenance window",
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
    HoldReason.OUTSIDE_WINDOW: "sent automatically when the window opens; `--allow window` sends it at once",
    HoldReason.WAVE_NOT_OPEN: "sent automatically when the earlier waves have succeeded",
    HoldReason.TOO_MANY_MOVING: "sent automatically when other units have settled",
    HoldReason.KEPT: "sent automatically when enough other units of the group are healthy",
    HoldReason.KEEP_UNMET: "correct the tags on the platform, or `keep` in the fleet; `--allow keep` sends it once",
    HoldReason.REQUIREMENT_NOT_MET: "bring the units to the required version first",
}

SENT_IN_THIS_RUN = "sent automatically in this run, when what it requires has taken effect"
"""The advice for a change that is held for a later stage of the same run."""

HOLDS = {
    HoldReason.MISTAKE: "{at}: {text}",
    HoldReason.UNASSIGNABLE: "the platform cannot assign versions to units of this class",
    HoldReason.SUSPENDED: "the fleet is suspended{until}: {text}",
    HoldReason.QUARANTINED: "{workload} {version} is quarantined{until}: {text}",
    HoldReason.BEHIND_BASE: "the base has {text} here since these manifests left it",
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
    if one.code is HoldReason.VERSION_NOT_FOUND and version is not None:
        return f"the platform has no version {version}{f': {one.text}' if one.text else ''}"
    return HOLDS.get(one.code, "{text}").format(
        workload=workload,
        version=version,
        text=one.text or conditions_words(one.conditions),
        detail=f": {one.text}" if one.text else "",
        until=f" until {one.until}" if one.until else "",
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

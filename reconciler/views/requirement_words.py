"""Unmet requirements in words: why a workload that others require, or that requires others, holds a change."""

from __future__ import annotations

from reconciler.model.hold import Outlook, Problem, Unmet
from reconciler.views.condition_words import conditions_words

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

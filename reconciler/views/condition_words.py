"""Conditions of a slot in words: what a person should know of it besides."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.condition import Condition, ConditionCode

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

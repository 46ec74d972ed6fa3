"""What a reading says of a slot besides its versions, as typed values; `views` makes the sentences."""

from enum import StrEnum

import msgspec


class ConditionCode(StrEnum):
    """The kinds of condition. Which fields of a `Condition` each of them uses stands beside it."""

    NOT_COVERED = "not-covered"
    """The reading did not prove anything about the slot."""
    NOT_REPORTING = "not-reporting"
    """The unit has not reported for a day and shows nothing, so that nobody knows what it runs."""
    NOT_LISTED = "not-listed"
    """A listing of what units run lacks this one."""
    UNEXPECTED_VALUE = "unexpected-value"
    """The platform gave a value that this program does not know: `text` names the field and the value."""
    UNKNOWN_STATUS = "unknown-status"
    """An assignment waits for approval, or has a status that this program does not know: `text` names both."""
    NO_VERSION = "no-version"
    """An assignment names no version: `text` says which."""
    SEVERAL_WORKLOADS = "several-workloads"
    """`versions[0]` is assigned, and may be of any of the workloads that `text` names."""
    CONTRADICTION = "contradiction"
    """The platform says two things of one slot: `text` says which."""
    REPORTS_UNREAD = "reports-unread"
    """What the devices of the unit report could not be read: `text` says why."""
    PLATFORM = "platform"
    """The platform's own words, in `text`."""

    FELL_BACK = "fell-back"
    """The unit took `versions[0]` and left it again, and the platform tells no error."""
    CAME_BACK = "came-back"
    """The unit removed the workload and has it again, and the platform tells no error."""

    FROM_FILE = "from-file"
    """The unit loads the workload from its own file `text`: nothing that the platform is told changes it."""
    UPDATES_OFF = "updates-off"
    """Updates are switched off for the unit."""
    NOTHING_ACTIVE = "nothing-active"
    """Nothing is active, and devices keep what they run."""
    KEPT = "kept"
    """`count` devices keep `versions[0]`."""
    REPORTS_LATER = "reports-later"
    """`count` devices report a later version."""
    REPORTS_UNRELEASED = "reports-unreleased"
    """`count` devices report `versions[0]`, and the platform has no release of it that a device could get."""
    REPORTS_UNREADABLE = "reports-unreadable"
    """Of `count` devices it cannot be read what they report."""
    SILENT = "silent"
    """`count` devices are silent and not waited for."""
    STAGED = "staged"
    """Staged to `percent` of `of` devices, drawn at random; `count` report it."""
    REQUIRED_STEP = "required-step"
    """`versions[0]` stays active: devices must pass through it."""
    MAYBE_REQUIRED_STEP = "maybe-required-step"
    """`versions` stay active: the platform does not say whether devices must pass through them."""
    REQUIRED_STEP_UNREAD = "required-step-unread"
    """Whether devices must pass through `versions[0]` could not be read."""
    BASE_STAYS = "base-stays"
    """`versions[0]` stays active for devices that the staged rollout does not reach."""
    DELTA_ACTIVE = "delta-active"
    """The update from `versions[0]` to `versions[1]` is active as well."""
    DELTA_LEADS = "delta-leads"
    """The update from `versions[0]` to `versions[1]` is active, and later than every full release."""

    DELIVERY_PAUSED = "delivery-paused"
    DELIVERY_CANCELLED = "delivery-cancelled"
    INSTALLATION_PAUSED = "installation-paused"
    INSTALLATION_CANCELLED = "installation-cancelled"
    """A person stopped the delivery or installation of `versions[0]` on the device."""
    UNINSTALL_ASKED = "uninstall-asked"
    """An uninstall was asked for."""
    FILES_MAY_REMAIN = "files-may-remain"
    """Uninstalled; its files may still be there."""
    VERSION_STAGE = "version-stage"
    """`versions[0]` is at the platform's stage `text`."""
    DEPENDENCY = "dependency"
    """`versions[0]` is a dependency of `text` (workload and version)."""
    DEPENDENCIES_UNREAD = "dependencies-unread"
    """What `text` (workload and version) depends on could not be read, so that `versions[0]` must stay."""


class Condition(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One thing to know of a slot. `text` is quoted from the platform and never a sentence of this program."""

    code: ConditionCode
    versions: tuple[str, ...] = ()
    count: int | None = None
    of: int | None = None
    percent: float | None = None
    text: str = ""

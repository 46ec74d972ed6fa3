"""Where the manifests of a plan came from, and what they change against their base besides versions."""

from enum import StrEnum

import msgspec

from reconciler.model.origin import Origin

NOT_IN_HISTORY = "not-in-history"
"""What `apply --allow` takes to apply a saved plan of manifests that those checked out do not have in their history."""

DIRTY = "-dirty"
"""Stands behind a commit where the manifests that were read differ from it."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which state of a git repository the manifests were, and what it was compared with.

    `patches` are digests of what each commit since the base changed in the manifests, `patch` of all of that together: how a
    request that was squashed or rebased is found again in the history that it became part of.
    """

    commit: str = ""
    """The commit checked out, with `-dirty` where files differed from it; empty outside git."""
    paths: tuple[str, ...] = ()
    """Where the manifests are, from the top of the repository; empty for all of it."""
    base: str = ""
    """What `--base` named; empty without it."""
    base_commit: str = ""
    """The merge base that it was compared with; empty for a folder that is no work tree of the repository."""
    base_problem: str = ""
    """Why it could not be compared after all."""
    patch: str = ""
    """Empty where no manifest differs from the base."""
    patches: tuple[str, ...] = ()
    recorded: bool = False
    """Whether a recorded snapshot was read in place of the platforms."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """How the commit of a saved plan lies to the one that is checked out (`head`)."""

    head: str
    known: bool
    """Whether the plan's commit is here at all."""
    ancestor: bool
    """Whether it is in the history of what is checked out."""
    found: bool
    """Whether that history has what the reviewed request changed, under whichever commits."""
    shallow: bool
    fetch: str
    """The command that fetches what is missing; empty where nothing can be fetched."""
    newer: str
    """The branch that has newer manifests than the older commit of it that is checked out; empty for none."""
    alone: str
    """The command that fetches a branch, where none is here that could show newer manifests; empty where one is."""


class Loosening(StrEnum):
    """What kept changes from going, and keeps fewer of them now."""

    LIMIT = "limit"
    LIMIT_WINDOW = "limit-window"
    LIMIT_PER = "limit-per"
    MINIMUM = "minimum"
    ALLOW = "allow"
    ALLOW_EMPTY = "allow-empty"
    QUARANTINE = "quarantine"
    SUSPEND = "suspend"
    REQUIREMENT = "requirement"
    ORDER = "order"
    PRUNE = "prune"
    MODE = "mode"
    ROLLOUT = "rollout"
    WINDOWS = "windows"
    KEEP = "keep"


class Loosened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that the manifests loosen against their base.

    `subject` is which one of its kind (`remove`; `vision v2.0.2`; `max_moving`). `was` and `now` are what the manifests
    said and say, empty for nothing; `reason` is a person's, where the manifests give one. `came_from` is the other fleet whose
    rule it was, for units that were that fleet's.
    """

    fleet: str
    kind: Loosening
    subject: str = ""
    was: str = ""
    now: str = ""
    reason: str = ""
    came_from: str = ""
    origin: Origin | None = None


class ConnectionEdit(StrEnum):
    """What happened to a Connection since the base."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"


class Reading(StrEnum):
    """Whether a plan was made with what a Connection says now."""

    PLANNED = "planned"
    """It was read, or nothing uses it."""
    REFUSED = "refused"
    """It was not read: credentials would go where the base does not send them."""
    HIDDEN = "hidden"
    """Another Connection of this name was read (`--connections`): what it changes is in no plan."""


class FieldEdit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field of a Connection, by its path; `was` and `now` are empty for nothing. Of secrets only references are named."""

    path: str
    was: str = ""
    now: str = ""


class ConnectionChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Connection that the manifests add, remove, rename or change against their base, and the fleets that use it."""

    connection: str
    edit: ConnectionEdit
    platform: str
    reading: Reading = Reading.PLANNED
    renamed_from: str = ""
    retargeted: bool = False
    """Whether it is to another application than before."""
    fields: tuple[FieldEdit, ...] = ()
    fleets: tuple[str, ...] = ()
    origin: Origin | None = None

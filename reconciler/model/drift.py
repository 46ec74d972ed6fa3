"""Who made git and a slot differ, as far as anybody knows."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class DriftCause(StrEnum):
    """Who made git and a slot differ."""

    PLATFORM = "platform"
    """Somebody assigned something else there."""
    UNIT = "unit"
    """The unit left what it is assigned, and reports something else."""
    GIT = "git"
    """The manifests ask for something else since."""


class ActorKind(StrEnum):
    """What somebody is who assigned a version on a platform."""

    USER = "user"
    API = "api-token"
    WORKFLOW = "workflow"
    NOTEBOOK = "notebook"
    UNIT = "unit"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who assigned what a slot has now, as the platform names them: untrusted text."""

    name: str
    """A name where the platform gives one, else an id."""
    kind: ActorKind | None = None
    at: float | None = None
    """When they did, by the platform's clock, in seconds since 1970."""

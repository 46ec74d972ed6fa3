"""Preparations: a server getting a release ready before units may fetch it."""

from enum import StrEnum

import msgspec

from reconciler.model.release import Artifact


class PrepareStatus(StrEnum):
    """Where a preparation stands; the platform's own words, and two of ours."""

    START = "start"
    IN_PROGRESS = "inProgress"
    DONE = "done"
    ERROR = "error"
    DELETE = "delete"
    PENDING = "pending"
    NOT_ASKED = "not asked"
    """Nobody asked: on a caching server the question itself would start a preparation."""
    UNKNOWN = "unknown"
    """The platform used a word this program does not know, or did not answer."""


class Preparation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One preparation. `reference` is the release's id on the platform. `progress` is percent 0 to 100, `size` bytes.

    `error` is a sentence for people, `code` the platform's; `again` says whether trying again helps (None: not known).
    """

    reference: str
    status: PrepareStatus
    progress: float | None = None
    size: int | None = None
    artifacts: tuple[Artifact, ...] = ()
    code: str = ""
    error: str = ""
    again: bool | None = None
    notes: tuple[str, ...] = ()
    """What is odd about it: a hash of the wrong form, a value nobody knows."""

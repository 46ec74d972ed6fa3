"""A rollout by its name, and what a person may say of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class RolloutId(msgspec.Struct, frozen=True, order=True):
    """A version of a workload that spreads over a fleet. `workload` is the platform's id of it."""

    fleet: str
    workload: str
    version: str


class Command(StrEnum):
    """What a person does to a rollout."""

    PAUSE = "pause"
    RESUME = "resume"
    """End a pause or a halt: evidence of failures from before it counts no more."""
    PROMOTE = "promote"
    """Take the open wave as succeeded, whatever soak and success say; never what a limit or window says."""
    ABORT = "abort"
    """Let nothing more of this version go, for good."""


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of a rollout last. `wave` is what a promotion is about, by number from 0."""

    command: Command
    reason: str
    by: str
    at: float
    wave: int | None = None


class Act(StrEnum):
    """What a person did on the page of a watch that no other event says."""

    NOW = "pass"
    """Asked for a pass now."""
    SUSPEND = "suspend"
    QUARANTINE = "quarantine"

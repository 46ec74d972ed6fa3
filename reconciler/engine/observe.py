"""Observing several connections at a time: what each showed and when, or why it could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec

from reconciler.errors import PlatformError
from reconciler.model.snapshot import Query, Snapshot
from reconciler.ports import Clock, Platform

FRESH = 60.0
"""Seconds: what connections showed is judged together only if it is no older."""


class Observed(msgspec.Struct, frozen=True):
    """One connection, observed. `done_at` is when that was complete, in seconds since 1970."""

    snapshot: Snapshot
    done_at: float


def observe(platform: Platform, clock: Clock) -> Observed | PlatformError:
    """Read a connection whole; the error is an answer here, for it concerns this connection alone."""
    try:
        snapshot = platform.observe(Query())
    except PlatformError as error:
        return error
    return Observed(snapshot, clock.now())


def observe_all(platforms: Mapping[str, Platform], clock: Clock) -> dict[str, Observed | PlatformError]:
    """Read connections at a time; those that grew old while slower ones were read are read once more."""
    found = _observe(platforms, clock)
    now = clock.now()
    old = {
        name: platforms[name] for name, one in found.items() if isinstance(one, Observed) and now - one.done_at > FRESH
    }
    return {**found, **_observe(old, clock)}


def _observe(platforms: Mapping[str, Platform], clock: Clock) -> dict[str, Observed | PlatformError]:
    if len(platforms) < 2:
        return {name: observe(platform, clock) for name, platform in platforms.items()}
    with ThreadPoolExecutor(max_workers=len(platforms)) as pool:
        return dict(
            zip(platforms, pool.map(lambda platform: observe(platform, clock), platforms.values()), strict=True)
        )

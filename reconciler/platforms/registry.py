"""Finds the platform of a connection: ours by name without scanning anything, others by their entry points.

A factory is `factory(spec, resolve, clock) -> Platform`. `spec` is the platform's part of a Connection document,
`resolve` turns a secret's reference into its value (raising SettingsError when it cannot), `clock` is the run's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from reconciler.errors import SettingsError
from reconciler.model.connection import ConnectionSpec, Secret
from reconciler.ports import Clock, Platform

GROUP = "reconciler.platforms"
Resolve = Callable[[Secret], str]
Factory = Callable[[Any, Resolve, Clock], Platform]

_BUILT_IN = {name: f"reconciler.platforms.{name}:factory" for name in ("losant", "getapp", "memfault")}


def connect(connection: ConnectionSpec, resolve: Resolve, clock: Clock) -> Platform:
    """Return the platform of a connection, ready to use; nothing is sent. Raises SettingsError."""
    name, spec = chosen(connection)
    return factory(name)(spec, resolve, clock)


def chosen(connection: ConnectionSpec) -> tuple[str, Any]:
    """Return the name and the specification of the one platform that a connection names."""
    name = connection.platform
    if not name:
        raise SettingsError("the connection names no platform", hint=f"name one of: {', '.join(sorted(_BUILT_IN))}")
    return name, getattr(connection, name)


def factory(name: str) -> Factory:
    """Return what makes platforms of this name; raise SettingsError when nothing does."""
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        return cast("Factory", getattr(import_module(module), attribute))
    from importlib.metadata import entry_points  # slow, and needed for platforms of others alone

    for entry in entry_points(group=GROUP, name=name):
        return cast("Factory", entry.load())
    raise SettingsError(f"no platform is called {name!r}", hint=f"install its plug-in (entry-point group {GROUP})")

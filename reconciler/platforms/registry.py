"""Finds the platforms that are installed by their entry points; each plug-in is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from reconciler.errors import SettingsError
from reconciler.platforms.entries import Entry, entries
from reconciler.plugin import PlatformPlugin

GROUP = "reconciler.platforms"


class Installed(Mapping[str, PlatformPlugin]):
    """Plug-ins by name, sorted. Asking for one loads it, and raises SettingsError for one that is broken."""

    def __init__(self, found: Iterable[Entry]) -> None:
        self._entries: dict[str, set[Entry]] = {}
        for entry in found:
            self._entries.setdefault(entry.name, set()).add(entry)
        self._loaded: dict[str, PlatformPlugin] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        """Return whether there is one of this name, without loading it."""
        return name in self._entries

    def __getitem__(self, name: str) -> PlatformPlugin:
        """Return a plug-in; raise KeyError for a name that nobody has, SettingsError for what is no plug-in."""
        if name not in self._loaded:
            self._loaded[name] = _load(name, self._entries[name])
        return self._loaded[name]


def _load(name: str, found: set[Entry]) -> PlatformPlugin:
    first, *others = sorted(found, key=lambda entry: entry.value)
    if others:
        values = " and ".join(entry.value for entry in (first, *others))
        raise SettingsError(f"two plug-ins are called {name!r}: {values}", hint="uninstall one of them")
    try:
        plugin = first.load()
    except Exception as error:  # whatever a foreign module does when it is imported
        raise _broken(name, first, f"{type(error).__name__}: {error}") from error
    if not isinstance(plugin, PlatformPlugin) or plugin.name != name:
        raise _broken(name, first, f"it is no PlatformPlugin of this name, but {plugin!r}"[:200])
    return plugin


def _broken(name: str, entry: Entry, why: str) -> SettingsError:
    hint = "reinstall or remove its package, or tell its authors"
    return SettingsError(f"the plug-in of the platform {name!r} ({entry.value}) cannot be used: {why}", hint=hint)


@cache
def installed() -> Installed:
    """Return the plug-ins that are installed, ours and those of others alike."""
    return Installed(entries(GROUP))

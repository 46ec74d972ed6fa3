"""Entry points of a group, as `importlib.metadata` finds them, without loading that: it is a tenth of a short command.

Installers write a folder beside what they installed (`NAME-VERSION.dist-info`, or `.egg-info`) whose `entry_points.txt` names
them; of two installations of one name the first on `sys.path` counts. Where something else than a folder is on `sys.path`,
or something else than the system's finder finds what is installed, the standard library looks.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Any, NamedTuple, Protocol

FOLDERS = (".dist-info", ".egg-info")
_RUNS = re.compile(r"[-_.]+")


class Entry(Protocol):
    """What names an object of an installed package."""

    @property
    def name(self) -> str:
        """Return what it is called."""
        ...

    @property
    def value(self) -> str:
        """Return where it is: `module:attribute`."""
        ...

    def load(self) -> Any:  # whatever stands there
        """Import it."""
        ...


class Found(NamedTuple):
    """An entry that was read here."""

    name: str
    value: str

    def load(self) -> Any:  # whatever stands there
        """Import it."""
        module, _, attributes = self.value.partition("[")[0].partition(":")
        found: Any = import_module(module.strip())
        for attribute in filter(None, attributes.strip().split(".")):
            found = getattr(found, attribute)
        return found


def entries(group: str) -> Iterable[Entry]:
    """Return the entries of a group of what is installed."""
    if _ordinary(sys.path):
        return [entry for folder in _installations(sys.path) for entry in _read(folder, group)]
    from importlib.metadata import entry_points

    return entry_points(group=group)


def _ordinary(places: Iterable[str]) -> bool:
    finders = [one for one in sys.meta_path if hasattr(one, "find_distributions")]
    return finders == [PathFinder] and not any(os.path.isfile(one) or one.endswith(".egg") for one in places)


def _installations(places: Iterable[str]) -> Iterator[str]:
    """Yield the folders that installers wrote, of each name the first."""
    seen: set[str] = set()
    for place in dict.fromkeys(places):
        try:
            names = os.listdir(place or ".")
        except OSError:
            continue
        for name in names:
            if name.endswith(FOLDERS):
                called = _RUNS.sub("-", name.rpartition(".")[0].partition("-")[0]).lower()
                if called not in seen:
                    seen.add(called)
                    yield os.path.join(place, name)


def _read(folder: str, group: str) -> Iterator[Entry]:
    try:
        with open(os.path.join(folder, "entry_points.txt"), encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return
    inside = False
    for line in map(str.strip, text.splitlines() if group in text else ()):
        if line.startswith("[") and line.endswith("]"):
            inside = line[1:-1] == group
        elif inside and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield Found(name.strip(), value.strip())

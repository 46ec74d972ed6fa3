"""One document that was read: its value, what is wrong with it, and where each of its values stands.

Everything is read as text, so that `1.10` stays what was typed. In settings, where the type counts, what is written
without quotes and is a number or boolean in YAML 1.2 becomes one.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator
from threading import Lock
from typing import Any

from reconciler.manifest.files import Text
from reconciler.model.desired import Scalar
from reconciler.model.fleet import Choice, FleetSpec
from reconciler.model.origin import Origin, Path

BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
BROKEN = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")


class Problem:
    """What is wrong at an offset. `quiet` is the message without anything that was typed there, for Connections.

    `related` is the path of a second value that takes part.
    """

    __slots__ = ("code", "hint", "message", "offset", "quiet", "related")

    def __init__(
        self, code: str, message: str, offset: int, *, quiet: str = "", hint: str = "", related: Path | None = None
    ) -> None:
        self.code = code
        self.message = message
        self.offset = offset
        self.quiet = quiet or message
        self.hint = hint
        self.related = related


class Parsed:
    """One document of a file: its value, the offsets of its nodes in walking order, what is wrong with it.

    Nodes are the root, keys, and entries of lists; the value of a key has none of its own. `aliases` are those whose value is
    an alias; `quoted` those whose text stands in quotes or in a block, noted where somebody may ask for that.
    """

    def __init__(self, text: Text) -> None:
        """Start empty; `read` fills it."""
        self.text = text
        self.value: Any = None
        self.offsets = array("Q")
        self.aliases: set[int] = set()
        self.quoted: set[int] = set()
        self.problems: list[Problem] = []
        self.nullish = False
        """Whether some text could be taken for null when converted: then its kind is checked with care."""
        self._children: dict[Path, tuple[dict[str | int, int], Iterator[tuple[str | int, int]]]] = {}
        self._asking = Lock()

    def locate(self, path: Path) -> Origin:
        """Return where the value at a path stands (its key, in a mapping), or its nearest parent that exists."""
        return self.text.place(self.offsets[self._node(path)] if self.offsets else 0)

    def is_bare(self, path: Path) -> bool:
        """Return whether the text at a path stands there without quotes. One behind an alias counts as bare."""
        return self._node(path) not in self.quoted

    def _node(self, path: Path) -> int:
        """Return the number of the node at a path (its key, in a mapping), or of its nearest parent that exists."""
        node, value = 0, self.value
        with self._asking:
            for depth, step in enumerate(path):
                found = self._first(path[:depth], node, value, step)
                if found is None:
                    break
                node, value = found, value[step]
        return node

    def _first(self, path: Path, node: int, value: Any, step: str | int) -> int | None:
        """Return the number of a child's node. Children are counted as far as somebody asked, and only once."""
        if not isinstance(value, dict | list) or node in self.aliases:
            return None
        found, others = self._children.setdefault(path, ({}, self._walk(node + 1, value)))
        if step not in found:
            for other, at in others:
                found[other] = at
                if other == step:
                    break
        return found.get(step)

    def _walk(self, at: int, value: dict[str, Any] | list[Any]) -> Iterator[tuple[str | int, int]]:
        """Yield each child's step with the number of its node; `at` is the first child's."""
        for step, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield step, at
            at = at + 1 if type(child) is str else self._behind(at, child)

    def _behind(self, node: int, value: Any) -> int:
        """Return the number of the node that follows on a value and all that is in it."""
        at = node + 1
        if not isinstance(value, dict | list) or node in self.aliases:
            return at
        for child in value.values() if isinstance(value, dict) else value:
            at = at + 1 if type(child) is str else self._behind(at, child)
        return at


def settle(spec: FleetSpec, parsed: Parsed) -> None:
    """Give the settings of a fleet just converted their types. `parsed` is the document it was converted from."""
    if "settings" not in parsed.text.text:
        return
    for path, choice in choices(spec):
        for name, value in choice.settings.items():
            if isinstance(value, str) and parsed.is_bare((*path, "settings", name)):
                choice.settings[name] = meant(value)


def choices(spec: FleetSpec) -> Iterator[tuple[Path, Choice]]:
    """Yield all choices of a fleet that are written as mappings, and where they stand."""
    for name, workload in spec.workloads.items():
        yield ("spec", "workloads", name), workload
        for position, override in enumerate(workload.overrides):
            yield ("spec", "workloads", name, "overrides", position), override
    for unit, pins in spec.pins.items():
        for name, pin in pins.items():
            if not isinstance(pin, str):
                yield ("spec", "pins", unit, name), pin


def meant(text: str) -> Scalar:
    """Return what a text without quotes means: a boolean, a number that a computer can hold exactly enough, or itself."""
    if text in BOOLEANS:
        return BOOLEANS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if BROKEN.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text

"""One document that was read: its value, what is wrong with it, and where each of its values stands."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from threading import Lock
from typing import Any

from reconciler.manifest.text import Text
from reconciler.model.origin import Origin, Path

QUOTED = re.compile(r"([&!]\S*\s+)*[\"'|>]")
"""The start of a text in quotes or in a block, behind its anchor and tag."""


class Problem:
    """What is wrong at an offset. `quiet` is the message without anything that was typed there, for Connections.

    `related` is the path of a second value that takes part.
    """

    __slots__ = ("code", "hint", "message", "offset", "quiet", "related")

    def __init__(
        self, code: str, message: str, offset: int, *, quiet: str = "", hint: str = "", related: Path | None = None
    ) -> None:
        """Take the finding."""
        self.code = code
        self.message = message
        self.offset = offset
        self.quiet = quiet or message
        self.hint = hint
        self.related = related


class Parsed:
    """One document of a file: its value, the offsets of its nodes in walking order, what is wrong with it."""

    def __init__(self, text: Text) -> None:
        """Start empty; `read` fills it."""
        self.text = text
        self.value: Any = None
        self.offsets = array("Q")
        self.aliases: set[int] = set()
        self.problems: list[Problem] = []
        self.nullish = False
        """Whether some text could be taken for null when converted: then its kind is checked with care."""
        self._children: dict[Path, tuple[dict[str | int, int], Iterator[tuple[str | int, int]]]] = {}
        self._asking = Lock()

    def locate(self, path: Path) -> Origin:
        """Return where the value at a path stands (its key, in a mapping), or its nearest parent that exists."""
        key_node, _ = self._nodes(path)
        return self.text.place(self.offsets[key_node] if self.offsets else 0)

    def is_bare(self, path: Path) -> bool:
        """Return whether the text at a path stands there without quotes. One behind an alias counts as bare."""
        _, node = self._nodes(path)
        return QUOTED.match(self.text.text, self.offsets[node]) is None

    def _nodes(self, path: Path) -> tuple[int, int]:
        """Return the numbers of the key node and the value node at a path, or of its nearest parent that exists."""
        key_node, node, value = 0, 0, self.value
        with self._asking:
            for depth, step in enumerate(path):
                found = self._first(path[:depth], node, value, step)
                if found is None:
                    break
                key_node, node = found, found + isinstance(value, dict)
                value = value[step]
        return key_node, node

    def _first(self, path: Path, node: int, value: Any, step: str | int) -> int | None:
        """Return the number of a child's first node. Children are counted as far as somebody asked, and only once."""
        if node in self.aliases or not isinstance(value, dict | list):
            return None
        found, others = self._children.setdefault(path, ({}, self._walk(node, value)))
        if step not in found:
            for other, at in others:
                found[other] = at
                if other == step:
                    break
        return found.get(step)

    def _walk(self, node: int, value: dict[str, Any] | list[Any]) -> Iterator[tuple[str | int, int]]:
        """Yield each child's step with the number of its first node: its key, or itself in a list."""
        keyed, at = isinstance(value, dict), node + 1
        for step, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield step, at
            at += keyed
            at += self._size(at, child)

    def _size(self, node: int, value: Any) -> int:
        """Return how many nodes a value has."""
        if type(value) is str or value is None or node in self.aliases:
            return 1
        keyed, size = type(value) is dict, 1
        for child in value.values() if keyed else value:
            size += keyed
            size += 1 if type(child) is str else self._size(node + size, child)
        return size

"""One document that was read: its value, what is wrong with it, and where each of its values stands."""

from __future__ import annotations

import re
from array import array
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
        self.sizes: dict[int, int] = {}
        """How many nodes a container has inside and with itself, by its number; all other nodes count one."""
        self.problems: list[Problem] = []
        self.nullish = False
        """Whether some text could be taken for null when converted: then its kind is checked with care."""
        self._children: dict[Path, dict[str | int, tuple[int, int]]] = {}

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
        for depth, step in enumerate(path):
            found = self._steps(path[:depth], node, value).get(step)
            if found is None:
                break
            key_node, node = found
            value = value[step]
        return key_node, node

    def _steps(self, path: Path, node: int, value: Any) -> dict[str | int, tuple[int, int]]:
        """Return for each child of a container the numbers of its key node and of its value node."""
        if node in self.aliases or not isinstance(value, dict | list):
            return {}
        found = self._children.get(path)
        if found is None:
            sizes, at, keyed = self.sizes, node + 1, int(isinstance(value, dict))
            found = self._children[path] = {}
            for step in value if keyed else range(len(value)):
                found[step] = (at, at + keyed)
                at += keyed
                at += sizes.get(at, 1)
        return found

"""YAML text → plain values, with the place of each.

libyaml's events are walked here instead of being composed into nodes: it is faster, scalars stay texts exactly as typed
(`1.10` is "1.10"), duplicate keys are seen, aliases are bounded. Only offsets are kept, in the order of the walk; lines
and columns are worked out when somebody asks.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from reconciler.manifest.files import Text
from reconciler.manifest.parsed import Parsed, Problem
from reconciler.model.origin import Path

Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where it is there, else the slower parser with the same events."""

MOST_NODES = 4_000_000
"""Values a file may hold once its aliases are expanded."""

DEEPEST = 64
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
NULLISH = NULLS | {"".join(letters) for letters in product("nN", "uU", "lL", "lL")}
"""Texts that converting takes for null where it may, though somebody quoted them or spelt them oddly."""

FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\ufeff")

MARKS = ("&", "!", "<<", "\\", "settings")
"""What anchors, tags, merge keys and keys with NUL in them need, and where quotes count: a text without any of these is read
with fewer questions."""

AGAIN = "\0"
"""Marks the second of two equal keys, so that the first stays and every value keeps its place."""

Stack = list[tuple[Any, str, str | None, int]]
"""Open containers: (container, key of the child being read, its anchor, count of values before it)."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause garbage collection: a million small objects are made meanwhile, and none of them is in a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read(file: str, content: str) -> list[Parsed]:
    """Return the documents of a text, empty ones left out. Text that is no YAML gives a document with that problem."""
    text = Text(file, content)
    documents: list[Parsed] = []
    with collector_paused():
        try:
            _walk(text, documents)
        except yaml.YAMLError as error:
            broken = Parsed(text)
            broken.problems.append(_broken(error, content))
            documents.append(broken)
        except _Hopeless as hopeless:
            documents[-1].problems = [hopeless.problem]
    return [one for one in documents if one.value is not None or one.problems]


class _Hopeless(Exception):
    """The file is not worth reading on."""

    def __init__(self, code: str, message: str, offset: int) -> None:
        super().__init__(message)
        self.problem = Problem(code, message, offset)


OPENING = frozenset("{['\"")
"""What begins something that has an end of its own."""


def _broken(error: yaml.YAMLError, content: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    words = [str(part) for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part]
    offset = mark.index if mark is not None else _forbidden(content)
    hint = "indent with spaces: YAML allows no tabs" if content[offset : offset + 1] == "\t" else ""
    begun = getattr(error, "context_mark", None)
    if (
        begun is not None
        and mark is not None
        and begun.line != mark.line
        and content[begun.index : begun.index + 1] in OPENING
    ):
        hint = f"the {content[begun.index]} at line {begun.line + 1}, column {begun.column + 1}, is not closed"
    return Problem(
        "yaml", "this is not valid YAML: " + (", ".join(words) or str(error).split("\n")[0]), offset, hint=hint
    )


def _forbidden(content: str) -> int:
    """Return where the first character stands that YAML forbids: libyaml only says after how many of its own bytes."""
    found = FORBIDDEN.search(content)
    return found.start() if found is not None else 0


def _walk(text: Text, documents: list[Parsed]) -> None:
    parser = Parser(text.text)
    careful = any(mark in text.text for mark in MARKS)
    try:
        event = parser.get_event()
        while event is not None:
            if type(event) is DocumentStartEvent:
                document = Parsed(text)
                documents.append(document)
                document.value = _Document(parser, document, careful=careful).value()
            event = parser.get_event()
    finally:
        if hasattr(parser, "dispose"):
            parser.dispose()


class _Document:
    """Walks the events of one document."""

    def __init__(self, parser: Any, document: Parsed, *, careful: bool) -> None:
        self.parser = parser
        self.document = document
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.depths: dict[int, int] = {}
        self.careful = careful
        self.expanded = 0

    def value(self) -> Any:  # noqa: C901, PLR0912 - the one hot loop: calls in it cost a third of its speed
        """Return the document's value; an empty document is None."""
        root: list[Any] = []
        stack: Stack = []
        container: Any = root
        keyed = False
        key = ""
        anchor: str | None = None
        offsets, get, careful = self.document.offsets, self.parser.get_event, self.careful
        note = offsets.append
        while True:
            event = get()
            kind = type(event)
            if not keyed:
                note(event.start_mark.index)  # of an entry, or of an end, which is removed again
            elif kind is not MappingEndEvent:
                key = event.value if kind is ScalarEvent else self._no_key(event)
                note(event.start_mark.index)
                if careful or key in container:
                    key = self._key(event, stack, container, offsets[-1])
                event = get()
                kind = type(event)
            if kind is ScalarEvent:
                value = event.value
                if value in NULLISH or careful:
                    value = self._odd(event, stack, key if keyed else None)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if careful or len(stack) >= DEEPEST:
                    self._open(event, stack)
                stack.append((container, key, anchor, len(offsets) + self.expanded if careful else 0))
                keyed = kind is MappingStartEvent
                container, anchor = {} if keyed else [], event.anchor if careful else None
                continue
            elif kind is AliasEvent:
                value = self._alias(event, stack)
            elif stack:
                if not keyed:
                    offsets.pop()
                value, name = container, anchor
                container, key, anchor, start = stack.pop()
                keyed = type(container) is dict
                if name is not None:
                    self.anchors[name] = value, len(offsets) + self.expanded - start + 1
            else:  # the end of the document
                self._bound(0, 0)
                return root[0]
            if keyed:
                container[key] = value
            else:
                container.append(value)

    @staticmethod
    def _no_key(event: Any) -> str:
        what = "an alias" if type(event) is AliasEvent else "a mapping or list"
        raise _Hopeless("key", f"{what} cannot be a key", event.start_mark.index)

    def _key(self, event: Any, stack: Stack, container: dict[str, Any], offset: int) -> str:
        name: str = event.value
        if event.tag is not None or event.anchor is not None:
            self._problem("tag", "tags and anchors on keys are not supported in manifests", offset)
        if name == "<<" and not event.style:
            self._problem("merge-key", "merge keys (`<<`) are not supported; repeat the keys, or use a Channel", offset)
        if AGAIN in name:
            self._problem("character", "a key cannot contain the character NUL", offset)
        if name in container:
            first = (*_path(stack), name)
            quiet = "a key is given twice"
            self._problem("duplicate-key", f"the key {name!r} is given twice", offset, quiet=quiet, related=first)
            while name in container:
                name += AGAIN
        return name

    def _problem(
        self, code: str, message: str, offset: int, *, quiet: str = "", hint: str = "", related: Path | None = None
    ) -> None:
        problem = Problem(code, message, offset, quiet=quiet, hint=hint, related=related)
        self.document.problems.append(problem)

    def _tag(self, tag: str | None, offset: int) -> None:
        if tag is not None and tag != "!":
            quiet = "tags are not supported in manifests"
            self._problem("tag", f"tags such as {tag!r} are not supported in manifests", offset, quiet=quiet)

    def _odd(self, event: Any, stack: Stack, key: str | None) -> Any:
        value: Any = event.value
        offset = event.start_mark.index
        self._tag(event.tag, offset)
        if event.style:
            self.document.quoted.add(len(self.document.offsets) - 1)
        if value in NULLISH:
            self.document.nullish = True
            if value in NULLS and not event.style and event.tag is None:
                value = None
                if stack:
                    self._null(stack, key, offset)
        if event.anchor is not None:
            self.anchors[event.anchor] = value, 1
        return value

    def _null(self, stack: Stack, key: str | None, offset: int) -> None:
        above = [step for _, step, _, _ in stack]
        slot = key == "version" or "pins" in above or above[-1] == "workloads"
        hint = (
            "write `absent: true` to remove the workload, or `unmanaged: true` to leave it alone"
            if slot
            else "remove the key, or give it a value"
        )
        what = f"{key!r} is empty" if key is not None else "an entry is empty"
        why = "null is not allowed, so that a forgotten value never removes anything"
        self._problem("null", f"{what}; {why}", offset, quiet=f"a value is empty; {why}", hint=hint)

    def _open(self, event: Any, stack: Stack) -> None:
        offset = event.start_mark.index
        self._tag(event.tag, offset)
        if len(stack) >= DEEPEST:
            raise _Hopeless("too-deep", f"more than {DEEPEST} levels of nesting", offset)

    def _alias(self, event: Any, stack: Stack) -> Any:
        offset = event.start_mark.index
        self.document.aliases.add(len(self.document.offsets) - 1)
        if event.anchor not in self.anchors:
            quiet = "no anchor of this name comes before this"
            self._problem("alias", f"no anchor `&{event.anchor}` comes before this", offset, quiet=quiet)
            return None
        value, size = self.anchors[event.anchor]
        self._bound(size, offset)
        if len(stack) + self._depth(value) > DEEPEST:
            raise _Hopeless("too-deep", f"more than {DEEPEST} levels of nesting", offset)
        return value

    def _depth(self, value: Any) -> int:
        """Return the levels of a value that an anchor marks; what is behind aliases in it was bounded before."""
        if not isinstance(value, dict | list):
            return 0
        found = self.depths.get(id(value))
        if found is None:
            children: Any = value.values() if isinstance(value, dict) else value
            found = self.depths[id(value)] = 1 + max(map(self._depth, children), default=0)
        return found

    def _bound(self, more: int, offset: int) -> None:
        self.expanded += more
        if self.expanded + len(self.document.offsets) > MOST_NODES:
            raise _Hopeless("too-large", f"its aliases expand to more than {MOST_NODES:,} values", offset)


def _path(stack: Stack) -> Path:
    """Return the path of the container being read."""
    steps: list[str | int] = []
    for outer, key, _, _ in stack[1:]:
        steps.append(len(outer) if isinstance(outer, list) else key or "")
    return tuple(steps)

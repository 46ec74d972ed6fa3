"""Plain values → YAML as a person would lay it out: short mappings on one line, everything else in blocks, quotes where needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

WIDTH = 110
LONGEST_KEY = 1000
"""Characters of a key at most before it needs a `?`; YAML itself ends at 1,024."""

OPEN = frozenset({"spec", "workloads", "pins"})
"""Keys of a document whose mappings are never folded into one line, as that of a platform is: people add to them."""

PLAIN = re.compile(r"[\w./][\w./@+~%*!()=<>;$^-]*( [\w./@+~%*!()=<>;$^-]+)*")
CORE = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[yYnN]")
"""What YAML 1.2, or some reader of 1.1, takes for a number or boolean beyond what PyYAML's resolver does."""

RESOLVER: Any = Resolver()
"""Says what PyYAML, and with it most readers of YAML 1.1, takes a bare text for."""

NOTHING: Mapping[str, Any] = {}
Value = Any
"""A text, number, boolean, null, list or mapping."""


def data(value: Mapping[str, Value]) -> str:
    """Return a mapping of plain values, as JSON has them, as YAML."""
    return "".join(f"{line}\n" for line in block(value, "", depth=len(OPEN)))


def block(
    mapping: Mapping[str, Value], pad: str, *, depth: int, remarks: Mapping[str, Value] = NOTHING
) -> Iterator[str]:
    """Yield a mapping line by line, `depth` levels below its document.

    `remarks` are comments behind keys, in mappings as the keys stand.
    """
    for key, child in mapping.items():
        text = scalar(key)
        head = f"{pad}{text}:" if len(text) < LONGEST_KEY else f"{pad}? {text}\n{pad}:"
        inner = remarks.get(key, NOTHING)
        behind = f"  # {harmless(inner)}" if isinstance(inner, str) and "\n" not in head else ""
        deeper = NOTHING if isinstance(inner, str) else inner
        for line in keyed(head, child, pad, depth, folded=not (depth <= 1 and key in OPEN), remarks=deeper):
            yield line + behind
            behind = ""


def harmless(comment: str) -> str:
    """Return a comment as one line that nothing obeys."""
    return "".join(one if one.isprintable() else "?" for one in comment).replace("##", "# #").rstrip()


def keyed(
    head: str, child: Value, pad: str, depth: int, *, folded: bool, remarks: Mapping[str, Value] = NOTHING
) -> Iterator[str]:
    """Yield a value behind its key: on the same line where it fits and is no list of mappings, else below."""
    if not isinstance(child, dict | list) or not child:
        yield f"{head} {flow(child)}"
        return
    line = f"{head} {flow(child)}" if folded and not _listed(child) else None
    if line is not None and len(line) <= WIDTH:
        yield line
    elif isinstance(child, dict):
        yield head
        yield from block(child, pad + "  ", depth=depth + 1, remarks=remarks)
    elif any(isinstance(item, dict | list) for item in child):
        yield head
        for item in child:
            yield from _item(item, pad + "  ", depth + 1)
    else:
        yield from _filled(f"{head} [", [flow(item) for item in child], pad + "  ")


def _listed(value: Value) -> bool:
    """Return whether there is a list of nothing but mappings in it: those are read line by line."""
    if isinstance(value, dict):
        return any(_listed(child) for child in value.values())
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _item(item: Value, pad: str, depth: int) -> Iterator[str]:
    line = f"{pad}- {flow(item)}"
    if not isinstance(item, dict) or not item or (len(line) <= WIDTH and not _listed(item)):
        yield line
        return
    lines = block(item, pad + "  ", depth=depth + 1)
    yield f"{pad}- {next(lines).removeprefix(pad + '  ')}"
    yield from lines


def _filled(head: str, items: Sequence[str], pad: str) -> Iterator[str]:
    """Yield a list of texts in as few lines as they need."""
    line = head
    for position, item in enumerate(items):
        piece = item + ("]" if position == len(items) - 1 else ",")
        if position and len(line) + 1 + len(piece) > WIDTH:
            yield line
            line = pad + piece
        else:
            line += piece if not position else f" {piece}"
    yield line


def flow(value: Value) -> str:
    """Return a value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow_key(key)}: {flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return scalar(value) if isinstance(value, str) else repr(value)


def _flow_key(key: str) -> str:
    text = scalar(key)
    return text if len(text) < LONGEST_KEY else f"? {text}"


# --- texts ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def scalar(text: str) -> str:
    """Return a text as YAML: bare where everybody reads it as this text, else in double quotes."""
    if PLAIN.fullmatch(text) and not CORE.fullmatch(text) and _is_text(text) and text.isprintable():
        return text
    quoted = json.dumps(text, ensure_ascii=False).replace("##", "#\\u0023")  # some build servers obey `##[` in a log
    return "".join(one if one.isprintable() else _escaped(one) for one in quoted)


def _is_text(text: str) -> bool:
    return bool(RESOLVER.resolve(ScalarNode, text, (True, False)) == "tag:yaml.org,2002:str")


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"

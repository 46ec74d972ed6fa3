"""Kinds → YAML as a person would write it: short mappings on one line, everything else in blocks, quotes where needed.

What is written loads to equal values. Texts that the loader or an editor would read as something else are quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

from reconciler.manifest.ours import API
from reconciler.model.connection import ConnectionSpec

SCHEMA = "../schemas/manifest.v1.schema.json"
"""Where the schema lies as seen from a folder of manifests beside `schemas/`."""

WIDTH = 110
LONGEST_KEY = 1000
"""Characters of a key at most before it needs a `?`; YAML itself ends at 1,024."""

FIRST = ("id", "connection", "units")
"""Keys that come before the others of their mapping: what it is about."""

OPEN = frozenset({"spec", "workloads", "pins"})
"""Keys of a document whose mappings are never folded into one line, as that of a platform is: people add to them."""

PLAIN = re.compile(r"[\w./][\w./@+~%*!()=<>;$^-]*( [\w./@+~%*!()=<>;$^-]+)*")
CORE = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[yYnN]")
"""What YAML 1.2, or some reader of 1.1, takes for a number or boolean beyond what PyYAML's resolver does."""

RESOLVER: Any = Resolver()
"""Says what PyYAML, and with it most readers of YAML 1.1, takes a bare text for."""

Value = Any


def write(
    documents: Sequence[tuple[str, str, msgspec.Struct | Mapping[str, Value]]],
    comments: Sequence[str] = (),
    schema: str | None = SCHEMA,
) -> str:
    """Return documents, each a kind, a name and a spec, as the text of one file.

    `comments` are notes for people at its head, one a line. `schema` is what editors are pointed at, None for nothing.
    Every document has that line: editors apply it to the document it stands in only.
    """
    return "---\n".join(
        "\n".join(_document(kind, name, spec, comments if position == 0 else (), schema)) + "\n"
        for position, (kind, name, spec) in enumerate(documents)
    )


def _document(
    kind: str, name: str, spec: msgspec.Struct | Mapping[str, Value], comments: Sequence[str], schema: str | None
) -> Iterator[str]:
    if schema is not None:
        yield f"# yaml-language-server: $schema={schema}"
    for line in (line for comment in comments for line in comment.splitlines() or [""]):
        yield f"# {''.join(one if one.isprintable() else '?' for one in line).replace('##', '# #')}".rstrip()
    yield f"apiVersion: {API}"
    yield f"kind: {kind}"
    yield f"metadata: {{name: {_text(name)}}}"
    if isinstance(spec, ConnectionSpec):
        yield "spec:"
        yield from _child(f"  {_text(spec.platform)}:", _plain(spec.details), "  ", 1, folded=False)
    else:
        yield from _block({"spec": _plain(spec)}, "", depth=0)


# --- values ---------------------------------------------------------------------------------------------------------


def _plain(value: Value) -> Value:
    """Return structs as mappings without what is at its default, keys in reading order."""
    if isinstance(value, ConnectionSpec):
        return {value.platform: _plain(value.details)}
    if isinstance(value, msgspec.Struct):
        fields = sorted(msgspec.structs.fields(value), key=lambda field: field.encode_name not in FIRST)
        given = ((field, getattr(value, field.name)) for field in fields)
        return {
            field.encode_name: _plain(child) for field, child in given if field.required or child != _default(field)
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    return value


def _default(field: msgspec.structs.FieldInfo) -> Value:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


# --- layout ---------------------------------------------------------------------------------------------------------


def _block(mapping: Mapping[str, Value], pad: str, *, depth: int) -> Iterator[str]:
    for key, child in mapping.items():
        text = _text(key)
        head = f"{pad}{text}:" if len(text) < LONGEST_KEY else f"{pad}? {text}\n{pad}:"
        yield from _child(head, child, pad, depth, folded=not (depth <= 1 and key in OPEN))


def _child(head: str, child: Value, pad: str, depth: int, *, folded: bool) -> Iterator[str]:
    """Yield a value behind its key: on the same line where it fits and is no list of mappings, else below."""
    if not isinstance(child, dict | list) or not child:
        yield f"{head} {_flow(child)}"
        return
    line = f"{head} {_flow(child)}" if folded and not _listed(child) else None
    if line is not None and len(line) <= WIDTH:
        yield line
    elif isinstance(child, dict):
        yield head
        yield from _block(child, pad + "  ", depth=depth + 1)
    elif any(isinstance(item, dict | list) for item in child):
        yield head
        for item in child:
            yield from _item(item, pad + "  ", depth + 1)
    else:
        yield from _filled(f"{head} [", [_flow(item) for item in child], pad + "  ")


def _listed(value: Value) -> bool:
    """Return whether there is a list of nothing but mappings in it: those are read line by line."""
    if isinstance(value, dict):
        return any(_listed(child) for child in value.values())
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _item(item: Value, pad: str, depth: int) -> Iterator[str]:
    line = f"{pad}- {_flow(item)}"
    if not isinstance(item, dict) or not item or (len(line) <= WIDTH and not _listed(item)):
        yield line
        return
    lines = _block(item, pad + "  ", depth=depth + 1)
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


def _flow(value: Value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow_key(key)}: {_flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _flow_key(key: str) -> str:
    text = _text(key)
    return text if len(text) < LONGEST_KEY else f"? {text}"


# --- texts ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _text(text: str) -> str:
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

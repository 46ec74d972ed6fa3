"""Kinds → YAML as a person would write it: short mappings on one line, everything else in blocks, quotes where needed.

What is written loads to equal values. Texts that the loader or an editor would read as something else are quoted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from reconciler.manifest.layout import NOTHING, Value, block, harmless, keyed, scalar
from reconciler.manifest.ours import API
from reconciler.model.connection import ConnectionSpec

SCHEMA = "../schemas/manifest.v1.schema.json"
"""Where the schema lies as seen from a folder of manifests beside `schemas/`."""

FIRST = ("id", "connection", "units")
"""Keys that come before the others of their mapping: what it is about."""


def write(
    documents: Sequence[tuple[str, str, msgspec.Struct | Mapping[str, Value]]],
    comments: Sequence[str] = (),
    schema: str | None = SCHEMA,
    remarks: Mapping[str, Value] = NOTHING,
) -> str:
    """Return documents, each a kind, a name and a spec, as the text of one file.

    `comments` are notes for people at its head, one a line. `schema` is what editors are pointed at, None for nothing.
    Every document has that line: editors apply it to the document it stands in only. `remarks` are comments behind keys,
    in mappings as the keys stand in a document.
    """
    return "---\n".join(
        "\n".join(_document(kind, name, spec, comments if position == 0 else (), schema, remarks)) + "\n"
        for position, (kind, name, spec) in enumerate(documents)
    )


def _document(
    kind: str,
    name: str,
    spec: msgspec.Struct | Mapping[str, Value],
    comments: Sequence[str],
    schema: str | None,
    remarks: Mapping[str, Value],
) -> Iterator[str]:
    if schema is not None:
        yield f"# yaml-language-server: $schema={schema}"
    for line in (line for comment in comments for line in comment.splitlines() or [""]):
        yield f"# {harmless(line)}".rstrip()
    yield f"apiVersion: {API}"
    yield f"kind: {kind}"
    yield f"metadata: {{name: {scalar(name)}}}"
    if isinstance(spec, ConnectionSpec):
        yield "spec:"
        yield from keyed(f"  {scalar(spec.platform)}:", _plain(spec.details), "  ", 1, folded=False)
    else:
        yield from block({"spec": _plain(spec)}, "", depth=0, remarks=remarks)


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

"""The JSON Schemas in `schemas/`, made from the types. That of manifests knows the platforms that it is made with.

Titles and descriptions are the types' own docstrings. Manifests have draft 7, which every editor knows; what the program
writes has 2020-12.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence
from inspect import cleandoc, getsource
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args

import msgspec

from reconciler.manifest.lenient import Node, lenient
from reconciler.manifest.ours import API, KINDS
from reconciler.model import event, event_shape, plan, recorded
from reconciler.model.fleet import ChannelSpec, FleetSpec
from reconciler.model.kind import Metadata
from reconciler.plugin import Plugins

PACKAGE = Path(__file__).parent.parent
CHECKOUT = PACKAGE.parent / "schemas"

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def find(name: str) -> Path:
    """Return the file of a schema such as `manifest.v1`, in a wheel or in a checkout; raise FileNotFoundError."""
    for folder in (PACKAGE / "schemas", CHECKOUT):
        file = folder / f"{name}.schema.json"
        if file.is_file():
            return file
    raise FileNotFoundError(f"there is no schema {name!r}")


# --- the four schemas -----------------------------------------------------------------------------------------------


def manifest(plugins: Plugins) -> Node:
    """Return the schema of one document of a manifest: a Connection to one of these platforms, a Channel or a Fleet."""
    platforms = [plugin.spec for plugin in plugins.values()]
    references, components = _components([*platforms, Metadata, ChannelSpec, FleetSpec], "#/definitions/{name}")
    *known, metadata, channel, fleet = references
    connection = {
        "description": "Exactly one platform.",
        "type": "object",
        "properties": dict(zip(plugins, known, strict=True)),
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    specs = dict(zip(KINDS, (connection, channel, fleet), strict=True))
    return {
        "$schema": DRAFT_7,
        "title": "Manifest",
        "description": "One document of a manifest: a Connection, a Channel or a Fleet.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API, "description": "The format of this document."},
            "kind": {"enum": list(KINDS), "description": "What this document is."},
            "metadata": metadata,
            "spec": {"type": "object"},
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"properties": {"spec": spec}},
            }
            for kind, spec in specs.items()
        ],
        "definitions": {name: lenient(node) for name, node in components.items()},
    }


def _plan() -> Node:
    """Return the schema of plans: what is read back and believed has no keys besides."""
    node = _written(plan.Plan, plan.FORMAT)
    for one in (node, *node["$defs"].values()):
        if "properties" in one:
            one["additionalProperties"] = False
    return node


def _snapshot() -> Node:
    return _written(recorded.RecordedSnapshot, recorded.FORMAT)


def _event() -> Node:
    types = get_args(event.AnyEvent)
    _, components = _components(types)
    for one in types:
        node = components[one.__name__]
        at = {"type": "string", "format": "date-time", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$"}
        times = {
            name: {**value, "anyOf": [at, {"type": "null"}]}
            for name, value in node["properties"].items()
            if name in event_shape.MOMENTS
        }
        node["properties"] = {"format": {"const": event_shape.FORMAT}, **node["properties"], **times, "at": at}
        node["required"] = ["format", *node["required"]]
    return {
        "$schema": DRAFT_2020,
        "title": "Event",
        "description": cleandoc(event.__doc__ or ""),
        "anyOf": [{"$ref": f"#/$defs/{one.__name__}"} for one in types],
        "$defs": components,
    }


def _written(kind: type[msgspec.Struct], format_: str) -> Node:
    _, components = _components([kind])
    node = components.pop(kind.__name__)
    node["properties"]["format"] = {"const": format_}
    node["required"] = ["format", *node["required"]]
    return {"$schema": DRAFT_2020, **node, "$defs": components}


WRITTEN: dict[str, Callable[[], Node]] = {"plan.v1": _plan, "snapshot.v1": _snapshot, "event.v1": _event}


# --- types → components ---------------------------------------------------------------------------------------------


def _components(types: Sequence[type[Any]], template: str = "#/$defs/{name}") -> tuple[Sequence[Node], dict[str, Node]]:
    """Return references to these types, and the components they need, sorted by name, with the words of docstrings."""
    references, components = msgspec.json.schema_components(types, ref_template=template)
    # types of two plug-ins may bear the same name: they are then called by their modules as well
    classes = {name: one for one in _classes(types) for name in (one.__name__, f"{one.__module__}.{one.__qualname__}")}
    for name, node in components.items():
        if "description" in node:
            node["description"] = cleandoc(node["description"])
        for key, words in _field_words(classes[name]).items():
            if key in node.get("properties", {}):
                node["properties"][key].setdefault("description", words)
    return references, dict(sorted(components.items()))


def _classes(types: Sequence[type[Any]]) -> set[type[Any]]:
    """Return every struct and enum that is reachable from these."""
    found: set[type[Any]] = set()

    def walk(node: Any) -> None:
        if isinstance(node, msgspec.inspect.StructType | msgspec.inspect.EnumType):
            if node.cls in found:
                return
            found.add(node.cls)
        for name in getattr(node, "__struct_fields__", ()):
            child = getattr(node, name)
            for one in child if isinstance(child, tuple) else (child,):
                if isinstance(one, msgspec.inspect.Field):
                    walk(one.type)
                elif isinstance(one, msgspec.inspect.Type):
                    walk(one)

    for one in types:
        walk(msgspec.inspect.type_info(one))
    return found


def _field_words(kind: type[Any]) -> dict[str, str]:
    """Return the docstrings that stand below fields, by the field's name in JSON."""
    found: dict[str, str] = {}
    names = {field.name: field.encode_name for field in msgspec.structs.fields(kind)} if _is_struct(kind) else {}
    for one in reversed(kind.__mro__):
        if one.__module__.partition(".")[0] in {"builtins", "enum", "msgspec"}:
            continue
        (tree,) = ast.parse(dedent(getsource(one))).body
        body = tree.body if isinstance(tree, ast.ClassDef) else []
        for field, below in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and field.target.id in names:
                words = below.value if isinstance(below, ast.Expr) else None
                if isinstance(words, ast.Constant) and isinstance(words.value, str):
                    found[names[field.target.id]] = cleandoc(words.value)
    return found


def _is_struct(kind: type[Any]) -> bool:
    return issubclass(kind, msgspec.Struct)


# --- files ----------------------------------------------------------------------------------------------------------


def texts(plugins: Plugins) -> dict[str, str]:
    """Return every schema as the text of its file, by its name."""
    made = {"manifest.v1": manifest(plugins), **{name: make() for name, make in WRITTEN.items()}}
    return {
        name: json.dumps({"$id": f"urn:reconciler:schema:{name}", **node}, indent=2, ensure_ascii=False) + "\n"
        for name, node in made.items()
    }


# --- documents that do not fit --------------------------------------------------------------------------------------

MOST = 5
"""Findings about one document that are listed."""


def explain(name: str, content: bytes) -> str:
    """Return what is wrong with a document held against a schema such as `plan.v1`, a line each.

    Nothing if it fits, or says itself that it is something else.
    """
    from jsonschema import Draft202012Validator  # slow to load, and seldom needed

    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    ours = f"reconciler/{name}"
    if not isinstance(value, dict) or value.get("format", ours) != ours:
        return ""
    schema = json.loads(find(name).read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda error: list(map(str, error.path)))
    lines = [f"{_path(error.absolute_path)}: {error.message[:200]}" for error in errors[:MOST]]
    more = [f"and {len(errors) - MOST:,} more"] if len(errors) > MOST else []
    return "\n".join([*lines, *more])


def _path(steps: Any) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".") or "the document"

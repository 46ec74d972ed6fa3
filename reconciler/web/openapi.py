"""The table of operations → the OpenAPI document of the API, written from the types that are checked and answered."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from reconciler import __version__
from reconciler.web.access import Role
from reconciler.web.operations import OPERATIONS, PREFIX, Operation
from reconciler.web.shapes import Refusal

REF = "#/components/schemas/{name}"
PROBLEMS = {
    "400": "What is given is not what the operation takes.",
    "401": "Who asks is not known: give a token.",
    "403": "Who asks may not do that, or nothing can be done here.",
    "404": "Nobody knows of it.",
    "409": "It has no effect as things are.",
    "413": "The body is too long.",
    "415": "The body is no JSON.",
    "421": "The host is not one of this page.",
    "429": "Wrong tokens came too often.",
    "503": "It cannot be read or recorded now.",
}
WRITING = {"409", "413", "415"}


def document() -> dict[str, Any]:
    """Return the document as plain values."""
    answers, bodies = [one.answer for one in OPERATIONS], [one.body for one in OPERATIONS if one.body is not None]
    types = list(dict.fromkeys([Refusal, *answers, *bodies, *(one.query for one in OPERATIONS)]))
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(f"{PREFIX}{one.path}", {})[one.method.lower()] = _operation(one, by_type, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "reconciler",
            "version": __version__,
            "description": "What a running watch, or a history, shows; and what operators may do in an incident.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(one: Operation, schemas: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "parameters": [*_in_path(one), *_in_query(one, components)],
        "responses": {"200": _content("What was asked for.", schemas[one.answer])},
    }
    for status, words in PROBLEMS.items():
        if one.body is not None or status not in WRITING:
            found["responses"][status] = _content(words, schemas[Refusal])
    if one.body is not None:
        found["requestBody"] = {**_content("Why, and what.", schemas[one.body]), "required": True}
    if one.role is Role.OPERATOR:
        found["security"] = [{"token": []}]
    return found


def _content(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _in_path(one: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", one.path)
    ]


def _in_query(one: Operation, components: dict[str, Any]) -> list[dict[str, Any]]:
    schema = components[one.query.__name__]
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": inner}
        for name, inner in schema["properties"].items()
    ]

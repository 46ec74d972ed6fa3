"""The schema of manifests as editors need it: what the loader takes for a text may look like a number or boolean.

The loader reads every scalar as the text that was typed; an editor sees `1.10` as a number and `true` as a boolean. So a
node that asks for a text allows those too, as far as their text fits; numbers and booleans may be written in quotes. Null
is never allowed.
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.manifest.accept import WORDS_ONLY

Node = dict[str, Any]

SCALARS = ["string", "number", "boolean"]
KEPT = ("description", "default")
MOST_WORDS = 64


def lenient(node: Node) -> Node:
    """Return a node of a schema made for JSON as one for YAML that people type."""
    if "anyOf" in node:
        return _choice(node)
    kind = node.get("type")
    if kind == "string":
        return _text(node)
    if kind == "boolean":
        return _either(
            node, {"type": "boolean"}, {"enum": [0, 1]}, _pattern("[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[01]")
        )
    if kind in {"integer", "number"}:
        return _number(node)
    found = {key: value for key, value in node.items() if key != "default" or value is not None}
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            found[key] = lenient(node[key])
    if "properties" in node:
        found["properties"] = {key: lenient(child) for key, child in node["properties"].items()}
    return found


def _pattern(alternatives: str) -> Node:
    return {"type": "string", "pattern": f"^({alternatives})$"}


def _either(node: Node, *members: Node) -> Node:
    """Return a node that any of the members fits, with the words of the first one."""
    kept = {key: node[key] for key in KEPT if node.get(key) is not None}
    return {**members[0], **kept} if len(members) == 1 else {"anyOf": list(members), **kept}


def _choice(node: Node) -> Node:
    members = [lenient(one) for one in node["anyOf"] if one != {"type": "null"}]
    anything = [one for one in members if one.get("type") == SCALARS and "minLength" not in one]
    return _either({**(members[0] if len(members) == 1 else {}), **node}, *(anything or members))


def _text(node: Node) -> Node:
    pattern = node.get("pattern")
    if pattern is None:
        limits: Node = {key: node[key] for key in ("minLength", "maxLength") if key in node}
        return _either(node, {"type": SCALARS, **limits})
    words = WORDS_ONLY.fullmatch(pattern)
    if words is not None:
        return _either(node, {"enum": words[1].split("|")})
    written: Node = {"type": "string", **{key: node[key] for key in ("minLength", "maxLength") if key in node}}
    return _either(node, {**written, "pattern": pattern}, *_numbers_that_fit(re.compile(pattern)))


def _numbers_that_fit(pattern: re.Pattern[str]) -> list[Node]:
    """Return which numbers and booleans have a text that fits; the pattern itself is asked."""
    found: list[Node] = []
    if all(map(pattern.search, ("-1.5", "1e+05", "true"))):
        return [{"type": ["number", "boolean"]}]
    if pattern.search("0.5"):
        found.append({"type": "number", "minimum": 0})
    elif pattern.search("5"):
        most = max(digits for digits in range(1, 19) if pattern.search("9" * digits))
        found.append({"type": "integer", "minimum": 0, "maximum": 10**most - 1})
    elif pattern.search("5" * 24):
        found.append({"type": "number", "minimum": 1e23})
    if pattern.search("true") and pattern.search("false"):
        found.append({"type": "boolean"})
    return found


def _number(node: Node) -> Node:
    bounds = {key: value for key, value in node.items() if key not in KEPT}
    low, high = node.get("minimum"), node.get("maximum")
    if node["type"] == "number":
        return _either(node, bounds, _pattern(r"(?=.*[1-9])(0|[1-9][0-9]{0,2})(\.[0-9]+)?|1000(\.0+)?"))
    if low is not None and high is not None and high - low < MOST_WORDS:
        return _either(node, bounds, {"enum": [str(number) for number in range(low, high + 1)]})
    return _either(node, bounds, _pattern("0|[1-9][0-9]{0,8}"))

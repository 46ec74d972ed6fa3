"""Values put into a Connection's text: comments and layout stay, and everything else means what it meant. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from reconciler.manifest.layout import OPEN, block, flow
from reconciler.manifest.read import read

Wanted = Mapping[str, Any]


def put(text: str, name: str, platform: str, wanted: Wanted) -> str:
    """Return the text of a file with values put below the platform of one of its Connections.

    Raises ValueError, with the reason, where that cannot be done without touching something else.
    """
    try:
        node = _connection(text, name, platform)
    except yaml.YAMLError as error:
        raise ValueError(f"it cannot be taken apart: {error}") from None
    if node is None:
        raise ValueError(f"the Connection {name!r} stands there in a form that cannot be added to")
    made = _put(text, node, wanted)
    if [one.value for one in read("", made)] != [_with(one.value, name, platform, wanted) for one in read("", text)]:
        raise ValueError("more than this connection would change, for it shares its values with others")
    return made


def commented(wanted: Wanted, pad: str) -> Iterator[str]:
    """Yield the lines of values that are not in force, as `put` finds them again."""
    for line in block(wanted, "", depth=len(OPEN)):
        yield f"{pad}# {line}"


def _connection(text: str, name: str, platform: str) -> MappingNode | None:
    for root in yaml.compose_all(text, Loader=yaml.SafeLoader):
        if not isinstance(root, MappingNode) or _plain(root, "kind") != "Connection":
            continue
        metadata, spec = _child(root, "metadata"), _child(root, "spec")
        if isinstance(metadata, MappingNode) and _plain(metadata, "name") == name and isinstance(spec, MappingNode):
            found = _child(spec, platform)
            return found if isinstance(found, MappingNode) else None
    return None


def _child(node: MappingNode, key: str) -> Node | None:
    return next((value for name, value in node.value if isinstance(name, ScalarNode) and name.value == key), None)


def _plain(node: MappingNode, key: str) -> str:
    found = _child(node, key)
    return found.value if isinstance(found, ScalarNode) else ""


# --- text ---------------------------------------------------------------------------------------------------------------


def _put(text: str, node: MappingNode, wanted: Wanted) -> str:
    """Return the text with values put into a mapping: from the last place on, so that those before it stay."""
    there = {key: value for key in wanted if (value := _child(node, key)) is not None}
    new = {key: value for key, value in wanted.items() if key not in there}
    text = _added(text, node, new) if new else text  # behind everything that is there
    for key, inner in sorted(there.items(), key=lambda entry: -_end(entry[1])):
        text = _put(text, _mapping(inner, wanted[key], key), wanted[key])
    return text


def _mapping(node: Node, wanted: Any, key: str) -> MappingNode:
    if isinstance(node, MappingNode) and isinstance(wanted, Mapping):
        return node
    raise ValueError(f"it says {key!r} already")


def _added(text: str, node: MappingNode, new: Wanted) -> str:
    if node.flow_style or not node.value:
        at = node.end_mark.index - 1
        before = text[:at].rstrip()
        comma = "" if before.endswith(("{", ",")) else ", "
        as_json = text.lstrip("\ufeff \t\r\n").startswith("{")
        said = json.dumps(new)[1:-1] if as_json else flow(dict(new))[1:-1]
        return f"{text[:at]}{comma}{said}{text[at:]}"
    pad = " " * node.value[0][0].start_mark.column
    at = text.find("\n", _end(node)) + 1
    if not at:
        text, at = f"{text}\n", len(text) + 1
    at, behind = _commented(text, at, pad, new)
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = "".join(f"{line}{newline}" for line in block(new, pad, depth=len(OPEN)))
    return text[:at] + lines + text[behind:]


def _commented(text: str, at: int, pad: str, new: Wanted) -> tuple[int, int]:
    """Return from where to where the same values stand as a comment right behind a place, as `import` writes them there."""
    lines = "".join(f"{re.escape(line)}\r?\n" for line in commented(new, pad))
    found = re.compile(rf"((?:{pad}#[^\n]*\n)*?){lines}").match(text, at)
    return (at, at) if found is None else (found.end(1), found.end())


def _end(node: Node) -> int:
    """Return where the last value of a node ends; what follows on its line is a comment."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return end - 1 if isinstance(node, ScalarNode) and node.style in {"|", ">"} else end


# --- what it must mean --------------------------------------------------------------------------------------------------


def _with(value: Any, name: str, platform: str, wanted: Wanted) -> Any:
    """Return a document as it is to be read afterwards."""
    ours = (
        isinstance(value, dict) and value.get("kind") == "Connection" and value.get("metadata", {}).get("name") == name
    )
    if not ours:
        return value
    spec = value["spec"]
    return {**value, "spec": {**spec, platform: _merged(spec[platform], wanted)}}


def _merged(value: Any, wanted: Any) -> Any:
    if isinstance(value, dict) and isinstance(wanted, Mapping):
        return {**value, **{key: _merged(value.get(key), child) for key, child in wanted.items()}}
    if isinstance(wanted, Mapping):
        return {key: _merged(None, child) for key, child in wanted.items()}
    if isinstance(wanted, list | tuple):
        return [_merged(None, child) for child in wanted]
    return {True: "true", False: "false"}[wanted] if isinstance(wanted, bool) else str(wanted)

"""A version and a quarantine put into the text of a Fleet: comments and layout stay, and everything else means what it meant. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
)

from reconciler.manifest.layout import WIDTH, block, flow, scalar
from reconciler.manifest.ours import API, is_ours
from reconciler.manifest.read import read
from reconciler.model.origin import Path

WORD = re.compile(r"[\w.+-]+")
"""A text that may stand anywhere without quotes, if it did at one place."""


class Edit(msgspec.Struct, frozen=True):
    """One change of a Fleet: the choice at `path` says the version `value`; or `value`, a mapping, goes to the end of a list.

    With `sets` the mapping is the value of a key that is not there yet.
    """

    path: Path
    value: str | Mapping[str, str]
    sets: bool = False


class Node:
    """A value and where it stands in the text."""

    __slots__ = ("alias", "anchor", "children", "end", "flow", "keys", "kind", "start", "style", "text")

    def __init__(self, kind: str, event: Any) -> None:  # events of yaml have no common type
        self.kind = kind
        self.start: int = event.start_mark.index
        self.end: int = event.end_mark.index
        self.anchor: str | None = event.anchor
        self.flow = bool(getattr(event, "flow_style", False))
        self.style: str | None = getattr(event, "style", None)
        self.text: str = getattr(event, "value", "")
        self.keys: list[Node] = []
        self.children: list[Node] = []

    def child(self, step: str | int) -> Node | None:
        """Return the value of a key, or an entry of a list."""
        if isinstance(step, int):
            return self.children[step] if self.kind == "list" and step < len(self.children) else None
        found = self.key(step)
        return None if found is None else found[1]

    def key(self, name: str) -> tuple[Node, Node] | None:
        """Return a key and its value."""
        pairs = zip(self.keys, self.children, strict=True) if self.kind == "mapping" else ()
        return next((pair for pair in pairs if pair[0].text == name), None)

    @property
    def last(self) -> int:
        """Return where the last value in it ends; what follows on its line is a comment."""
        if self.kind in {"mapping", "list"} and not self.flow and self.children:
            return self.children[-1].last
        return self.end - 1 if self.style in {"|", ">"} else self.end


def amended(text: str, name: str, edits: Sequence[Edit]) -> str:
    """Return the text of a file with edits of one of its Fleets.

    Raises ValueError, with the reason, where that cannot be done without touching something else.
    """
    before = read("", text)
    if any(one.problems for one in before):
        raise ValueError("it is not valid")
    wanted = [_with(one.value, name, edits) for one in before]
    reason = ""
    for shared in (True, False):
        try:
            made = _applied(text if shared else _spelled_out(text, name), name, edits)
        except (yaml.YAMLError, _Unfit) as error:
            reason = str(error)
            continue
        after = read("", made)
        if not any(one.problems for one in after) and [one.value for one in after] == wanted:
            return made
        reason = "more than that would change"
    raise ValueError(reason)


class _Unfit(Exception):
    """A place has a form that cannot be edited."""


def _applied(text: str, name: str, edits: Sequence[Edit]) -> str:
    for edit in edits:
        root = _fleet(text, name)
        text = _chosen(text, root, edit) if isinstance(edit.value, str) else _appended(text, root, edit)
    return text


# --- where things stand -------------------------------------------------------------------------------------------------


def _documents(text: str) -> list[Node]:
    events: Any = iter(yaml.parse(text, Loader=yaml.SafeLoader))
    return [_node(next(events), events) for event in events if isinstance(event, DocumentStartEvent)]


def _node(event: Any, events: Any) -> Node:
    if isinstance(event, AliasEvent):
        return Node("alias", event)
    if isinstance(event, ScalarEvent):
        return Node("text", event)
    made = Node("mapping" if isinstance(event, MappingStartEvent) else "list", event)
    inner: Any = next(events)
    while not isinstance(inner, CollectionEndEvent):
        if made.kind == "mapping":
            made.keys.append(_node(inner, events))
            inner = next(events)
        made.children.append(_node(inner, events))
        inner = next(events)
    end: Any = inner.end_mark
    made.end = end.index
    return made


def _fleet(text: str, name: str) -> Node:
    for root in _documents(text):
        metadata = root.child("metadata")
        said = (root.child("apiVersion"), root.child("kind"), metadata.child("name") if metadata else None)
        if [one.text if one else "" for one in said] == [API, "Fleet", name]:
            return root
    raise _Unfit(f"the Fleet {name!r} stands there in a form that cannot be edited")


def _at(root: Node, path: Path) -> Node:
    node: Node | None = root
    for step in path:
        node = node.child(step) if node else None
    if node is None or node.kind == "alias":
        raise _Unfit(f"there is nothing of its own at {'.'.join(map(str, path))}")
    return node


# --- a version ----------------------------------------------------------------------------------------------------------


def _chosen(text: str, root: Node, edit: Edit) -> str:
    """Return the text in which a choice says a version."""
    node, version = _at(root, edit.path), str(edit.value)
    if node.kind == "text":
        return _replaced(text, node, version)
    said = node.key("version")
    if said is not None and said[1].kind != "mapping":
        return _replaced(text, said[1], version)
    if said is not None and said[1].flow:
        return text[: said[1].start] + _scalar(text, version) + text[said[1].end :]
    if said is not None:
        colon = text.index(":", said[0].end) + 1
        between = text[colon : said[1].start].rstrip(" \t")
        rest = text[said[1].last :]
        if not between.strip():  # a comment behind the channel goes behind the version
            return f"{text[:colon]} {scalar(version)}{rest}"
        blank = re.match(r"[ \t]*\r?\n", rest)
        return f"{text[:colon]} {scalar(version)}{between}{rest[blank.end() :] if blank else rest}"
    short = node.key("channel")
    if short is None:
        raise _Unfit(f"there is no version at {'.'.join(map(str, edit.path))}")
    key = '"version"' if _is_json(text) else "version"
    return f"{text[: short[0].start]}{key}: {_scalar(text, version)}{text[short[1].end :]}"


def _replaced(text: str, node: Node, version: str) -> str:
    if node.anchor or node.kind == "alias":
        raise _Unfit("others take this value")
    quoted = node.style in {"'", '"'}
    said = json.dumps(version, ensure_ascii=False) if quoted else _scalar(text, version)
    return text[: node.start] + said + text[node.end :]


def _scalar(text: str, value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if _is_json(text) else scalar(value)


def _is_json(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("{")


# --- an entry of a list -------------------------------------------------------------------------------------------------


def _appended(text: str, root: Node, edit: Edit) -> str:
    """Return the text with one entry more in a list, which is made where it is not there."""
    *above, key = edit.path
    item, parent = dict(edit.value) if isinstance(edit.value, Mapping) else {}, _at(root, tuple(above))
    found = parent.child(key)
    if found is None:
        return _added(text, parent, f"{key}", item, sets=edit.sets)
    if edit.sets:
        raise _Unfit(f"there is something at {'.'.join(map(str, edit.path))} already")
    if found.kind != "list":
        raise _Unfit(f"there is no list of its own at {'.'.join(map(str, edit.path))}")
    if found.flow:
        return _inserted(text, found, json.dumps(item, ensure_ascii=False) if _is_json(text) else flow(item))
    pad = " " * _column(text, found.start)
    return _line_after(text, found.last, _entry(item, pad))


def _added(text: str, parent: Node, key: str, item: dict[str, str], *, sets: bool) -> str:
    """Return the text with a key more, whose value is a mapping, or a list of just that."""
    value: Any = item if sets else [item]
    if parent.flow:
        said = json.dumps({key: value}, ensure_ascii=False) if _is_json(text) else flow({key: value})
        return _inserted(text, parent, said[1:-1])
    pad = " " * _column(text, parent.keys[0].start)
    inner = block(item, f"{pad}  ", depth=3) if sets else _entry(item, f"{pad}  ")
    return _line_after(text, parent.last, [f"{pad}{key}:", *inner])


def _inserted(text: str, node: Node, value: str) -> str:
    """Return the text with one value more before the end of a mapping or list in flow style."""
    at = node.end - 1
    before = text[:at].rstrip()
    if node.children and "#" in text[node.children[-1].end : len(before)]:
        raise _Unfit("a comment ends it")
    comma = "" if before.endswith(("{", "[", ",")) else ", "
    space = " " if before.endswith(",") else ""
    return f"{before}{comma}{space}{value}{text[len(before) : at]}{text[at:]}"


def _entry(item: dict[str, str], pad: str) -> list[str]:
    line = f"{pad}- {flow(item)}"
    if len(line) <= WIDTH:
        return [line]
    first, *rest = block(item, f"{pad}  ", depth=3)
    return [f"{pad}- {first.removeprefix(f'{pad}  ')}", *rest]


def _line_after(text: str, at: int, lines: Sequence[str]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    end = text.find("\n", at) + 1
    if not end:
        text, end = f"{text}{newline}", len(text) + len(newline)
    return text[:end] + "".join(f"{line}{newline}" for line in lines) + text[end:]


def _column(text: str, at: int) -> int:
    return at - text.rfind("\n", 0, at) - 1


# --- what others share --------------------------------------------------------------------------------------------------


def _spelled_out(text: str, name: str) -> str:
    """Return the text with the aliases of a Fleet written out, and its anchors gone: each value is then its own."""
    root = _fleet(text, name)
    anchors: dict[str, Node] = {}
    cuts: list[tuple[int, int, str]] = []
    _gather(root, text, anchors, cuts)
    for start, end, value in sorted(cuts, reverse=True):
        text = text[:start] + value + text[end:]
    return text


def _gather(node: Node, text: str, anchors: dict[str, Node], cuts: list[tuple[int, int, str]]) -> None:
    if node.kind == "alias":
        cuts.append((node.start, node.end, _flow(anchors[node.anchor or ""], anchors)))
        return
    if node.anchor:
        anchors[node.anchor] = node
        mark = re.compile(rf"&{re.escape(node.anchor)}[ \t]*").match(text, node.start)
        if mark:
            cuts.append((mark.start(), mark.end(), ""))
    for child in node.children:
        _gather(child, text, anchors, cuts)


def _flow(node: Node, anchors: Mapping[str, Node]) -> str:
    """Return a value on one line; what stood without quotes does so again, as far as that is the same."""
    if node.kind == "alias":
        return _flow(anchors[node.anchor or ""], anchors)
    if node.kind == "text":
        return (
            node.text if node.style is None and WORD.fullmatch(node.text) else json.dumps(node.text, ensure_ascii=False)
        )
    inner = [_flow(one, anchors) for one in node.children]
    if node.kind == "list":
        return f"[{', '.join(inner)}]"
    keys = [_flow(one, anchors) for one in node.keys]
    return f"{{{', '.join(f'{key}: {value}' for key, value in zip(keys, inner, strict=True))}}}"


# --- what it must mean --------------------------------------------------------------------------------------------------


def _with(value: Any, name: str, edits: Sequence[Edit]) -> Any:
    """Return a document as it is to be read afterwards."""
    if not is_ours(value) or value.get("kind") != "Fleet" or value["metadata"].get("name") != name:
        return value
    made = json.loads(json.dumps(value))  # nothing is shared any more
    for edit in edits:
        *above, last = edit.path
        at = made
        for step in above:
            at = at[step]
        if edit.sets:
            at[last] = edit.value
        elif not isinstance(edit.value, str):
            at.setdefault(last, []).append(dict(edit.value))
        elif isinstance(at[last], dict):
            at[last].pop("channel", None)
            at[last]["version"] = edit.value
        else:
            at[last] = edit.value
    return made

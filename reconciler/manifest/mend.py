"""A value that somebody wrote out of habit → one that fits, by the type that is wanted.

A lone value is put into a list, a key of another tool becomes ours, `10` becomes `10%`. None where there is no such value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from msgspec import inspect

from reconciler.manifest.accept import fields_of, fits, is_shape, members
from reconciler.manifest.idioms import ALIENS, FILLS, HOMES
from reconciler.manifest.layout import Value
from reconciler.manifest.parsed import meant
from reconciler.model.fleet import (
    ChannelSpec,
    Failure,
    Limit,
    Limits,
    Override,
    Quarantine,
    Selector,
    Suspend,
    Wave,
    Window,
    WorkloadSpec,
)
from reconciler.model.kind import Metadata

EQUALS = re.compile(r"\s*([^=:\s]+)\s*[=:]\s*(\S.*?)\s*")
EVERY = frozenset({"all", "*", "any", "true", "yes", "on", "every", "everything"})
TIMES = {"second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "hr": "h", "day": "d"}
NUMBERED = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)")


def member(wanted: inspect.Type, value: Value) -> inspect.Type:
    """Return what a value is held against: of several types, the first of its shape."""
    allowed = members(wanted)
    return next((one for one in allowed if is_shape(value, one)), allowed[0])


def plain_key(key: str) -> str:
    """Return a key without what tools write differently: `maxUnavailable`, `max-unavailable`, `Max_Unavailable`."""
    return re.sub(r"[-_ ]", "", key).casefold()


def renamed(cls: type, key: str) -> str:
    """Return which of our keys another tool's key means; empty for none."""
    plain = plain_key(key)
    if plain in ALIENS.get(cls, {}):
        return ALIENS[cls][plain]
    names = {plain_key(name): name for name in fields_of(cls)}
    alike = names.get(plain) or names.get(f"{plain}s") or names.get(plain.removesuffix("s"))
    return alike or next((names[one] for one in get_close_matches(plain, names, n=1, cutoff=0.8)), "")


def within(steps: Sequence[str], value: Value) -> Value:
    """Return a value in the mappings that lead to it."""
    for step in reversed(steps):
        value = {step: value}
    return value


def mended_to(wanted: inspect.Type, value: Value) -> Value:
    """Return a value that fits, made of this one; None where there is none."""
    if fits(value, wanted):
        return value
    tried = ((one, _made(one, value)) for one in members(wanted))
    return next((made for one, made in tried if made is not None and fits(made, one)), None)


def _made(wanted: inspect.Type, value: Value) -> Value:
    if isinstance(wanted, inspect.StructType):
        return _struct(wanted.cls, value)
    if isinstance(wanted, inspect.DictType):
        return _dict(wanted, value)
    if isinstance(wanted, inspect.ListType):
        return _list(wanted, value)
    if isinstance(wanted, inspect.BoolType):
        return {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).casefold())
    return _text(wanted, value)


def _struct(cls: type, value: Value) -> Value:
    if not isinstance(value, dict):
        made = FROM[cls](value) if cls in FROM else None
        return None if made is None else _struct(cls, made)
    fields, found, strange = fields_of(cls), {}, {}
    for key, child in value.items():
        name = key if key in fields else renamed(cls, key)
        home = HOMES.get(cls, {}).get(plain_key(key)) if not name else None
        if home:
            name = home[0]
        if name and name not in found:
            found[name] = within(home[1:], child) if home else child
        else:
            strange[key] = child
    if strange:
        adopted = adopted_by(cls, strange)
        if adopted is None or adopted.keys() & found.keys():
            return None
        found |= adopted
    for name in [name for name, field in fields.items() if field.required and name not in found]:
        if name not in FILLS.get(cls, {}):
            return None
        found[name] = FILLS[cls][name]
    return _whole({name: mended_to(fields[name].type, child) for name, child in found.items()})


def _whole(found: dict[str, Value]) -> dict[str, Value] | None:
    """Return a mapping unless something in it could not be mended."""
    return None if None in found.values() else found


def adopted_by(cls: type, strange: Mapping[str, Value]) -> dict[str, Value] | None:
    """Return where keys belong that a kind does not have: tags of a selector, units of an override, versions of a channel."""
    selects = fields_of(Selector).keys()
    if cls is Selector and all(isinstance(one, str | list) for one in strange.values()):
        return {"tags": dict(strange)}
    if cls in {Override, Wave, WorkloadSpec} and all(key in selects or renamed(Selector, key) for key in strange):
        return {"units": dict(strange)}
    if cls is ChannelSpec and all(isinstance(one, str) for one in strange.values()):
        return {"versions": dict(strange)}
    return None


def _dict(wanted: inspect.DictType, value: Value) -> Value:
    if isinstance(value, dict):
        return _whole({key: mended_to(wanted.value_type, child) for key, child in value.items()})
    found: dict[str, Value] = {}
    for one in value if isinstance(value, list) else [value]:
        entry = _entry(wanted, one)
        if entry is None or entry[0] in found:
            return None
        found[entry[0]] = mended_to(wanted.value_type, entry[1])
    return _whole(found)


def _entry(wanted: inspect.DictType, value: Value) -> tuple[str, Value] | None:
    """Return key and value that an entry of a list stands for: `site=austin`, `{name: vision, version: v1}`, `{a: b}`."""
    if isinstance(value, str):
        said = EQUALS.fullmatch(value)
        if said is not None:
            return said[1], said[2]
        return (value, "*") if _is_tag(wanted) and re.fullmatch(r"\S+", value) else None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("unit"), str) and isinstance(value.get("workload"), str):
        rest = {key: child for key, child in value.items() if key not in {"unit", "workload"}}
        return value["unit"], {value["workload"]: rest.get("version", rest)}
    for name in ("name", "key", "workload", "unit", "id"):
        if isinstance(value.get(name), str):
            rest = {key: child for key, child in value.items() if key != name}
            alone = next(iter(rest.values())) if len(rest) == 1 else None
            short = alone if isinstance(alone, str) and next(iter(rest)) in {"value", "version"} else None
            return value[name], short if short is not None else rest
    ((key, child),) = value.items() if len(value) == 1 else (("", None),)
    return (key, child) if key else None


def _is_tag(wanted: inspect.DictType) -> bool:
    """Return whether values are texts to match, of which there may be several."""
    return {type(one) for one in members(wanted.value_type)} == {inspect.StrType, inspect.ListType}


def _list(wanted: inspect.ListType, value: Value) -> Value:
    if isinstance(value, list):
        return _every(mended_to(wanted.item_type, one) for one in value)
    alone = mended_to(wanted.item_type, value)
    if alone:
        return [alone]
    if not isinstance(value, dict):
        return None
    kinds = (one.cls for one in members(wanted.item_type) if isinstance(one, inspect.StructType))
    entry = next((ENTRIES[one] for one in kinds if one in ENTRIES), None)
    if entry is None:
        return None
    return _every(mended_to(wanted.item_type, entry(name, said)) for name, said in value.items())


def _every(found: Iterable[Value]) -> list[Value] | None:
    """Return a list unless something in it could not be mended."""
    some = list(found)
    return None if None in some else some


def _text(wanted: inspect.Type, value: Value) -> Value:
    """Return the text that is nearest to what was typed and fits."""
    if isinstance(value, dict):
        value = value.get("name") or value.get("version")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str) or not value.strip():
        return None
    return next((one for one in _near(value.strip()) if fits(one, wanted)), None)


def _near(text: str) -> Iterator[str]:
    yield text
    yield text.casefold()
    if text[0].isdigit():
        yield text.replace(" ", "")
        if not text.startswith("0."):  # a tenth of a percent, or a tenth?
            yield f"{text}%"
    if said := NUMBERED.fullmatch(text):
        yield f"{said[1]}{TIMES.get(said[2].casefold().removesuffix('s'), said[2])}"
    if day := re.fullmatch(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", text):
        yield f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}"
    if text[0].isalpha():
        yield re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")


def _selector(value: Value) -> Value:
    if isinstance(value, list):
        return (
            {"names": value}
            if all(isinstance(one, str) and not EQUALS.fullmatch(one) for one in value)
            else {"tags": value}
        )
    if value.casefold() in EVERY:
        return {"all": "true"}
    return {"tags": value} if EQUALS.fullmatch(value) else {"names": [value]}


def _suspend(value: Value) -> Value:
    if not isinstance(value, str) or value.casefold() in {"false", "no", "off"}:
        return None
    return {} if value.casefold() in EVERY else {"reason": value}


def _lone(key: str, **rest: str) -> Callable[[Value], Value]:
    def made(value: Value) -> Value:
        if isinstance(value, str) and isinstance(meant(value), bool):
            return None  # that there is such a thing says nothing of what it is
        return {key: value[0] if isinstance(value, list) and len(value) == 1 else value, **rest}

    return made


FROM: dict[type, Callable[[Value], Value]] = {
    Selector: _selector,
    Suspend: _suspend,
    Limits: _lone("remove"),
    Limit: _lone("percent"),
    Failure: _lone("percent"),
    Quarantine: _lone("version"),
    Window: _lone("allow"),
    WorkloadSpec: _lone("version"),
    Metadata: _lone("name"),
}
"""What stands for a whole mapping."""

ENTRIES: dict[type, Callable[[str, Value], Value]] = {
    Override: lambda name, said: {
        "units": {"names": [name]},
        **(said if isinstance(said, dict) else {"version": said}),
    },
    Quarantine: lambda name, said: {"workload": name, **(said if isinstance(said, dict) else {"version": said})},
}
"""What an entry of a mapping becomes that stands for a list."""

"""Explains why a value does not fit a kind: every finding, with its path, in words for people.

Used only when converting failed: converting stops at its first error, and people want them all at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from reconciler.core.names import suggestion
from reconciler.manifest.parsed import meant
from reconciler.manifest.read import AGAIN
from reconciler.model.connection import Secret
from reconciler.model.kind import ONE_LINE, SAID
from reconciler.model.origin import Path


class Misfit(msgspec.Struct, frozen=True):
    """One reason why a value does not fit. `typed` is what stands there instead, where that is one text."""

    path: Path
    code: str
    message: str
    hint: str = ""
    typed: str | None = None
    key: str = ""
    """The key that is missing there."""


@lru_cache(maxsize=64)
def type_of(kind: Any) -> inspect.Type:
    """Return what a kind is made of."""
    return inspect.type_info(kind)


def misfits(value: Any, kind: Any, path: Path) -> Iterator[Misfit]:
    """Yield every reason why a value (texts, lists, mappings) does not fit a kind. None was already complained about."""
    yield from _check(value, type_of(kind), path)


def fits(value: Any, wanted: inspect.Type) -> bool:
    """Return whether a value is of a type."""
    return not any(True for _ in _check(value, wanted, ()))


def _check(value: Any, wanted: inspect.Type, path: Path) -> Iterator[Misfit]:
    """Hold a value against what may stand there of its own shape; of several mappings or lists, against the first."""
    if value is None:
        return
    allowed = members(wanted)
    alike: list[Any] = [one for one in allowed if is_shape(value, one)]
    if not alike:
        yield _wrong_shape(path, value, allowed)
    elif isinstance(value, dict):
        yield from (_struct if isinstance(alike[0], inspect.StructType) else _dict)(value, alike[0], path)
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from _check(child, alike[0].item_type, (*path, position))
    elif not any(_fits(value, one) for one in alike):
        yield _wrong_text(path, value, allowed)


def _wrong_shape(path: Path, value: Any, allowed: Sequence[inspect.Type]) -> Misfit:
    if any(isinstance(one, inspect.StructType) and one.cls is Secret for one in allowed):
        hint = "write {env: NAME} or {file: PATH}; and if it was committed, revoke it"
        return Misfit(path, "secret-literal", f"{_name(path)} is written as a literal; secrets are references", hint)
    words = " or ".join(_words(one) for one in allowed)
    return Misfit(path, "wrong-type", f"{_name(path)} must be {words}, not a {shape_of(value)}")


def _wrong_text(path: Path, value: str, allowed: Sequence[inspect.Type]) -> Misfit:
    """Return that a text is none of what is allowed. A text of one line that would fit without what nobody sees says so."""
    lines = [one for one in allowed if isinstance(one, inspect.StrType) and one.pattern == ONE_LINE]
    if any(_string_fits(value, msgspec.structs.replace(one, pattern=None)) for one in lines):
        message = f"{_name(path)} must not have blanks around it, line breaks or control characters"
        return Misfit(path, "wrong-value", message, typed=value)
    words = " or ".join(dict.fromkeys(_words(one) for one in allowed))
    return Misfit(path, "wrong-value", f"{_name(path)} must be {words}", typed=value)


def members(wanted: inspect.Type) -> list[inspect.Type]:
    """Return the types that a value may have, without null and without what only documents them."""
    inner = bare(wanted)
    several = inner.types if isinstance(inner, inspect.UnionType) else (inner,)
    return [bare(one) for one in several if not isinstance(one, inspect.NoneType)]


def bare(wanted: inspect.Type) -> inspect.Type:
    """Return a type without what only documents it."""
    while isinstance(wanted, inspect.Metadata):
        wanted = wanted.type
    return wanted


def fields_of(cls: type) -> dict[str, inspect.Field]:
    """Return the keys of a kind."""
    found = type_of(cls)
    return {one.encode_name: one for one in found.fields} if isinstance(found, inspect.StructType) else {}


def is_shape(value: Any, one: inspect.Type) -> bool:
    """Return whether a value is a text, list or mapping as a type is."""
    if isinstance(value, dict):
        return isinstance(one, inspect.StructType | inspect.DictType)
    if isinstance(value, list):
        return isinstance(one, inspect.ListType)
    return not isinstance(one, inspect.StructType | inspect.DictType | inspect.ListType)


def _struct(value: dict[str, Any], wanted: Any, path: Path) -> Iterator[Misfit]:
    fields = fields_of(wanted.cls)
    for key, child in value.items():
        if key in fields:
            yield from _check(child, fields[key].type, (*path, key))
        elif wanted.cls is Secret:
            yield Misfit(
                path, "unknown-key", f"{_name(path)} has exactly one key: `env` (a variable) or `file` (a path)"
            )
        elif AGAIN not in key:
            near = suggestion(key, list(fields))
            yield Misfit((*path, key), "unknown-key", f"unknown key {key!r} in {_name(path)}{near}")
    for name, field in fields.items():
        if field.required and name not in value:
            yield Misfit(path, "missing-key", f"{_name(path)} needs {name!r}", key=name)


def _dict(value: dict[str, Any], wanted: Any, path: Path) -> Iterator[Misfit]:
    for key, child in value.items():
        if AGAIN in key:
            continue
        if not _fits(key, bare(wanted.key_type)):
            yield Misfit(
                (*path, key),
                "wrong-value",
                f"a key of {_name(path)} must be {_words(bare(wanted.key_type))}, not {key!r}",
            )
        yield from _check(child, wanted.value_type, (*path, key))


def _fits(text: str, wanted: inspect.Type) -> bool:
    if isinstance(wanted, inspect.StrType):
        return _string_fits(text, wanted)
    kinds: dict[type[inspect.Type], Any] = {inspect.IntType: int, inspect.FloatType: float, inspect.BoolType: bool}
    try:
        number = msgspec.convert(text, kinds[type(wanted)], strict=False)
    except msgspec.ValidationError:
        return False
    return isinstance(wanted, inspect.BoolType) or _in_range(number, wanted)


def _string_fits(text: str, wanted: inspect.StrType) -> bool:
    if wanted.min_length is not None and len(text) < wanted.min_length:
        return False
    if wanted.max_length is not None and len(text) > wanted.max_length:
        return False
    return wanted.pattern is None or re.search(wanted.pattern, text) is not None


def _in_range(number: float, wanted: Any) -> bool:
    return (
        (wanted.ge is None or number >= wanted.ge)
        and (wanted.gt is None or number > wanted.gt)
        and (wanted.le is None or number <= wanted.le)
        and (wanted.lt is None or number < wanted.lt)
    )


WORDS_ONLY = re.compile(r"\^\(?([a-z-]+(?:\|[a-z-]+)*)\)?\$\(\?!\\n\)")
"""A pattern that is nothing but a choice of words."""


def _words(wanted: inspect.Type) -> str:
    if isinstance(wanted, inspect.StrType):
        return _string_words(wanted)
    if isinstance(wanted, inspect.IntType | inspect.FloatType):
        return _number_words(wanted)
    if isinstance(wanted, inspect.BoolType):
        return "true or false"
    return "a list" if isinstance(wanted, inspect.ListType) else "a mapping"


def _string_words(wanted: inspect.StrType) -> str:
    pattern = wanted.pattern or ""
    words = WORDS_ONLY.fullmatch(pattern)
    if words is not None:
        *others, last = words[1].split("|")
        return f"{', '.join(others)} or {last}" if others else last
    if pattern.startswith("^([0-9]{1,9}|"):
        return "a percentage such as 10% or a number of devices"
    if pattern.startswith("^(100"):
        return "a percentage such as 10%"
    if "ms|s|m|h|d" in pattern:
        return "a duration such as 30s or 2h"
    if "[0-9]{4}-" in pattern:
        return "a date such as 2026-12-01"
    if "{24}" in pattern:
        return "an id of 24 hex digits"
    if "A-Za-z0-9" in pattern:
        return "a name (letters, digits, '.', '_', '-')"
    if pattern == SAID:
        return "a text that is not blank"
    if pattern and pattern != ONE_LINE:
        return f"a text that matches {pattern}"
    if not wanted.min_length:
        return "a text"
    return "a text that is not empty" if wanted.max_length is None else f"a text of 1 to {wanted.max_length} characters"


def _number_words(wanted: inspect.IntType | inspect.FloatType) -> str:
    name = "a whole number" if isinstance(wanted, inspect.IntType) else "a number"
    low = wanted.ge if wanted.ge is not None else wanted.gt
    if wanted.le is not None:
        return f"{name} from {low:,} to {wanted.le:,}"
    return name if low is None else f"{name} of at least {low:,}"


def shape_of(value: Any) -> str:
    """Return what a value is, in a word for people."""
    if isinstance(value, dict):
        return "mapping"
    if isinstance(value, list):
        return "list"
    sense = meant(value)
    return "boolean" if isinstance(sense, bool) else "text" if isinstance(sense, str) else "number"


def _name(path: Path) -> str:
    """Return a path as people write it: `spec.workloads.vision.overrides[2]`."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.lstrip(".") or "the document"

"""What people write out of habit, and what is written here instead: the right form behind a finding.

What stands there is mended where that gives something that fits; otherwise an example is shown, which always does.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import inspect

from reconciler.manifest.accept import Misfit, fields_of, members, type_of
from reconciler.manifest.files import SENSITIVE
from reconciler.manifest.idioms import ELSEWHERE, EXAMPLES, HOMES, WORDS
from reconciler.manifest.layout import Value, flow
from reconciler.manifest.mend import adopted_by, member, mended_to, plain_key, renamed, within
from reconciler.manifest.parsed import meant

LONGEST = 160
"""Characters of a form that is proposed; of a longer one an example says more."""
FEW = 8
NUMBERS = re.compile(r'"([0-9][0-9A-Za-z.+-]*)"')


def advice(kind: Any, value: Value, misfit: Misfit) -> str:
    """Return how to write right what does not fit a kind; `value` is the whole of it. Nothing where nobody knows."""
    if not misfit.path[1:] and not misfit.key:
        whole = mended_to(type_of(kind), value)
        return "" if whole is None else f"write `{_shown(str(misfit.path[0]), whole)}`"
    cls, key, there = _place(kind, value, misfit)
    if cls is None:
        return ""
    fields = fields_of(cls)
    if key in fields:
        return _form(cls, key, there, fields[key].type)
    alien = plain_key(key)
    if alien in ELSEWHERE:
        return ELSEWHERE[alien]
    home = HOMES.get(cls, {}).get(alien) or ((found,) if (found := renamed(cls, key)) else ())
    if home:
        return _form(cls, home[0], within(home[1:], there), fields[home[0]].type)
    adopted = adopted_by(cls, {key: there})
    if adopted is not None:
        ((name, inner),) = adopted.items()
        return _form(cls, name, inner, fields[name].type)
    return f"it has: {', '.join(fields)}" if len(fields) > FEW else ""  # few ones stand in the message


def _form(cls: type, key: str, value: Value, wanted: inspect.Type) -> str:
    """Return how to write a key of a kind: with what stands there, mended, else by an example."""
    if isinstance(value, str) and (said := WORDS.get(cls, {}).get((key, value.casefold()))):
        return said
    mended = None if value is None else mended_to(wanted, value)
    if mended is not None:
        text = _shown(key, _typed(wanted, mended))
        if len(text) <= LONGEST and not SENSITIVE.search(text):
            return f"write `{text}`"
    return f"for example `{_shown(key, EXAMPLES[cls][key])}`" if key in EXAMPLES.get(cls, {}) else ""


def _shown(key: str, value: Value) -> str:
    """Return a key with its value as people write them: what begins with a digit needs no quotes here."""
    written = NUMBERS.sub(r"\1", flow(value))
    return f"{key}: {written}"


def _typed(wanted: inspect.Type, value: Value) -> Value:
    """Return a value that fits with its booleans and numbers as such, so that they are written without quotes."""
    if {type(one) for one in members(wanted)} >= {inspect.StrType, inspect.IntType}:  # either is as good as a text
        return meant(value)
    wanted = member(wanted, value)
    if isinstance(wanted, inspect.StructType):
        fields = fields_of(wanted.cls)
        return {key: _typed(fields[key].type, child) for key, child in value.items()}
    if isinstance(wanted, inspect.DictType):
        return {key: _typed(wanted.value_type, child) for key, child in value.items()}
    if isinstance(wanted, inspect.ListType):
        return [_typed(wanted.item_type, child) for child in value]
    return meant(value) if isinstance(wanted, inspect.BoolType | inspect.IntType) else value


def _place(kind: Any, value: Value, misfit: Misfit) -> tuple[type | None, str, Value]:
    """Return the innermost kind on the way to a misfit, the key there, and what stands at it."""
    wanted = type_of(kind)
    found: tuple[type | None, str, Value] = (None, "", None)
    for step in (*misfit.path[1:], *([misfit.key] if misfit.key else [])):
        wanted = member(wanted, value)
        if isinstance(wanted, inspect.StructType):
            value = value.get(step) if isinstance(value, dict) else None
            found = (wanted.cls, str(step), value)
            field = fields_of(wanted.cls).get(str(step))
            if field is None:
                return found
            wanted = field.type
        elif isinstance(wanted, inspect.DictType):
            value = value.get(step) if isinstance(value, dict) else None
            wanted = wanted.value_type
        elif isinstance(wanted, inspect.ListType) and isinstance(value, list) and isinstance(step, int):
            value, wanted = value[step], wanted.item_type
        else:
            break
    return found

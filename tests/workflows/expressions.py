"""Expressions of GitHub Actions, as far as our workflows use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<op>&&|\|\||==|!=|!|\(|\))|(?P<name>[A-Za-z_][\w.-]*(?:\(\))?)|(?P<number>\d+))"
)
_WORDS = {"&&": " and ", "||": " or ", "!": " not ", "true": "True", "false": "False", "null": "None"}
Contexts = Mapping[str, Any]


def evaluate(expression: str, contexts: Contexts) -> Any:
    """Return what an expression comes to; a name that is not there is an empty string, as on GitHub."""
    source, place = "", 0
    values: list[Any] = []
    expression = expression.strip()
    while place < len(expression):
        found = _TOKEN.match(expression, place)
        assert found, f"not understood: {expression[place:]}"
        place = found.end()
        token = found.group().strip()
        if found["text"]:
            source += f"v[{len(values)}]"
            values.append(token[1:-1].replace("''", "'"))
        elif found["name"] and token not in _WORDS:
            source += f"v[{len(values)}]"
            values.append(_looked_up(token, contexts))
        else:
            source += _WORDS.get(token, token)
    return eval(source, {"__builtins__": {}}, {"v": values})


def _looked_up(name: str, contexts: Contexts) -> Any:
    value: Any = contexts
    for part in name.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return value


def filled(text: Any, contexts: Contexts) -> Any:
    """Return a value with its `${{ }}` filled in."""
    if not isinstance(text, str):
        return text
    whole = re.fullmatch(r"\$\{\{(.*?)\}\}", text, re.DOTALL)
    if whole:
        return evaluate(whole[1], contexts)
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(evaluate(found[1], contexts)), text)


def passes(condition: str | None, contexts: Contexts, *, good: bool) -> bool:
    """Return whether a job or a step runs: without a word on failures, only after success."""
    if condition is None:
        return good
    condition = re.sub(r"^\$\{\{|\}\}$", "", condition.strip())
    states = {"always()": True, "failure()": not good, "success()": good}
    asked = bool(evaluate(condition, {**contexts, **states}))
    return asked and (good or any(name in condition for name in states))

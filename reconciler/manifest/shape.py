"""Why a JSON document that this program once wrote no longer fits its schema: jsonschema's findings, in words.

Only for explaining a refusal; reading itself goes through the types.
"""

from __future__ import annotations

import json
from typing import Any

from reconciler.manifest.schema import find

MOST = 5


def explain(name: str, content: bytes) -> str:
    """Return what is wrong with a document held against a schema such as `plan.v1`, a line each; nothing if it fits."""
    from jsonschema import Draft202012Validator  # slow to load, and seldom needed

    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    schema = json.loads(find(name).read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda error: list(map(str, error.path)))
    lines = [f"{_path(error.absolute_path)}: {error.message[:200]}" for error in errors[:MOST]]
    more = [f"and {len(errors) - MOST:,} more"] if len(errors) > MOST else []
    return "\n".join([*lines, *more])


def _path(steps: Any) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".") or "the document"

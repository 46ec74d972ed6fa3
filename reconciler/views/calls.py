"""The calls of a plan in the order they go, calls that differ only in their units gathered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from reconciler.model.change import Action, Change
from reconciler.views.clean import clean
from reconciler.views.words import count

FEW = 3
"""Entries of a list in a request's body that are shown."""


class Calls(msgspec.Struct, frozen=True):
    """Calls that follow each other and differ only in lists of ids. `body` is what each sends, shortened.

    `stage` counts the stages of this plan from 1: calls of a stage go once those of the stage before were answered.
    """

    call: str
    method: str
    path: str
    body: str
    stage: int
    wide: bool
    idempotent: bool
    number: int
    changes: tuple[Change, ...]


def ordered(actions: Iterable[Action]) -> list[Action]:
    """Return calls as they go: stage by stage, within a stage as compiled."""
    return sorted(actions, key=lambda action: action.stage)


def gathered(actions: Sequence[Action], changes: tuple[Change, ...], *, apart: bool = False) -> list[Calls]:
    """Return the calls in order; with `apart` each by itself, otherwise neighbours of one kind as one entry."""
    runs: list[list[Action]] = []
    for action in ordered(actions):
        if runs and not apart and _kind(runs[-1][0]) == _kind(action):
            runs[-1].append(action)
        else:
            runs.append([action])
    stages = sorted({action.stage for action in actions})
    return [_calls(run, changes, 1 + stages.index(run[0].stage)) for run in runs]


def _kind(action: Action) -> tuple[Any, ...]:
    request = action.request
    return (
        action.call,
        request.method,
        request.path,
        _outline(request.body),
        action.stage,
        action.wide,
        action.idempotent,
    )


def _outline(body: object) -> str:
    """Return a body's text with every list of ids emptied."""
    if isinstance(body, dict):
        return repr({key: [] if isinstance(value, list) else value for key, value in body.items()})
    return repr(body)


def _calls(run: list[Action], changes: tuple[Change, ...], stage: int) -> Calls:
    first = run[0]
    return Calls(
        call=first.call,
        method=first.request.method,
        path=first.request.path,
        body=body_text(first.request.body, alone=len(run) == 1),
        stage=stage,
        wide=first.wide,
        idempotent=first.idempotent,
        number=len(run),
        changes=tuple(changes[slot] for action in run for slot in action.slots),
    )


def body_text(body: object, *, alone: bool) -> str:
    """Return a request's body as JSON on one cleaned line, long lists shortened; empty for none.

    Not `alone`: it stands for several calls, whose lists differ, so that only their first entries are shown.
    """
    if body is None:
        return ""
    if not isinstance(body, dict):
        return clean(_json(body))
    return f"{{{', '.join(f'{clean(_json(key))}: {_value(value, alone=alone)}' for key, value in body.items())}}}"


def _value(value: object, *, alone: bool) -> str:
    if not isinstance(value, list):
        return clean(_json(value))
    shown = ", ".join(clean(_json(entry)) for entry in value[:FEW])
    if alone and len(value) <= FEW:
        return f"[{shown}]"
    return f"[{shown}, … {f'{len(value) - FEW:,} more' if alone else 'more'}]"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def notes(calls: Calls) -> Iterator[str]:
    """Yield what a person must know besides about these calls."""
    if calls.wide:
        yield (
            f"without ids: it goes only if a count read right before equals its {count(len(calls.changes), 'slot')}, "
            "otherwise unit by unit"
        )
    if not calls.idempotent:
        yield "not repeated when its answer is lost: what it did is read back"

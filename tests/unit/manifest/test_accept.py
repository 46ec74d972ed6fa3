"""Why values do not fit a kind: every reason, in words for people."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from reconciler.manifest.accept import misfits
from reconciler.model.connection import Requests, Secret
from reconciler.model.fleet import Choice, FleetSpec, Limit, Suspend, WorkloadSpec
from reconciler.model.kind import Metadata


class Measured(msgspec.Struct):
    """A number with one bound only, and one with none: no kind has them today."""

    above: Annotated[float, msgspec.Meta(gt=1)] = 2.0
    any: int = 0


def said(value: Any, kind: Any) -> list[str]:
    return [
        f"{one.message}{'' if one.typed is None else f', not {one.typed!r}'}" for one in misfits(value, kind, ("spec",))
    ]


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("x", Choice, ["spec must be a mapping, not a text"]),
        ("true", Choice, ["spec must be a mapping, not a boolean"]),
        ("10", Choice, ["spec must be a mapping, not a number"]),
        ({"version": ["v1"]}, Choice, ["spec.version must be a text of 1 to 255 characters or a mapping, not a list"]),
        ({"version": "v" * 256}, Choice, [f"spec.version must be a text of 1 to 255 characters or a mapping, not '{'v' * 256}'"]),
        ({"version": {"chanel": "x"}}, Choice, [
            "unknown key 'chanel' in spec.version; did you mean 'channel'?", "spec.version needs 'channel'",
        ]),
        ({"absent": "yes"}, Choice, ["spec.absent must be true or false, not 'yes'"]),
        ({"settings": {"": "x", "y": []}}, Choice, [
            "a key of spec.settings must be a text that is not empty, not ''",
            "spec.settings.y must be a text or a whole number or a number or true or false, not a list",
        ]),
        ({"order": "calver"}, WorkloadSpec, ["spec.order must be semver, not 'calver'"]),
        ({"id": {}}, WorkloadSpec, ["spec.id must be a text that is not empty, not a mapping"]),
        ({"name": "a", "labels": ["x"]}, Metadata, ["spec.labels must be a mapping, not a list"]),
        ({"concurrency": "many", "timeout": "30"}, Requests, [
            "spec.concurrency must be a whole number from 1 to 64, not 'many'", "spec.timeout must be a duration such as 30s or 2h, not '30'",
        ]),
        ({"reason": ""}, Suspend, ["spec.reason must be a text that is not blank, not ''"]),
        ({"percent": "ten"}, Limit, ["spec.percent must be a percentage such as 10%, not 'ten'"]),
        ({"value": "x"}, Secret, ["spec has exactly one key: `env` (a variable) or `file` (a path)"]),
        (["x"], Secret, ["spec is written as a literal; secrets are references"]),
        ({"above": "1", "any": "x"}, Measured, ["spec.above must be a number of at least 1, not '1'", "spec.any must be a whole number, not 'x'"]),
        ({"above": "nan"}, Measured, ["spec.above must be a number of at least 1, not 'nan'"]),
    ],
)  # fmt: skip
def test_every_reason_in_words(value: Any, kind: Any, words: list[str]) -> None:
    assert said(value, kind) == words


def test_what_was_told_before_is_not_told_again() -> None:
    assert said({"version": None}, Choice) == []
    assert said({"version": "v1", "version\0": "v2", "x\0": "y"}, Choice) == []
    assert said({"settings": {"a": "x", "a\0": []}}, Choice) == []


def test_all_of_a_fleet_in_one_go() -> None:
    fleet = {
        "conection": "plant",
        "units": {"names": "gw-*"},
        "workloads": {"a": [], "b": {"overrides": [{"version": "v1"}, []]}},
    }
    assert said(fleet, FleetSpec) == [
        "unknown key 'conection' in spec; did you mean 'connection'?",
        "spec.units.names must be a list, not a text",
        "spec.workloads.a must be a text of 1 to 255 characters or a mapping, not a list",
        "spec.workloads.b.overrides[0] needs 'units'",
        "spec.workloads.b.overrides[1] must be a mapping, not a list",
        "spec needs 'connection'",
    ]

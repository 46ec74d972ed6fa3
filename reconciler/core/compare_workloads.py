"""Workloads of a fleet under another key: the same id on both sides of a comparison is the same workload, with another name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.fleet import FleetSpec

Spec = dict[str, Any]
"""A fleet's spec as plain values."""


def renamed(left: FleetSpec, right: FleetSpec) -> dict[str, str]:
    """Return the later key of each workload that has another one by now: known by its id, and by nothing else on either side."""
    before, after = _keys(left), _keys(right)
    return {
        key: after[one]
        for one, key in before.items()
        if after.get(one, key) != key and after[one] not in left.workloads and key not in right.workloads
    }


def _keys(spec: FleetSpec) -> dict[str, str]:
    return {one.id: key for key, one in spec.workloads.items() if one.id is not None}


def called(spec: Spec, names: Mapping[str, str]) -> Spec:
    """Return a spec in which workloads have their later keys, wherever they are named."""
    if not names:
        return spec

    def rekeyed(table: Mapping[str, Any]) -> Spec:
        return {names.get(key, key): value for key, value in table.items()}

    found: Spec = {
        key: [_about(one, names) for one in value] if isinstance(value, list) else value for key, value in spec.items()
    }
    found["workloads"] = {
        key: {inner: rekeyed(value) if inner == "requires" else value for inner, value in one.items()}
        for key, one in rekeyed(spec["workloads"]).items()
    }
    if "pins" in spec:
        found["pins"] = {unit: rekeyed(wanted) for unit, wanted in spec["pins"].items()}
    return found


def _about(one: Any, names: Mapping[str, str]) -> Any:
    """Return an entry of a list that is about a workload (`quarantine`, `allow`), with its later key."""
    if not isinstance(one, Mapping) or one.get("workload") not in names:
        return one
    return {**one, "workload": names[one["workload"]]}

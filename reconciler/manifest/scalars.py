"""Texts that mean numbers: settings, where a manifest takes any scalar and its type counts.

Everything is read as text, so that `1.10` stays what was typed. In settings, what is written without quotes and is a
number or boolean in YAML 1.2 becomes one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from reconciler.manifest.parsed import Parsed
from reconciler.model.desired import Scalar
from reconciler.model.fleet import Choice, FleetSpec
from reconciler.model.origin import Path

BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
BROKEN = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")


def settle(spec: FleetSpec, parsed: Parsed) -> None:
    """Give the settings of a fleet just converted their types. `parsed` is the document it was converted from."""
    if "settings" not in parsed.text.text:
        return
    for path, choice in _choices(spec):
        for name, value in choice.settings.items():
            if isinstance(value, str) and parsed.is_bare((*path, "settings", name)):
                choice.settings[name] = meant(value)


def _choices(spec: FleetSpec) -> Iterator[tuple[Path, Choice]]:
    for name, workload in spec.workloads.items():
        yield ("spec", "workloads", name), workload
        for position, override in enumerate(workload.overrides):
            yield ("spec", "workloads", name, "overrides", position), override
    for unit, pins in spec.pins.items():
        for name, pin in pins.items():
            if not isinstance(pin, str):
                yield ("spec", "pins", unit, name), pin


def meant(text: str) -> Scalar:
    """Return what a text without quotes means: a boolean, a number that a computer can hold exactly enough, or itself."""
    if text in BOOLEANS:
        return BOOLEANS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if BROKEN.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text

"""The fields of bodies. Each reader raises a 400 `Refusal` whose message names the field; unknown fields are ignored.

The reference publishes no schemas for updates (confirmed: SW); limits of identifiers are those of SW info and MDX
docs/platform/software-version-hardware-version.mdx.
"""

import re
from collections.abc import Mapping

from reconciler.simulators.exchange import Json
from reconciler.simulators.memfault.refusals import malformed

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,128}")
VERSION = re.compile(r"[-a-zA-Z0-9_.+:\\()\[\]/ ]{1,128}")

Body = Mapping[str, Json]


def text(body: Body, name: str, default: str = "") -> str:
    """A text; an absent one is the default."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise malformed(f"{name} must be a string")
    return value


def required(body: Body, name: str, pattern: re.Pattern[str] = VERSION) -> str:
    """A text that must be there and be a name of that pattern."""
    value = text(body, name)
    if not pattern.fullmatch(value):
        raise malformed(f"{name} is required, and takes 1 to 128 letters, digits and the marks of a name")
    return value


def flag(body: Body, name: str, default: bool) -> bool:
    """A boolean; an absent one is the default."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise malformed(f"{name} must be a boolean")
    return value


def percent(body: Body, name: str) -> int:
    """A whole percentage, 0 to 100."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100:
        raise malformed(f"{name} must be a whole number from 0 to 100")
    return value

"""What everything in a manifest is built from: the base of its kinds, and texts of a certain form.

Durations are texts like `30m` or `2h`; percentages texts like `10%`; times UTC dates or date-times.
"""

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec

Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$(?!\n)",
        description="A name: letters, digits, `.`, `_`, `-`; at most 253.",
    ),
]
ONE_LINE = r"^(?!\s)[^\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+(?<!\s)$(?!\n)"
"""No blanks around it, no line breaks, no characters that nobody sees: two names that look the same are the same."""
LONGEST_VERSION = 255
Version = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=LONGEST_VERSION,
        pattern=ONE_LINE,
        description='A version, exactly as typed: `1.10` is "1.10". No blanks around it, line breaks or control characters.',
    ),
]
Text = Annotated[str, msgspec.Meta(min_length=1)]
SAID = r"\S"
Why = Annotated[str, msgspec.Meta(pattern=SAID, description="What people read later: not blank.")]
Percent = Annotated[
    str, msgspec.Meta(pattern=r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$(?!\n)", description="A percentage, `10%`.")
]
Amount = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9]{1,9}|(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%)$(?!\n)",
        description="A percentage, `10%`, or a number of devices, `25`.",
    ),
]
Duration = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$(?!\n)", description="A duration, `30s`, `5m`, `2h`, `1d`."
    ),
]
Day = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$(?!\n)",
        description="A date (00:00 UTC of that day) or a date and time (UTC unless it says otherwise). That moment is no longer included.",
    ),
]
Count = Annotated[int, msgspec.Meta(ge=0, le=999_999_999)]


def is_one_line(text: str) -> bool:
    """Return whether a text has no blanks around it, no line breaks and nothing that nobody sees."""
    return re.search(ONE_LINE, text) is not None


def is_version(text: str) -> bool:
    """Return whether a version that a platform has can stand in a manifest."""
    return len(text) <= LONGEST_VERSION and is_one_line(text)


def in_words(value: object) -> str:
    """Return what stands in a manifest, as plain values, on one line."""
    if isinstance(value, Mapping):
        return " ".join(f"{key} {in_words(inner)}" for key, inner in value.items())
    return ", ".join(map(in_words, value)) if isinstance(value, list) else str(value)


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything in a manifest: unknown keys are errors."""


class Metadata(Kind, frozen=True, kw_only=True):
    """Who a document is."""

    name: Name
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

"""What git says a slot should be: a version (with settings), absent, or unmanaged."""

from enum import StrEnum

import msgspec

Scalar = str | int | float | bool
Settings = tuple[tuple[str, Scalar], ...]
"""Platform settings of an assignment, sorted by key."""


class Want(StrEnum):
    """The three things git can say of a slot."""

    VERSION = "version"
    ABSENT = "absent"
    UNMANAGED = "unmanaged"


class Desired(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What one slot should be. `version` is set exactly when `want` is VERSION; versions are opaque strings."""

    want: Want
    version: str | None = None
    settings: Settings = ()

    def __str__(self) -> str:
        """Return the version, or `absent` / `unmanaged`."""
        return self.version if self.version is not None else self.want.value


ABSENT = Desired(Want.ABSENT)
UNMANAGED = Desired(Want.UNMANAGED)


def version(name: str, settings: Settings = ()) -> Desired:
    """Return that a slot is to have this version."""
    return Desired(Want.VERSION, name, settings)

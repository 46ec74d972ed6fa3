"""Whether a running watch does what it is there for."""

from enum import StrEnum

import msgspec


class Why(StrEnum):
    """What is wrong."""

    NOTHING = "nothing"
    STUCK = "stuck"
    NO_MANIFESTS = "no-manifests"
    NOT_PASSED = "no-pass"
    UNREAD = "unread"
    NO_DATABASE = "no-database"


class Finding(msgspec.Struct, frozen=True):
    """Whether all is well; if not, `why`, and for how many seconds nothing was seen of what is missing."""

    well: bool
    why: Why = Why.NOTHING
    seconds: float = 0.0

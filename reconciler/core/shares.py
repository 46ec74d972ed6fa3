"""Shares of a unit's devices, where the platform stages a version within a unit (`Staging`)."""

from __future__ import annotations

import msgspec

from reconciler.core.waves import WHOLE
from reconciler.model.change import Change, Staging
from reconciler.model.desired import Settings


def share_of(settings: Settings, staging: Staging | None) -> int:
    """Return the percent of a unit's devices that settings are about."""
    value = WHOLE if staging is None else dict(settings).get(staging.setting, WHOLE)
    return min(value, WHOLE) if isinstance(value, int) else WHOLE


def besides(settings: Settings, staging: Staging | None) -> Settings:
    """Return settings without the one that stages."""
    return settings if staging is None else tuple(one for one in settings if one[0] != staging.setting)


def asked(change: Change, staging: Staging | None) -> Change:
    """Return a change as the calls of now are to have it: to the share at which its wave stops."""
    if staging is None or change.share is msgspec.UNSET:
        return change
    settings = (*besides(change.settings, staging), (staging.setting, change.share))
    return msgspec.structs.replace(change, settings=tuple(sorted(settings)))

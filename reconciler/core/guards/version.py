"""Vetoes about the version that git asks for: whether it can be had, and whether the unit can take it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.guards.case import Case
from reconciler.core.versions import older
from reconciler.model.hold import Hold, HoldReason


def veto(case: Case) -> Iterator[Hold]:
    """Yield why a version cannot be had: forbidden, not found, not looked up, or not released."""
    if case.version is None:
        return
    info = case.info
    if info.forbidden:
        yield Hold(HoldReason.VERSION_FORBIDDEN, info.forbidden)
    elif info.found is None:
        yield Hold(HoldReason.VERSION_UNKNOWN, info.detail)
    elif not info.found:
        yield Hold(HoldReason.VERSION_NOT_FOUND, info.detail)
    elif not info.released:
        yield Hold(HoldReason.VERSION_NOT_RELEASED, info.detail)


def veto_unit(case: Case) -> Iterator[Hold]:
    """Yield why a unit cannot take any version, or not this one."""
    if not case.assignable:
        yield Hold(HoldReason.UNASSIGNABLE)
    minimum = case.info.minimum_agent
    if minimum is not None and case.agent is not None and older(case.agent, minimum):
        yield Hold(HoldReason.AGENT_TOO_OLD, needs=minimum, has=case.agent)

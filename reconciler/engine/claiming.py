"""One process acts on an application: what keeps two that share a history apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

from reconciler.core.decide import PlanRequest
from reconciler.engine.group import Group, Open
from reconciler.errors import PlatformError, SettingsError
from reconciler.model.memory import Holder
from reconciler.model.quantity import iso
from reconciler.ports import History


class Claiming:
    """What a watch has of applications, and what others have: `theirs`, by the name of the connection."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.theirs: dict[str, Holder] = {}

    def take(
        self, request: PlanRequest, groups: Sequence[Group], open_: Open, fleets: Collection[str]
    ) -> Iterator[tuple[str, str]]:
        """Take the applications of these fleets; yield what is new of that, as level and message."""
        before, self.theirs = self.theirs, claimed(request, groups, open_, self._history, fleets)
        for connection in {**before, **self.theirs}:
            holder = self.theirs.get(connection)
            if holder is None:
                yield "info", f"nobody else acts on the connection {connection} any more"
            elif holder != before.get(connection):
                yield "warning", f"nothing is sent: {acts(holder, connection)}"


def claimed(
    request: PlanRequest, groups: Sequence[Group], open_: Open, history: History, fleets: Collection[str]
) -> dict[str, Holder]:
    """Take the applications of these fleets for this process; return who else acts on them, by connection.

    Connections that are tied together are taken together, or not at all.
    """
    found: dict[str, Holder] = {}
    acting = {request.manifest.fleets[name].spec.connection for name in fleets}
    for group in groups:
        if acting.intersection(group.asked):
            holder = history.claim([*_targets(group, open_)])
            if holder is not None:
                found |= dict.fromkeys(group.asked, holder)
    return found


def acts(holder: Holder, connection: str) -> str:
    """Return that somebody else acts on a connection, as people read it."""
    process = f"process {holder.process}" if holder.process else "another process"
    where = f" on {holder.host}" if holder.host else ""
    return (
        f"{process}{where} acts on the connection {connection}{f' since {iso(holder.since)}' if holder.since else ''}"
    )


def _targets(group: Group, open_: Open) -> Iterator[str]:
    for name in group.asked:
        with suppress(PlatformError, SettingsError):  # said when it is read
            yield open_(name).identity

"""One API call on its way through an endpoint, and the commands that devices take.

A command to a device that is offline is lost (confirmed: sse.md), and so is, by inference, one that the device refuses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.simulators.exchange import Json, json_object
from reconciler.simulators.getapp.access import refused
from reconciler.simulators.getapp.agents import Agents, NotAllowed
from reconciler.simulators.getapp.catalog import DELIVERY, Release
from reconciler.simulators.getapp.fleet import Device
from reconciler.simulators.getapp.world import GetAppWorld
from reconciler.simulators.routes import Call as AnyCall

Command: TypeAlias = Callable[[Agents, Device, Release], None]

_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Call(AnyCall[GetAppWorld]):
    """A call of an agent or of the server."""

    def values(self, name: str) -> list[str]:
        """All values of a query parameter that may be repeated."""
        return [value for key, value in self.request.query if key == name]

    def flag(self, name: str) -> bool:
        """A boolean query parameter, false where it is absent; 400 for anything but true and false."""
        text = next(iter(self.values(name)), "false")
        if text not in _FLAGS:
            raise refused(400, f"query parameter {name} must be true or false")
        return _FLAGS[text]

    def body(self) -> dict[str, Json] | None:
        """The body as an object; None where it is none."""
        return json_object(self.request.body)

    def release(self) -> Release | None:
        """The release that the path names."""
        return self.world.fleet.catalog.releases.get(self.path["catalog_id"])


def pause_delivery(agents: Agents, device: Device, release: Release) -> None:
    """Pause a download, and nothing else."""
    _only_delivery(agents, device, release)
    agents.pause(device, release)


def cancel_delivery(agents: Agents, device: Device, release: Release) -> None:
    """Cancel a download, and nothing else."""
    _only_delivery(agents, device, release)
    agents.cancel(device, release)


def _only_delivery(agents: Agents, device: Device, release: Release) -> None:
    held = device.rows.get(release.id)
    if held is None or agents.fleet.seen(held).state != DELIVERY:
        raise NotAllowed(f"{release.id} is not being downloaded")


def carry_out(call: Call, command: Command, device: Device, found: Release) -> str | None:
    """Let a device do something, later where the call is struck by lag; say why it does not."""

    def now() -> str | None:
        try:
            command(call.world.agents, device, found)
        except NotAllowed as refusal:
            return str(refusal)
        return None

    def late() -> None:
        if device.online:
            now()

    if call.lag:
        call.world.fleet.later(call.world.faults.lag_for, late)
        return None
    return now()

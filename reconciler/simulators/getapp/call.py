"""One API call on its way through an endpoint: its parameters, the world it meets, and which faults bend it."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from reconciler.simulators.exchange import Json, Request
from reconciler.simulators.getapp.catalog import Release
from reconciler.simulators.getapp.refusals import refused
from reconciler.simulators.getapp.world import GetAppWorld

_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Call:
    """`path` holds the parts of the path that a route names; `partial` and `lag` say that those faults strike."""

    request: Request
    path: Mapping[str, str]
    world: GetAppWorld
    partial: bool = False
    lag: bool = False

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
        try:
            return msgspec.json.decode(self.request.body, type=dict[str, Json])
        except msgspec.MsgspecError:
            return None

    def release(self) -> Release | None:
        """The release that the path names."""
        return self.world.fleet.catalog.releases.get(self.path["catalog_id"])

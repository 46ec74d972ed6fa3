"""One API call on its way through an endpoint: its parameters and body, the world it meets, which faults bend it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from reconciler.simulators.exchange import Json, Reply, Request, json_reply
from reconciler.simulators.memfault.inventory import Cohort, Deployment, Device, Release
from reconciler.simulators.memfault.listing import DeviceListings, listing
from reconciler.simulators.memfault.parameters import NUMBER, Parameters
from reconciler.simulators.memfault.project import Project
from reconciler.simulators.memfault.refusals import malformed, not_found
from reconciler.simulators.memfault.variants import Variants
from reconciler.simulators.memfault.world import MemfaultWorld

NO_CONTENT = Reply(204, b"", {})


@dataclass(frozen=True, slots=True)
class Call:
    """`path` holds the parts of the path that a route names; `partial` and `lag` say that those faults strike."""

    request: Request
    path: Mapping[str, str]
    world: MemfaultWorld
    listings: DeviceListings
    partial: bool = False
    lag: bool = False
    parameters: Parameters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", Parameters(self.request.query))

    @property
    def project(self) -> Project:
        """The project that is called."""
        return self.world.project

    @property
    def variants(self) -> Variants:
        """How the project answers what is not known."""
        return self.world.project.variants

    def body(self) -> dict[str, Json]:
        """The body, which must be a JSON object."""
        try:
            return msgspec.json.decode(self.request.body, type=dict[str, Json])
        except msgspec.MsgspecError:
            raise malformed("the body must be a JSON object") from None

    def commit(self, effect: Callable[[], None], *, later: bool = False) -> None:
        """Have an effect happen: now, or after a while where the fault `lag` or a variant says so."""
        self.project.later(self.world.faults.lag_for if later or self.lag else 0, effect)

    def page(self, rows: list[Json]) -> Reply:
        """One page of these rows."""
        return listing(rows, self.parameters, self.variants)

    def created(self, payload: Json) -> Reply:
        """The answer to a create; its status is a variant."""
        return json_reply(int(self.variants["create-status"]), {"data": payload})

    # --- what the path names ------------------------------------------------------------------------------------------

    def release(self) -> Release:
        """The full release of the path; 404."""
        found = self.project.release(self.path["release"])
        if found is None:
            raise not_found(f"Release {self.path['release']!r}")
        return found

    def cohort(self) -> Cohort:
        """The cohort of the path; 404."""
        return self.cohort_of(self.path["cohort"])

    def cohort_of(self, text: Json) -> Cohort:
        """The cohort of a slug or an id; 404."""
        found = self.project.cohort(text)
        if found is None:
            raise not_found(f"Cohort {text!r}")
        return found

    def device(self) -> Device:
        """The device of the path; 404."""
        return self.device_of(self.path["device"])

    def device_of(self, serial: str) -> Device:
        """The device of a serial; 404."""
        found = self.project.devices.get(serial)
        if found is None:
            raise not_found(f"Device {serial!r}")
        return found

    def deployment(self) -> Deployment:
        """The deployment of the path; 404."""
        text = self.path["deployment"]
        found = self.project.deployments.get(int(text)) if NUMBER.fullmatch(text) else None
        if found is None:
            raise not_found(f"Deployment {text!r}")
        return found


def data(payload: Json) -> Reply:
    """A single object in its envelope."""
    return json_reply(200, {"data": payload})

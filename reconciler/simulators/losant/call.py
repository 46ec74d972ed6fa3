"""One API call on its way through an endpoint: its parameters, the world it meets, and which faults bend it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.simulators.exchange import Request
from reconciler.simulators.losant.inventory import Flow
from reconciler.simulators.losant.listing import Listings
from reconciler.simulators.losant.parameters import OBJECT_ID, Parameters
from reconciler.simulators.losant.refusals import malformed, not_found
from reconciler.simulators.losant.world import LosantWorld


@dataclass(frozen=True, slots=True)
class Call:
    """`path` holds the parts of the path that a route names; `partial` and `lag` say that those faults strike."""

    request: Request
    path: Mapping[str, str]
    world: LosantWorld
    listings: Listings
    parameters: Parameters = field(init=False)
    partial: bool = False
    lag: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", Parameters(self.request.query))

    def flow(self) -> Flow:
        """The flow that the path names; 400 for what is no id, 404 for one that the application has not."""
        text = self.path["flow"]
        if not OBJECT_ID.fullmatch(text):
            raise malformed("flowId must be an object id")
        flow = self.world.app.flow_of_id(text)
        if flow is None:
            raise not_found("Flow")
        return flow

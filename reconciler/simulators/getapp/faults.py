"""What can go wrong with calls of a GetApp agent or server.

| kind | routes | what happens |
|---|---|---|
| 429 | all | refused before any effect, with Retry-After |
| 500 | all | fails before any effect |
| reset | all | the connection breaks before any effect |
| lost | all | the connection breaks after the effect |
| slow | all | the answer is held back |
| truncate | all | the answer ends in the middle, after the effect |
| html | all | a page of HTML comes instead of JSON, before any effect |
| short | listings | entries are missing |
| empty | reads | a well-formed answer without content |
| shift | listings | before the answer one device is deleted and another one added |
| lag | writes | an action of an agent is accepted, but begins only later |
| partial | writes | an action of an agent is accepted, but some of the devices ignore it |
| expire | all | every token of the server expires; logging in again gives a good one |
| gone | cdn.action | a device it names is deleted |

Besides, `latency` is a fixed delay of every answer.
"""

from collections.abc import Mapping
from typing import ClassVar

from reconciler.simulators.faults import READS, SHARED, WRITES
from reconciler.simulators.faults import Faults as AnyFaults

ACTION = "cdn.action"


class Faults(AnyFaults):
    """The faults in force."""

    routes = (
        "cdn.devices",
        "cdn.releases",
        "cdn.release",
        "cdn.offering",
        "cdn.action",
        "device.get",
        "device.enrollment",
        "device.metadata",
        "device.offering",
        "device.releases",
        "device.release",
        "agent.configs",
        "agent.platform",
        "agent.health",
        "agent.about",
        "agent.openapi",
        "deploy.get",
        "v1.ready",
        "v1.delivery",
        "v1.deploys",
        "v1.deploy",
        "delivery.start",
        "delivery.pause",
        "delivery.cancel",
        "delivery.delete",
        "deploy.start",
        "deploy.change",
        "server.login",
        "server.refresh",
        "server.health",
        "server.prepare",
        "server.prepared",
        "server.cache",
        "server.releases",
        "server.release",
        "nothing",
    )
    kinds: ClassVar[Mapping[str, str]] = {**SHARED, "empty": READS, "partial": WRITES, "gone": ACTION}

"""What can go wrong with calls of a Losant application.

| kind | routes | what happens |
|---|---|---|
| 429 | all | refused before any effect, with Retry-After |
| 500 | all | fails before any effect |
| reset | all | the connection breaks before any effect |
| lost | all | the connection breaks after the effect |
| slow | all | the answer is held back |
| truncate | all | the answer ends in the middle, after the effect |
| html | all | a page of HTML comes instead of JSON, before any effect |
| short | listings | rows are missing while the total says otherwise |
| empty | reads | a well-formed answer without content |
| shift | listings | before a page is answered one device is deleted and another one added |
| lag | writes | accepted, but the effect happens and can be read only later |
| partial | writes | accepted, but some of the devices are ignored |
| expire | all | the token expires, and stays so until the fault is set anew |
| gone | release | a device it names is deleted, and its id is refused from then on |

Besides, `latency` is a fixed delay of every answer.
"""

from collections.abc import Mapping
from typing import ClassVar

from reconciler.simulators.faults import READS, SHARED, WRITES
from reconciler.simulators.faults import Faults as AnyFaults

RELEASE = "deployments.release"


class Faults(AnyFaults):
    """The faults in force."""

    routes = (
        "application.get",
        "deployments.list",
        "deployments.release",
        "deployments.replace",
        "deployments.remove",
        "deployment.get",
        "devices.list",
        "device.get",
        "flows.list",
        "flows.version",
        "flow.get",
        "flow.errors",
        "versions.list",
        "versions.create",
        "version.get",
    )
    kinds: ClassVar[Mapping[str, str]] = {**SHARED, "empty": READS, "partial": WRITES, "gone": RELEASE}

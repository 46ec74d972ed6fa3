"""What can go wrong with calls of a Memfault project.

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
| empty | objects | a well-formed answer without content, to a read that answers JSON |
| shift | listings | before a page is answered a device is swapped for another one, or a deployment is made |
| lag | writes | accepted, but the effect happens and can be read only later |
| partial | cohorts.devices.move | accepted, but some of the devices stay |
| expire | all | every token expires, and stays so until the fault is set anew |
| gone | writes | the cohort that it names is deleted first |

Besides, `latency` is a fixed delay of every answer.
"""

from collections.abc import Mapping
from typing import ClassVar

from reconciler.simulators.faults import SHARED, WRITES
from reconciler.simulators.faults import Faults as AnyFaults

OBJECTS = "objects"
MOVE = "cohorts.devices.move"


class Faults(AnyFaults):
    """The faults in force."""

    routes = (
        "me.get",
        "organizations.list",
        "project.get",
        "releases.list",
        "deltas.list",
        "release.get",
        "releases.create",
        "release.update",
        "release.delete",
        "deployments.list",
        "deployment.get",
        "deployments.create",
        "deployment.update",
        "deployment.delete",
        "cohorts.list",
        "cohort.get",
        "cohorts.create",
        "cohort.update",
        "cohort.delete",
        "cohorts.devices.list",
        "cohorts.devices.move",
        "devices.list",
        "device.get",
        "devices.create",
        "device.update",
        "device.delete",
        "types.list",
        "types.values",
        "versions.list",
        "version.get",
        "hardware.list",
        "installs.list",
        "latest.get",
        "latest.url",
        "uploads.prepare",
        "uploads.put",
        "payloads.create",
    )
    kinds: ClassVar[Mapping[str, str]] = {**SHARED, "empty": OBJECTS, "partial": MOVE, "gone": WRITES}

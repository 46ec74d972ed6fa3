"""What made-up fleets have in common: how many there are of what, where they are, and which versions they run.

Most units of a workload run one version, the rings apart differ a little, so that a manifest of the fleet is short.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

EYEFUL = 10_000
"""Units above which a fleet is not looked at by people: every unit has every workload then."""
PERIOD = 300
"""Units after which `labels` begin anew."""


@dataclass(frozen=True, slots=True)
class FleetShape:
    """How a fleet looks: numbers of units, workloads and versions of each; shares from 0 to 1.

    `settle` is how many seconds an online unit takes for a step. The same seed gives the same fleet.
    """

    units: int = 100
    workloads: int = 3
    versions: int = 5
    seed: int = 1
    settle: float = 2.0
    offline: float = 0.05
    failing: float = 0.02
    sites: int = 5


def share(random: Random, among: Sequence[int], part: float) -> list[int]:
    """So many of these as the part from 0 to 1 says; at least one where the part is not zero."""
    return random.sample(among, min(len(among), max(1, round(len(among) * part)))) if part and among else []


def numbered(names: Sequence[str], number: int) -> str:
    """The name of the number-th thing, with a number of its own once the names are used up."""
    turn, place = divmod(number, len(names))
    return f"{names[place]}-{turn + 1}" if turn else names[place]


def labels(index: int, sites: Sequence[str]) -> dict[str, str]:
    """Where a unit is: at a site, in a ring, some with a camera."""
    ring = "canary" if index % 20 == 3 else "early" if index % 5 == 1 else "broad"
    found = {"site": sites[index * 7 % len(sites)], "ring": ring}
    return found | {"camera": "front"} if index % 3 == 0 else found


def stable_and_ahead(versions: int, workload: int) -> tuple[int, int]:
    """Which of so many versions, oldest first, the number-th workload runs, and which its canaries do."""
    stable = max(0, versions - 2 - workload % 2)
    return stable, min(versions - 1, stable + 1) if workload % 2 == 0 else stable

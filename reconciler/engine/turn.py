"""One fleet's turn in a run of apply: what was asked, and the newest reading of its connection."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.engine.plan import PlanRequest, Reading, replan
from reconciler.model.plan import FleetPlan
from reconciler.ports import Clock, Platform


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to apply. `deadline` in seconds, from the first call."""

    concurrency: int = 4
    fail_fast: bool = False
    wait: bool = True
    deadline: float = 600.0
    allow: dict[str, str] = {}
    """Limits that a person lifts, with the reason."""


class Turn(msgspec.Struct, kw_only=True):
    """What sending, looking and settling of one fleet share; `number` gives calls their numbers within the run.

    `reading`, `assessment` and `today` belong together: the fleet as it was read last, judged, and planned.
    """

    fleet: str
    reading: Reading
    assessment: FleetAssessment
    today: FleetPlan
    request: PlanRequest
    options: Options
    clock: Clock
    number: Callable[[], int]

    @property
    def platform(self) -> Platform:
        """Return the platform that is read and sent to."""
        return self.reading.platform

    def renew(self) -> None:
        """Read and plan again. Raises PlatformError, ManifestError; what was read before then stays."""
        self.reading, self.assessment, self.today = replan(self.reading, self.fleet, self.request, self.clock)

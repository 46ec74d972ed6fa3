"""One run of the loop: its id, its options and its time."""

from __future__ import annotations

from itertools import count

import msgspec

from reconciler.model.plan import PaceKind
from reconciler.ports import Clock


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to apply. `deadline` in seconds from the start of the run: how long units are waited for."""

    concurrency: int = 4
    fail_fast: bool = False
    wait: bool = True
    deadline: float = 600.0
    allow: dict[str, str] = {}
    """Limits, and what else (`PaceKind`), that a person lifts, with the reason."""

    @property
    def lifted(self) -> frozenset[str]:
        """Return what of that paces changes."""
        return frozenset(kind for kind in PaceKind if kind in self.allow)


class Run:
    """One run: its id and options, one deadline for all of it, and dates that no step of the wall clock moves."""

    def __init__(self, run: str, options: Options, clock: Clock) -> None:
        self.id = run
        self.options = options
        self.clock = clock
        self._started = clock.now()
        self._began = clock.monotonic()
        self._numbers = count(1)
        self._held = False

    @property
    def seconds(self) -> float:
        """Return how long it has been going on."""
        return self.clock.monotonic() - self._began

    @property
    def left(self) -> float:
        """Return how many seconds of waiting are left; negative once the deadline has passed."""
        return self.options.deadline - self.seconds

    def hold(self) -> None:
        """Let nothing more be sent in this run: what is sent could not be recorded."""
        self._held = True

    def stopping(self) -> bool:
        """Return whether nothing more is to be sent."""
        return self._held or self.clock.stopping()

    def now(self) -> float:
        """Return the date, in seconds since 1970: the wall clock's at the start, moved on by the monotonic one."""
        return self._started + self.seconds

    def number(self) -> int:
        """Return the number of the next call; safe in several threads."""
        return next(self._numbers)

"""What ends the pause between two passes of a watch: a signal, a web hook, whoever knows that there is something new."""

from __future__ import annotations

import threading

from reconciler.ports import Clock

STEP = 0.25
"""Seconds within which a pause hears that it is to end."""


class Wake:
    """Ends the pause between two passes: `set` it from a signal, from another thread, as often as wanted."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.wanted = False
        """Whether a signal may set it."""
        self.shared = False
        """Whether another thread may. Where neither is so, a pause is one sleep."""

    def set(self) -> None:
        """Let the next pass begin now, or right after the one that runs."""
        self._event.set()

    def rest(self, clock: Clock, seconds: float) -> bool:
        """Wait so long or until woken; return whether the run was asked to stop."""
        end = clock.monotonic() + seconds
        may = self.wanted or self.shared
        while may and not self._event.is_set() and (left := end - clock.monotonic()) > 0:
            if clock.sleep(min(STEP, left)):
                return True
        self._event.clear()
        return clock.stopping() if may else clock.sleep(seconds)

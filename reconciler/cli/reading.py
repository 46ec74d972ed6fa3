"""Progress while reading: on a terminal only, on standard error, after a moment, and gone before anything else is written."""

from __future__ import annotations

import os
import sys
from threading import RLock, Timer
from typing import TYPE_CHECKING

from reconciler.ports import SILENT, ReadProgress

if TYPE_CHECKING:
    from reconciler.views.reading import Readings

MOMENT = 0.6
"""Seconds of silence that need no explanation."""


class ReadingDisplay:
    """What is drawn while a command reads. `finish` ends it; unless for good, it may be begun again."""

    def __init__(self) -> None:
        self._lock = RLock()  # a signal may end it in the middle
        self._readings: Readings | None = None
        self._timer: Timer | None = None
        self._over = False

    def of(self, connection: str) -> ReadProgress:
        """Return what takes the progress of a connection; nothing is shown but on a terminal that can be drawn on."""
        if self._over or not drawable():
            return SILENT
        with self._lock:
            if self._readings is None:
                from reconciler.views.reading import Readings

                self._readings = Readings(sys.stderr)
                self._timer = Timer(MOMENT, self._start)
                self._timer.daemon = True
                self._timer.start()
            return self._readings.of(connection)

    def finish(self, *, for_good: bool = False) -> None:
        """Take away what is drawn."""
        with self._lock:
            self._over |= for_good
            if self._timer is not None:
                self._timer.cancel()
            if self._readings is not None:
                self._readings.stop()
            self._readings = self._timer = None

    def _start(self) -> None:
        with self._lock:
            if self._readings is not None:
                self._readings.start()


display = ReadingDisplay()
"""That of the command that runs."""


def drawable() -> bool:
    """Return whether standard error is a terminal on which lines can be drawn over, and somebody may look at it."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb"} and not os.environ.get("CI")

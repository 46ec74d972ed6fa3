"""The use case "import": read an application whole, and say what runs there as a fleet."""

from __future__ import annotations

from reconciler.core.bootstrap import Imported, Measure, bootstrap
from reconciler.engine.group import EVERYTHING, Open
from reconciler.errors import SettingsError, UnexpectedAnswer


def import_fleet(connection: str, open_: Open, measure: Measure) -> Imported:
    """Return the fleet that a connection runs; `measure` gives the lines that a fleet takes when written.

    Raises UnexpectedAnswer when the reading does not prove all it shows (what it missed would be missing in git), and
    SettingsError for an application without any unit to assign versions to.
    """
    platform = open_(connection)
    try:
        snapshot = platform.observe(EVERYTHING)
        known = platform.capabilities
    finally:
        platform.close()
    if not snapshot.coverage.complete:
        raise UnexpectedAnswer(
            f"the reading is incomplete: {'; '.join(snapshot.coverage.problems)}",
            operation=f"import {snapshot.identity}",
            retryable=True,
            hint="nothing was written; run it again",
        )
    if not any(snapshot.units.assignable):
        raise SettingsError(
            f"{snapshot.identity} has no unit that takes assignments",
            hint="check that this is the intended application; nothing was written",
        )
    return bootstrap(
        snapshot,
        connection,
        retries_itself=known.retries_itself,
        measure=measure,
        cohorts="cohorts" in known.selectors,
    )

"""What one process has seen of a connection: projects, releases by project and version, what devices are offered.

Only what readings showed: it lets a narrowed reading name all projects, and answers for releases that devices hold though
nobody is offered them any more. Losing it costs requests, never truth.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.snapshot import References
from reconciler.platforms.getapp.wire import Offering, RowRelease

ON_DEVICE = frozenset({"delivery", "downloaded", "deploy", "installed"})
"""States of an offered release that the list of releases must show too, confirmed (seed 000)."""

Key = tuple[str, str]
"""(project, version)."""


class Memory:
    """Of one connection. `samples` are the devices whose offerings stand for all of their kind."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.whole = False
        self.samples: tuple[str, ...] = ()
        self.held: dict[Key, RowRelease] = {}
        self.offered: dict[Key, RowRelease] = {}
        self.refused: dict[Key, str] = {}
        self.on_device: set[str] = set()
        self._projects: set[str] = set()
        self._offered_projects: set[str] = set()

    @property
    def projects(self) -> set[str]:
        """Return all projects: of releases on devices as of the last whole reading, and offered ones."""
        return self._projects | self._offered_projects

    @property
    def references(self) -> References:
        """Return the catalogIds of all releases known."""
        return {("", *key): release.id for key, release in [*self.offered.items(), *self.held.items()]}

    def note(self, releases: dict[Key, RowRelease], projects: Iterable[str], *, whole: bool) -> None:
        """Keep what a reading showed; a whole one replaces what there was."""
        if whole:
            self.whole = True
            self.held, self._projects = {}, set()
        self.held |= releases
        self._projects |= set(projects)

    def offer(self, offerings: list[Offering], *, more: bool = False) -> None:
        """Keep what devices are offered; `more` adds to what was kept last."""
        if not more:
            self.offered, self.refused, self.on_device, self._offered_projects = {}, {}, set(), set()
        for offering in offerings:
            self._offered_projects.add(offering.project_name)
            for release in offering.releases:
                key = (offering.project_name, release.version)
                self.offered[key] = release
                if release.device_release is not None and release.device_release.state in ON_DEVICE:
                    self.on_device.add(release.id)
                told = release.availability
                if told is not None and (told.offered is False or told.unavailable):
                    self.refused[key] = told.not_offered_reason or told.unavailable_reason or "no reason is given"

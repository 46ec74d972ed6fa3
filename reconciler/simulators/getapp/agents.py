"""What the agents do with their releases: download, pause, cancel, delete, deploy, uninstall.

The order of states follows section 6 of the facts (inferred from the documents). A failed or cancelled download is
begun anew, a paused one goes on (confirmed: deploy/v2/how-it-works.md). Only released versions
can be delivered (confirmed: origin-delivery.service.ts). Dependencies come with their root, and only the root is
installed: its success marks them installed, its failure marks them failed (confirmed: user-manual/dependencies.md).
"""

from collections.abc import Callable

from reconciler.simulators.getapp.fleet import (
    DELETED,
    DELIVERY,
    DEPLOY,
    DOWNLOADED,
    FORMATION,
    GONE,
    INSTALLED,
    PHASES,
    RELEASED,
    UNINSTALL,
    UNINSTALLED,
    Device,
    Fleet,
    Moving,
    Release,
    Row,
    gone,
)

FAILURE = "the installer ended with exit code 1; the installed version was kept"
INTERRUPTED = "the agent was restarted while it installed"
DEPENDENCY_FAILURE = "the release that needs it could not be installed"
STOPPED = frozenset({"Pause", "Cancel", "Error"})


ENFORCED = {"offering": (DELIVERY, DEPLOY), "delivery": (DELIVERY, DEPLOY), "deploy": (DEPLOY,)}
"""What each mode of enforcement refuses; `offering` shows it in the offering, too (confirmed:
policy-enforcement-configuration.md)."""


class NotAllowed(ValueError):
    """The state of the release forbids the action."""


class Agents:
    """Plays the agents of all devices."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    # --- actions -----------------------------------------------------------------------------------------------------

    def deliver(self, device: Device, release: Release) -> None:
        """Begin or resume a download, that of its dependencies first."""
        row = self._row(device, release)
        if row is not None and row.state not in GONE and not self._stopped(device, release, DELIVERY):
            self._repeated(f"{release.id} is already in state {row.state}")
            return
        _enforce(device, release, DELIVERY)
        for dependency in release.dependencies:
            if not self._there(device, dependency) and not isinstance(device.rows.get(dependency.id), Moving):
                self.deliver(device, dependency)
        self._move(device, release, DELIVERY, row.elapsed if row is not None and row.status == "Pause" else 0.0)

    def pause(self, device: Device, release: Release) -> None:
        """Stop a download so that it can go on later."""
        row = self._downloading(device, release)
        if row.status == "Pause":
            self._repeated(f"{release.id} is paused already")
        elif isinstance(device.rows[release.id], Moving):
            device.rows[release.id] = row._replace(status="Pause", eta=None)
        else:
            raise NotAllowed(f"nothing of {release.id} is under way that could be paused")

    def cancel(self, device: Device, release: Release) -> None:
        """Give up a download."""
        row = self._downloading(device, release)
        if row.status == "Error":
            raise NotAllowed(f"nothing of {release.id} is under way that could be cancelled")
        if row.status == "Cancel":
            self._repeated(f"{release.id} is cancelled already")
        else:
            device.rows[release.id] = Row(release, DELIVERY, "Cancel", phase=None, progress=0.0)

    def delete(self, device: Device, release: Release) -> None:
        """Take the artifacts away."""
        row = self._row(device, release)
        if row is None:
            raise NotAllowed(f"there is nothing of {release.id}")
        if row.state == DELETED:
            self._repeated(f"{release.id} is deleted already")
            return
        resting = self._stopped(device, release, DELIVERY) or self._stopped(device, release, DEPLOY)
        allowed = row.state in {DOWNLOADED, UNINSTALLED} or resting
        if row.state == INSTALLED:
            allowed = self.fleet.variants["delete-installed"] == "allow" and isinstance(device.rows[release.id], Row)
        if not allowed:
            raise NotAllowed(f"{release.id} is in state {row.state} and cannot be deleted")
        self._leave(device, release, DELETED)

    def deploy(self, device: Device, release: Release) -> None:
        """Install what was downloaded."""
        row = self._row(device, release)
        if row is not None and (row.state == INSTALLED or (row.state == DEPLOY and row.status not in STOPPED)):
            self._repeated(f"{release.id} is already in state {row.state}")
            return
        if row is None or (row.state != DOWNLOADED and not self._stopped(device, release, DEPLOY)):
            raise NotAllowed(f"{release.id} is not downloaded")
        _enforce(device, release, DEPLOY)
        missing = [one.id for one in release.dependencies if not self._there(device, one)]
        if missing:
            raise NotAllowed(f"{release.id} needs {', '.join(missing)}")
        self._move(device, release, DEPLOY, 0.0)

    def uninstall(self, device: Device, release: Release) -> None:
        """Take installed software away, or only note that this was asked (a variant)."""
        row = self._row(device, release)
        if row is not None and (row.state == UNINSTALLED or row.status == "Uninstall"):
            self._repeated(f"{release.id} is uninstalled already")
        elif row is None or row.state != INSTALLED:
            raise NotAllowed(f"{release.id} is not installed")
        elif self.fleet.variants["uninstall"] == "records-only":
            device.rows[release.id] = Row(release, INSTALLED, "Uninstall")
        else:
            self._move(device, release, UNINSTALL, 0.0)

    # --- connections -------------------------------------------------------------------------------------------------

    def disconnect(self, device: Device) -> None:
        """What moves waits: nobody hears of it until the device returns."""
        for catalog_id, held in list(device.rows.items()):
            if isinstance(held, Moving):
                device.rows[catalog_id] = self.fleet.seen(held)
                device.frozen.add(catalog_id)
        device.online, device.seen = False, self.fleet.seconds()

    def connect(self, device: Device) -> None:
        """What waited goes on."""
        device.online = True
        for catalog_id in sorted(device.frozen):
            row = device.rows.get(catalog_id)
            if isinstance(row, Row):
                self._move(device, row.release, UNINSTALL if row.state == INSTALLED else row.state, row.elapsed)
        device.frozen.clear()

    def interrupt(self, device: Device) -> None:
        """A restart: installations under way fail and must be asked for again (confirmed: deploy/v2/action.md)."""
        for catalog_id, held in list(device.rows.items()):
            if isinstance(held, Moving) and held.kind == DEPLOY:
                device.rows[catalog_id] = Row(held.release, DEPLOY, "Error", progress=0.0, error=INTERRUPTED)

    def installed(self, device: Device, release: Release) -> None:
        """A release is installed, and its dependencies with it; what that means for other versions is a variant."""
        for one in (*release.dependencies, release):
            device.frozen.discard(one.id)
            device.rows[one.id] = Row(one, INSTALLED, "Done", duration=round(PHASES[DELIVERY] * self.fleet.settle))
            self._supersede(device, one)

    # --- what follows ------------------------------------------------------------------------------------------------

    def _row(self, device: Device, release: Release) -> Row | None:
        held = device.rows.get(release.id)
        return None if held is None else self.fleet.seen(held)

    def _downloading(self, device: Device, release: Release) -> Row:
        row = self._row(device, release)
        if row is None or row.state != DELIVERY:
            raise NotAllowed(f"{release.id} is not being downloaded")
        return row

    def _stopped(self, device: Device, release: Release, state: str) -> bool:
        held = device.rows[release.id]
        return isinstance(held, Row) and held.state == state and held.status in STOPPED

    def _there(self, device: Device, release: Release) -> bool:
        row = self._row(device, release)
        return row is not None and row.state in {DOWNLOADED, DEPLOY, INSTALLED}

    def _repeated(self, message: str) -> None:
        if self.fleet.variants["repeat-action"] == "405":
            raise NotAllowed(message)

    def _move(self, device: Device, release: Release, kind: str, elapsed: float) -> None:
        moving = Moving(release, kind, self.fleet.seconds() - elapsed)
        device.rows[release.id] = moving
        self.fleet.later(PHASES[kind] * self.fleet.settle - elapsed, self._end(device, moving))

    def _end(self, device: Device, moving: Moving) -> Callable[[], None]:
        follow = {DELIVERY: self._delivered, DEPLOY: self._deployed, UNINSTALL: self._uninstalled}[moving.kind]

        def end() -> None:
            if device.rows.get(moving.release.id) is moving:
                follow(device, moving.release)

        return end

    def _delivered(self, device: Device, release: Release) -> None:
        if release.status != RELEASED:
            error = "DELIVERY.downloadNotAvailable: the release is not available for download yet"
            device.rows[release.id] = Row(release, DELIVERY, "Error", phase="prepare", progress=0.0, error=error)
            return
        duration = round(PHASES[DELIVERY] * self.fleet.settle)
        device.rows[release.id] = Row(release, DOWNLOADED, "Done", duration=duration)
        answer = self.fleet.variants["auto-deploy"]
        by_itself = answer == "always" or (answer == "release" and release.auto_deploy)
        if (
            by_itself
            and release.project.type != FORMATION
            and all(self._there(device, d) for d in release.dependencies)
        ):
            self.deploy(device, release)

    def _deployed(self, device: Device, release: Release) -> None:
        if not device.failing:
            self.installed(device, release)
            return
        device.rows[release.id] = Row(release, DEPLOY, "Error", progress=50.0, error=FAILURE)
        for one in release.dependencies:
            row = self._row(device, one)
            if row is not None and row.state == DOWNLOADED:
                device.rows[one.id] = Row(one, DEPLOY, "Error", progress=0.0, error=DEPENDENCY_FAILURE)

    def _uninstalled(self, device: Device, release: Release) -> None:
        self._leave(device, release, UNINSTALLED)

    def _supersede(self, device: Device, release: Release) -> None:
        answer = self.fleet.variants["multi-version"]
        for catalog_id, held in list(device.rows.items()):
            other = held.release
            if other.project is not release.project or other is release or self.fleet.seen(held).state != INSTALLED:
                continue
            if answer == "in-place":
                del device.rows[catalog_id]
            elif answer != "side-by-side":
                self._leave(device, other, answer)

    def _leave(self, device: Device, release: Release, state: str) -> None:
        if self.fleet.variants["gone-rows"] == "drops":
            del device.rows[release.id]
        else:
            device.rows[release.id] = gone(release, state)


def _enforce(device: Device, release: Release, step: str) -> None:
    reason, mode = device.restricted.get(release.id, ("", "offering"))
    if reason and step in ENFORCED[mode]:
        raise NotAllowed(f"refused by policy restrictions: {reason}")

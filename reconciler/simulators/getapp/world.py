"""The simulated fleet as tests and demos hold it. Devices are given by id."""

from collections.abc import Sequence
from typing import Any

from reconciler.simulators.control import SimulatedWorld, locked, there, verb
from reconciler.simulators.faults import Faults
from reconciler.simulators.getapp.agents import ENFORCED, STOPPED, Agents
from reconciler.simulators.getapp.delivery import Preparations, Tokens
from reconciler.simulators.getapp.fleet import (
    DAY,
    DELIVERY,
    DEPLOY,
    DOWNLOADED,
    INSTALLED,
    Device,
    Fleet,
    Project,
    Release,
    Row,
    precedence,
)


class GetAppWorld(SimulatedWorld):
    """A fleet, its agents, the delivery server, and the faults between them and their callers."""

    def __init__(self, fleet: Fleet, preparations: Preparations, tokens: Tokens, faults: Faults) -> None:
        super().__init__(fleet, faults)
        self.fleet = fleet
        self.preparations = preparations
        self.tokens = tokens
        self.agents = Agents(fleet)

    @verb
    def set_online(self, device: str, online: bool) -> None:
        """Connect or disconnect a child; commands to a disconnected one are lost, and what moves there waits."""
        found = self.child(device)
        if online and not found.online:
            self.agents.connect(found)
        elif found.online and not online:
            self.agents.disconnect(found)

    @verb
    def set_inactive(self, device: str, inactive: bool) -> None:
        """Let a child have been silent for more than 24 hours, or let it come back."""
        self.set_online(device, not inactive)
        if inactive:
            self.child(device).seen = self.fleet.seconds() - 2 * DAY

    @verb
    def set_failing(self, device: str, failing: bool) -> None:
        """Let every installation on a device fail, or no longer fail, from now on."""
        self.device(device).failing = failing

    @verb
    def console(self, device: str, project: str, version: str) -> None:
        """A technician installs a version at once; every other version of the project is gone without a trace."""
        found, release = self.device(device), self._release(project, version)
        for catalog_id in [key for key, held in found.rows.items() if held.release.project is release.project]:
            del found.rows[catalog_id]
        self.agents.installed(found, release)

    @verb
    def add_device(self, name: str, device_type: str = "gateway", labels: dict[str, str] | None = None) -> str:
        """Add a child without releases; its id."""
        number = 1 + max(device.number for device in self.fleet.devices.values())
        device = Device(number, f"edge-{number:06d}", name, device_type, "linux-x64", dict(labels or {}))
        self.fleet.devices[device.id] = device
        return device.id

    @verb
    def delete_device(self, device: str) -> None:
        """Take a child away."""
        del self.fleet.devices[self.child(device).id]

    @verb
    def restart_agent(self, device: str, seconds: float) -> None:
        """Restart an agent: its installations fail, and it is away for so many seconds (the master: connections break)."""
        found = self.device(device)
        self.agents.interrupt(found)
        if found is self.fleet.master:
            self.fleet.broken_until = self.fleet.seconds() + seconds
        elif found.online:
            self.agents.disconnect(found)
            self.fleet.later(seconds, lambda: None if found.online else self.agents.connect(found))

    @verb
    def add_release(
        self,
        project: str,
        version: str,
        status: str = "released",
        *,
        auto_deploy: bool = False,
        dependencies: Sequence[str] = (),
    ) -> str:
        """Add a release, and its project where there is none; its catalogId. Dependencies are catalogIds."""
        catalog = self.fleet.catalog
        needed = [there(catalog.releases.get(one), f"release {one!r}") for one in dependencies]
        found = catalog.project(project) or catalog.add_project(project)
        return catalog.add_release(
            found, version, self.fleet.seconds(), status=status, auto_deploy=auto_deploy, dependencies=needed
        ).id

    @verb
    def restrict(self, device: str, project: str, version: str, reason: str, mode: str = "offering") -> None:
        """Let a policy refuse a version to a device, or (an empty reason) no longer; `mode`: offering, delivery or deploy."""
        if mode not in ENFORCED:
            raise ValueError(f"{mode!r} is no mode of enforcement: {', '.join(ENFORCED)}")
        self.device(device).restricted[self._release(project, version).id] = reason, mode

    @verb
    def expire_tokens(self) -> None:
        """Make every token of the server worthless."""
        self.tokens.expire()

    @locked
    def state(self) -> list[dict[str, Any]]:
        """What is true, a row for each device and project: what was assigned last, what it runs, and its rows."""
        rows = []
        for device in self.fleet.devices.values():
            by_project: dict[Project, list[Row]] = {}
            for held in device.rows.values():
                by_project.setdefault(held.release.project, []).append(self.fleet.seen(held))
            rows += [_state(device, project, found) for project, found in by_project.items()]
        return rows

    def device(self, device: str) -> Device:
        """The device of an id. Raises `LookupError`."""
        return there(self.fleet.devices.get(device), f"device {device!r}")

    def child(self, device: str) -> Device:
        """The device of an id, which must not be the master. Raises `LookupError` and `ValueError`."""
        found = self.device(device)
        if found is self.fleet.master:
            raise ValueError(f"{device} is the master: it cannot be away or deleted, but restart_agent breaks it")
        return found

    def _release(self, project: str, version: str) -> Release:
        found = self.fleet.catalog.project(project)
        release = found.releases.get(version) if found is not None else None
        return there(release, f"release {version!r} of {project!r}")

    # --- faults that change the world --------------------------------------------------------------------------------

    def swap_a_device(self) -> None:
        """Delete one child and add another like it with the same rows: as many devices as before, yet others."""
        children = list(self.fleet.devices.values())[1:]
        if not children:
            return
        old = self.faults.random.choice(children)
        new = self.device(self.add_device(f"{old.name}-r", old.type, old.labels))
        new.rows = {catalog_id: self.fleet.seen(held) for catalog_id, held in old.rows.items()}
        new.online, new.seen, new.pushed, new.restricted = old.online, old.seen, old.pushed, old.restricted
        self.delete_device(old.id)

    def delete_one_of(self, ids: object) -> bool:
        """Delete one of the children of these ids, and say whether there was one."""
        named = [one for one in ids if isinstance(one, str)] if isinstance(ids, list) else []
        children = [one for one in named if one in self.fleet.devices and one != self.fleet.master.id]
        if children:
            self.delete_device(self.faults.random.choice(children))
        return bool(children)


def _state(device: Device, project: Project, rows: list[Row]) -> dict[str, Any]:
    rows.sort(key=lambda row: precedence(row.release.version))
    installed = [row for row in rows if row.state == INSTALLED]
    busy = [row for row in rows if row.state in {DELIVERY, DEPLOY} and row.status != "Cancel"]
    busy.sort(key=lambda row: row.status not in STOPPED)
    downloaded = [row for row in rows if row.state == DOWNLOADED]
    kept = [row for row in installed if row.status != "Uninstall"]  # what is asked to go is not what a device is to run
    assigned = next((some[-1] for some in (busy, downloaded, kept) if some), None)
    return {
        "device": device.id,
        "name": device.name,
        "project": project.name,
        "assigned": None if assigned is None else assigned.release.version,
        "runs": installed[-1].release.version if installed else None,
        "rows": [
            {
                "catalogId": row.release.id,
                "version": row.release.version,
                "state": row.state,
                "status": row.status,
                "progress": row.progress,
            }
            for row in rows
        ],
    }

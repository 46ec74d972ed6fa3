"""The simulated world as tests and demos hold it: what people and devices do besides the API.

Every method may be called from any thread, and is the same thing as the verb of that name under `/simulator/`.
Devices and flows are given by id or by name. A name nobody bears raises `LookupError`.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from reconciler.simulators.losant.agents import CONSOLE, Agents
from reconciler.simulators.losant.application import Application
from reconciler.simulators.losant.faults import Faults
from reconciler.simulators.losant.inventory import EDGE, Content, Device, Flow, RuntimeFailure, Tags

P = ParamSpec("P")
R = TypeVar("R")

Switch: TypeAlias = bool

TagsGiven = Mapping[str, str] | Iterable[tuple[str, str]]


def _locked(method: "Callable[Concatenate[LosantWorld, P], R]") -> "Callable[Concatenate[LosantWorld, P], R]":
    @wraps(method)
    def locked(self: "LosantWorld", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            self.app.advance()
            return method(self, *args, **kwargs)

    return locked


class LosantWorld:
    """An application, its agents and the faults between it and its callers."""

    def __init__(self, application: Application, faults: Faults) -> None:
        self.lock = threading.RLock()
        self.app = application
        self.agents = Agents(application)
        self.faults = faults

    @_locked
    def set_online(self, device: str, online: Switch) -> None:
        """Connect or disconnect a device; one that returns tries what is pending."""
        found = self._device(device)
        found.connected = int(online)
        found.connection_time = self.app.now()
        self._device_rows_changed(found)
        if online:
            self.agents.connected(found)

    @_locked
    def set_failing(self, device: str, failing: Switch) -> None:
        """Let a device fail, or no longer fail, to take any version from now on."""
        self._device(device).failing = failing

    @_locked
    def console(self, device: str, flow: str, version: str | None) -> None:
        """Set what is desired by hand, as a person in the web console does (None removes)."""
        self.agents.assign(self._device(device), self._flow(flow), version, CONSOLE)

    @_locked
    def add_device(
        self,
        name: str,
        tags: TagsGiven = (),
        device_class: str = EDGE,
        agent: str | None = "2.5.0",
        *,
        online: bool | None = True,
    ) -> str:
        """Add a device without deployments; its id. `online` None means that it was never connected."""
        connected = None if online is None else int(online)
        return self.app.add_device(name, _tags(tags), device_class, agent, connected).id

    @_locked
    def delete_device(self, device: str, *, refused: bool = False) -> None:
        """Delete a device; with `refused` every later call that names its id is refused, whatever the variant."""
        found = self._device(device)
        found.deleted = found.updated = self.app.now()
        found.refused = refused
        if self.app.variants["deleted-rows"] == "dropped":
            for row in self.app.rows.of_device(found.index):
                self.app.rows.drop(row)
        self.app.rows_reshaped()
        self.app.devices_changed()

    @_locked
    def set_tags(self, device: str, tags: TagsGiven) -> None:
        """Give a device other tags; pairs may repeat a key."""
        found = self._device(device)
        found.tags = _tags(tags)
        self._device_rows_changed(found)

    @_locked
    def rename_device(self, device: str, name: str) -> None:
        """Give a device another name."""
        found = self._device(device)
        found.name = name
        self._device_rows_changed(found)

    @_locked
    def set_agent(self, device: str, agent: str) -> None:
        """Give a device another agent version (`N.N.N`)."""
        found = self._device(device)
        found.agent = agent
        self._device_rows_changed(found)

    @_locked
    def add_flow(self, name: str, flow_class: str = "edge") -> str:
        """Add a flow without versions; its id."""
        return self.app.add_flow(name, flow_class).id

    @_locked
    def create_version(self, flow: str, version: str, minimum_agent: str | None = None, notes: str = "") -> str:
        """Create a version, or overwrite the content of one that exists; its id."""
        found = self._flow(flow)
        old = found.versions.get(version)
        made = self.app.add_version(found, version, minimum_agent, notes)
        if old is not None and self.app.variants["overwrite-etag"] == "at-once":
            for row in self.app.rows.with_version(self.app.rows.of_flow(found.index), version, "desired"):
                self.agents.set_desired(row, Content(version, made.etag))
        return made.id

    @_locked
    def delete_version(self, flow: str, version: str) -> None:
        """Delete a version: devices that have it lose it when they next connect."""
        found = self._flow(flow)
        if found.versions.pop(version, None) is None:
            raise LookupError(f"flow {found.name} has no version {version!r}")
        rows = self.app.rows
        for row in rows.with_version(rows.of_flow(found.index), version, "desired"):
            self.agents.assign(self.app.devices[rows.device[row]], found, None, CONSOLE)

    @_locked
    def report_failure(self, flow: str, device: str, message: str, version: str | None = None) -> None:
        """Have a flow meet an error while it runs on a device."""
        found, on = self._flow(flow), self._device(device)
        row = self.app.rows.find(found.index, on.index)
        running = self.app.rows.contents[self.app.rows.current[row]].version if row >= 0 else None
        found.failures.append(RuntimeFailure(on.id, version or running, message, self.app.now()))

    @_locked
    def state(self) -> list[dict[str, str | None]]:
        """Every listed row: device and flow (ids and names), desired, current and their etags."""
        rows, devices, flows = self.app.rows, self.app.devices, self.app.flows
        dump: list[dict[str, str | None]] = []
        for row in rows.live():
            device, flow = devices[rows.device[row]], flows[rows.flow[row]]
            desired, current = rows.contents[rows.desired[row]], rows.contents[rows.current[row]]
            dump.append(
                {
                    "device": device.name,
                    "deviceId": device.id,
                    "flow": flow.name,
                    "flowId": flow.id,
                    "desired": desired.version,
                    "current": current.version,
                    "desiredEtag": desired.etag,
                    "currentEtag": current.etag,
                }
            )
        return dump

    def _device(self, text: str) -> Device:
        found = self.app.device(text)
        if found is None:
            raise LookupError(f"there is no device {text!r}")
        return found

    def _flow(self, text: str) -> Flow:
        found = self.app.flow(text)
        if found is None:
            raise LookupError(f"there is no flow {text!r}")
        return found

    def _device_rows_changed(self, device: Device) -> None:
        device.updated = self.app.now()
        self.app.devices_changed()
        for row in self.app.rows.of_device(device.index):
            self.app.row_changed(row)


def _tags(given: TagsGiven) -> Tags:
    pairs = given.items() if isinstance(given, Mapping) else given
    return tuple((key, value) for key, value in pairs)

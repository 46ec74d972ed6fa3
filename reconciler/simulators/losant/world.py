"""The simulated application as tests and demos hold it. Devices and flows are given by id or by name."""

from collections.abc import Iterable, Mapping

from reconciler.simulators.control import SimulatedWorld, locked, there, verb
from reconciler.simulators.faults import Faults
from reconciler.simulators.losant.access import Access
from reconciler.simulators.losant.agents import CONSOLE, SOURCES, Agents
from reconciler.simulators.losant.application import Application
from reconciler.simulators.losant.inventory import EDGE, Content, Device, Flow, Tags

TagsGiven = Mapping[str, str] | Iterable[tuple[str, str]]


class LosantWorld(SimulatedWorld):
    """An application, its agents and the faults between it and its callers."""

    def __init__(self, application: Application, faults: Faults) -> None:
        super().__init__(application, faults)
        self.app = application
        self.agents = Agents(application)
        self.access = Access(application.variants)

    @verb
    def set_online(self, device: str, online: bool) -> None:
        """Connect or disconnect a device; one that returns tries what is pending."""
        found = self._device(device)
        found.connected, found.connection_time = int(online), self.app.now()
        if self.app.variants["connection-updated"] == "yes":
            found.updated = self.app.now()
        if online:
            self.agents.connected(found)

    @verb
    def set_failing(self, device: str, failing: bool) -> None:
        """Let a device fail, or no longer fail, to take any version from now on."""
        self._device(device).failing = failing

    @verb
    def console(self, device: str, flow: str, version: str | None, source: str = CONSOLE.type) -> None:
        """Set what is desired by hand, as a person in the web console does (None removes), or as another source does."""
        by = there(SOURCES.get(source), f"source {source!r}")
        self.agents.assign(self._device(device), self._flow(flow), version, by)

    @verb
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

    @verb
    def delete_device(self, device: str, *, refused: bool = False) -> None:
        """Delete a device; with `refused` every later call that names its id is refused, whatever the variant."""
        found = self._device(device)
        found.deleted = found.updated = self.app.now()
        found.refused = refused
        if self.app.variants["deleted-rows"] == "dropped":
            for row in self.app.rows_of(found):
                self.app.drop_row(row)

    @verb
    def restore_device(self, device: str) -> None:
        """Restore a deleted device, with the rows that are still listed; what is pending is tried when it is online."""
        found = there(self.app.device_of_id(device, deleted=True), f"device {device!r}")
        found.deleted, found.refused = None, False
        if self.app.variants["restore-updated"] == "yes":
            found.updated = self.app.now()
        self.agents.connected(found)

    @verb
    def set_tags(self, device: str, tags: TagsGiven) -> None:
        """Give a device other tags; pairs may repeat a key."""
        found = self._device(device)
        found.tags, found.updated = _tags(tags), self.app.now()

    @verb
    def rename_device(self, device: str, name: str) -> None:
        """Give a device another name, as a person in the web console does; its id stays."""
        found = self._device(device)
        found.name, found.updated = name, self.app.now()

    @verb
    def set_agent(self, device: str, agent: str) -> None:
        """Give a device another agent version (`N.N.N`)."""
        found = self._device(device)
        found.agent, found.updated = agent, self.app.now()

    @verb
    def add_flow(self, name: str, flow_class: str = "edge") -> str:
        """Add a flow without versions; its id."""
        return self.app.add_flow(name, flow_class).id

    @verb
    def create_version(self, flow: str, version: str, minimum_agent: str | None = None, notes: str = "") -> str:
        """Create a version, or overwrite the content of one that exists; its id."""
        found = self._flow(flow)
        old = found.versions.get(version)
        made = self.app.add_version(found, version, minimum_agent, notes)
        if old is not None and self.app.variants["overwrite-etag"] == "at-once":
            for row in found.rows.values():
                if row.holds(version, "desired"):
                    self.agents.set_desired(row, Content(version, made.etag))
        return made.id

    @verb
    def require_agent(self, flow: str, agent: str | None) -> None:
        """Set the lowest agent version (`N.N.N`) that runs a flow, for those of its versions that name none."""
        self._flow(flow).minimum_agent = agent

    @verb
    def load_file(self, device: str, flow: str, version: str, file_name: str) -> None:
        """Have a device run a flow from a file of its own, which no write governs from then on."""
        on, what = self._device(device), self._flow(flow)
        self.agents.assign(on, what, version, CONSOLE)
        row = what.rows[on.index]
        row.current, row.file = row.desired, file_name
        self.agents.reported(row)

    @verb
    def fall_back(self, device: str, flow: str, version: str | None, error: str | None = None) -> None:
        """Have a device go back to a version from what is desired, and report an error before that, or none."""
        self.agents.fall_back(self._device(device), self._flow(flow), version, error)

    @verb
    def grant(self, token: str, scopes: Iterable[str]) -> None:
        """Make a token valid for these scopes, and for nothing else."""
        self.access.grant(token, scopes)

    @locked
    def state(self) -> list[dict[str, str | None]]:
        """Every listed row: device and flow (ids and names), desired, current and their etags."""
        return [
            {
                "device": row.device.name,
                "deviceId": row.device.id,
                "flow": row.flow.name,
                "flowId": row.flow.id,
                "desired": row.desired.version,
                "current": row.current.version,
                "desiredEtag": row.desired.etag,
                "currentEtag": row.current.etag,
            }
            for row in self.app.rows
            if row.alive
        ]

    # --- faults that change the world --------------------------------------------------------------------------------

    def swap_a_device(self) -> None:
        """Delete one device and add another with the same tags and versions: totals agree, yet rows have moved."""
        app = self.app
        devices = [device for device in app.devices if device.deleted is None and device.device_class == EDGE]
        if not devices:
            return
        old = self.faults.random.choice(devices)
        held = [(row.flow, row.desired.version) for row in app.rows_of(old)]
        new = app.add_device(f"{old.name}-r{len(app.devices)}", old.tags, EDGE, old.agent, old.connected)
        self.delete_device(old.id)
        for flow, version in held:
            if flow.flow_class == "edge" and version is not None:
                self.agents.assign(new, flow, version, CONSOLE)

    def delete_one_of(self, ids: object) -> bool:
        """Delete one of the devices of these ids, so that its id is refused from then on; say whether there was one."""
        named = [self.app.device_of_id(item) for item in ids if isinstance(item, str)] if isinstance(ids, list) else []
        devices = [device for device in named if device is not None]
        if devices:
            self.delete_device(self.faults.random.choice(devices).id, refused=True)
        return bool(devices)

    def _device(self, text: str) -> Device:
        return there(self.app.device(text), f"device {text!r}")

    def _flow(self, text: str) -> Flow:
        return there(self.app.flow(text), f"flow {text!r}")


def _tags(given: TagsGiven) -> Tags:
    pairs = given.items() if isinstance(given, Mapping) else given
    return tuple((key, value) for key, value in pairs)

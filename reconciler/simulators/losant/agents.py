"""How a slot comes to run what it is assigned: the call, and the device's agent acting on it.

An online device takes a new version `settle` seconds after it was assigned. An offline one does when it returns. A failing
one logs an error and keeps what it has; so does one whose agent is older than the version's minimum, and one that is
assigned a version which does not exist. An error is tried again at the next connect, or when assigned again.
"""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from reconciler.simulators.losant.application import Application
from reconciler.simulators.losant.inventory import (
    API_TOKEN,
    LOGS_KEPT,
    NOTHING,
    USER,
    Content,
    Device,
    Flow,
    Log,
    iso,
    triple,
)

DEVELOP, DEVELOP_AGENT = "develop", "1.39.0"
"""People can put the version that they edit on a device with an agent of at least this version (confirmed: MCP flow.md)."""

FAILURE = "workflow failed to start; the previous version keeps running"


class Source(NamedTuple):
    """Who changed what is desired."""

    type: str
    id: str


CONSOLE = Source("user", USER)
TOKEN = Source("apiToken", API_TOKEN)


class Agents:
    """Assigns contents to rows and plays the agents of all devices."""

    def __init__(self, application: Application) -> None:
        self.app = application
        self._pending: dict[int, object] = {}

    def content_of(self, flow: Flow, version: str | None) -> Content:
        """What a version name means now; an unknown name (some variants accept it) has an etag of its own."""
        if version is None:
            return NOTHING
        known = flow.versions.get(version)
        return Content(version, known.etag if known else "none")

    def assign(self, device: Device, flow: Flow, version: str | None, source: Source) -> None:
        """Set what is desired for a pair, as a write or a person in the console does. It governs no file on the device."""
        rows = self.app.rows
        row = rows.find(flow.index, device.index)
        if row in rows.files:
            return
        if row < 0:
            if version is None:
                return
            row = rows.add(device.index, flow.index, self.app.now())
            rows.logs[row] = []
            self.app.changed()
        before = rows.contents[rows.desired[row]]
        content = self.content_of(flow, version)
        if content.version == before.version and self.app.variants["overwrite-push"] == "no":
            content = before
        if content != before or self.app.variants["rerelease-log"] == "yes":
            self._log(row, log_entry("desired", source, self.app.now(), before, content))
        if content != before:
            self.set_desired(row, content)
        self._tell(row)

    def set_desired(self, row: int, content: Content) -> None:
        """Set what is desired without any log."""
        rows = self.app.rows
        rows.desired[row] = rows.intern(content)
        self._updated(row)

    def connected(self, device: Device) -> None:
        """A device has come online: whatever is pending is tried after it settled."""
        for row in self.app.rows.of_device(device.index):
            self._tell(row)

    def fall_back(self, device: Device, flow: Flow, version: str | None, error: str | None) -> None:
        """Have a device leave what is desired."""
        rows, source = self.app.rows, Source("device", device.id)
        row = rows.find(flow.index, device.index)
        desired, back = rows.contents[rows.desired[row]], self.content_of(flow, version)
        if error is not None:
            self._log(row, log_entry("current", source, self.app.now(), back, desired, error))
        self._log(row, log_entry("current", source, self.app.now(), desired, back))
        rows.current[row] = rows.intern(back)
        self._updated(row)

    def history(self, row: int) -> list[Log]:
        """The logs of a row; rows that were never written since they were generated have a plain first entry."""
        rows = self.app.rows
        logs = rows.logs.get(row)
        if logs is None:
            return first_log(*self.birth(row))
        return logs

    def birth(self, row: int) -> tuple[int, Content]:
        """When a generated row was made, and with what."""
        rows = self.app.rows
        return rows.created[row], rows.contents[rows.current[row] or rows.desired[row]]

    def pending(self, row: int) -> bool:
        """Whether the device still has something to do for the row."""
        rows = self.app.rows
        desired, current = rows.contents[rows.desired[row]], rows.contents[rows.current[row]]
        if desired.version == current.version:
            return desired != current and self.app.variants["overwrite-push"] == "yes"
        return True

    def _tell(self, row: int) -> None:
        device = self.app.devices[self.app.rows.device[row]]
        if device.connected != 1 or device.deleted is not None:
            return
        if not self.pending(row):
            self._pending.pop(row, None)
            self._drop_if_empty(row)
            return
        mark = self._pending[row] = object()
        self.app.later(self.app.settle, self._attempt(row, mark))

    def _attempt(self, row: int, mark: object) -> Callable[[], None]:
        def attempt() -> None:
            if self._pending.get(row) is not mark:
                return
            del self._pending[row]
            device = self.app.devices[self.app.rows.device[row]]
            if self.app.rows.alive[row] and device.connected == 1 and device.deleted is None:
                self._take(row, device)

        return attempt

    def _take(self, row: int, device: Device) -> None:
        rows = self.app.rows
        desired, current = rows.contents[rows.desired[row]], rows.contents[rows.current[row]]
        error = self._refusal(device, self.app.flows[rows.flow[row]], desired)
        source, form = Source("device", device.id), self.app.variants["failure-log"]
        entry = log_entry("current", source, self.app.now(), current, desired, error)
        if error is not None and form == "bare":
            entry = replace(entry, attempted_value=UNSET, attempted_etag=UNSET)
        self._log(row, entry)
        if error is not None and form == "then-current":
            self._log(row, log_entry("current", source, self.app.now(), current, current))
        if error is None:
            rows.current[row] = rows.desired[row]
        self._updated(row)
        if error is None:
            self._drop_if_empty(row)

    def _refusal(self, device: Device, flow: Flow, content: Content) -> str | None:
        if device.failing:
            return FAILURE
        if content.version is None:
            return None
        version = flow.versions.get(content.version)
        if version is None and content.version != DEVELOP:
            return f"workflow version {content.version} was not found"
        least = DEVELOP_AGENT if version is None else version.minimum_agent or flow.minimum_agent
        too_old = least is not None and device.agent is not None and triple(device.agent) < triple(least)
        return self.app.variants["agent-error-text"] if too_old else None

    def _drop_if_empty(self, row: int) -> None:
        rows = self.app.rows
        if rows.desired[row] == rows.current[row] == 0 and self.app.variants["empty-rows"] == "dropped":
            rows.drop(row)
            self.app.changed()

    def _updated(self, row: int) -> None:
        self.app.rows.updated[row] = self.app.now()
        self.app.changed()

    def _log(self, row: int, entry: Log) -> None:
        self.app.rows.logs[row] = [*self.history(row), entry][-LOGS_KEPT:]
        self.app.changed()


def first_log(created: int, content: Content) -> list[Log]:
    """The plain history of a generated row."""
    return [Log("desired", CONSOLE.type, CONSOLE.id, iso(created), new_value=content.version, previous_value=None)]


def log_entry(kind: str, source: Source, now: int, before: Content, after: Content, error: str | None = None) -> Log:
    """A log entry; with an error what was to come was only attempted."""
    entry = Log(
        kind, source.type, source.id, iso(now), previous_value=before.version, previous_etag=before.etag or UNSET
    )
    if error is None:
        return replace(entry, new_value=after.version, new_etag=after.etag or UNSET)
    return replace(entry, attempted_value=after.version, attempted_etag=after.etag or UNSET, error=error)

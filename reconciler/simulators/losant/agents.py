"""How a slot comes to run what it is assigned: the call, and the device's agent acting on it.

An online device takes a new version `settle` seconds after it was assigned. An offline one does when it returns. A failing
one logs an error and keeps what it has; so does one whose agent is older than the version's minimum, and one that is
assigned a version which does not exist. An error is tried again at the next connect, or when assigned again.
"""

from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from reconciler.simulators.losant.application import Application
from reconciler.simulators.losant.inventory import (
    API_TOKEN,
    CLOUD_FLOW,
    LOGS_KEPT,
    NOTEBOOK,
    NOTHING,
    USER,
    Content,
    Device,
    Flow,
    Log,
    Row,
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
SOURCES = {one.type: one for one in (CONSOLE, TOKEN, Source("flow", CLOUD_FLOW), Source("notebook", NOTEBOOK))}
"""Who may change what is desired (confirmed: JS lib/schemas/edgeDeployment.json), by type."""


class Agents:
    """Assigns contents to rows and plays the agents of all devices."""

    def __init__(self, application: Application) -> None:
        self.app = application

    def content_of(self, flow: Flow, version: str | None) -> Content:
        """What a version name means now; an unknown name (some variants accept it) has an etag of its own."""
        if version is None:
            return NOTHING
        known = flow.versions.get(version)
        return Content(version, known.etag if known else "none")

    def assign(self, device: Device, flow: Flow, version: str | None, source: Source) -> None:
        """Set what is desired for a pair, as a write or a person in the console does. It governs no file on the device."""
        row = flow.rows.get(device.index)
        if row is None:
            if version is None:
                return
            row = self.app.add_row(device, flow)
            row.logs = []
        if row.file is not None:
            return
        before, content = row.desired, self.content_of(flow, version)
        if content.version == before.version and self.app.variants["overwrite-push"] == "no":
            content = before
        if content != before or self.app.variants["rerelease-log"] == "yes":
            self._log(row, log_entry("desired", source, self.app.now(), before, content))
            self._updated(row)
        if content != before:
            self.set_desired(row, content)
        self._tell(row)

    def set_desired(self, row: Row, content: Content) -> None:
        """Set what is desired without any log."""
        row.desired = content
        self._updated(row)

    def connected(self, device: Device) -> None:
        """A device has come online: whatever is pending is tried after it settled."""
        for row in self.app.rows_of(device):
            self._tell(row)

    def fall_back(self, device: Device, flow: Flow, version: str | None, error: str | None) -> None:
        """Have a device leave what is desired."""
        row, source = flow.rows[device.index], Source("device", device.id)
        back = self.content_of(flow, version)
        if error is not None:
            self._log(row, log_entry("current", source, self.app.now(), back, row.desired, error))
        self._log(row, log_entry("current", source, self.app.now(), row.desired, back))
        row.current = back
        self.reported(row)

    def pending(self, row: Row) -> bool:
        """Whether the device still has something to do for the row."""
        if row.desired.version == row.current.version:
            return row.desired != row.current and self.app.variants["overwrite-push"] == "yes"
        return True

    def _tell(self, row: Row) -> None:
        if row.device.connected != 1 or row.device.deleted is not None:
            return
        if not self.pending(row):
            row.attempt = None
            self._drop_if_empty(row)
            return
        mark = row.attempt = object()
        self.app.later(self.app.settle, lambda: self._attempt(row, mark))

    def _attempt(self, row: Row, mark: object) -> None:
        if row.attempt is not mark:
            return
        row.attempt = None
        if row.alive and row.device.connected == 1 and row.device.deleted is None:
            self._take(row)

    def _take(self, row: Row) -> None:
        desired, current = row.desired, row.current
        error = self._refusal(row.device, row.flow, desired)
        source, form = Source("device", row.device.id), self.app.variants["failure-log"]
        entry = log_entry("current", source, self.app.now(), current, desired, error)
        if error is not None and form == "bare":
            entry = replace(entry, attempted_value=UNSET, attempted_etag=UNSET)
        self._log(row, entry)
        if error is not None and form == "then-current":
            self._log(row, log_entry("current", source, self.app.now(), current, current))
        if error is None:
            row.current = desired
        self.reported(row)
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

    def _drop_if_empty(self, row: Row) -> None:
        if row.desired == row.current == NOTHING and self.app.variants["empty-rows"] == "dropped":
            self.app.drop_row(row)

    def reported(self, row: Row) -> None:
        """A device said something of a row."""
        if self.app.variants["row-updated"] == "always":
            self._updated(row)

    def _updated(self, row: Row) -> None:
        row.updated = self.app.now()

    def _log(self, row: Row, entry: Log) -> None:
        row.logs = [*history(row), entry][-LOGS_KEPT:]


def history(row: Row) -> list[Log]:
    """The logs of a row; one that was never written since it was generated has a plain first entry."""
    return first_log(*birth(row)) if row.logs is None else row.logs


def birth(row: Row) -> tuple[int, Content]:
    """When a generated row was made, and with what."""
    return row.created, row.desired if row.current == NOTHING else row.current


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

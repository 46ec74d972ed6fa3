"""Which URL answers what: the reads and writes of the Losant API that are used, with their query parameters."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reconciler.model.quantity import iso
from reconciler.platforms.http import Client, segment
from reconciler.platforms.losant import wire
from reconciler.platforms.losant.wire import Newest
from reconciler.platforms.reading.pages import Page
from reconciler.platforms.written import Written

PAGE = 1000
"""Items asked for a page. The official command line tool asks for as many, confirmed (CLI lib/paginate-request.js);
what comes back decides how paging goes on."""
WORKFLOW_PAGE = 100
"""Workflows and their versions come with whole node graphs: smaller pages bound the size of an answer."""

Filter = dict[str, str]
"""Query parameters that narrow a listing, `deviceId` or `flowId`."""

_PLAIN: dict[str, str | int] = {"_actions": "false", "_links": "false"}
_BY_ID: dict[str, str | int] = {"sortField": "id", "sortDirection": "asc", **_PLAIN}
_NEWEST: dict[str, str | int] = {"sortField": "creationDate", "sortDirection": "desc", "perPage": 1, **_PLAIN}
_LAST: dict[str, str | int] = {"sortField": "lastUpdated", "sortDirection": "desc", **_PLAIN}
_DELETED: dict[str, str | int] = {
    "queryDeleted": "true",
    "sortField": "deletedAt",
    "sortDirection": "desc",
    "perPage": 1,
}
_DATES = ("lastUpdated", "connectedAt", "disconnectedAt", "creationDate")
"""Dates of a device that can be asked for, confirmed (JS lib/schemas/advancedDeviceQuery.json)."""


class Routes:
    """The API of one application. All methods raise PlatformError."""

    def __init__(self, client: Client, application: str) -> None:
        self.client = client
        self.base = f"/applications/{application}"

    def devices(self, page: int, size: int = PAGE, *, following: int | None = None) -> Page[wire.Device]:
        """Return a page of devices of all classes, sorted by id; the following one is asked for already."""
        params = {**_BY_ID, "page": page, "perPage": size}
        then = None if following is None else {**params, "page": following}
        return self.client.read(f"{self.base}/devices", "list devices", wire.devices, params, then)

    def deployments(
        self, filters: Filter, page: int, size: int = PAGE, *, following: int | None = None
    ) -> Page[wire.Row]:
        """Return a page of edge deployments, sorted by id, without `filterEmpty`: a row that vanishes must show.

        The default sort is by last update, so rows would move between pages, confirmed (JS docs/edgeDeployments.md).
        """
        params = {**_BY_ID, "page": page, "perPage": size, **filters}
        then = None if following is None else {**params, "page": following}
        return self.client.read(f"{self.base}/edge/deployments", "list edge deployments", wire.rows, params, then)

    def changed_last(self, filters: Filter, size: int) -> Page[wire.Row]:
        """Return the edge deployments that changed last, at most so many; both filters together narrow (inferred)."""
        params = {"sortField": "lastUpdated", "sortDirection": "desc", **_PLAIN, "perPage": size, **filters}
        return self.client.read(f"{self.base}/edge/deployments", "list edge deployments", wire.rows, params)

    def newest_device(self, **filters: str) -> Page[Newest]:
        """Return the total of devices and the one created last."""
        return self.client.read(f"{self.base}/devices", "list devices", wire.newest, {**_NEWEST, **filters})

    def newest_deployment(self, **filters: str) -> Page[Newest]:
        """Return the total of edge deployments and the one created last."""
        path = f"{self.base}/edge/deployments"
        return self.client.read(path, "list edge deployments", wire.newest, {**_NEWEST, **filters})

    def deleted_devices(self) -> tuple[Page[wire.Deleted], float | None]:
        """Return how many devices are deleted and can be restored, and the one deleted last; and the platform's own date.

        Such devices are listed, confirmed (JS docs/devices.md); the date is that of HTTP, None where there is none.
        """
        operation = "list deleted devices"
        answer = self.client.get(f"{self.base}/devices", operation, {**_DELETED, **_PLAIN})
        return self.client.decoded(answer, operation, wire.deleted), answer.date

    def changed_devices(self, since: float, witness: str, page: int, size: int = PAGE) -> Page[wire.Device]:
        """Return a page of the devices that changed, connected or disconnected since a date, sorted by id.

        Besides the device with the id `witness`, if any.
        """
        dates = [{name: {"$gte": iso(since, "milliseconds")}} for name in _DATES]
        query = {"$or": [*dates, *([{"id": witness}] if witness else [])]}
        params = {**_BY_ID, "page": page, "perPage": size, "query": msgspec.json.encode(query).decode()}
        return self.client.read(f"{self.base}/devices", "list changed devices", wire.devices, params)

    def last_deployments(self, page: int, size: int = PAGE) -> Page[wire.Row]:
        """Return a page of edge deployments, those first that changed last."""
        params = {**_LAST, "page": page, "perPage": size}
        return self.client.read(f"{self.base}/edge/deployments", "list changed edge deployments", wire.rows, params)

    def flows(self, page: int, size: int = WORKFLOW_PAGE) -> Page[wire.Flow]:
        """Return a page of edge workflows. Without `flowClass` none would appear, confirmed (JS docs/flows.md)."""
        params = {**_BY_ID, "flowClass": "edge", "page": page, "perPage": size}
        return self.client.read(f"{self.base}/flows", "list edge workflows", wire.flows, params)

    def versions(self, flow: str, page: int, size: int = WORKFLOW_PAGE) -> Page[wire.Version]:
        """Return a page of the versions of a workflow."""
        params = {**_BY_ID, "page": page, "perPage": size}
        path = f"{self.base}/flows/{segment(flow)}/versions"
        return self.client.read(path, f"list versions of workflow {flow}", wire.versions, params)

    def version(self, flow: str, name: str) -> tuple[wire.Version, list[str]]:
        """Return a version by its name, and what of it was left out; NotFound when there is none, or no such workflow.

        The route accepts id or name, confirmed (JS docs/flowVersion.md); that names must be encoded is inferred.
        """
        path = f"{self.base}/flows/{segment(flow)}/versions/{segment(name)}"
        return self.client.read(path, f"read version {name!r} of workflow {flow}", wire.version, _PLAIN)

    def count(self, flow: str, version: str) -> int:
        """Return how many rows of a workflow have a version as desired or current one (`version` matches either)."""
        return self.newest_deployment(flowId=flow, version=version).total

    def write(self, path: str, operation: str, body: object, deadline: float, units: Sequence[str]) -> Written[None]:
        """Send one write that names these devices, at most until `deadline`, in monotonic seconds.

        It answers 201 up to API 1.30.0, 202 since, confirmed (PY31 edge_deployments.py).
        """
        return self.client.write(path, operation, body, wire.success, deadline, units=units)

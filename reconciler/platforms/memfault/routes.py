"""Which URL answers what: the reads and writes of the Memfault API that are used, with their query parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.errors import Rejected
from reconciler.model.change import Request
from reconciler.platforms.answers import Answer
from reconciler.platforms.http import Client, segment
from reconciler.platforms.memfault import wire
from reconciler.platforms.reading.pages import Item, Page

Filters = Sequence[tuple[str, str]]
"""Query parameters; a key may come several times, confirmed (SW info)."""

ASKED = 1000
"""Rows asked for a page. 100 is the documented most, confirmed (SW info); live servers gave 5000, confirmed in code
(AWSJS). What comes back decides how paging goes on."""
DOCUMENTED = 100


class Routes:
    """The API of one project. All methods raise PlatformError."""

    def __init__(self, client: Client, organization: str, project: str) -> None:
        self.client = client
        self.organization = organization
        self.project = f"/api/v0/organizations/{organization}/projects/{project}"
        self._most = ASKED

    def cohorts(self, page: int, size: int = ASKED) -> Page[wire.Cohort]:
        """Return a page of cohorts, the oldest first."""
        return self._page("cohorts", "list cohorts", wire.cohorts, (page, size), [("sort", "created_date")])

    def devices(self, page: int, size: int = ASKED) -> Page[wire.Device]:
        """Return a page of the devices of all cohorts, in the platform's own order: it sorts by `last_seen` alone.

        That is confirmed (WEB api/devices), and would move rows between pages.
        """
        return self._page("devices", "list devices", wire.devices, (page, size))

    def members(self, cohort: str, page: int, size: int = ASKED) -> Page[wire.Device]:
        """Return a page of the devices of one cohort, confirmed (SW)."""
        return self._page(f"cohorts/{segment(cohort)}/devices", f"list devices of {cohort}", wire.devices, (page, size))

    def deployments(
        self, filters: Filters, page: int, size: int = ASKED, *, newest_first: bool = False
    ) -> Page[wire.Deployment]:
        """Return a page of activations, the oldest first: new ones come at the end."""
        sort = ("sort", "-deployed_date" if newest_first else "deployed_date")
        return self._page("deployments", "list deployments", wire.deployments, (page, size), [*filters, sort])

    def newest_deployment(self) -> Page[wire.Newest]:
        """Return the activation made last, with the total of all."""
        params = [("sort", "-deployed_date"), ("page", "1"), ("per_page", "1")]
        return self.client.read(f"{self.project}/deployments", "list deployments", wire.newest, params)

    def types(self, page: int, size: int = ASKED) -> Page[wire.SoftwareType]:
        """Return a page of software types, confirmed (AE openapi)."""
        return self._page("software_types", "list software types", wire.types, (page, size))

    def type_values(self, page: int, size: int = ASKED) -> Page[wire.TypeValue]:
        """Return a page of software types with whether they are primary, those first, confirmed (CLI deploy.py)."""
        params = [("sort", "-is_primary_type")]
        return self._page("software_type_values", "list software type values", wire.type_values, (page, size), params)

    def versions(self, software_type: str, page: int, size: int = ASKED) -> Page[wire.SoftwareVersion]:
        """Return a page of the versions of a software type, confirmed (AE openapi; CLI deploy.py)."""
        path = f"software_types/{segment(software_type)}/software_versions"
        return self._page(path, f"list versions of {software_type}", wire.versions, (page, size))

    def releases(self, filters: Filters, page: int, size: int = ASKED) -> Page[wire.Release]:
        """Return a page of full releases."""
        return self._page("releases", "list releases", wire.releases, (page, size), filters)

    def release(self, version: str) -> wire.Release:
        """Return a full release by its version; NotFound when there is none, or no such project."""
        path = f"{self.project}/releases/{segment(version)}"
        return self.client.read(path, f"read release {version!r}", wire.release)

    def organizations(self) -> list[wire.Organization]:
        """Return the organizations that the credentials reach, confirmed (MDX docs/ci/authentication.mdx)."""
        return self.client.read("/api/v0/organizations", "list organizations", wire.organizations)

    def write(self, request: Request, operation: str, deadline: float) -> Answer:
        """Send one write, at most until `deadline`, in monotonic seconds."""
        return self.client.send(request.path, operation, request.body, deadline, method=request.method)

    def _page(
        self,
        path: str,
        operation: str,
        decode: Callable[[bytes], Page[Item]],
        place: tuple[int, int],
        filters: Filters = (),
    ) -> Page[Item]:
        """Return a page by its number, from 0, and the size asked for; where that is refused, of the documented size."""
        number, size = place

        def ask(size: int) -> Page[Item]:
            params = [*filters, ("page", str(number + 1)), ("per_page", str(size))]
            return self.client.read(f"{self.project}/{path}", operation, decode, params)

        try:
            return ask(min(size, self._most))
        except Rejected as error:
            if error.status != 400 or min(size, self._most) <= DOCUMENTED:
                raise
            found = ask(DOCUMENTED)
            self._most = DOCUMENTED
            return found

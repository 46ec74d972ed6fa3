"""Memfault's JSON, decoded into the few fields that are used (memfault.md sections 2 to 6).

Pages decode strictly and fast. When a row of a page has an unexpected shape, that page is decoded row by row, so that
one odd row costs what it is about and not the page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

Row = TypeVar("Row")


class Paging(msgspec.Struct, gc=False):
    """Where a page stands: `page` counts from 1, confirmed (SW info)."""

    page: int
    page_count: int
    per_page: int
    total_count: int


class Page(msgspec.Struct, Generic[Row]):
    """One page of a collection. `odd` rows are not as expected, each raw and with what is wrong with it."""

    rows: list[Row]
    paging: Paging
    odd: list[tuple[bytes, str]] = []

    @property
    def size(self) -> int:
        """Return how many rows came."""
        return len(self.rows) + len(self.odd)


class Named(msgspec.Struct, gc=False):
    """Anything that is told by its name alone."""

    name: str


class CohortRef(msgspec.Struct, gc=False):
    """A cohort as devices and deployments name it."""

    slug: str


class Cohort(msgspec.Struct, gc=False):
    """A cohort. The flags and counts below `name` are seen live, confirmed in code (GO pkg/responses.go), or None."""

    slug: str
    name: str
    id: int = 0
    count_devices: int | None = None
    count_active_deployments: int | None = None
    bypass_version_checks: bool | None = None
    updates_enabled: bool | None = None


class Seen(msgspec.Struct, gc=False):
    """The version that a device was last seen with; the software type is told live alone."""

    version: str
    software_type: Named | None = None


class Device(msgspec.Struct, gc=False):
    """A device in either shape.

    The reference has `last_seen_release` and a hardware text, confirmed (WEB api/devices); live there are
    `last_seen_software_version` and a hardware object, confirmed in code (AWSJS; NCS).
    """

    id: int
    cohort: CohortRef
    hardware_version: str | Named | None = None
    last_seen: datetime | None = None
    last_seen_release: Seen | None = None
    last_seen_software_version: Seen | None = None


class Past(msgspec.Struct):
    """A row of an unexpected shape, as far as it says what it has come to."""

    status: str


class Placed(msgspec.Struct):
    """A row of an unexpected shape of which can be told whose it is."""

    cohort: CohortRef
    id: Any = None


ARROW = " -> "
"""Between the two versions of a delta, where one text names it: no version has a `>`, confirmed (MDX

docs/platform/software-version-hardware-version.mdx)."""


class Activated(msgspec.Struct, gc=False):
    """The release of a deployment: a full one has a version; a delta two, in a shape seen in code of clients alone."""

    version: str | None = None
    from_version: Seen | str | None = None
    to_version: Seen | str | None = None

    @property
    def told(self) -> tuple[str, ...]:
        """Return its version, or the two of a delta; nothing where they cannot be told."""
        if self.from_version is not None and self.to_version is not None:
            ends = (self.from_version, self.to_version)
            return tuple(one.version if isinstance(one, Seen) else one for one in ends)
        return (self.version,) if self.version else ()

    @property
    def name(self) -> str:
        """Return its version, or both of a delta in one text; empty where they cannot be told."""
        return ARROW.join(self.told)


class Deployment(msgspec.Struct, gc=False):
    """One activation: a release for a cohort, confirmed (WEB api/deployments)."""

    id: int
    type: str
    status: str
    release: Activated
    cohort: CohortRef
    rollout_percent: int | float | None = None
    deployed_date: datetime | None = None
    updated_date: datetime | None = None


class SoftwareType(msgspec.Struct, gc=False):
    """A software type, confirmed in code (AWSJS)."""

    name: str
    software_versions_count: int | None = None


class SoftwareVersion(msgspec.Struct, gc=False):
    """A version of a software type."""

    version: str


SYMBOLS = "symbols"
"""The type of artifacts that no device installs, confirmed (SW Artifacts)."""


class Artifact(msgspec.Struct):
    """One file of a release, confirmed (SW Artifacts); `must_pass_through` here is inferred, None where it is not told."""

    type: str = ""
    hardware_version: str | Named | None = None
    build_id: str | None = None
    filename: str | None = None
    md5: str | None = None
    size: int | None = None
    must_pass_through: bool | None = None


class Release(msgspec.Struct):
    """A full release, confirmed (WEB api/releases); `must_pass_through` in a reply is inferred."""

    id: int
    version: str
    created_date: str = ""
    updated_date: str = ""
    min_version: str | None = None
    revision: str | None = None
    notes: str | None = None
    extra_info: msgspec.Raw = msgspec.Raw(b"null")
    count_devices: int | None = None
    artifacts: list[Artifact] | None = None
    must_pass_through: bool | None = None

    @property
    def must_pass(self) -> bool | None:
        """Return whether devices must pass through it, as the release or one of its files says; None where neither does.

        Silence is no denial: the published examples have no such field at all.
        """
        told = [one.must_pass_through for one in self.artifacts or () if one.type != SYMBOLS]
        if self.must_pass_through or any(told):
            return True
        return False if self.must_pass_through is False or (told and None not in told) else None


class Organization(msgspec.Struct):
    """An organization that the credentials reach."""

    slug: str


class Answered(msgspec.Struct):
    """What a write of a deployment answers, as far as it is looked at."""

    id: int
    rollout_percent: int | float | None = None


class _Envelope(msgspec.Struct, Generic[Row]):
    data: Row


class _Listing(msgspec.Struct, Generic[Row]):
    data: list[Row]
    paging: Paging


class Pages(Generic[Row]):
    """Decodes pages of one kind of row."""

    def __init__(self, listing: type[_Listing[Row]], row: type[Row]) -> None:
        """Take the types."""
        self._strict = msgspec.json.Decoder(listing)
        self._row = msgspec.json.Decoder(row)

    def __call__(self, content: bytes) -> Page[Row]:
        """Return the page; raise msgspec.DecodeError when the body is no page at all."""
        try:
            found = self._strict.decode(content)
        except msgspec.ValidationError:
            return self._one_by_one(content)
        return Page(found.data, found.paging)

    def _one_by_one(self, content: bytes) -> Page[Row]:
        found = _raw.decode(content)
        page: Page[Row] = Page([], found.paging, [])
        for raw in found.data:
            try:
                page.rows.append(self._row.decode(raw))
            except msgspec.ValidationError as error:
                page.odd.append((bytes(raw), str(error)))
        return page


_raw = msgspec.json.Decoder(_Listing[msgspec.Raw])
_release = msgspec.json.Decoder(_Envelope[Release])
_answered = msgspec.json.Decoder(_Envelope[Answered])

cohorts = Pages(_Listing[Cohort], Cohort)
devices = Pages(_Listing[Device], Device)
deployments = Pages(_Listing[Deployment], Deployment)
types = Pages(_Listing[SoftwareType], SoftwareType)
versions = Pages(_Listing[SoftwareVersion], SoftwareVersion)
releases = Pages(_Listing[Release], Release)
_organizations = msgspec.json.Decoder(_Envelope[list[Organization]])
past = msgspec.json.Decoder(Past).decode
placed = msgspec.json.Decoder(Placed).decode
anything = msgspec.json.Decoder().decode


def organizations(content: bytes) -> list[Organization]:
    """Return organizations, with or without paging; raise msgspec.DecodeError for another shape."""
    return _organizations.decode(content).data


def release(content: bytes) -> Release:
    """Return a single release; raise msgspec.DecodeError for another shape."""
    return _release.decode(content).data


def answered(content: bytes) -> Answered:
    """Return what a write answered; raise msgspec.DecodeError for another shape."""
    return _answered.decode(content).data


def nothing(content: bytes) -> None:
    """Take the answer to a deletion, empty or an object; raise msgspec.DecodeError for anything else."""
    if content.strip():
        msgspec.json.decode(content, type=dict[str, Any])


def hardware_name(told: str | Named | None) -> str:
    """Return the name of a hardware version in either shape; empty where none is told."""
    return told.name if isinstance(told, Named) else told or ""

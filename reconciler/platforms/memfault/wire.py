"""Memfault's JSON, decoded into the few fields that are used (memfault.md sections 2 to 6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic

import msgspec

from reconciler.platforms.reading.pages import Decorative, Item, Page, Pages


class Paging(msgspec.Struct, gc=False):
    """Where a page stands: `page` counts from 1, confirmed (SW info)."""

    page: int
    page_count: int
    per_page: int
    total_count: int

    @property
    def declared(self) -> tuple[int, int]:
        """Return the number of the page from 0, and how many rows a page has: none where its numbers do not agree."""
        agree = self.per_page > 0 and self.page_count == -(-self.total_count // self.per_page)
        return self.page - 1, self.per_page if agree else 0


class Named(msgspec.Struct, gc=False):
    """Anything given by its name alone."""

    name: str


class CohortRef(msgspec.Struct, gc=False):
    """A cohort as devices and deployments name it."""

    slug: str


class Cohort(msgspec.Struct, gc=False):
    """A cohort. The flags and counts below `name` are seen live, confirmed in code (GO pkg/responses.go), or None."""

    slug: str
    name: Decorative[str] = ""
    count_devices: Decorative[int | None] = None
    count_active_deployments: Decorative[int | None] = None
    bypass_version_checks: bool | None = None
    updates_enabled: bool | None = None


class Seen(msgspec.Struct, gc=False):
    """The version that a device was last seen with; live servers alone name the software type."""

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


ARROW = " -> "
"""Between the two versions of a delta, where one text names it: no version has a `>`, confirmed (MDX

docs/platform/software-version-hardware-version.mdx)."""


class Activated(msgspec.Struct, gc=False):
    """The release of a deployment: a full one has a version; a delta two, in a shape seen in code of clients alone."""

    version: str | None = None
    from_version: Seen | str | None = None
    to_version: Seen | str | None = None

    @property
    def versions(self) -> tuple[str, ...]:
        """Return its version, or the two of a delta; nothing where it names none."""
        if self.from_version is not None and self.to_version is not None:
            ends = (self.from_version, self.to_version)
            return tuple(one.version if isinstance(one, Seen) else one for one in ends)
        return (self.version,) if self.version else ()

    @property
    def name(self) -> str:
        """Return its version, or both of a delta in one text; empty where it names none."""
        return ARROW.join(self.versions)


class Deployment(msgspec.Struct, gc=False):
    """One activation: a release for a cohort, confirmed (WEB api/deployments)."""

    id: int
    type: str
    status: str
    release: Activated
    cohort: CohortRef
    rollout_percent: int | float | None = None
    deployed_date: Decorative[datetime | None] = None
    updated_date: Decorative[datetime | None] = None


class Newest(msgspec.Struct):
    """The newest row of a collection."""

    id: int


class SoftwareType(msgspec.Struct, gc=False):
    """A software type, confirmed in code (AWSJS)."""

    name: str
    software_versions_count: Decorative[int | None] = None


class SoftwareVersion(msgspec.Struct, gc=False):
    """A version of a software type."""

    version: str


SYMBOLS = "symbols"
"""The type of artifacts that no device installs, confirmed (SW Artifacts)."""


class Artifact(msgspec.Struct):
    """One file of a release, confirmed (SW Artifacts); `must_pass_through` here is inferred, None where no answer names it."""

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
    revision: Decorative[str | None] = None
    notes: Decorative[str | None] = None
    extra_info: msgspec.Raw = msgspec.Raw(b"null")
    count_devices: Decorative[int | None] = None
    artifacts: list[Artifact] | None = None
    must_pass_through: bool | None = None

    @property
    def must_pass(self) -> bool | None:
        """Return whether devices must pass through it, as the release or one of its files says; None where neither does.

        Silence is no denial: the published examples have no such field at all.
        """
        said = [one.must_pass_through for one in self.artifacts or () if one.type != SYMBOLS]
        if self.must_pass_through or any(said):
            return True
        return False if self.must_pass_through is False or (said and None not in said) else None


class Organization(msgspec.Struct):
    """An organization that the credentials reach."""

    slug: str


class Answered(msgspec.Struct):
    """What a write of a deployment answers, as far as it is looked at."""

    id: int
    rollout_percent: int | float | None = None


class _Envelope(msgspec.Struct, Generic[Item]):
    data: Item


class _Collection(msgspec.Struct, Generic[Item]):
    data: list[Item]
    paging: Paging

    def page(self) -> Page[Item]:
        """Return it as a page."""
        return Page(self.data, self.paging.total_count, self.paging.declared)


_release = msgspec.json.Decoder(_Envelope[Release])
_answered = msgspec.json.Decoder(_Envelope[Answered])
_organizations = msgspec.json.Decoder(_Envelope[list[Organization]])

cohorts = Pages(_Collection, Cohort)
devices = Pages(_Collection, Device)
deployments = Pages(_Collection, Deployment)
newest = Pages(_Collection, Newest)
types = Pages(_Collection, SoftwareType)
versions = Pages(_Collection, SoftwareVersion)
releases = Pages(_Collection, Release)
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


def hardware_name(hardware: str | Named | None) -> str:
    """Return the name of a hardware version in either shape; empty where there is none."""
    return hardware.name if isinstance(hardware, Named) else hardware or ""

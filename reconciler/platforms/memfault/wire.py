"""Memfault's JSON, decoded into the few fields that are used (memfault.md sections 2 to 6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic

import msgspec

from reconciler.platforms.reading.pages import Decorative, Item, Items, Page, Pages


class Paging(msgspec.Struct):
    """Where a page stands: `page` counts from 1, confirmed (SW info). Numbers may come as texts; the total must come."""

    total_count: int | str
    page: Any = None
    page_count: Any = None
    per_page: Any = None

    @property
    def total(self) -> int:
        """Return how many rows there are over all pages; raise msgspec.ValidationError where that is no number."""
        found = _whole(self.total_count)
        if found is None:
            raise msgspec.ValidationError(f"total_count is {self.total_count!r}")
        return found

    @property
    def declared(self) -> tuple[int, int] | None:
        """Return the number of the page from 0, and how many rows a page has: none where its numbers do not agree."""
        page, pages, rows = map(_whole, (self.page, self.page_count, self.per_page))
        if page is None or pages is None or rows is None:
            return None
        return page - 1, rows if rows > 0 and pages == -(-self.total // rows) else 0


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) <= 9:
        return int(value)
    return value if type(value) is int else None


class Named(msgspec.Struct, gc=False):
    """Anything given by its name alone."""

    name: str


Name = Annotated[str, msgspec.Meta(min_length=1)]
"""What names something: without a character it would name nothing."""


class CohortRef(msgspec.Struct, gc=False):
    """A cohort as devices and deployments name it."""

    slug: Name


class Cohort(msgspec.Struct, gc=False):
    """A cohort. The flags and counts below `name` are seen live, confirmed in code (GO pkg/responses.go), or None."""

    slug: Name
    name: Decorative[str] = ""
    count_devices: Decorative[int | None] = None
    count_active_deployments: Decorative[int | None] = None
    bypass_version_checks: Decorative[bool | None] = None
    updates_enabled: Decorative[bool | None] = None


class Seen(msgspec.Struct, gc=False):
    """The version that a device was last seen with; live servers alone name the software type."""

    version: str | None
    software_type: Decorative[Named | None] = None


UNTOLD = datetime.max.replace(tzinfo=UTC)
"""When a device was last seen whose answer does not say so: it is waited for, and never said to be silent."""


class Device(msgspec.Struct, gc=False):
    """A device in either shape.

    The reference has `last_seen_release` and a hardware text, confirmed (WEB api/devices); live there are
    `last_seen_software_version` and a hardware object, confirmed in code (AWSJS; NCS).
    """

    id: int | str
    cohort: CohortRef
    hardware_version: Decorative[str | Named | None] = None
    last_seen: Decorative[datetime | None] = UNTOLD
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
            ends = (one.version if isinstance(one, Seen) else one for one in (self.from_version, self.to_version))
            return tuple(one for one in ends if one)
        return (self.version,) if self.version else ()

    @property
    def name(self) -> str:
        """Return its version, or both of a delta in one text; empty where it names none."""
        return ARROW.join(self.versions)


class Person(msgspec.Struct, gc=False):
    """Who activated a release; an organization token is nobody, inferred of BITKEY, which copes with none."""

    name: Decorative[str] = ""
    email: Decorative[str] = ""


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
    deployer: Decorative[Person | None] = None


class Newest(msgspec.Struct):
    """The newest row of a collection."""

    id: int


class SoftwareType(msgspec.Struct, gc=False):
    """A software type, confirmed in code (AWSJS)."""

    name: Name
    software_versions_count: Decorative[int | None] = None


class TypeValue(msgspec.Struct, gc=False):
    """Whether a software type is the primary one of some hardware; that each row says so is inferred of the sort."""

    name: str
    is_primary_type: Decorative[bool | None] = None


class SoftwareVersion(msgspec.Struct, gc=False):
    """A version of a software type."""

    version: Name


SYMBOLS = "symbols"
"""The type of artifacts that no device installs, confirmed (SW Artifacts)."""


class Artifact(msgspec.Struct):
    """One file of a release, confirmed (SW Artifacts); `must_pass_through` here is inferred, None where no answer names it."""

    id: Decorative[int | str] = ""
    type: Decorative[str] = ""
    hardware_version: Decorative[str | Named | None] = None
    build_id: Decorative[str | None] = None
    filename: Decorative[str | None] = None
    url: Decorative[str | None] = None
    md5: Decorative[str | None] = None
    size: Decorative[int | None] = None
    must_pass_through: Decorative[bool | None] = None
    created_date: Decorative[str | None] = None
    updated_date: Decorative[str | None] = None
    extra_info: msgspec.Raw = msgspec.Raw(b"null")


class Release(msgspec.Struct):
    """A full release, confirmed (WEB api/releases); `must_pass_through` in a reply is inferred."""

    version: str
    id: Decorative[int | str] = ""
    created_date: Decorative[str] = ""
    updated_date: Decorative[str] = ""
    min_version: Decorative[str | None] = None
    revision: Decorative[str | None] = None
    notes: Decorative[str | None] = None
    extra_info: msgspec.Raw = msgspec.Raw(b"null")
    count_devices: Decorative[int | None] = None
    artifacts: Decorative[list[Artifact] | None] = None
    must_pass_through: Decorative[bool | None] = None

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
    rollout_percent: Any = None
    release: Any = None
    cohort: Any = None


class _Envelope(msgspec.Struct, Generic[Item]):
    data: Item


class _Collection(msgspec.Struct, Generic[Item]):
    data: list[Item]
    paging: Paging

    def page(self) -> Page[Item]:
        """Return it as a page."""
        return Page(self.data, self.paging.total, self.paging.declared)


_raw = msgspec.json.Decoder(_Envelope[msgspec.Raw])
_release = Items(Release)
_answered = msgspec.json.Decoder(_Envelope[Answered])
_organizations = msgspec.json.Decoder(_Envelope[list[Organization]])

cohorts = Pages(_Collection, Cohort)
devices = Pages(_Collection, Device)
deployments = Pages(_Collection, Deployment)
newest = Pages(_Collection, Newest)
types = Pages(_Collection, SoftwareType)
type_values = Pages(_Collection, TypeValue)
versions = Pages(_Collection, SoftwareVersion)
releases = Pages(_Collection, Release)
anything = msgspec.json.Decoder().decode


def organizations(content: bytes) -> list[Organization]:
    """Return organizations, with or without paging; raise msgspec.DecodeError for another shape."""
    return _organizations.decode(content).data


def release(content: bytes) -> Release:
    """Return a single release; raise msgspec.DecodeError for another shape."""
    return _release.one(_raw.decode(content).data, [])


def answered(content: bytes) -> Answered:
    """Return what a write answered; raise msgspec.DecodeError for another shape."""
    return _answered.decode(content).data


def anything_or_nothing(content: bytes) -> None:
    """Take any JSON, or nothing; raise msgspec.DecodeError for what is no JSON."""
    if content.strip():
        anything(content)


def hardware_name(hardware: str | Named | None) -> str:
    """Return the name of a hardware version in either shape; empty where there is none."""
    return hardware.name if isinstance(hardware, Named) else hardware or ""

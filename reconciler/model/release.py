"""Versions as the platform's catalogue knows them, and how a server gets them ready for units to fetch."""

from collections.abc import Collection, Mapping
from enum import StrEnum

import msgspec

from reconciler.model.observation import Facts
from reconciler.model.unit import Ref


class Release(msgspec.Struct, frozen=True):
    """A version of a workload (by the workload's id)."""

    workload: str
    version: str


class Artifact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file of a release. `size` is in bytes; `digest` is `algorithm:value`, empty where none is known.

    `hardware` is the hardware version it is for, empty where the platform does not tell them apart. `reference` is the
    platform's own id, `url` where it is without what signs it, `created` and `updated` ISO 8601. `executable` is None where
    it is not told, `arguments` are those it is run with, `extra` is what clients stored with it, as JSON.
    """

    name: str = ""
    kind: str = ""
    hardware: str = ""
    build: str = ""
    size: int | None = None
    digest: str = ""
    reference: str = ""
    url: str = ""
    signature: str = ""
    executable: bool | None = None
    arguments: str = ""
    created: str = ""
    updated: str = ""
    extra: str = ""


class PrepareStatus(StrEnum):
    """Where a preparation stands; the platform's own words, and two of ours."""

    START = "start"
    IN_PROGRESS = "inProgress"
    DONE = "done"
    ERROR = "error"
    DELETE = "delete"
    PENDING = "pending"
    NOT_ASKED = "not asked"
    """Nobody asked: on a caching server the question itself would start a preparation."""
    UNKNOWN = "unknown"
    """The platform used a word this program does not know, or did not answer."""


class Preparation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a server gets one release ready.

    `reference` is the release's id on the platform. `progress` is percent 0 to 100, `size` bytes, `url` where it is
    without what signs it. `error` is a sentence for people, `code` the platform's; `retryable`: whether trying again helps (None: not known).
    """

    reference: str
    status: PrepareStatus
    progress: float | None = None
    size: int | None = None
    url: str = ""
    artifacts: tuple[Artifact, ...] = ()
    code: str = ""
    error: str = ""
    retryable: bool | None = None
    notes: tuple[str, ...] = ()
    """What is malformed about it: a hash of the wrong form, a value nobody knows."""


class Availability(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands between one unit and a release: a refusal in the platform's words, or that it must be pushed first.

    `unread` says why the platform could not tell.
    """

    refused: str = ""
    unread: str = ""
    pushed: bool = True


class ReleaseInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the catalogue says of a release.

    `found` None means it could not be told (the reading failed): the release is then held, never assumed.
    `identity` changes whenever content under the same name does. `size` is in bytes. `forbidden` says why the platform
    never deploys this name. `minimum_agent` is the lowest agent version that runs it. `notes` are whole, as the platform
    has them; `summary` is their first line in plain text, where they are no plain text. `reference` is the platform's
    own id of the release, where calls need it. `status` is the platform's word.
    `preparation` is how a server gets it ready, None where nothing is prepared.
    """

    found: bool | None
    released: bool = True
    identity: str = ""
    minimum_agent: str | None = None
    notes: str = ""
    summary: str = ""
    size: int | None = None
    forbidden: str = ""
    detail: str = ""
    reference: str = ""
    status: str = ""
    revision: str = ""
    min_version: str = ""
    """The lowest version a unit must run to take this one."""
    must_pass: bool = False
    """Units must pass through this version on their way to a later one."""
    dependencies: tuple[str, ...] = ()
    """What comes with it, as `workload version`."""
    artifacts: tuple[Artifact, ...] | None = None
    """None where the platform does not tell them."""
    devices: int | None = None
    """How many devices run it, as the platform counts."""
    created: str = ""
    updated: str = ""
    """ISO 8601, as the platform writes them."""
    extra: str = ""
    """What clients stored with it, as JSON."""
    facts: Facts = ()
    preparation: Preparation | None = None
    availability: dict[str, Availability] = {}
    """By unit id, of those that were asked about: where something stands between them and it."""


Catalog = dict[Release, ReleaseInfo]

Wanted = Collection[Release] | Mapping[Release, Collection[str]]
"""Releases to look up; a mapping gives the ids of the units that are to get each."""


class ReleaseQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which releases to list; empty is all. `workloads` are names or ids. `sort` is a field, with `-` descending."""

    workloads: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()


class Listed(msgspec.Struct, frozen=True):
    """One release, and what the catalogue says of it. A workload without id and name is one the platform does not name."""

    workload: Ref
    version: str
    info: ReleaseInfo


class ReleaseList(msgspec.Struct, frozen=True):
    """Releases, and in `notes` what could not be answered: a filter the platform does not have, a page not read."""

    releases: tuple[Listed, ...]
    notes: tuple[str, ...] = ()

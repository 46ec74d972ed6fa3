"""Versions as the platform's catalogue knows them."""

import msgspec


class Release(msgspec.Struct, frozen=True):
    """A version of a workload (by the workload's id)."""

    workload: str
    version: str


class ReleaseInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the catalogue says of a release.

    `found` None means it could not be told (the reading failed): the release is then held, never assumed.
    `identity` changes whenever content under the same name does. `size` is in bytes. `forbidden` says why the platform
    never deploys this name. `minimum_agent` is the lowest agent version that runs it.
    """

    found: bool | None
    released: bool = True
    identity: str = ""
    minimum_agent: str | None = None
    notes: str = ""
    size: int | None = None
    forbidden: str = ""
    detail: str = ""


Catalog = dict[Release, ReleaseInfo]

"""GetApp's JSON, decoded into the few fields that are used (getapp.md sections 3 and 7).

What a listing holds for one device stays raw bytes: devices with the same rows share the work on them. A row decodes
strictly; one with a value of another shape is decoded loosely, so that it costs its slot and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")


class Entry(msgspec.Struct, gc=False, rename="camel"):
    """What a CDN master tells of one device, confirmed (seed 000)."""

    device_id: str
    is_master: bool = False
    data: msgspec.Raw = msgspec.Raw(b"null")


class RowRelease(msgspec.Struct, rename="camel"):
    """The `release` of a row or of an offering. `size` in bytes (inferred)."""

    id: str
    version: str
    project_name: str
    status: str = ""
    updated_at: str | None = None
    created_at: str | None = None
    release_notes: str | None = None
    size: float | None = None
    metadata: dict[str, Any] | None = None
    dependencies: msgspec.Raw = msgspec.Raw(b"null")


class Row(msgspec.Struct, rename="camel"):
    """One release on one device: nested of April 2026, or flat of March 2026, both confirmed (seed 000; section 3.2).

    In the flat shape the status is called `status`, and the release's own fields stand in the row.
    """

    state: str
    delivery_state: str | None = None
    device_release_status: str | None = None
    status: str | None = None
    progress: float | None = None
    eta: float | None = None
    err_msg: str | None = None
    release: RowRelease | None = None
    catalog_id: str | None = None
    name: str | None = None
    version: str | None = None
    size: float | None = None
    metadata: dict[str, Any] | None = None
    release_notes: str | None = None
    dependencies: msgspec.Raw = msgspec.Raw(b"null")

    def about(self) -> RowRelease | None:
        """Return which release it is of; None where it does not tell."""
        if self.release is not None:
            return self.release
        if self.catalog_id is None or self.name is None or self.version is None:
            return None
        return RowRelease(
            self.catalog_id,
            self.version,
            self.name,
            size=self.size,
            metadata=self.metadata,
            release_notes=self.release_notes,
            dependencies=self.dependencies,
        )


class MalformedRow(msgspec.Struct, rename="camel"):
    """A row with values of unexpected types: at most its project can be read."""

    release: Any = None
    name: Any = None
    project_name: Any = None

    def project(self) -> str:
        """Return the project, empty where it cannot be read."""
        inner = self.release.get("projectName") if isinstance(self.release, dict) else None
        return next((text for text in (inner, self.project_name, self.name) if isinstance(text, str)), "")


class OnDevice(msgspec.Struct, rename="camel"):
    """What an offering says of a release on the device itself."""

    state: str | None = None


class Availability(msgspec.Struct, rename="camel"):
    """Whether a device may take a release; absent where policy is bypassed."""

    offered: bool | None = None
    not_offered_reason: str | None = None
    unavailable: bool | None = None
    unavailable_reason: str | None = None


class OfferedRelease(RowRelease, rename="camel"):
    """A release of an offering. Fields confirmed (agent-cdn/get-cdn-device-offering); the project may stand outside."""

    project_name: str = ""
    availability: Availability | None = None
    device_release: OnDevice | None = None


class Offering(msgspec.Struct, rename="camel"):
    """The releases of one project that a device may take, confirmed (agent-cdn/get-cdn-device-offering)."""

    project_name: str
    releases: list[OfferedRelease] = []


class _Offering(msgspec.Struct, rename="camel"):
    """An offering whose releases are not decoded yet: a malformed one must not cost the others."""

    project_name: str
    releases: list[msgspec.Raw] = []


class ServerRelease(msgspec.Struct, rename="camel"):
    """A release as the server tells of it, confirmed (API release.dto.ts)."""

    id: str
    version: str
    project_name: str = ""
    status: str = ""
    created_at: str | None = None
    updated_at: str | None = None
    release_notes: str | None = None
    metadata: dict[str, Any] | None = None
    dependencies: msgspec.Raw = msgspec.Raw(b"null")
    artifacts: msgspec.Raw = msgspec.Raw(b"null")


class Hash(msgspec.Struct):
    """A hash of an artifact, confirmed (seed 004)."""

    algorithm: str = ""
    hash: str = ""


class PreparedArtifact(msgspec.Struct, rename="camel"):
    """One file of a prepared release, confirmed (seed 004). `size` in bytes (inferred)."""

    item_key: str = ""
    artifact_type: str | None = None
    size: float | None = None
    hash: Hash | None = None


class PrepareError(msgspec.Struct, rename="camel"):
    """Why a preparation failed, confirmed (seed 004)."""

    error_code: str = ""
    message: str = ""


class Prepared(msgspec.Struct, rename="camel"):
    """How a preparation stands, confirmed (seed 004). `progress` is percent, `size` bytes (both inferred)."""

    catalog_id: str
    status: str
    progress: float | None = None
    size: float | None = None
    artifacts: list[PreparedArtifact] | None = None
    error: PrepareError | None = None


class Tokens(msgspec.Struct, rename="camel"):
    """The answer to a login, confirmed (API modules/login). When they expire is learnt from a 401."""

    access_token: str
    refresh_token: str | None = None


class _Wrapped(msgspec.Struct, Generic[T]):
    data: T


class Presence(msgspec.Struct, gc=False, rename="camel"):
    """That a device is listed, without its fields."""

    device_id: str
    is_master: bool = False


class Entries(NamedTuple):
    """A listing by device. `malformed` counts entries of which not even the device could be read."""

    items: list[Entry]
    malformed: int
    wrapped: bool


class Listed(NamedTuple):
    """A list as raw items, and whether it stood in an object under `data` (whether it does is unknown, section 9)."""

    items: list[msgspec.Raw]
    wrapped: bool


_entries = msgspec.json.Decoder(list[Entry])
_presences = msgspec.json.Decoder(list[Presence])
_entry = msgspec.json.Decoder(Entry)
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_wrapped_raws = msgspec.json.Decoder(_Wrapped[list[msgspec.Raw]])
rows = msgspec.json.Decoder(list[Row]).decode
row = msgspec.json.Decoder(Row).decode
malformed_row = msgspec.json.Decoder(MalformedRow).decode
_offering = msgspec.json.Decoder(_Offering).decode
_offered_release = msgspec.json.Decoder(OfferedRelease).decode
server_release = msgspec.json.Decoder(ServerRelease).decode
prepared_artifacts = msgspec.json.Decoder(list[PreparedArtifact] | None).decode
prepared = msgspec.json.Decoder(Prepared).decode
tokens = msgspec.json.Decoder(Tokens).decode
fields = msgspec.json.Decoder(dict[str, Any]).decode
anything = msgspec.json.Decoder().decode
fields_or_items = msgspec.json.Decoder(dict[str, Any] | list[Any]).decode


def presences(content: bytes) -> list[Presence]:
    """Return which devices a listing shows; raise msgspec.DecodeError when the body is none at all."""
    try:
        return _presences.decode(content)
    except msgspec.ValidationError:
        return [Presence(one.device_id, one.is_master) for one in entries(content).items]


def entries(content: bytes) -> Entries:
    """Return a listing by device; raise msgspec.DecodeError when the body is none at all."""
    try:
        return Entries(_entries.decode(content), 0, wrapped=False)
    except msgspec.ValidationError:
        pass
    listed = items(content)
    found, malformed = [], 0
    for raw in listed.items:
        try:
            found.append(_entry.decode(raw))
        except msgspec.ValidationError:
            malformed += 1
    return Entries(found, malformed, listed.wrapped)


def items(content: bytes | msgspec.Raw) -> Listed:
    """Return the items of a list; raise msgspec.DecodeError when the body is none at all."""
    try:
        return Listed(_raws.decode(content), wrapped=False)
    except msgspec.ValidationError:
        return Listed(_wrapped_raws.decode(content).data, wrapped=True)


def offerings(content: bytes | msgspec.Raw) -> list[Offering]:
    """Return what one device may take; what has another shape is left out, since offerings prove nothing anyway."""
    listed = _decoded(items(content).items, _offering)
    return [Offering(one.project_name, _decoded(one.releases, _offered_release)) for one in listed]


def _decoded(raws: list[msgspec.Raw], decode: Callable[[msgspec.Raw], T]) -> list[T]:
    """Return those that can be decoded."""
    found = []
    for raw in raws:
        try:
            found.append(decode(raw))
        except msgspec.ValidationError:
            continue
    return found


def accepted(content: bytes) -> None:
    """Take any answer to a command (V1SPEC: empty or text; of the CDN unknown) but a web page or broken JSON.

    Raises msgspec.DecodeError for those: a proxy answered, or the answer was cut.
    """
    start = content.lstrip()[:1]
    if start == b"<":
        raise msgspec.DecodeError("an HTML page")
    if start in (b"{", b"["):
        msgspec.json.decode(content)

"""GetApp's JSON, decoded into the few fields that are used (getapp.md sections 3 and 7).

What a listing holds for one device stays raw bytes: devices with the same rows share the work on them. Everything decodes
strictly first, and field by field where a value has an unexpected type: a field that decides nothing is left out with a
note, any other costs its row and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import msgspec

from reconciler.platforms.reading.pages import Decorative, Items, Malformed

T = TypeVar("T")

Name = Annotated[str, msgspec.Meta(min_length=1)]
Text = Decorative[str | None]
Number = Decorative[Annotated[float, msgspec.Meta(ge=0, le=2**63)] | None]


class Entry(msgspec.Struct, gc=False, rename="camel"):
    """What a CDN master tells of one device, confirmed (seed 000)."""

    device_id: Name
    is_master: Decorative[bool] = False
    data: msgspec.Raw = msgspec.Raw(b"null")


class About(msgspec.Struct, kw_only=True, rename="camel"):
    """What agent, master and server say alike of a release. `size` in bytes (inferred), dates in ISO 8601."""

    project_id: Number = None
    display_name: Text = None
    label: Text = None
    type: Text = None
    created_at: Text = None
    updated_at: Text = None
    released_at: Text = None
    release_notes: Text = None
    latest: Decorative[bool | None] = None
    size: Number = None
    metadata: Decorative[dict[str, Any] | None] = None
    policies: Decorative[list[Any] | None] = None
    dependencies: msgspec.Raw = msgspec.Raw(b"null")


class RowRelease(About, rename="camel"):
    """The `release` of a row or of an offering."""

    id: Name
    version: str
    project_name: str
    status: str = ""


class Row(About, rename="camel"):
    """One release on one device: nested of April 2026, or flat of March 2026, both confirmed (seed 000; section 3.2).

    In the flat shape the status is called `status`, and the release's own fields stand in the row.
    """

    state: str
    delivery_state: str | None = None
    device_release_status: str | None = None
    status: str | None = None
    progress: Number = None
    eta: Number = None
    download_duration: Number = None
    err_msg: Any = None
    arts_dir_path: Text = None
    release: RowRelease | None = None
    catalog_id: str | None = None
    name: str | None = None
    version: str | None = None
    release_at: Text = None

    def about(self) -> RowRelease | None:
        """Return which release it is of; None where it does not tell."""
        if self.release is not None:
            return self.release
        if self.catalog_id is None or self.name is None or self.version is None:
            return None
        alike = {field: getattr(self, field) for field in About.__struct_fields__}
        alike["released_at"] = self.release_at or self.released_at
        return RowRelease(id=self.catalog_id, version=self.version, project_name=self.name, **alike)


class OnDevice(msgspec.Struct, rename="camel"):
    """What an offering says of a release on the device itself."""

    state: str | None = None


class Availability(msgspec.Struct, rename="camel"):
    """Whether a device may take a release; absent where policy is bypassed."""

    offered: bool | None = None
    not_offered_reason: Text = None
    unavailable: bool | None = None
    unavailable_reason: Text = None


class OfferedRelease(RowRelease, rename="camel"):
    """A release of an offering. Fields confirmed (agent-cdn/get-cdn-device-offering); the project may stand outside."""

    project_name: str = ""
    availability: Decorative[Availability | None] = None
    device_release: Decorative[OnDevice | None] = None


class Terms(msgspec.Struct, gc=False, rename="camel"):
    """Of a release of an offering only what depends on the device."""

    version: str
    availability: Decorative[Availability | None] = None
    device_release: Decorative[OnDevice | None] = None


class _Offering(msgspec.Struct, rename="camel"):
    """An offering whose releases are not decoded yet: a malformed one must not cost the others."""

    project_name: Name
    display_name: Text = None
    label: Text = None
    releases: Decorative[list[msgspec.Raw] | None] = None


class Offering(NamedTuple, Generic[T]):
    """The releases of one project that a device may take, confirmed (agent-cdn/get-cdn-device-offering)."""

    project_name: str
    releases: list[T]


class Hash(msgspec.Struct):
    """A hash of an artifact, confirmed (seed 004)."""

    algorithm: Decorative[str] = ""
    hash: Decorative[str] = ""


class PreparedArtifact(msgspec.Struct, rename="camel"):
    """One file of a release, confirmed (seed 004). `size` in bytes (inferred)."""

    id: Number = None
    catalog_id: Text = None
    item_key: Decorative[str] = ""
    artifact_type: Text = None
    url: Text = None
    meta_data: Decorative[Any] = None
    size: Number = None
    hash: Decorative[Hash | None] = None
    signature: Text = None
    is_executable: Decorative[bool | None] = None
    arguments: Text = None


class ServerRelease(About, rename="camel"):
    """A release as the server tells of it, confirmed (API release.dto.ts)."""

    id: Name
    version: str
    project_name: str = ""
    status: str = ""
    artifacts: Decorative[list[PreparedArtifact] | None] = None


class Prepared(msgspec.Struct, rename="camel"):
    """How a preparation stands, confirmed (seed 004). `progress` is percent, `size` bytes (both inferred)."""

    catalog_id: str
    status: str
    progress: Number = None
    size: Number = None
    url: Text = None
    artifacts: Decorative[list[PreparedArtifact] | None] = None
    error: Any = None


class Tokens(msgspec.Struct, rename="camel"):
    """The answer to a login, confirmed (API modules/login). When they expire is learnt from a 401."""

    access_token: str
    refresh_token: Text = None


class _Wrapped(msgspec.Struct, Generic[T]):
    data: T


class Presence(msgspec.Struct, gc=False, rename="camel"):
    """That a device is listed, without its fields."""

    device_id: Name
    is_master: bool = False


class Entries(NamedTuple):
    """A listing by device. `malformed` counts entries of which not even the device could be read."""

    items: list[Entry]
    malformed: int = 0
    notes: tuple[str, ...] = ()


class Read(NamedTuple, Generic[T]):
    """What was decoded, and which decorative fields of it were left out."""

    value: T
    notes: list[str]


class Several(NamedTuple, Generic[T]):
    """Items of a list that could be read. `malformed` says what is wrong with others, `notes` which fields were left out."""

    items: list[T]
    malformed: list[str]
    notes: list[str]


class Listed(NamedTuple):
    """A list as raw items, and whether it stood in an object under `data` (whether it does is unknown, section 9)."""

    items: list[msgspec.Raw]
    wrapped: bool


_entries = msgspec.json.Decoder(list[Entry])
_presences = msgspec.json.Decoder(list[Presence])
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_wrapped_raws = msgspec.json.Decoder(_Wrapped[list[msgspec.Raw]])
fields = msgspec.json.Decoder(dict[str, Any]).decode
anything = msgspec.json.Decoder().decode
fields_or_items = msgspec.json.Decoder(dict[str, Any] | list[Any]).decode
rows = Items(Row)


def one(kind: type[T]) -> Callable[[bytes], Read[T]]:
    """Return a decoder of one thing, which raises msgspec.DecodeError for what cannot be used."""
    decoder = Items(kind)

    def decode(content: bytes) -> Read[T]:
        notes: list[str] = []
        return Read(decoder.one(content, notes), notes)

    return decode


def each(kind: type[T]) -> Callable[[list[msgspec.Raw]], Several[T]]:
    """Return a decoder of items, in which a malformed one costs no other."""
    decoder = Items(kind)

    def decode(raws: list[msgspec.Raw]) -> Several[T]:
        found: Several[T] = Several([], [], [])
        for raw in raws:
            read = decoder.read(raw, found.notes)
            if isinstance(read, Malformed):
                name = " ".join(filter(None, map(read.text, ("project_name", "version"))))
                found.malformed.append(f"{name}: {read.why}" if name else read.why)
            else:
                found.items.append(read)
        return found

    return decode


row = one(Row)
server_release = one(ServerRelease)
prepared = one(Prepared)
tokens = one(Tokens)
server_releases = each(ServerRelease)
_each_offering = each(_Offering)
_each_offered = each(OfferedRelease)
_each_terms = each(Terms)
_each_entry = each(Entry)


def presences(content: bytes) -> list[Presence]:
    """Return which devices a listing shows; raise msgspec.DecodeError when the body is none at all."""
    try:
        return _presences.decode(content)
    except msgspec.ValidationError:
        return [Presence(one.device_id, one.is_master) for one in entries(content).items]


def entries(content: bytes) -> Entries:
    """Return a listing by device; raise msgspec.DecodeError when the body is none at all."""
    try:
        return Entries(_entries.decode(content))
    except msgspec.ValidationError:
        found = _each_entry(items(content).items)
        return Entries(found.items, len(found.malformed), tuple(found.notes))


def items(content: bytes | msgspec.Raw) -> Listed:
    """Return the items of a list; raise msgspec.DecodeError when the body is none at all."""
    try:
        return Listed(_raws.decode(content), wrapped=False)
    except msgspec.ValidationError:
        return Listed(_wrapped_raws.decode(content).data, wrapped=True)


def offerings(content: bytes | msgspec.Raw) -> Several[Offering[OfferedRelease]]:
    """Return what one device may take; raise msgspec.DecodeError when the body is no list at all."""
    listed = _each_offering(items(content).items)
    found: Several[Offering[OfferedRelease]] = Several([], listed.malformed, listed.notes)
    for offering in listed.items:
        part = _each_offered(offering.releases or [])
        found.malformed.extend(f"{offering.project_name}: {why}" for why in part.malformed)
        found.notes.extend(f"{offering.project_name}: {note}" for note in part.notes)
        for one in part.items:
            one.display_name, one.label = one.display_name or offering.display_name, one.label or offering.label
        found.items.append(Offering(offering.project_name, part.items))
    return found


def terms(content: bytes | msgspec.Raw) -> Iterator[Offering[Terms]]:
    """Yield the same, of each release only what depends on the device, without what cannot be read."""
    for offering in _each_offering(items(content).items).items:
        yield Offering(offering.project_name, _each_terms(offering.releases or []).items)


def project_of(row: bytes) -> str:
    """Return the project of a row that cannot be used, empty where that cannot be read either."""
    try:
        known = fields(row)
    except msgspec.DecodeError:
        return ""
    inner = known.get("release")
    names = (inner.get("projectName") if isinstance(inner, dict) else None, known.get("name"))
    return next((name for name in names if isinstance(name, str)), "")


def accepted(content: bytes) -> None:
    """Take any answer to a command (V1SPEC: empty or text; of the CDN unknown) but a web page or broken JSON.

    Raises msgspec.DecodeError for those: a proxy answered, or the answer was cut.
    """
    start = content.lstrip()[:1]
    if start == b"<":
        raise msgspec.DecodeError("an HTML page")
    if start in (b"{", b"["):
        msgspec.json.decode(content)

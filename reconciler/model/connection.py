"""Connections: one application of one platform, with references to its credentials, exactly as people write them."""

from typing import Annotated

import msgspec

from reconciler.model.kind import Duration, Kind, Text


class Secret(Kind, frozen=True, kw_only=True):
    """A reference to a secret, never its value: exactly one of `env` (a variable) and `file` (a path)."""

    env: Text | None = None
    file: Text | None = None


class Requests(Kind, frozen=True, kw_only=True):
    """How hard a connection may be used."""

    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    per_second: Annotated[float, msgspec.Meta(gt=0, le=1000)] | None = None
    timeout: Annotated[
        Duration,
        msgspec.Meta(description="How long one request may take, from connecting to the last byte of its answer."),
    ] = "30s"
    max_megabytes: Annotated[
        int,
        msgspec.Meta(ge=1, le=100_000, description="Megabytes that one answer may have, once it is unpacked."),
    ] = 256


class Login(Kind, frozen=True, kw_only=True):
    """A user of a server, by reference."""

    username: Secret
    password: Secret


class ConnectionSpec(msgspec.Struct, frozen=True):
    """Exactly one platform: the name of its plug-in, and the value of that plug-in's type which stands below it."""

    platform: str
    details: Kind

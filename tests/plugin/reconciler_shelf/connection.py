"""What a Connection says of one store, and what options of `import` make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from reconciler.model.connection import Requests, Secret
from reconciler.model.kind import Kind, Text
from reconciler.plugin import Finding, Option, address, wrong_address


class ShelfConnection(Kind, frozen=True, kw_only=True):
    """One store."""

    store: Annotated[str, msgspec.Meta(pattern=r"^store-[0-9]+$(?!\n)", description="The store's number, `store-7`.")]
    url: Text
    token: Secret
    requests: Requests = Requests()


TOKEN = Option("token-env", "NAME", "holds the token", variable="SHELF_TOKEN")
OPTIONS = (
    Option("url", "URL", "where the store's server answers", required=True),
    Option("store", "STORE", "the store to read", required=True),
    TOKEN,
)


def connection(given: Mapping[str, str]) -> ShelfConnection:
    """Return what the options mean."""
    return ShelfConnection(store=given["store"], url=given["url"], token=TOKEN.secret(given))


def target(spec: ShelfConnection) -> str:
    """Return which store a connection is to."""
    return f"{address(spec.url)}/{spec.store}"


def check(spec: ShelfConnection) -> Iterator[Finding]:
    """Yield what is wrong with a connection besides its structure."""
    yield from wrong_address(spec.url, ("url",))

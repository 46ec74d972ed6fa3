"""Payloads, with the fields that are used."""

from __future__ import annotations

from typing import Any

import msgspec


class Holding(msgspec.Struct):
    """One package on one shelf. Values of a shape that nobody knows are kept, to be told as such."""

    assigned: Any = None
    running: Any = None
    since: float | None = None
    error: str | None = None


class Shelf(msgspec.Struct):
    """One shelf."""

    id: str
    name: str
    aisle: str
    online: bool
    packages: dict[str, Holding]


class Shelves(msgspec.Struct):
    """All shelves of a store, if `total` is their number."""

    total: int
    shelves: list[Shelf]


class Version(msgspec.Struct):
    """One version of a package."""

    package: str
    version: str
    digest: str


class Versions(msgspec.Struct):
    """All versions of all packages, if `total` is their number."""

    total: int
    versions: list[Version]


class Accepted(msgspec.Struct):
    """How many shelves an assignment was accepted for."""

    accepted: int

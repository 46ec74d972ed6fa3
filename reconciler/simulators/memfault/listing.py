"""Pages of listings: `{"data", "paging"}` from page 1 (confirmed: SW info).

Devices are many: the members of a listing are selected once for as long as no device changes, and each device keeps its
row as bytes. That an empty listing has no pages is inferred.
"""

from collections.abc import Callable, Hashable, Sequence

import msgspec

from reconciler.simulators.exchange import Json, Reply
from reconciler.simulators.memfault.inventory import Device
from reconciler.simulators.memfault.parameters import PER_PAGE, Parameters
from reconciler.simulators.memfault.variants import Variants

KEPT = 256


class DeviceListings:
    """The devices of listings asked for lately, for one state of the project."""

    def __init__(self) -> None:
        self._revision = -1
        self._kept: dict[Hashable, list[Device]] = {}

    def members(self, revision: int, key: Hashable, select: Callable[[], list[Device]]) -> list[Device]:
        """The devices under this key, selected where they are not at hand."""
        if revision != self._revision or len(self._kept) >= KEPT:
            self._revision = revision
            self._kept.clear()
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = select()
        return found


def window(parameters: Parameters, variants: Variants) -> tuple[int, int]:
    """Page and rows a page; more than 100 a page can be had by a variant only."""
    per_page = parameters.number("per_page", PER_PAGE)
    if variants["per-page"] == "capped-100":
        per_page = min(per_page, PER_PAGE)
    return parameters.number("page", 1), per_page


def listing(rows: Sequence[Json], parameters: Parameters, variants: Variants) -> Reply:
    """One page of rows that are JSON-ready."""
    page, per_page = window(parameters, variants)
    return page_of([msgspec.json.encode(row) for row in _part(rows, page, per_page)], len(rows), page, per_page)


def device_listing(
    devices: Sequence[Device], row: Callable[[Device], bytes], parameters: Parameters, variants: Variants
) -> Reply:
    """One page of devices, each encoded by `row`."""
    page, per_page = window(parameters, variants)
    return page_of([row(device) for device in _part(devices, page, per_page)], len(devices), page, per_page)


def page_of(rows: Sequence[bytes], total: int, page: int, per_page: int) -> Reply:
    """A page of encoded rows."""
    about = {
        "item_count": len(rows),
        "page": page,
        "page_count": -(-total // per_page),
        "per_page": per_page,
        "total_count": total,
    }
    return Reply(200, b'{"data":[' + b",".join(rows) + b'],"paging":' + msgspec.json.encode(about) + b"}")


def _part(rows: Sequence[Json], page: int, per_page: int) -> Sequence[Json]:
    return rows[(page - 1) * per_page : page * per_page]

"""The floor of a plan on GetApp or Memfault: fetch what must be read with httpx, decode what a plan uses, throw it away.

Run as a child process: `python -m tests.benchmarks.listings getapp URL CHUNK` or `… memfault URL BASE TOKEN PER_PAGE`;
prints one JSON object. CHUNK is how many devices' releases are asked for at once, 0 for all.
"""

from __future__ import annotations

import json
import sys
import time

import httpx
import msgspec

from tests.benchmarks.memory import peak


class GetAppDevice(msgspec.Struct, gc=False):
    """The fields of a device that a plan uses."""

    deviceId: str
    isMaster: bool
    data: msgspec.Raw


class Release(msgspec.Struct, gc=False):
    """The fields of a release that a plan uses."""

    id: str
    projectName: str
    version: str
    status: str
    dependencies: msgspec.Raw = msgspec.Raw(b"[]")


class Row(msgspec.Struct, gc=False):
    """The fields of a release on a device that a plan uses."""

    state: str
    release: Release
    deliveryState: str | None = None
    deviceReleaseStatus: str | None = None
    progress: float | None = None
    eta: int | None = None
    errMsg: str | None = None


class GetAppReleases(msgspec.Struct, gc=False):
    """The releases of one device."""

    deviceId: str
    isMaster: bool
    data: list[Row]


class Version(msgspec.Struct, gc=False):
    """A version that a device was seen with."""

    version: str


class Cohort(msgspec.Struct, gc=False):
    """The cohort of a device."""

    slug: str


class MemfaultDevice(msgspec.Struct, gc=False):
    """The fields of a device that a plan uses."""

    device_serial: str
    cohort: Cohort
    hardware_version: str
    last_seen: str | None = None
    last_seen_release: Version | None = None


class Paging(msgspec.Struct, gc=False):
    """How many pages there are."""

    page_count: int


class MemfaultPage(msgspec.Struct, gc=False):
    """A page of devices."""

    data: list[MemfaultDevice]
    paging: Paging


def getapp(client: httpx.Client, url: str, chunk: str) -> dict[str, int]:
    """Read the devices and the releases on them."""
    devices = msgspec.json.decode(
        client.get(f"{url}/api/cdn/device", params={"filter": "all"}).content, type=list[GetAppDevice]
    )
    decoder = msgspec.json.Decoder(list[GetAppReleases])
    ids = [device.deviceId for device in devices]
    del devices
    size = int(chunk)
    rows = requests = 0
    for start in range(0, len(ids), size) if size else [0]:
        asked = httpx.QueryParams([("device_id", one) for one in ids[start : start + size]] if size else [])
        content = client.get(f"{url}/api/cdn/device/releases", params=asked).content
        rows += sum(len(one.data) for one in decoder.decode(content))
        requests += 1
    return {"units": len(ids), "rows": rows, "requests": requests + 1}


def memfault(client: httpx.Client, url: str, base: str, token: str, per_page: str) -> dict[str, int]:
    """Read the devices, page by page."""
    client.headers["Authorization"] = f"Bearer {token}"
    decoder = msgspec.json.Decoder(MemfaultPage)
    rows, page, pages = 0, 1, 1
    while page <= pages:
        answer = client.get(f"{url}{base}/devices", params={"page": page, "per_page": per_page})
        found = decoder.decode(answer.content)
        rows, page, pages = rows + len(found.data), page + 1, found.paging.page_count
    return {"rows": rows, "requests": pages}


def main() -> None:
    """Read everything once and say what it took."""
    platform, url, *more = sys.argv[1:]
    began, cpu = time.perf_counter(), time.process_time()
    with httpx.Client(timeout=120) as client:
        read = getapp(client, url, more[0]) if platform == "getapp" else memfault(client, url, *more)
    print(
        json.dumps(
            {
                "wall": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
                "memory": peak(),
                **read,
            }
        )
    )


if __name__ == "__main__":
    main()

"""The floor of a plan: fetch the same pages with httpx, decode the fields a plan uses with msgspec, throw them away.

Run as a child process: `python -m tests.benchmarks.floor URL APPLICATION TOKEN CONCURRENCY`; prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec

from tests.benchmarks.memory import peak

PER_PAGE = 1000


class Row(msgspec.Struct, gc=False):
    """The fields of a deployment that a plan uses."""

    deviceId: str
    flowId: str
    id: str = ""
    flowClass: str = "edge"
    desiredVersion: str | None = None
    currentVersion: str | None = None
    desiredEtag: str | None = None
    currentEtag: str | None = None
    logs: msgspec.Raw = msgspec.Raw(b"[]")


class Connected(msgspec.Struct, gc=False):
    """Whether a device is connected."""

    connected: int | None = None


class Device(msgspec.Struct, gc=False):
    """The fields of a device that a plan uses."""

    id: str
    name: str = ""
    deviceClass: str = ""
    edgeAgentVersion: str | None = None
    tags: msgspec.Raw = msgspec.Raw(b"[]")
    connectionInfo: Connected | None = None


class Rows(msgspec.Struct, gc=False):
    """A page of deployments."""

    items: list[Row]
    totalCount: int


class Devices(msgspec.Struct, gc=False):
    """A page of devices."""

    items: list[Device]
    totalCount: int


def main() -> None:
    """Read everything once and say what it took."""
    url, application, token, concurrency = sys.argv[1:]
    began, cpu = time.perf_counter(), time.process_time()
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        rows = _read(client, f"{url}/applications/{application}/edge/deployments", Rows, int(concurrency))
        devices = _read(client, f"{url}/applications/{application}/devices", Devices, int(concurrency))
    print(
        json.dumps(
            {
                "wall": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
                "memory": peak(),
                "rows": rows,
                "devices": devices,
            }
        )
    )


def _read(client: httpx.Client, url: str, kind: type[Rows | Devices], concurrency: int) -> int:
    decoder = msgspec.json.Decoder(kind)

    def page(number: int) -> tuple[int, int]:
        answer = client.get(
            url, params={"sortField": "id", "sortDirection": "asc", "page": number, "perPage": PER_PAGE}
        )
        found = decoder.decode(answer.content)
        return len(found.items), found.totalCount

    count, total = page(0)
    with ThreadPoolExecutor(concurrency) as pool:
        return count + sum(number for number, _ in pool.map(page, range(1, -(-total // PER_PAGE))))


if __name__ == "__main__":
    main()

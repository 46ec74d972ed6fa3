"""Planning 100,000 GetApp devices with four projects, and 100,000 Memfault devices in 50 cohorts, against their floors.

The floor reads the same listings with httpx and decodes what a plan uses with msgspec (`listings`); both sides run as
child processes, alternating. Memory is held against a plan of as many Losant slots in the same run. Requests are those of
one plan, counted by the simulator.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from tests.benchmarks import reading

RUNS = 3
RATIO = 1.5
DEVICES, PROJECTS, COHORTS = 100_000, 4, 50
TOKEN = "MEMFAULT_ORG_TOKEN"


def getapp() -> dict[str, Any]:
    """Plan 100,000 devices of four projects."""
    with simulating("getapp", "--units", str(DEVICES), "--workloads", str(PROJECTS)) as said:
        documents = [
            {"kind": "Connection", "metadata": {"name": "site"}, "spec": {"getapp": {"agent": said["url"]}}},
            _fleet("site", {name: {"version": version} for name, version in _projects(said["url"]).items()}),
        ]
        result = _measured(documents, said, lambda reads: ["getapp", said["url"], str(_chunk(reads))])
    result["memory"] = _as_little_as_losant(result)
    return result


def memfault() -> dict[str, Any]:
    """Plan 100,000 devices in 50 cohorts."""
    options = ["--units", str(COHORTS), "--devices", str(DEVICES), "--workloads", "2"]
    with simulating("memfault", *options) as said:
        base = f"/api/v0/organizations/{said['organization']}/projects/{said['project']}"
        connection = {
            "organization": said["organization"],
            "project": said["project"],
            "url": said["url"],
            "token": {"env": TOKEN},
        }
        documents = [
            {"kind": "Connection", "metadata": {"name": "site"}, "spec": {"memfault": connection}},
            _fleet("site", {name: {"version": version} for name, version in _types(said).items()}),
        ]
        size = str(_per_page(said, base))
        return _measured(documents, said, lambda _: ["memfault", said["url"], base, said["token"], size])


def _measured(
    documents: list[dict[str, Any]], said: dict[str, str], floor: Callable[[dict[str, int]], list[str]]
) -> dict[str, Any]:
    """Alternate plan and floor; one uncounted run of each first, in which the simulator counts requests."""
    with tempfile.TemporaryDirectory() as folder:
        text = "\n---\n".join(json.dumps({"apiVersion": "reconciler/v1", **document}) for document in documents)
        (Path(folder) / "fleet.yaml").write_text(text)
        httpx.delete(f"{said['url']}/simulator/calls", timeout=60)
        ours = [_child("planning", folder, token=said.get("token", ""))]
        reads: dict[str, int] = httpx.get(f"{said['url']}/simulator/calls", timeout=60).json()["reads"]
        floors = [_child("listings", *floor(reads))]
        for _ in range(RUNS):
            floors.append(_child("listings", *floor(reads)))
            ours.append(_child("planning", folder, token=said.get("token", "")))
    wall, cpu = (median(one[key] for one in ours[1:]) for key in ("wall", "cpu"))
    base_wall, base_cpu = (median(one[key] for one in floors[1:]) for key in ("wall", "cpu"))
    memory, requests = max(one["memory"] for one in ours), sum(reads.values())
    last = ours[-1]
    kept = wall / base_wall <= RATIO and cpu / base_cpu <= RATIO and last["complete"]
    few = requests < DEVICES // 10
    return {
        "plan": {
            "ok": kept and few,
            "shown": (
                f"{wall / base_wall:.2f} times the floor's wall, {cpu / base_cpu:.2f} times its CPU time; {wall:.2f} s, "
                f"{memory / 1e6:.0f} MB, {last['slots']:,} slots, {last['changes']:,} changes; {requests:,} requests"
            ),
            "promised": f"at most {RATIO}; no request per device",
            "ours": ours[-1],
            "floor": floors[-1],
            "reads": reads,
        }
    }


def _as_little_as_losant(result: dict[str, Any]) -> dict[str, Any]:
    """Hold the memory of the same number of slots on Losant beside it."""
    slots = result["plan"]["ours"]["slots"]
    with reading.fleet(slots - slots % reading.WORKLOADS) as (folder, simulator):
        losant = max(_child("planning", str(folder), **reading.environment(simulator))["memory"] for _ in range(RUNS))
    ours = result["plan"]["ours"]["memory"]
    return {
        "ok": ours <= losant,
        "shown": f"{ours / slots:.0f} bytes a slot; Losant {losant / slots:.0f} for as many",
        "promised": "no more than Losant's",
    }


def _child(module: str, *args: str, token: str = "", **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *args],
        env={**os.environ, TOKEN: token, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def simulating(platform: str, *options: str) -> Iterator[dict[str, str]]:
    """Run a simulator of healthy units; give its first line."""
    command = [sys.executable, "-m", "reconciler", "simulate", platform, "--offline", "0%", "--failing", "0%", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=60)


def _fleet(connection: str, workloads: dict[str, Any]) -> dict[str, Any]:
    spec = {"connection": connection, "units": {"all": True}, "workloads": workloads}
    return {"kind": "Fleet", "metadata": {"name": "all"}, "spec": spec}


def _projects(url: str) -> dict[str, str]:
    """Return the version of each project that a device far down the list has: most have it."""
    listed = httpx.get(f"{url}/api/cdn/device/releases", params={"device_id": "edge-000020"}, timeout=60).json()
    return {row["release"]["projectName"]: row["release"]["version"] for row in listed[0]["data"]}


def _types(said: dict[str, str]) -> dict[str, str]:
    """Return what the cohort `default` is told of each software type."""
    rows = httpx.get(f"{said['url']}/simulator/state", timeout=60).json()["rows"]
    return {row["software_type"]: row["assigned"] for row in rows if row["cohort"] == "default"}


def _chunk(reads: dict[str, int]) -> int:
    """Return how many devices' releases a plan asked for at once; 0 for all."""
    requests = reads["cdn.releases"]
    return 0 if requests == 1 else -(-DEVICES // requests)


def _per_page(said: dict[str, str], base: str) -> int:
    """Return how many devices a page has at most, as the simulator allows."""
    headers = {"Authorization": f"Bearer {said['token']}"}
    asked = httpx.get(f"{said['url']}{base}/devices", params={"per_page": 5000}, headers=headers, timeout=60)
    return int(asked.json()["paging"]["per_page"])

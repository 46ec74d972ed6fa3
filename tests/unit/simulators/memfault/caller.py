"""Calls a simulated Memfault without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from reconciler.simulators.clock import ManualClock
from reconciler.simulators.exchange import Reply, Request
from reconciler.simulators.memfault import Faults, MemfaultSimulator, Shape, Variants, simulator

CALM = Shape(devices=100, offline=0.0, failing=0.0)
TOKEN = {"authorization": "Bearer oat_simulated"}
BASE = "/api/v0/organizations/simulated/projects/fleet-1"


class Caller:
    """A project with a clock that stands still, and the shortest way to call its API."""

    def __init__(self, shape: Shape = CALM, faults: Sequence[str] = (), slow_for: float = 3.0, **variants: str) -> None:
        self.clock = ManualClock()
        answers = {name.replace("_", "-"): answer for name, answer in variants.items()}
        self.simulator: MemfaultSimulator = simulator(
            shape,
            clock=self.clock,
            variants=Variants(answers),
            faults=Faults(7, slow_for=slow_for).parse(faults),
        )
        self.world = self.simulator.world
        self.project = self.world.project

    def raw(
        self, method: str, path: str, query: str = "", body: Any = None, headers: Mapping[str, str] = TOKEN
    ) -> Reply:
        """The reply as it is, of a whole path."""
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        return self.simulator.handle(Request(method, path, pairs, headers, sent))

    def call(self, method: str, path: str, body: Any = None, query: str = "", **options: Any) -> tuple[int, Any]:
        """Status and decoded body of a call under the project; no body is None."""
        reply = self.raw(method, BASE + path, query, body, **options)
        return reply.status, json.loads(reply.body) if reply.body else None

    def get(self, path: str, query: str = "", **options: Any) -> tuple[int, Any]:
        """Status and decoded body of a read."""
        return self.call("GET", path, query=query, **options)

    def rows(self, path: str, query: str = "") -> list[dict[str, Any]]:
        """All rows of a listing, page by page."""
        rows: list[dict[str, Any]] = []
        for page in range(1, 1000):
            status, answer = self.get(path, f"{query}&page={page}")
            assert status == 200, answer
            rows += answer["data"]
            assert answer["paging"]["item_count"] == len(answer["data"])
            if page >= answer["paging"]["page_count"]:
                assert len(rows) == answer["paging"]["total_count"]
                return rows
        raise AssertionError("the pages never end")

    def device(self, serial: str) -> dict[str, Any]:
        """The row of a device."""
        return next(row for row in self.rows("/devices") if row["device_serial"] == serial)

    def activate(self, cohort: str, release: Any, percent: int | None = None, **more: Any) -> tuple[int, Any]:
        """Activate by the API."""
        staged = {"type": "normal"} if percent is None else {"type": "staged_rollout", "rollout_percent": percent}
        return self.call("POST", "/deployments", {**staged, "release": release, "cohort": cohort, **more})

    def row(self, cohort: str, software_type: str = "main-fw") -> dict[str, Any]:
        """What is true of a cohort and a software type."""
        rows = {(row["cohort"], row["software_type"]): row for row in self.world.state()}
        return rows[cohort, software_type]

    def versions(self, cohort: str, software_type: str = "main-fw") -> dict[str, int]:
        """How many devices were last seen with which version."""
        found: dict[str, int] = self.row(cohort, software_type)["versions"]
        return found

    def settle(self, steps: int = 1) -> None:
        """Let so many rounds of updates happen."""
        for _ in range(steps):
            self.clock.advance(self.project.settle)
            self.project.advance()

    def member(self, cohort: str, hardware: str = "main-fw-mp") -> str:
        """The serial of some device of a cohort."""
        devices = self.project.cohorts[cohort].devices.values()
        return next(device.serial for device in devices if device.hardware.name == hardware)

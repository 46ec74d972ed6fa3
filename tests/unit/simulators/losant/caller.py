"""Calls a simulated Losant without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from reconciler.simulators.clock import ManualClock
from reconciler.simulators.exchange import Reply, Request
from reconciler.simulators.losant import Faults, LosantSimulator, Shape, Variants, simulator

CALM = Shape(units=20, workloads=3, versions=5, seed=1, settle=2.0, offline=0.0, failing=0.0)
FULL, READ_ONLY = "simulated-token", "simulated-read-only-token"


class Caller:
    """A fleet with a clock that stands still, and the shortest way to call its API. Writes can be read at once."""

    def __init__(self, shape: Shape = CALM, faults: Sequence[str] = (), slow_for: float = 3.0, **variants: str) -> None:
        self.clock = ManualClock()
        answers = {"write-visible": "now"} | {name.replace("_", "-"): answer for name, answer in variants.items()}
        self.simulator: LosantSimulator = simulator(
            shape,
            clock=self.clock,
            variants=Variants(answers),
            faults=Faults(7, slow_for=slow_for).parse(faults),
        )
        self.world = self.simulator.world
        self.app = self.world.app
        self.base = f"/applications/{self.app.id}"

    def raw(self, method: str, path: str, query: str = "", body: Any = None, token: str | None = FULL) -> Reply:
        """The reply as it is."""
        headers: Mapping[str, str] = {} if token is None else {"authorization": f"Bearer {token}"}
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        return self.simulator.handle(Request(method, path, pairs, headers, sent))

    def get(self, path: str, query: str = "", **options: Any) -> tuple[int, Any]:
        """Status and decoded body of a read under the application."""
        reply = self.raw("GET", self.base + path, query, **options)
        return reply.status, json.loads(reply.body)

    def post(self, path: str, body: Any, query: str = "", **options: Any) -> tuple[int, Any]:
        """Status and decoded body of a write under the application."""
        reply = self.raw("POST", self.base + path, query, body, **options)
        return reply.status, json.loads(reply.body)

    def release(self, flow: str, version: str | None, *devices: str, **more: Any) -> tuple[int, Any]:
        """Release by names."""
        ids = {"deviceIds": [self.device(name) for name in devices]} if devices else {}
        return self.post("/edge/deployments/release", {"flowId": self.flow(flow), "version": version, **ids, **more})

    def rows(self, query: str = "") -> list[dict[str, Any]]:
        """All deployment rows by id."""
        status, page = self.get("/edge/deployments", f"sortField=id&perPage=1000&{query}")
        assert status == 200, page
        items: list[dict[str, Any]] = page["items"]
        return items

    def row(self, device: str, flow: str) -> dict[str, Any] | None:
        """The row of a pair, by names."""
        return next((r for r in self.rows() if r["deviceName"] == device and r["flowName"] == flow), None)

    def versions(self, device: str, flow: str) -> tuple[str | None, str | None] | None:
        """Desired and current of a pair; None where there is no row."""
        row = self.row(device, flow)
        return None if row is None else (row["desiredVersion"], row["currentVersion"])

    def device(self, name: str) -> str:
        """The id of a device."""
        found = self.app.device(name)
        assert found is not None
        return found.id

    def flow(self, name: str) -> str:
        """The id of a flow."""
        found = self.app.flow(name)
        assert found is not None
        return found.id

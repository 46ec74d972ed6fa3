"""Calls a simulated GetApp without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from reconciler.simulators.clock import ManualClock
from reconciler.simulators.exchange import Reply, Request
from reconciler.simulators.getapp import Faults, GetAppSimulator, Shape, Variants, simulator

CALM = Shape(units=20, workloads=3, versions=5, seed=1, settle=2.0, offline=0.0, failing=0.0)
ROOT, CHILD, OTHER = "edge-000001", "edge-000002", "edge-000003"
OLD, NEW = "11.radio@1.3.0", "11.radio@1.4.0"


class Caller:
    """A fleet with a clock that stands still, and the shortest way to call its API."""

    def __init__(
        self,
        shape: Shape = CALM,
        faults: Sequence[str] = (),
        slow_for: float = 3.0,
        answers: Mapping[str, str] | None = None,
        **variants: str,
    ) -> None:
        self.clock = ManualClock()
        given = (
            {"cdn-push": "not-needed"}
            | {name.replace("_", "-"): answer for name, answer in variants.items()}
            | dict(answers or {})
        )
        self.simulator: GetAppSimulator = simulator(
            shape,
            clock=self.clock,
            variants=Variants(given),
            faults=Faults(7, slow_for=slow_for).parse(faults),
        )
        self.world = self.simulator.world
        self.fleet = self.world.fleet
        self.token: str | None = None

    def raw(self, method: str, path: str, query: str = "", body: Any = None) -> Reply:
        """The reply as it is."""
        headers: Mapping[str, str] = {} if self.token is None else {"authorization": f"Bearer {self.token}"}
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        return self.simulator.handle(Request(method, path, pairs, headers, sent))

    def do(self, method: str, path: str, query: str = "", body: Any = None) -> tuple[int, Any]:
        """Status and decoded body; a body that is no JSON stays text, an empty one is None."""
        reply = self.raw(method, path, query, body)
        try:
            return reply.status, json.loads(reply.body) if reply.body else None
        except json.JSONDecodeError:
            return reply.status, reply.body.decode()

    def get(self, path: str, query: str = "") -> tuple[int, Any]:
        """Status and decoded body of a read."""
        return self.do("GET", path, query)

    def post(self, path: str, body: Any = None, query: str = "") -> tuple[int, Any]:
        """Status and decoded body of a write."""
        return self.do("POST", path, query, body)

    def login(self) -> dict[str, str]:
        """Log in to the server; later calls bear the token."""
        status, tokens = self.post("/api/v1/login", {"username": "operator", "password": "simulated-password"})
        assert status == 201
        self.token = tokens["accessToken"]
        found: dict[str, str] = tokens
        return found

    def act(self, command: str, catalog_id: str, *devices: str) -> tuple[int, Any]:
        """Send a command to devices through the master."""
        return self.post(
            "/api/cdn/devices/action", {"action": command, "catalogId": catalog_id, "deviceIds": list(devices)}
        )

    def rows(self, device: str) -> dict[str, dict[str, Any]]:
        """The rows of a device by catalogId, as the master tells them."""
        status, answer = self.get("/api/cdn/device/releases", f"device_id={device}")
        assert status == 200
        return {row["release"]["id"]: row for entry in answer for row in entry["data"]}

    def row(self, device: str, catalog_id: str) -> tuple[str, str | None] | None:
        """State and status of a release on a device; None where it has none."""
        row = self.rows(device).get(catalog_id)
        return None if row is None else (row["state"], row["deviceReleaseStatus"])

    def states(self, device: str, project: str) -> dict[str, str]:
        """The states of a project's versions on a device."""
        rows = [row for row in self.rows(device).values() if row["release"]["projectName"] == project]
        return {row["release"]["version"]: row["state"] for row in rows}

    def upgrade(self, device: str, catalog_id: str) -> None:
        """Deliver and deploy, and wait for it."""
        self.act("DeliveryStart", catalog_id, device)
        self.clock.advance(6)
        self.act("DeployStart", catalog_id, device)
        self.clock.advance(4)

"""The same over a real socket: what the transport makes of a simulator that breaks connections."""

from __future__ import annotations

import time

from reconciler.model.connection import Secret
from reconciler.model.outcome import ReceiptKind
from reconciler.model.snapshot import Query
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.losant.platform import factory
from reconciler.simulators.losant import Shape, serve
from reconciler.testing.changes import moves


class WallClock:
    """The real time, without waiting."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> bool:
        del seconds
        return False

    def stopping(self) -> bool:
        return False


def test_reading_and_calling_over_a_socket() -> None:
    with serve(Shape(units=40, workloads=2, offline=0, failing=0)) as served:
        spec = LosantConnection(application=served.application, token=Secret(env="T"), url=served.url)
        platform = factory(spec, lambda _: served.token, WallClock())
        snapshot = platform.observe(Query())
        assert snapshot.coverage.complete, snapshot.coverage.problems
        assert len(list(snapshot.holders(snapshot.workloads[0].id))) == 40
        served.world.faults.parse(["reset=30%@reads"])
        assert platform.observe(Query()).columns == snapshot.columns
        changes = moves(snapshot, lambda *_: "v1.0.0")
        actions = platform.compile(changes, snapshot, {}, fleet_wide=())
        served.world.faults.active.clear()
        served.world.faults.parse(["lost=100%@writes"])
        receipt = platform.execute(actions[0], time.time() + 20)
        assert (receipt.kind, len(served.calls.writes)) == (ReceiptKind.UNKNOWN, 1)
        assert served.token not in receipt.error
        served.world.faults.active.clear()
        assert platform.execute(actions[0], time.time() + 20).kind is ReceiptKind.ACCEPTED
        platform.close()

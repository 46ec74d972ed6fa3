"""What a history costs: recording the calls and results of 10,000 units, against a pass that moves as many without one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconciler.journal.address import address
from reconciler.journal.database import Database
from reconciler.journal.store import Store
from reconciler.model.change import Request, Verb
from reconciler.model.event import AnyEvent, Called, Intended, Settled
from reconciler.model.event_parts import SlotName
from reconciler.model.outcome import Outcome, Receipt, ReceiptKind, Result
from reconciler.model.unit import Ref
from tests.benchmarks.reading import MOVED, WORKLOADS, _manifest, environment, fleet

RUNS, PROMISED, A_CALL = 3, 0.1, 1000
FLOW = Ref("65a100000000000000000000", "modbus-poller")


def run() -> dict[str, Any]:
    """Return which share of a pass the history takes: the least of several runs of each."""
    taken, recorded = min(_moved() for _ in range(RUNS)), min(_recorded() for _ in range(RUNS))
    return {
        f"{MOVED:,} outcomes": {
            "ok": recorded / taken <= PROMISED,
            "shown": f"{recorded / taken:.1%} of a pass: {recorded:.2f} s of {taken:.2f} s",
            "promised": f"at most {PROMISED:.0%}",
        }
    }


def _moved() -> float:
    """Return how long it takes to move all units, and to see them settle."""
    with fleet(MOVED * WORKLOADS) as (folder, simulator):
        (folder / "fleet.yaml").write_text(_manifest(simulator, {}, moved=True))
        words = [sys.executable, "-m", "reconciler", "apply", str(folder), "--yes", "-q", "--history", "none"]
        began = time.perf_counter()
        done = subprocess.run(words, env=environment(simulator), capture_output=True, check=False)
        took = time.perf_counter() - began
    assert done.returncode == 0, done.stderr.decode()
    return took


def _recorded() -> float:
    """Return how long it takes to record as much."""
    events = list(_events())
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Database(address(str(Path(folder) / "history.db")), writes=True).opened())
        began = time.perf_counter()
        for one in events:
            store.record(one)
        store.close()
        return time.perf_counter() - began


def _events() -> Iterator[AnyEvent]:
    now = time.time()
    units = [Ref(f"65a3{number:020}", f"gw-{number:06}") for number in range(MOVED)]
    for call in range(0, MOVED, A_CALL):
        some = units[call : call + A_CALL]
        yield Intended(
            at=now,
            run="r",
            fleet="all",
            call=call,
            kind="losant.release",
            request=Request("POST", "/release", {"deviceIds": [one.id for one in some]}),
            wide=False,
            slots=tuple(SlotName(one, FLOW, Verb.RELEASE, 1, "v2") for one in some),
        )
        yield Called(at=now, run="r", fleet="all", call=call, receipt=Receipt(ReceiptKind.ACCEPTED), seconds=1.0)
    for one in units:
        outcome = Outcome(fleet="all", unit=one, workload=FLOW, verb=Verb.RELEASE, to="v2", result=Result.DONE)
        yield Settled(at=now, run="r", outcome=outcome)

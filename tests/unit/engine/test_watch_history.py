"""A watch whose history is in trouble: nothing is sent that cannot be recorded, and it goes on when it can be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from reconciler.cli.recording import Recorder, RunSoFar
from reconciler.engine.manifests import Reloading
from reconciler.engine.run import Options
from reconciler.engine.watch import Watching
from reconciler.engine.watched import Watched
from reconciler.journal.address import address
from reconciler.journal.database import Database
from reconciler.journal.store import Store
from reconciler.model.event import AnyEvent, Called, Intended, Note
from reconciler.model.outcome import ReceiptKind
from tests.unit.engine.memory import Memory, request
from tests.unit.engine.test_watching import INTERVAL, Git, passes

FULL = """
CREATE TRIGGER full BEFORE INSERT ON history_events
WHEN new.kind = 'intended' BEGIN SELECT raise(ABORT, 'database or disk is full'); END
"""


def test_what_cannot_be_recorded_is_not_sent_and_is_when_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / "history.db"

    def execute(statement: str) -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute(statement)

    with closing(Store(Database(address(str(path)), writes=True).opened())) as history:
        execute(FULL)
        sent: list[int] = []

        def look(memory: Memory) -> None:
            sent.append(len(memory.calls))

        def mend(memory: Memory) -> None:
            look(memory)
            execute("DROP TRIGGER full")

        memory, git = passes(look, mend, look), Git(request("2"))
        watching = Watching(
            Reloading(git, lambda _: git.commit, memory.clock, "w"),
            lambda manifest: lambda name: memory,
            memory.clock,
            Watched(interval=INTERVAL, apply=True, options=Options(concurrency=1, wait=False)),
            run="w",
            random=lambda: 0.5,
            history=history,
        )
        told: list[AnyEvent] = []
        recorder = Recorder(lambda: None, RunSoFar(), history, hold=watching.hold)
        for event in watching.events():
            told.append(event)
            recorder.record(event)
    assert sent == [0, 0, 1]
    notes = [one.message for one in told if isinstance(one, Note)]
    assert any("there is no space left" in one and "until it can be, nothing is sent" in one for one in notes), notes
    assert [one.receipt.kind for one in told if isinstance(one, Called)] == [ReceiptKind.REJECTED, ReceiptKind.ACCEPTED]
    with closing(sqlite3.connect(path)) as database:
        kinds = [kind for (kind,) in database.execute("SELECT kind FROM history_events ORDER BY id")]
    assert kinds.count("intended") == kinds.count("called") == len([one for one in told if isinstance(one, Intended)])

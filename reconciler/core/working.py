"""The working copy of one advance: the open changes while answers and a reading are worked into them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from reconciler.core.ending import ended, unfinished
from reconciler.core.follow import calls_now, plain
from reconciler.core.progress import Moment, Progress, Sent, Sight, Unread
from reconciler.model.change import Change, SlotId
from reconciler.model.condition import Condition
from reconciler.model.hold import Hold
from reconciler.model.observation import State
from reconciler.model.outcome import Outcome, Result


class Working:
    """One fleet's progress, open for change; `progress` gives the value back. Only `advance` makes one."""

    def __init__(self, progress: Progress, moment: Moment, sight: Sight | Unread) -> None:
        self.before = progress
        self.moment = moment
        self.seen = sight
        self.sight = sight if isinstance(sight, Sight) else None
        self.failure = sight if isinstance(sight, Unread) else None
        self.tracks = dict(progress.tracks)
        self.queue = list(progress.queue)
        self.refused = dict(progress.refused)
        self.revealed = progress.revealed
        self.probed = progress.probed
        self.halted = progress.halted
        self.splits = progress.splits
        self.looks = progress.looks
        self.ready_since = progress.ready_since
        self.outcomes: list[Outcome] = []

    @property
    def progress(self) -> Progress:
        """Return where things stand now."""
        return msgspec.structs.replace(
            self.before,
            tracks=self.tracks,
            queue=tuple(self.queue),
            refused=self.refused,
            revealed=self.revealed,
            probed=self.probed,
            halted=self.halted,
            splits=self.splits,
            looks=self.looks,
            ready_since=self.ready_since,
            seen=max(self.before.seen, self.seen.number),
        )

    def change(self, slot: SlotId, **fields: object) -> None:
        """Change fields of a track."""
        self.tracks[slot] = msgspec.structs.replace(self.tracks[slot], **fields)

    def reread(self, slots: Iterable[SlotId], **fields: object) -> None:
        """Have slots read again before they are sent again."""
        for slot in slots:
            self.change(slot, reread=True, **fields)

    def accept(self, slot: SlotId, change: Change) -> None:
        """Take note that the platform accepted all calls of a change."""
        track = self.tracks[slot]
        before = plain(self.sight, slot) if self.sight is not None else State()
        calls = calls_now(change)
        last = track.sent
        same = last is not None and (last.calls, last.before) == (calls, before)
        times = last.times + 1 if last is not None and same else 1
        self.looks = 0
        self.change(
            slot,
            next=None,
            sent=Sent(calls, before, self.moment.now, times),
            lost=0,
            put_off=0,
            objected=0,
            cap=0,
            reread=False,
            error="",
            blocked=None,
        )

    def end(
        self,
        slot: SlotId,
        result: Result,
        detail: str = "",
        holds: tuple[Hold, ...] = (),
        conditions: tuple[Condition, ...] = (),
    ) -> None:
        """Say what came of a change; it is open no more."""
        track = self.tracks.pop(slot)
        self.outcomes.append(ended(self.before.fleet, track.goal, result, detail, holds, conditions))

    def leave(self, slot: SlotId) -> None:
        """Say of a change that is still open where it stands; nothing more is done for it."""
        found = unfinished(self.before, self.tracks.pop(slot), self.seen, self.moment)
        if found is not None:
            self.outcomes.append(found)

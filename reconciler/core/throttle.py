"""Troubles → the messages for one target: each trouble once until it ends, so many messages in an hour, and a count of the rest. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from reconciler.core.select import matcher
from reconciler.core.troubles import End, Troubles, recovered
from reconciler.model.notice import Notice, NoticeKind

HOUR = 3600.0


class News(msgspec.Struct, frozen=True):
    """What a target is to be sent after a pass."""

    messages: tuple[tuple[Notice, ...], ...] = ()
    """Notices of one kind together, each to be one message."""
    rest: Mapping[NoticeKind, int] = {}
    """How many earlier notices there was no room for, by kind: to be sent first of all."""
    limited: tuple[Notice, ...] = ()
    """Notices of this pass for which there is no room."""
    silent: tuple[str, ...] = ()
    """Keys of troubles that a person ended."""


class Hourly:
    """Lets no more than so many through in any hour. Times are seconds of a clock that never steps."""

    def __init__(self, most: int, times: Iterable[float] = ()) -> None:
        """Take how many, and when some went before."""
        self._most = most
        self._times = deque(sorted(times))

    def room(self, now: float) -> bool:
        """Return whether one more may go; if so it counts."""
        while self._times and now - self._times[0] >= HOUR:
            self._times.popleft()
        if len(self._times) >= self._most:
            return False
        self._times.append(now)
        return True


class Throttle:
    """What one target was sent. `kinds` and `fleets` (globs) say what it wants; `sent` is what a history remembers.

    Several that send to the same target share its `hourly`.
    """

    def __init__(
        self, kinds: Collection[NoticeKind], fleets: Collection[str], hourly: Hourly, sent: Mapping[str, int]
    ) -> None:
        self._kinds = frozenset(kinds)
        self._fleet: Callable[[str], bool] = matcher(list(fleets))
        self._hourly = hourly
        self._sent = dict(sent)
        self._left: Counter[NoticeKind] = Counter()

    def news(self, troubles: Troubles, now: float) -> News:
        """Return what is new since the pass before; `now` is of a clock that never steps."""
        kinds: dict[NoticeKind, list[Notice]] = {kind: [] for kind in NoticeKind}
        for of, notices in troubles.now.items():
            size = max(one.size for one in notices)
            if self._wants(notices[0]) and (of in troubles.fresh or size > self._sent.get(of, 0)):
                kinds[notices[0].kind] += notices
                self._sent[of] = size
        silent = []
        for of in list(self._sent):
            end = troubles.end(of)
            if end is End.NOT_YET:
                continue
            del self._sent[of]
            if end is End.RECOVERED and NoticeKind.RECOVERY in self._kinds:
                kinds[NoticeKind.RECOVERY].append(recovered(of))
            else:
                silent.append(of)
        return self._paced(kinds, tuple(silent), now)

    def forget(self, keys: Collection[str]) -> None:
        """Take back that troubles were sent, since the message did not get through: they are sent again."""
        for of in keys:
            self._sent.pop(of, None)

    def _wants(self, one: Notice) -> bool:
        return one.kind in self._kinds and (not one.fleet or self._fleet(one.fleet))

    def _paced(self, kinds: Mapping[NoticeKind, list[Notice]], silent: tuple[str, ...], now: float) -> News:
        rest: dict[NoticeKind, int] = {}
        if self._left and self._hourly.room(now):
            rest, self._left = dict(self._left), Counter()
        messages: list[tuple[Notice, ...]] = []
        limited: list[Notice] = []
        for kind in URGENCY:
            some = tuple(kinds[kind])
            if some and self._hourly.room(now):
                messages.append(some)
            elif some:
                limited += some
                self._left[kind] += len(some)
        return News(tuple(messages), rest, tuple(limited), silent)


URGENCY = (
    NoticeKind.HALT,
    NoticeKind.ROLLBACK,
    NoticeKind.FAILURE,
    NoticeKind.HOLD,
    NoticeKind.DRIFT,
    NoticeKind.RECOVERY,
)
"""Which kind goes first where there is room for few."""

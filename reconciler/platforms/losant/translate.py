"""From what Losant says to what the model means: pure and total.

The table is that of losant.md section 2.6, inferred there from confirmed fields (D desiredVersion, K currentVersion):

=============================================================  ====================================================
D equals K, etags equal or absent                              settled
D equals K, etags differ, nothing newer asked of the device    settled and overwritten
D equals K, etags differ, asked for newer than the last        moving
  news of the device
newest news of the device is an error on the way to D          failed
D differs from K otherwise                                     moving
both null                                                      settled, empty
a value this program does not know                             unknown
=============================================================  ====================================================
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import Phase, State
from reconciler.model.unit import Labels, Reach, labels_of
from reconciler.platforms.answers import clean
from reconciler.platforms.losant import wire
from reconciler.platforms.losant.wire import Log, Row
from reconciler.platforms.reading.pages import Malformed

CUSTOM_NODE = "customNode"


def is_plain(row: Row) -> bool:
    """Return whether a row says all by itself: what was asked for is there. Rows alike share one state."""
    return row.desired_version == row.current_version and not _etags_differ(row) and row.desired_version != ""


def _etags_differ(row: Row) -> bool:
    return (
        row.desired_version is not None
        and row.desired_etag is not None
        and row.current_etag is not None
        and row.desired_etag != row.current_etag
    )


def state_of(row: Row) -> State:
    """Return what one row of an edge workflow means."""
    wanted, there = row.desired_version, row.current_version
    identity = row.desired_etag if wanted is not None else None
    if wanted == "" or there == "":
        return unknown(wanted, there, "an empty version")
    if is_plain(row):
        return State(assigned=wanted, reported=there, identity=identity)
    try:
        history = _History(wire.logs(row.logs))
    except (msgspec.DecodeError, ValueError) as error:
        return unknown(wanted, there, f"logs: {error}")
    failed = history.failed_on_the_way_to(wanted, row.desired_etag)
    if failed is not None:
        text = clean(failed.error or "")
        return State(wanted, there, Phase.FAILED, identity=identity, since=_time(failed.date), error=text)
    if wanted == there and not history.asked_last:
        return State(wanted, there, identity=identity, overwritten=True)
    since = history.asked_at if history.asked_at is not None else _updated(row)
    return State(wanted, there, Phase.MOVING, identity=identity, since=since)


def state_of_malformed(row: Malformed) -> State:
    """Return what a row with a value of an unexpected type or name means: unknown, with what could be read."""
    return unknown(row.text("desired_version"), row.text("current_version"), row.why)


def unknown(
    wanted: str | None, there: str | None, text: str, code: ConditionCode = ConditionCode.UNEXPECTED_VALUE
) -> State:
    """Return the state of a slot that nothing can be said of; `text` quotes what the platform gave."""
    condition = Condition(code, text=clean(text))
    return State(wanted or None, there or None, Phase.UNKNOWN, conditions=(condition,))


class _History:
    """The two newest entries of a log: what was asked of the device, and what came of it. Raises ValueError."""

    def __init__(self, logs: list[Log]) -> None:
        self.asked_at: float | None = None
        self._news: Log | None = None
        self._news_at: float | None = None
        for log in logs:
            at = _time(log.date)
            if log.change_type == "desired":
                if self.asked_at is None or at >= self.asked_at:
                    self.asked_at = at
            elif log.change_type == "current":
                if self._news_at is None or at >= self._news_at:
                    self._news, self._news_at = log, at
            else:
                raise ValueError(f"changeType {log.change_type!r} is not known")

    @property
    def asked_last(self) -> bool:
        """Return whether something was asked of the device that it has not answered yet."""
        return self.asked_at is not None and (self._news_at is None or self.asked_at > self._news_at)

    def failed_on_the_way_to(self, version: str | None, etag: str | None) -> Log | None:
        """Return the newest news when it is an error of taking this version (with this content, where both say)."""
        news = self._news
        if news is None or self.asked_last or not news.error or news.attempted_value != version:
            return None
        if etag is not None and news.attempted_etag is not None and etag != news.attempted_etag:
            return None
        return news


def _updated(row: Row) -> float | None:
    """Return when a row last changed; None where it does not say so in a readable way: nothing hangs on it."""
    try:
        return _time(row.last_updated or "")
    except ValueError:
        return None


def _time(text: str) -> float:
    """Return seconds since 1970 of a date-time; one without zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def labels_from(raw: bytes) -> Labels:
    """Return the tags of a device, repeated keys kept. Raises msgspec.DecodeError for another shape."""
    return labels_of((tag.key, tag.value) for tag in wire.tags(raw))


def reach_of(link: wire.Link | None) -> Reach:
    """Return whether a device is connected; null and what is not known are unknown (inferred for null)."""
    connected = link.connected if link is not None else None
    if isinstance(connected, bool) or connected not in (0, 1):
        return Reach.UNKNOWN
    return Reach.CONNECTED if connected == 1 else Reach.DISCONNECTED

"""From what Losant says to what the model means: pure and total.

The table is that of losant.md section 2.6, inferred there from confirmed fields (D desiredVersion, K currentVersion).
The log counts from the last time something was asked of the device. The device arrived when it says that it took D (with
its content, where both are known); an error stands until then. First match wins:

=============================================================  ====================================================
both null                                                      settled, empty
an error stands                                                failed; overwritten as well, where D equals K, etags
                                                                 differ, and the error is not about this content
D equals K, etags equal or absent                              settled
the device arrived, and has something else now                 failed: fell back; moving, where that was asked for
                                                                 before, and it had something else then
D equals K, etags differ, nothing newer asked of the device    settled and overwritten
otherwise                                                      moving
a value this program does not know                             unknown
=============================================================  ====================================================
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf
from operator import itemgetter
from typing import Any

import msgspec

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import Facts, Phase, State
from reconciler.model.unit import Labels, Reach, labels_of
from reconciler.platforms.answers import clean
from reconciler.platforms.losant import wire
from reconciler.platforms.losant.wire import Log, Row
from reconciler.platforms.reading.pages import Malformed

EDGE, CUSTOM_NODE = "edge", "customNode"
ERROR = b'"error"'
"""Without this text the log of a row has no error, and need not be read."""
SHOWN = frozenset(
    {"applicationId", "deviceId", "deviceName", "flowName", "desiredVersion", "currentVersion", "desiredEtag"}
    | {"edgeDeploymentId", "logs", "_type", "_links", "_embedded", "_actions"}
)
"""Fields of a row that are shown in other places, or say nothing of it."""


def _etags_differ(row: Row) -> bool:
    return (
        row.desired_version is not None
        and row.desired_etag is not None
        and row.current_etag is not None
        and row.desired_etag != row.current_etag
    )


def state_of(row: Row, notes: list[str]) -> State:
    """Return what one row of an edge workflow means; `notes` gets what of its log could not be read."""
    state = _state_of(row, notes)
    if not row.file_name:
        return state
    file = (Condition(ConditionCode.FROM_FILE, text=clean(_text(row.file_name))),)
    return msgspec.structs.replace(state, conditions=(*state.conditions, *file), protected=file)


def _state_of(row: Row, notes: list[str]) -> State:
    wanted, there = row.desired_version, row.current_version
    if wanted == "" or there == "":
        return unknown(wanted, there, "an empty version")
    state = State(assigned=wanted, reported=there, identity=row.desired_etag if wanted is not None else None)
    if wanted is there is None:
        return state
    history = _History(row, notes)
    differ = wanted == there and _etags_differ(row)
    failed = msgspec.structs.replace(state, phase=Phase.FAILED)
    if history.errors:
        at, text, etag = max(history.errors)
        other = differ and etag not in ("", row.desired_etag)
        return msgspec.structs.replace(failed, since=_dated(at), error=text, overwritten=other)
    if wanted == there and not differ:
        return state
    if history.left_at is not None:
        none = Condition(ConditionCode.CAME_BACK)
        back = Condition(ConditionCode.FELL_BACK, (wanted,)) if wanted is not None else none
        return msgspec.structs.replace(failed, since=_dated(history.left_at), conditions=(back,))
    if differ and not history.asked_last:
        return msgspec.structs.replace(state, overwritten=True)
    since = history.asked_at if history.asked_at is not None else time_of(row.last_updated)
    return msgspec.structs.replace(state, phase=Phase.MOVING, since=since)


def facts_of(row: dict[str, Any]) -> Facts:
    """Return all that a row says beside what a state says, with its log."""
    logs = row.get("logs")
    entries = logs if isinstance(logs, list) else []
    fields = [*row.items(), *((f"logs[{number}]", entry) for number, entry in enumerate(entries))]
    return tuple((name, clean(text)) for name, value in fields if name not in SHOWN and (text := _text(value)))


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {text}" for name, one in value.items() if (text := _text(one)))
    return value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()


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
    """What came of what was asked of a device last, by the log of its row.

    What is asked at a time that cannot be read was asked before all news, and news without a time are the latest: so
    no error is lost.
    """

    def __init__(self, row: Row, notes: list[str]) -> None:
        logs = [(time_of(log.date), log) for log in wire.logs.each(row.logs, "logs", notes)]
        notes += [
            f"logs: changeType {one.change_type!r} is not known"
            for _, one in logs
            if one.change_type not in ("desired", "current")
        ]
        asked = [at for at, log in logs if log.change_type == "desired" and at is not None]
        self.asked_at = max(asked, default=None)
        entries = [(inf if at is None else at, log) for at, log in logs if log.change_type != "desired"]
        news = [(at, log) for at, log in entries if self.asked_at is None or at >= self.asked_at]
        self.asked_last = self.asked_at is not None and not news
        good = [(at, log) for at, log in news if not log.error and log.change_type == "current"]
        arrived = max((at for at, log in good if _arrives(log, row)), default=-inf)
        self.errors = [
            (at, _words(log, row.desired_version), log.attempted_etag or "")
            for at, log in news
            if log.error and at >= arrived
        ]
        later = [(at, log) for at, log in good if self.asked_at is None or at > self.asked_at]
        left = any(_was_there(log, row) for _, log in later) and not self._late(logs, entries, row)
        self.left_at = max(at for at, _ in later) if left else None

    def _late(self, logs: list[tuple[float | None, Log]], entries: list[tuple[float, Log]], row: Row) -> bool:
        """Return whether a device obeys late: what it has was asked for before, when it had something else."""
        if self.asked_at is None:
            return False
        earlier = [(at, log) for at, log in entries if at < self.asked_at and not log.error]
        heard, last = max(earlier, key=itemgetter(0), default=(-inf, None))
        asks = [(at, log.new_value) for at, log in logs if log.change_type == "desired" and at is not None]
        asked = [at for at, value in asks if value == row.current_version and heard <= at < self.asked_at]
        if last is not None:
            return bool(asked) and last.new_value != row.current_version
        return any(value == row.desired_version and at < max(asked, default=-inf) for at, value in asks)


def _arrives(log: Log, row: Row) -> bool:
    """Return whether news say that the device has what is asked for; what they leave open, the row says."""
    if log.new_etag is not None and row.desired_etag is not None and log.new_etag != row.desired_etag:
        return False
    if log.new_value is msgspec.UNSET:
        return row.desired_version == row.current_version and not _etags_differ(row)
    return log.new_value == row.desired_version


def _was_there(log: Log, row: Row) -> bool:
    """Return whether news of a device that has something else say that it had what is asked for."""
    if row.desired_version == row.current_version:
        return log.new_etag is not None and log.new_etag == row.desired_etag
    left = row.desired_version is not None and log.previous_value == row.desired_version != log.new_value
    return left or _arrives(log, row)


def _words(log: Log, wanted: str | None) -> str:
    """Return an error as text, with the version that it is about where that is another one."""
    text = _text(log.error) or msgspec.json.encode(log.error).decode()
    other = log.attempted_value not in (None, wanted)
    return clean(f"{log.attempted_value}: {text}" if other else text)


def _dated(at: float) -> float | None:
    return at if at < inf else None


def time_of(text: str | None) -> float | None:
    """Return seconds since 1970 of a date-time, one without zone being UTC; None where it is none: nothing hangs on it."""
    try:
        moment = datetime.fromisoformat(text or "")
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def labels_from(raw: bytes, notes: list[str]) -> Labels:
    """Return the tags of a device, repeated keys kept; `notes` gets what could not be read, or is no text."""
    pairs: list[tuple[str, str]] = []
    for tag in wire.tags.each(raw, "tags", notes):
        if isinstance(tag.value, str):
            pairs.append((tag.key, tag.value))
        else:
            pairs.append((tag.key, text := msgspec.json.encode(tag.value).decode()))
            notes.append(f"tags: the value {text} of {tag.key} is no text; it is read as one")
    return labels_of(pairs)


def reach_of(link: wire.Link | None) -> Reach:
    """Return whether a device is connected; null and what is not known are unknown (inferred for null)."""
    connected = link.connected if link is not None else None
    if isinstance(connected, bool) or connected not in (0, 1):
        return Reach.UNKNOWN
    return Reach.CONNECTED if connected == 1 else Reach.DISCONNECTED

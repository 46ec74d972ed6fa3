"""How far a release has come on a device: what the words of one row mean together. First match wins; total over all words.

| state | deliveryState | deviceReleaseStatus | stage | and |
|---|---|---|---|---|
| deleted | any | Error | deletion stopped | failed: files may remain |
| uninstalled | any | Error | uninstalled | failed |
| deleted, uninstalled | any | any other | deleted, uninstalled | what was paused or cancelled went with it |
| delivery, or downloaded | any, or before `done` | Error | delivery stopped | failed |
| delivery, or downloaded | any, or before `done` | Pause; Cancel, Cancelled | delivery halted | paused; cancelled |
| delivery, or downloaded | any, or before `done` | any other | being delivered | `Done` too: validation may follow |
| downloaded, deploy | any | Error | installation stopped | failed: the installer may have rolled back |
| downloaded, deploy | any | Pause; Cancel, Cancelled | installation halted | paused; cancelled |
| downloaded, deploy, installed | any | Uninstall | being uninstalled | |
| downloaded | done, none | InProgress | being delivered | |
| downloaded | done, none | Start, Installing, Continue | being installed | |
| downloaded | done, none | Done, none | downloaded | |
| deploy | any | any other | being installed | `Done` too: `installed` follows |
| installed | any | Error | installed, with an error | failed, and reported all the same |
| installed | any | Pause; Cancel, Cancelled | installed | paused; cancelled |
| installed | any | Start, InProgress, Installing, Continue | being installed | moving, and reported all the same |
| installed | any | Done, none | installed | |

`deviceReleaseStatus` is the delivery's or the deployment's status, untagged, so it is read together with `state`
(confirmed: seed 000; the reading is inferred, sections 5 and 6). A text in `errMsg` is shown whatever the words; without
`Error` it may be old and is no failure. A word that nobody knows is never read as absence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from reconciler.platforms.answers import clean
from reconciler.platforms.getapp.wire import Row


class Stage(StrEnum):
    """What can be done next with a release on a device."""

    DELIVERING = "being delivered"
    DELIVERY_STOPPED = "delivery stopped"
    DELIVERY_HALTED = "delivery halted"
    """By a person, where stopped is by an error."""
    DOWNLOADED = "downloaded"
    DEPLOYING = "being installed"
    DEPLOY_STOPPED = "installation stopped"
    DEPLOY_HALTED = "installation halted"
    INSTALLED = "installed"
    INSTALLED_FAILED = "installed, with an error"
    UNINSTALLING = "being uninstalled"
    UNINSTALLED = "uninstalled"
    DELETION_STOPPED = "deletion stopped"
    DELETED = "deleted"


class Halt(StrEnum):
    """Why a delivery or installation does not go on."""

    NO = ""
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FAILED = "failed"


class RowStage(NamedTuple):
    """What the state and status of a row say."""

    stage: Stage
    halt: Halt = Halt.NO


GONE = frozenset({Stage.UNINSTALLED, Stage.DELETION_STOPPED, Stage.DELETED})

STATES = frozenset({"delivery", "downloaded", "deleted", "deploy", "installed", "uninstalled"})
"""DeviceReleaseState, confirmed (seed 000)."""

DELIVERY_STATES = frozenset({None, "prepare", "download", "validation", "done"})
"""Agent DeliveryState, confirmed (agent/get-delivery-status)."""

STATUSES = frozenset(
    {None, "Start", "InProgress", "Done", "Pause", "Cancel", "Error"}  # agent DeliveryStatusEnum
    | {"Installing", "Continue", "Cancelled", "Uninstall"}  # DeploymentStatus
)
"""Agent DeliveryStatusEnum and DeploymentStatus, confirmed (agent/get-delivery-status, agent/deploy-change-state)."""

_HALTS = {"Pause": Halt.PAUSED, "Cancel": Halt.CANCELLED, "Cancelled": Halt.CANCELLED, "Error": Halt.FAILED}
_GONE = {"uninstalled": Stage.UNINSTALLED, "deleted": Stage.DELETED}
_DONE = (None, "Done")


def status_of(row: Row) -> str | None:
    """Return the status of a row, in whichever shape it came."""
    return row.device_release_status if row.device_release_status is not None else row.status


def unknown_value(row: Row) -> str:
    """Return which field of a row has a value that nobody knows, with the value; empty where there is none."""
    for field, value, known in (
        ("state", row.state, STATES),
        ("deliveryState", row.delivery_state, DELIVERY_STATES),
        ("deviceReleaseStatus", status_of(row), STATUSES),
    ):
        if value not in known:
            return f"{field} {clean(repr(value), 80)}"
    return ""


def stage_of(row: Row) -> RowStage:
    """Return what a row says, all of whose words are known."""
    status = status_of(row)
    halt = _HALTS.get(status or "", Halt.NO)
    if row.state in _GONE:
        gone = _GONE[row.state]
        if halt is not Halt.FAILED:
            return RowStage(gone)
        return RowStage(Stage.DELETION_STOPPED if gone is Stage.DELETED else gone, halt)
    if row.state == "delivery" or (row.state == "downloaded" and row.delivery_state not in (None, "done")):
        return _stopped(halt, Stage.DELIVERY_STOPPED, Stage.DELIVERY_HALTED) or RowStage(Stage.DELIVERING)
    if row.state == "installed":
        halted = _stopped(halt, Stage.INSTALLED_FAILED, Stage.INSTALLED)
    else:
        halted = _stopped(halt, Stage.DEPLOY_STOPPED, Stage.DEPLOY_HALTED)
    return halted or RowStage(_going_on(row.state, status))


def _stopped(halt: Halt, failed: Stage, halted: Stage) -> RowStage | None:
    """Return the stage of what does not go on; None where it does."""
    return None if halt is Halt.NO else RowStage(failed if halt is Halt.FAILED else halted, halt)


def _going_on(state: str, status: str | None) -> Stage:
    """Return the stage of what was delivered, and neither failed nor was halted."""
    if status == "Uninstall":
        return Stage.UNINSTALLING
    if state == "downloaded" and status == "InProgress":
        return Stage.DELIVERING
    if state == "deploy" or status not in _DONE:
        return Stage.DEPLOYING
    return Stage.INSTALLED if state == "installed" else Stage.DOWNLOADED


def said(row: Row) -> str:
    """Return what a row says of an error, cleaned; agents may send a document instead of a text (inferred)."""
    text = row.err_msg if isinstance(row.err_msg, str) else msgspec.json.encode(row.err_msg).decode()
    return "" if row.err_msg in (None, False, 0, [], {}) else clean(text)

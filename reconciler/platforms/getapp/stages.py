"""How far a release has come on a device: what the words of one row mean together (getapp.md sections 5 and 6).

`deviceReleaseStatus` is the delivery's or the deployment's status, untagged, so it is read together with `state`
(confirmed: seed 000; the reading is inferred). Stopped are Error, Pause, Cancel and Cancelled (inferred); delivery with
status Done is still busy, since validation may follow (inferred). A word that nobody knows is never read as absence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

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
    UNINSTALLING = "being uninstalled"
    UNINSTALLED = "uninstalled"
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
_DELIVERY = {Halt.NO: Stage.DELIVERING, Halt.FAILED: Stage.DELIVERY_STOPPED}
_DEPLOY = {Halt.NO: Stage.DEPLOYING, Halt.FAILED: Stage.DEPLOY_STOPPED}
_SETTLED = {"downloaded": Stage.DOWNLOADED, "uninstalled": Stage.UNINSTALLED, "deleted": Stage.DELETED}


def unknown_value(row: Row) -> str:
    """Return which field of a row has a value that nobody knows, with the value; empty where there is none."""
    status = row.device_release_status if row.device_release_status is not None else row.status
    for field, value, known in (
        ("state", row.state, STATES),
        ("deliveryState", row.delivery_state, DELIVERY_STATES),
        ("deviceReleaseStatus", status, STATUSES),
    ):
        if value not in known:
            return f"{field} {clean(repr(value), 80)}"
    return ""


def stage_of(row: Row) -> RowStage:
    """Return what a row says, all of whose words are known."""
    status = row.device_release_status if row.device_release_status is not None else row.status
    halt = _HALTS.get(status or "", Halt.NO)
    if row.state in _SETTLED:
        return RowStage(_SETTLED[row.state])
    if row.state == "delivery":
        return RowStage(_DELIVERY.get(halt, Stage.DELIVERY_HALTED), halt)
    if status == "Uninstall":
        return RowStage(Stage.UNINSTALLING)
    if row.state == "installed":
        return RowStage(Stage.INSTALLED)
    return RowStage(_DEPLOY.get(halt, Stage.DEPLOY_HALTED), halt)

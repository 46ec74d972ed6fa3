"""What the error codes of a delivery server mean, and whether trying again helps.

The codes are those of seed 004 (confirmed); the sentences are ours. Which errors pass is inferred: what is wrong with a
release stays wrong until somebody changes the release, what is wrong with a transfer or with space passes. A code that
is not here counts as `APP.unknown`, as the server itself does (confirmed, API error.ts).
"""

from __future__ import annotations

from typing import NamedTuple

UNKNOWN_CODE = "APP.unknown"


class Refusal(NamedTuple):
    """A sentence for people, and whether trying again helps (None: not known)."""

    text: str
    again: bool | None = False


REFUSALS: dict[str, Refusal] = {
    UNKNOWN_CODE: Refusal("the server failed in a way it has no code for", again=True),
    "DELIVERY.unknown": Refusal("the delivery service failed in a way it has no code for", again=True),
    "DELIVERY.notFound": Refusal("the server knows no delivery of this catalogId: check that the release is there"),
    "DELIVERY.download": Refusal("the server could not fetch the files of the release", again=True),
    "DELIVERY.downloadNotAvailable": Refusal(
        "the release cannot be downloaded yet: it must be released first", again=True
    ),
    "DELIVERY.notExist": Refusal("the files of the release are not in the storage: upload them again"),
    "DELIVERY.invalid": Refusal("the files of the release are not valid, or are no longer: publish the release again"),
    "DELIVERY.notVerified": Refusal("the files of the release could not be verified: they may be damaged"),
    "DELIVERY.packageTooLarge": Refusal(
        "the release does not fit into the server's cache: make room, or raise its capacity"
    ),
    "DELIVERY.unableClearCache": Refusal("the server could not make room in its cache", again=True),
    "PROJECT_MANAGEMENT.unknown": Refusal("the project service failed in a way it has no code for", again=True),
    "PROJECT_MANAGEMENT.deleteProjectFailed": Refusal("the project could not be deleted", again=True),
    "PROJECT_MANAGEMENT.webhookInvalid": Refusal("the project's webhook is not valid"),
    "PROJECT_MANAGEMENT.labelNotFound": Refusal("there is no such label"),
    "PROJECT_MANAGEMENT.labelAlreadyExists": Refusal("there is a label of that name already"),
    "PROJECT_MANAGEMENT.labelInUse": Refusal("projects still bear the label"),
    "MAP.unknown": Refusal("the map service failed in a way it has no code for", again=True),
    "MAP.notFound": Refusal("there is no such map"),
    "MAP.bBoxIsInvalid": Refusal("the bounds of the map are not valid"),
    "MAP.bBoxNotInAnyPolygon": Refusal("the bounds lie outside of every area that has maps"),
    "MAP.getRecordsFailed": Refusal("the records of the map could not be read", again=True),
    "MAP.exportMapFailed": Refusal("the map could not be exported", again=True),
    "MAP.requestInProgress": Refusal("the map was asked for already and is on its way", again=True),
    "MAP.areaTooLarge": Refusal("the area of the map is too large: ask for less"),
    "MAP.areaTooSmall": Refusal("the area of the map is too small: ask for more"),
    "DEVICE.notFound": Refusal("the server knows no such device"),
    "DEVICE.hasChildren": Refusal("the device manages others and cannot be deleted"),
    "DEVICE_TYPE.notFound": Refusal("there is no such device type"),
    "DEVICE_TYPE.alreadyExists": Refusal("there is a device type of that name already"),
    "DEVICE_PLATFORM.notFound": Refusal("there is no such platform"),
    "DEVICE_PLATFORM.alreadyExists": Refusal("there is a platform of that name already"),
    "GROUP.notFound": Refusal("there is no such group"),
    "GROUP.notAllowedToAdd": Refusal("the group may not take this member"),
    "GROUP.orgIdUnknown": Refusal("the organization is not known"),
    "GROUP.orgIdNotAllowed": Refusal("the organization may not be used"),
    "GROUP.orgIdConflict": Refusal("the organization conflicts with another one"),
    "GROUP.orgIdNotFound": Refusal("there is no such organization"),
    "RULE.validationFailed": Refusal("a rule refused it"),
    "RULE.fieldNotSupported": Refusal("a rule uses a field that is not supported"),
    "RULE.fieldAlreadyExists": Refusal("there is a rule field of that name already"),
    "RULE.fieldNotFound": Refusal("there is no such rule field"),
    "RELEASE.hasDependents": Refusal("other releases depend on this one"),
}


def refusal(code: str) -> Refusal:
    """Return what a code means; one that nobody knows is a failure without a code."""
    return REFUSALS.get(code, REFUSALS[UNKNOWN_CODE])

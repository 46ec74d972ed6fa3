"""Preparations on the delivery server: how they stand, what their error codes mean, what of them is malformed.

Nothing is remembered: on a caching server the question itself starts a preparation (confirmed, prepare.service.ts), so it
is asked only with leave (`probe`). An error comes with HTTP 200 (confirmed, seed 004), and stops the step whatever the
status beside it says. An answer has to name what was asked for.

The codes are those of seed 004 (confirmed); the sentences are ours. Which errors pass is inferred: what is wrong with a
release stays wrong until somebody changes the release, what is wrong with a transfer or with space passes. Of a code that
is not here nobody knows.
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.errors import NotFound, PlatformError
from reconciler.model.release import Preparation, PrepareStatus
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.release_info import artifacts_of, unsigned, whole
from reconciler.platforms.getapp.routes import Server

_OWN_WORDS = frozenset({PrepareStatus.NOT_ASKED, PrepareStatus.UNKNOWN})
STATUSES = {status.value: status for status in PrepareStatus if status not in _OWN_WORDS}
"""The server's words, confirmed (seed 004)."""
RUNNING = frozenset({PrepareStatus.START, PrepareStatus.IN_PROGRESS, PrepareStatus.PENDING})


def must_prepare(one: Preparation) -> bool:
    """Return whether a preparation is to be asked for: nobody knows of one, it was dropped, or trying again helps."""
    return one.status in {PrepareStatus.NOT_ASKED, PrepareStatus.DELETE} or (
        one.status is PrepareStatus.ERROR and one.retryable is True
    )


def preparation_of(server: Server, catalog_id: str, *, probe: bool) -> Preparation:
    """Return how a preparation stands; not asked without `probe`. Never raises."""
    if not probe:
        return Preparation(reference=catalog_id, status=PrepareStatus.NOT_ASKED)
    try:
        return preparation(server.prepared(catalog_id), catalog_id)
    except NotFound:
        note = "the server was asked, and knows no preparation of it"
        return Preparation(reference=catalog_id, status=PrepareStatus.NOT_ASKED, notes=(note,))
    except PlatformError as error:
        return Preparation(reference=catalog_id, status=PrepareStatus.UNKNOWN, notes=(str(error),))


def preparation(read: wire.Read[wire.Prepared], asked: str) -> Preparation:
    """Return what the server says of the preparation that was asked for, with what is malformed about it."""
    answer, notes = read.value, list(read.notes)
    if answer.catalog_id != asked:
        notes.append(f"the answer is about {clean(repr(answer.catalog_id), 120)}, which was not asked for")
        return Preparation(reference=asked, status=PrepareStatus.UNKNOWN, notes=tuple(notes))
    status = STATUSES.get(answer.status, PrepareStatus.UNKNOWN)
    if status is PrepareStatus.UNKNOWN:
        notes.append(f"status {clean(repr(answer.status), 80)} is not known")
    files = answer.artifacts or ()
    artifacts = artifacts_of(files, asked, notes)
    if files and not any(one.catalog_id in (None, "", asked) for one in files):
        status = PrepareStatus.UNKNOWN  # all its files are of other releases, as the notes say
    code = error = ""
    retryable: bool | None = None
    if status is PrepareStatus.ERROR or answer.error not in (None, False, "", []):
        if status is not PrepareStatus.ERROR:
            notes.append(f"status {clean(answer.status, 80)!r} came with an error: the preparation counts as failed")
        status = PrepareStatus.ERROR
        code, error, retryable = _failure(answer.error, notes)
    return Preparation(
        reference=asked,
        status=status,
        progress=answer.progress,
        size=whole(answer.size),
        url=unsigned(answer.url),
        artifacts=artifacts,
        code=code,
        error=error,
        retryable=retryable,
        notes=tuple(notes),
    )


def _failure(given: Any, notes: list[str]) -> tuple[str, str, bool | None]:
    """Return the code, what it means with the server's own words, and whether trying again helps (None: not known)."""
    fields = given if isinstance(given, dict) else {"message": given}
    code, message = (
        clean(text) if isinstance(text := fields.get(name), str) else "" if text is None else clean(repr(text))
        for name in ("errorCode", "message")
    )
    known = _SPELLINGS.get(_spelling(code))
    if known is None:
        if code:
            notes.append(f"error code {clean(code, 80)!r} is not known")
        return code, message or NO_REASON, None
    meaning = REFUSALS[known]
    return code, f"{meaning}: {message}" if message else meaning, known in PASSING


# --- error codes ------------------------------------------------------------------------------------------------------

NO_REASON = "the server gives no reason"

REFUSALS = {
    "APP.unknown": "the server failed in a way it has no code for",
    "DELIVERY.unknown": "the delivery service failed in a way it has no code for",
    "DELIVERY.notFound": "the server knows no delivery of this catalogId: check that the release is there",
    "DELIVERY.download": "the server could not fetch the files of the release",
    "DELIVERY.downloadNotAvailable": "the release cannot be downloaded yet: it must be released first",
    "DELIVERY.notExist": "the files of the release are not in the storage: upload them again",
    "DELIVERY.invalid": "the files of the release are not valid, or are no longer: publish the release again",
    "DELIVERY.notVerified": "the files of the release could not be verified: they may be damaged",
    "DELIVERY.packageTooLarge": "the release does not fit into the server's cache: make room, or raise its capacity",
    "DELIVERY.unableClearCache": "the server could not make room in its cache",
    "PROJECT_MANAGEMENT.unknown": "the project service failed in a way it has no code for",
    "PROJECT_MANAGEMENT.deleteProjectFailed": "the project could not be deleted",
    "PROJECT_MANAGEMENT.webhookInvalid": "the project's webhook is not valid",
    "PROJECT_MANAGEMENT.labelNotFound": "there is no such label",
    "PROJECT_MANAGEMENT.labelAlreadyExists": "there is a label of that name already",
    "PROJECT_MANAGEMENT.labelInUse": "projects still bear the label",
    "MAP.unknown": "the map service failed in a way it has no code for",
    "MAP.notFound": "there is no such map",
    "MAP.bBoxIsInvalid": "the bounds of the map are not valid",
    "MAP.bBoxNotInAnyPolygon": "the bounds lie outside of every area that has maps",
    "MAP.getRecordsFailed": "the records of the map could not be read",
    "MAP.exportMapFailed": "the map could not be exported",
    "MAP.requestInProgress": "the map was asked for already and is on its way",
    "MAP.areaTooLarge": "the area of the map is too large: ask for less",
    "MAP.areaTooSmall": "the area of the map is too small: ask for more",
    "DEVICE.notFound": "the server knows no such device",
    "DEVICE.hasChildren": "the device manages others and cannot be deleted",
    "DEVICE_TYPE.notFound": "there is no such device type",
    "DEVICE_TYPE.alreadyExists": "there is a device type of that name already",
    "DEVICE_PLATFORM.notFound": "there is no such platform",
    "DEVICE_PLATFORM.alreadyExists": "there is a platform of that name already",
    "GROUP.notFound": "there is no such group",
    "GROUP.notAllowedToAdd": "the group may not take this member",
    "GROUP.orgIdUnknown": "the organization is not known",
    "GROUP.orgIdNotAllowed": "the organization may not be used",
    "GROUP.orgIdConflict": "the organization conflicts with another one",
    "GROUP.orgIdNotFound": "there is no such organization",
    "RULE.validationFailed": "a rule refused it",
    "RULE.fieldNotSupported": "a rule uses a field that is not supported",
    "RULE.fieldAlreadyExists": "there is a rule field of that name already",
    "RULE.fieldNotFound": "there is no such rule field",
    "RELEASE.hasDependents": "other releases depend on this one",
}

PASSING = frozenset(
    {
        "APP.unknown",
        "DELIVERY.unknown",
        "DELIVERY.download",
        "DELIVERY.downloadNotAvailable",
        "DELIVERY.unableClearCache",
        "PROJECT_MANAGEMENT.unknown",
        "PROJECT_MANAGEMENT.deleteProjectFailed",
        "MAP.unknown",
        "MAP.getRecordsFailed",
        "MAP.exportMapFailed",
        "MAP.requestInProgress",
    }
)
"""Codes of errors where trying again helps."""


def _spelling(code: str) -> str:
    """Return a code so that its spellings are one: the source writes `GROUP_NOT_FOUND` for `GROUP.notFound`."""
    return re.sub(r"[^a-z0-9]", "", code.lower()).replace("devicedt", "devicetype")


_SPELLINGS = {_spelling(code): code for code in REFUSALS}

"""Preparations on the delivery server: how they stand, what their error codes mean, what of them is malformed.

Nothing is remembered: on a caching server the question itself starts a preparation (confirmed, prepare.service.ts), so it
is asked only with leave (`probe`). An error comes with HTTP 200 (confirmed, seed 004).

The codes are those of seed 004 (confirmed); the sentences are ours. Which errors pass is inferred: what is wrong with a
release stays wrong until somebody changes the release, what is wrong with a transfer or with space passes. A code that
is not here counts as `APP.unknown`, as the server itself does (confirmed, API error.ts).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import NamedTuple

from reconciler.errors import NotFound, PlatformError
from reconciler.model.release import Artifact, Preparation, PrepareStatus
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.routes import Server

_HEX = re.compile(r"[0-9A-Fa-f]{64}")
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
        return preparation(server.prepared(catalog_id))
    except NotFound:
        note = "the server was asked, and knows no preparation of it"
        return Preparation(reference=catalog_id, status=PrepareStatus.NOT_ASKED, notes=(note,))
    except PlatformError as error:
        return Preparation(reference=catalog_id, status=PrepareStatus.UNKNOWN, notes=(str(error),))


def preparation(answer: wire.Prepared) -> Preparation:
    """Return what the server says of a preparation, with what is malformed about it."""
    notes: list[str] = []
    status = STATUSES.get(answer.status, PrepareStatus.UNKNOWN)
    if status is PrepareStatus.UNKNOWN:
        notes.append(f"status {clean(repr(answer.status), 80)} is not known")
    artifacts = tuple(_artifact(one, notes) for one in answer.artifacts or ())
    code = error = ""
    retryable: bool | None = None
    if status is PrepareStatus.ERROR:
        given = answer.error or wire.PrepareError()
        code = given.error_code if given.error_code in REFUSALS else UNKNOWN_CODE
        if given.error_code and given.error_code != code:
            notes.append(f"error code {clean(given.error_code, 80)!r} is not known")
        meaning = REFUSALS[code]
        said = clean(given.message)
        error, retryable = f"{meaning.text}: {said}" if said else meaning.text, meaning.retryable
    return Preparation(
        reference=answer.catalog_id,
        status=status,
        progress=answer.progress,
        size=None if answer.size is None else int(answer.size),
        artifacts=artifacts,
        code=code,
        error=error,
        retryable=retryable,
        notes=tuple(notes),
    )


def _artifact(file: wire.PreparedArtifact, notes: list[str]) -> Artifact:
    name = clean(file.item_key, 120)
    digest = ""
    if file.hash is not None:
        wrong = _wrong_hash(file.hash)
        if wrong:
            notes.append(f"the hash of {name or 'an artifact'} {wrong}")
        else:
            digest = f"{file.hash.algorithm}:{file.hash.hash}"
    size = None if file.size is None else int(file.size)
    return Artifact(name=name, kind=file.artifact_type or "", size=size, digest=digest)


def _wrong_hash(digest: wire.Hash) -> str:
    """Return what is wrong with the form of a hash; empty where nothing is."""
    if digest.algorithm == "SHA256Hex":
        return "" if _HEX.fullmatch(digest.hash) else "is not 64 hex digits, as SHA256Hex is"
    if digest.algorithm == "SHA256Base64":
        try:
            right = len(digest.hash) == 44 and len(b64decode(digest.hash, validate=True)) == 32
        except (binascii.Error, ValueError):
            right = False
        return "" if right else "is not 32 bytes in base64, as SHA256Base64 is"
    return f"is of algorithm {clean(repr(digest.algorithm), 80)}, which is not known"


# --- error codes ------------------------------------------------------------------------------------------------------

UNKNOWN_CODE = "APP.unknown"


class Refusal(NamedTuple):
    """A sentence for people, and whether trying again helps."""

    text: str
    retryable: bool = False


REFUSALS: dict[str, Refusal] = {
    UNKNOWN_CODE: Refusal("the server failed in a way it has no code for", retryable=True),
    "DELIVERY.unknown": Refusal("the delivery service failed in a way it has no code for", retryable=True),
    "DELIVERY.notFound": Refusal("the server knows no delivery of this catalogId: check that the release is there"),
    "DELIVERY.download": Refusal("the server could not fetch the files of the release", retryable=True),
    "DELIVERY.downloadNotAvailable": Refusal(
        "the release cannot be downloaded yet: it must be released first", retryable=True
    ),
    "DELIVERY.notExist": Refusal("the files of the release are not in the storage: upload them again"),
    "DELIVERY.invalid": Refusal("the files of the release are not valid, or are no longer: publish the release again"),
    "DELIVERY.notVerified": Refusal("the files of the release could not be verified: they may be damaged"),
    "DELIVERY.packageTooLarge": Refusal(
        "the release does not fit into the server's cache: make room, or raise its capacity"
    ),
    "DELIVERY.unableClearCache": Refusal("the server could not make room in its cache", retryable=True),
    "PROJECT_MANAGEMENT.unknown": Refusal("the project service failed in a way it has no code for", retryable=True),
    "PROJECT_MANAGEMENT.deleteProjectFailed": Refusal("the project could not be deleted", retryable=True),
    "PROJECT_MANAGEMENT.webhookInvalid": Refusal("the project's webhook is not valid"),
    "PROJECT_MANAGEMENT.labelNotFound": Refusal("there is no such label"),
    "PROJECT_MANAGEMENT.labelAlreadyExists": Refusal("there is a label of that name already"),
    "PROJECT_MANAGEMENT.labelInUse": Refusal("projects still bear the label"),
    "MAP.unknown": Refusal("the map service failed in a way it has no code for", retryable=True),
    "MAP.notFound": Refusal("there is no such map"),
    "MAP.bBoxIsInvalid": Refusal("the bounds of the map are not valid"),
    "MAP.bBoxNotInAnyPolygon": Refusal("the bounds lie outside of every area that has maps"),
    "MAP.getRecordsFailed": Refusal("the records of the map could not be read", retryable=True),
    "MAP.exportMapFailed": Refusal("the map could not be exported", retryable=True),
    "MAP.requestInProgress": Refusal("the map was asked for already and is on its way", retryable=True),
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

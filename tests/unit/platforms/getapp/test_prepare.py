"""Preparations: every status, code and hash of the documents, and what is malformed about others."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import httpx
import pytest

from reconciler.model.change import Action, Request
from reconciler.model.release import Preparation, PrepareStatus
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.prepare import REFUSALS, preparation
from tests.unit.platforms.getapp.installation import Installation, missing

DIGEST = hashlib.sha256(b"x").digest()
ID = "12.radio@1.0.0"
PREPARED = f"/api/v1/delivery/preparedDelivery/{ID}"
PREPARE = Request(
    "POST",
    "/api/v1/delivery/prepareDelivery?source=cache",
    {"catalogId": ID, "deviceId": "edge-0", "itemType": "software"},
)
CODES = [
    "APP.unknown",
    *(f"DELIVERY.{one}" for one in (
        "unknown", "notFound", "download", "downloadNotAvailable", "notExist", "invalid", "notVerified",
        "packageTooLarge", "unableClearCache",
    )),
    *(f"PROJECT_MANAGEMENT.{one}" for one in (
        "unknown", "deleteProjectFailed", "labelNotFound", "labelAlreadyExists", "labelInUse",
    )),
    *(f"MAP.{one}" for one in (
        "unknown", "notFound", "bBoxIsInvalid", "bBoxNotInAnyPolygon", "getRecordsFailed", "exportMapFailed",
        "requestInProgress", "areaTooLarge", "areaTooSmall",
    )),
    "DEVICE.notFound", "DEVICE.hasChildren",
    *(f"{one}.{two}" for one in ("DEVICE_TYPE", "DEVICE_PLATFORM") for two in ("notFound", "alreadyExists")),
    *(f"GROUP.{one}" for one in (
        "notFound", "notAllowedToAdd", "orgIdUnknown", "orgIdNotAllowed", "orgIdConflict", "orgIdNotFound",
    )),
    *(f"RULE.{one}" for one in ("validationFailed", "fieldNotSupported", "fieldAlreadyExists", "fieldNotFound")),
    "RELEASE.hasDependents",
]  # fmt: skip


def told(status: str = "done", **fields: Any) -> Preparation:
    return preparation(wire.prepared(httpx.Response(200, json={"catalogId": ID, "status": status, **fields}).content))


@pytest.mark.parametrize("status", ["start", "inProgress", "done", "error", "delete", "pending"])
def test_the_statuses_of_the_server(status: str) -> None:
    found = told(status, progress=12.5, size=99)
    assert (found.status.value, found.progress, found.size, found.reference) == (status, 12.5, 99, ID)
    assert found.notes == ()


@pytest.mark.parametrize("status", ["unknown", "not asked", "Done", ""])
def test_other_statuses_are_unknown(status: str) -> None:
    found = told(status)
    assert found.status is PrepareStatus.UNKNOWN
    assert found.notes == (f"status {status!r} is not known",)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence_and_says_whether_trying_again_helps(code: str) -> None:
    found = told("error", error={"errorCode": code, "message": "theirs"})
    assert (found.code, found.notes) == (code, ())
    assert found.error == f"{REFUSALS[code].text}: theirs"
    assert found.retryable is REFUSALS[code].retryable
    assert told("error", error={"errorCode": code}).error == REFUSALS[code].text


def test_no_code_has_the_sentence_of_another() -> None:
    assert set(CODES) <= set(REFUSALS)
    assert len({one.text for one in REFUSALS.values()}) == len(REFUSALS)


@pytest.mark.parametrize("fields", [{}, {"error": {}}, {"error": {"errorCode": "NEW.one"}}])
def test_codes_nobody_knows_count_as_unknown(fields: dict[str, Any]) -> None:
    found = told("error", **fields)
    assert (found.code, found.retryable) == ("APP.unknown", True)
    assert found.notes == (("error code 'NEW.one' is not known",) if fields.get("error") else ())


@pytest.mark.parametrize(
    ("algorithm", "text", "wrong"),
    [
        ("SHA256Hex", DIGEST.hex(), ""),
        ("SHA256Hex", DIGEST.hex().upper(), ""),
        ("SHA256Hex", DIGEST.hex()[1:], "not 64 hex digits"),
        ("SHA256Hex", "x" * 64, "not 64 hex digits"),
        ("SHA256Base64", b64encode(DIGEST).decode(), ""),
        ("SHA256Base64", b64encode(DIGEST[1:]).decode(), "not 32 bytes"),
        ("SHA256Base64", b64encode(DIGEST + b"x").decode(), "not 32 bytes"),
        ("SHA256Base64", "?" * 44, "not 32 bytes"),
        ("SHA256Base64", "é" * 44, "not 32 bytes"),
        ("MD5", "1", "algorithm 'MD5', which is not known"),
    ],
)
def test_hashes_are_checked_for_form(algorithm: str, text: str, wrong: str) -> None:
    artifact = {
        "itemKey": "radio.rpm",
        "artifactType": "rpm",
        "size": 5,
        "url": "https://x/?sig",
        "hash": {"algorithm": algorithm, "hash": text},
    }
    found = told(artifacts=[artifact])
    assert (found.artifacts[0].name, found.artifacts[0].kind, found.artifacts[0].size) == ("radio.rpm", "rpm", 5)
    assert found.artifacts[0].digest == ("" if wrong else f"{algorithm}:{text}")
    assert len(found.notes) == bool(wrong)
    assert wrong in "".join(found.notes)
    assert "sig" not in repr(found), "addresses carry a signature"


def test_artifacts_without_hash_size_or_name() -> None:
    found = told(artifacts=[{}, {"hash": {}}])
    assert found.artifacts[0].digest == ""
    assert found.notes == ("the hash of an artifact is of algorithm '', which is not known",)


def test_preparations_are_asked_about_with_leave_alone_whoever_started_them() -> None:
    world = Installation()
    world.answers[PREPARED] = httpx.Response(200, json={"catalogId": ID, "status": "done"})
    world.answers["/api/v1/delivery/prepareDelivery"] = httpx.Response(201, json={"catalogId": ID, "status": "start"})
    platform = world.platform(delivery=True)
    platform.execute(Action(call="getapp.prepare", request=PREPARE, slots=(0,)), world.clock.time + 60)
    world.requests.clear()
    for process in (platform, world.platform(delivery=True)):
        assert [one.status for one in process.preparations([ID], probe=False)] == [PrepareStatus.NOT_ASKED]
        assert process.preparations([], probe=True) == ()
    assert PREPARED not in world.paths()
    assert [one.status for one in platform.preparations([ID, ID], probe=True)] == [PrepareStatus.DONE] * 2


def test_what_cannot_be_read_is_unknown_and_what_is_not_there_was_not_asked() -> None:
    world = Installation()
    platform = world.platform(delivery=True)
    world.answers[PREPARED] = httpx.Response(403)
    (found,) = platform.preparations([ID], probe=True)
    assert found.status is PrepareStatus.UNKNOWN
    assert "403" in found.notes[0]
    world.answers[PREPARED] = missing()
    (found,) = platform.preparations([ID], probe=True)
    assert (found.status, "knows no preparation" in found.notes[0]) == (PrepareStatus.NOT_ASKED, True)
    assert platform.preparations([ID], probe=False)[0].notes == ()


def test_without_a_server_nothing_is_prepared() -> None:
    assert Installation().platform().preparations([ID], probe=True) == ()


def test_the_codes_here_are_those_of_the_source() -> None:
    assert len(CODES) == len(set(CODES)) == 41

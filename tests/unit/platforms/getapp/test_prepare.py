"""Preparations: every status, code and hash of the documents, and what is malformed about others."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import httpx
import msgspec
import pytest

from reconciler.model.change import Action, Request
from reconciler.model.release import Preparation, PrepareStatus
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.prepare import PASSING, REFUSALS, preparation
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
    answer = {"catalogId": ID, "status": status, **fields}
    return preparation(wire.prepared(msgspec.json.encode(answer)), ID)


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


def test_files_of_another_release_are_named_and_prove_nothing_alone() -> None:
    mine, other = {"itemKey": "a", "catalogId": ID}, {"itemKey": "b", "catalogId": "12.radio@2.0.0"}
    for artifacts, status in (
        ([mine], PrepareStatus.DONE),
        ([mine, other], PrepareStatus.DONE),
        ([other], PrepareStatus.UNKNOWN),
    ):
        found = told(artifacts=artifacts)
        assert found.status is status
        assert found.notes == (("b is of 12.radio@2.0.0",) if other in artifacts else ())


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence_and_says_whether_trying_again_helps(code: str) -> None:
    found = told("error", error={"errorCode": code, "message": "theirs"})
    assert (found.code, found.notes) == (code, ())
    assert found.error == f"{REFUSALS[code]}: theirs"
    assert found.retryable is (code in PASSING)
    assert told("error", error={"errorCode": code}).error == REFUSALS[code]


def test_no_code_has_the_sentence_of_another() -> None:
    assert set(CODES) <= set(REFUSALS)
    assert len(set(REFUSALS.values())) == len(REFUSALS)
    assert set(PASSING) <= set(REFUSALS)


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("DEVICE_DT_NOT_FOUND", "DEVICE_TYPE.notFound"),
        ("DEVICE_DT_ALREADY_EXISTS", "DEVICE_TYPE.alreadyExists"),
        ("DEVICE_PLATFORM_ALREADY_EXISTS", "DEVICE_PLATFORM.alreadyExists"),
        ("GROUP_NOT_FOUND", "GROUP.notFound"),
        ("GROUP_NOT_ALLOWED_TO_ADD", "GROUP.notAllowedToAdd"),
        ("DELIVERY_DOWNLOAD", "DELIVERY.download"),
        ("delivery.notexist", "DELIVERY.notExist"),
    ],
)
def test_other_spellings_of_codes_mean_the_same(spelling: str, code: str) -> None:
    found = told("error", error={"errorCode": spelling})
    assert (found.error, found.retryable) == (REFUSALS[code], code in PASSING)
    assert (found.code, found.notes) == (spelling, ()), "the code is the platform's own word"


@pytest.mark.parametrize(
    ("error", "text", "code", "notes"),
    [
        (None, "the server gives no reason", "", 0),
        ({}, "the server gives no reason", "", 0),
        ({"errorCode": "NEW.one"}, "the server gives no reason", "NEW.one", 1),
        ({"errorCode": "NEW.one", "message": "the moon"}, "the moon", "NEW.one", 1),
        ({"errorCode": 7, "message": ["x"]}, "['x']", "7", 1),
        ({"message": "disk full"}, "disk full", "", 0),
        ("disk full", "disk full", "", 0),
        (True, "True", "", 0),
    ],
)
def test_of_codes_nobody_knows_no_advice_on_retrying_is_given(error: Any, text: str, code: str, notes: int) -> None:
    found = told("error", error=error)
    assert (found.error, found.code, found.retryable) == (text, code, None)
    assert [note for note in found.notes if "not known" in note] == list(found.notes)
    assert len(found.notes) == notes


@pytest.mark.parametrize("status", ["start", "inProgress", "done", "delete", "pending", "Soon"])
@pytest.mark.parametrize("error", [{"errorCode": "DELIVERY.notVerified", "message": "bad"}, {}, "bad"])
def test_an_error_counts_whatever_the_status_and_both_are_shown(status: str, error: Any) -> None:
    found = told(status, error=error, artifacts=[{"itemKey": "radio.rpm"}])
    assert found.status is PrepareStatus.ERROR
    assert found.error
    assert f"status {status!r} came with an error" in found.notes[-1]
    assert found.artifacts[0].name == "radio.rpm"


@pytest.mark.parametrize("error", [None, "", [], False])
def test_no_error_is_no_error(error: Any) -> None:
    assert told("done", error=error).status is PrepareStatus.DONE


@pytest.mark.parametrize("other", ["12.radio@1.0.1", "", "12.RADIO@1.0.0", ID + " "])
def test_an_answer_about_another_release_says_nothing_of_the_one_asked_for(other: str) -> None:
    found = preparation(wire.prepared(msgspec.json.encode({"catalogId": other, "status": "done"})), ID)
    assert (found.reference, found.status) == (ID, PrepareStatus.UNKNOWN)
    assert repr(other) in found.notes[0]


@pytest.mark.parametrize(
    "odd",
    [
        {"progress": "40"}, {"progress": -1}, {"size": "12"}, {"size": [12]},
        {"artifacts": 7}, {"artifacts": {"a": 1}}, {"artifacts": [None]}, {"artifacts": [7]},
        {"artifacts": [{"size": "12"}]}, {"artifacts": [{"itemKey": 7}]}, {"artifacts": [{"hash": "abc"}]},
        {"artifacts": [{"hash": {"algorithm": 7}}]}, {"artifacts": [{"isExecutable": "yes"}]},
    ],
)  # fmt: skip
def test_what_decides_nothing_costs_itself_alone(odd: dict[str, Any]) -> None:
    found = told("done", **odd)
    assert found.status is PrepareStatus.DONE
    assert next(iter(odd)) in found.notes[0] or "hash" in found.notes[0] or found.artifacts
    assert found.notes


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
        "url": "https://x/?hush",
        "hash": {"algorithm": algorithm, "hash": text},
    }
    found = told(artifacts=[{**artifact, "catalogId": ID}])
    assert (found.artifacts[0].name, found.artifacts[0].kind, found.artifacts[0].size) == ("radio.rpm", "rpm", 5)
    assert found.artifacts[0].digest == ("" if wrong else f"{algorithm}:{text}")
    assert len(found.notes) == bool(wrong)
    assert wrong in "".join(found.notes)
    assert "hush" not in repr(found), "addresses carry a signature"


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

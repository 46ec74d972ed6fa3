"""The bodies of writes, held to the vendor's schemas by hand: unknown keys, missing keys, types, lengths, formats.

Each reader raises a 400 `Refusal` whose message names the key (confirmed: JS lib/schemas/edgeDeployment*.json).
"""

from dataclasses import dataclass

import msgspec

from reconciler.simulators.exchange import Json
from reconciler.simulators.losant.parameters import OBJECT_ID, TAG_KEY
from reconciler.simulators.losant.refusals import malformed

Body = dict[str, Json]

MOST_IDS, MOST_TAGS, LONGEST = 1000, 100, 255
RESERVED = ("develop", "default")


@dataclass(frozen=True, slots=True)
class Release:
    """`deviceIds` and `deviceTags` are None where the key is absent."""

    flow: str
    version: str | None
    ids: list[str] | None
    tags: list[tuple[str | None, str | None]] | None


@dataclass(frozen=True, slots=True)
class Replace:
    """Every holder of the old version gets the new one, or none."""

    flow: str
    old: str
    new: str | None


@dataclass(frozen=True, slots=True)
class Remove:
    """None stands for all."""

    flow: str | None
    device: str | None


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to be made of a flow's development state."""

    name: str
    notes: str
    minimum_agent: str | None


def release(raw: bytes) -> Release:
    """The body of a release."""
    body = _object(raw, required=("flowId", "version"), optional=("deviceIds", "deviceTags"))
    ids = body.get("deviceIds")
    if ids is not None or "deviceIds" in body:
        ids = [_object_id(item, "deviceIds") for item in _array(ids, "deviceIds", MOST_IDS)]
    tags = body.get("deviceTags")
    if tags is not None or "deviceTags" in body:
        tags = [_tag(item) for item in _array(tags, "deviceTags", MOST_TAGS)]
    return Release(_object_id(body["flowId"], "flowId"), _text_or_null(body["version"], "version"), ids, tags)


def replace(raw: bytes) -> Replace:
    """The body of a replace."""
    body = _object(raw, required=("flowId", "oldVersion", "newVersion"))
    return Replace(
        _object_id(body["flowId"], "flowId"),
        _text(body["oldVersion"], "oldVersion"),
        _text_or_null(body["newVersion"], "newVersion"),
    )


def remove(raw: bytes) -> Remove:
    """The body of a remove."""
    body = _object(raw, required=("flowId", "deviceId"))
    flow, device = body["flowId"], body["deviceId"]
    return Remove(
        None if flow is None else _object_id(flow, "flowId"),
        None if device is None else _object_id(device, "deviceId"),
    )


def new_version(raw: bytes) -> NewVersion:
    """The body that makes a version; the workflow's graph, where sent, is content and not looked at."""
    body = _decode(raw)
    if "version" not in body:
        raise malformed("version is required")
    name = _text(body["version"], "version")
    if name in RESERVED:
        raise malformed(f"version must not be {name}")
    notes, agent = body.get("notes", ""), body.get("minimumAgentVersion")
    if not isinstance(notes, str):
        raise malformed("notes must be a string")
    return NewVersion(name, notes, None if agent is None else _text(agent, "minimumAgentVersion"))


def _decode(raw: bytes) -> Body:
    try:
        return msgspec.json.decode(raw, type=Body)
    except msgspec.MsgspecError:
        raise malformed("the body must be a JSON object") from None


def _object(raw: bytes, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> Body:
    body = _decode(raw)
    for key in required:
        if key not in body:
            raise malformed(f"{key} is required")
    for key in body:
        if key not in required and key not in optional:
            raise malformed(f"{key} is not allowed")
    return body


def _object_id(value: Json, key: str) -> str:
    if not isinstance(value, str) or not OBJECT_ID.fullmatch(value):
        raise malformed(f"{key} must be an object id")
    return value.lower()


def _text(value: Json, key: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST:
        raise malformed(f"{key} must be a string of 1 to {LONGEST} characters")
    return value


def _text_or_null(value: Json, key: str) -> str | None:
    return None if value is None else _text(value, key)


def _array(value: Json, key: str, most: int) -> list[Json]:
    if not isinstance(value, list) or len(value) > most:
        raise malformed(f"{key} must be an array of at most {most} items")
    return value


def _tag(value: Json) -> tuple[str | None, str | None]:
    if not isinstance(value, dict) or not set(value) <= {"key", "value"}:
        raise malformed("deviceTags takes entries of key and value")
    key = value.get("key")
    if "key" in value and (not isinstance(key, str) or not TAG_KEY.fullmatch(key)):
        raise malformed("deviceTags has a key that is none")
    return key, _text(value["value"], "deviceTags") if "value" in value else None

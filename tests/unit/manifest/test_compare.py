"""Connections that differ from the base's: what happened to each, field by field, and whether it may be read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reconciler.manifest.compare import Sides, changes
from reconciler.model.connection import ConnectionSpec, Requests, Secret
from reconciler.model.fleet import Document, FleetSpec, Selector
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.provenance import ConnectionChange, ConnectionEdit, Reading
from reconciler.platforms.registry import installed
from reconciler.plugin import PlatformPlugin

TOKEN = Secret(env="TOKEN")


class Deep(Kind, frozen=True, kw_only=True):
    hosts: list[str] = msgspec.field(default_factory=list)
    keys: dict[str, Secret] = msgspec.field(default_factory=dict)
    verify: bool = True


class Outside(Kind, frozen=True, kw_only=True):
    """A connection of a platform that nobody here knows."""

    server: str
    store: str = "a"
    deep: Deep = Deep()
    others: list[Secret] = msgspec.field(default_factory=list)
    requests: Requests = Requests()


PLUGINS = {
    **installed(),
    "outside": PlatformPlugin(
        name="outside", title="Outside", spec=Outside, factory="", options=(), connection=lambda _: Outside(server="x"),
        target=lambda spec: f"{spec.server}/{spec.store}", example="",
    ),
}  # fmt: skip


def named(name: str, spec: ConnectionSpec) -> Document:
    return Document(name, spec, "connections.yaml", lambda path: Origin("connections.yaml", 1))


def outside(**more: Any) -> ConnectionSpec:
    return ConnectionSpec("outside", Outside(**{"server": "https://a", "others": [TOKEN], **more}))


def known(platform: str, **more: Any) -> ConnectionSpec:
    return ConnectionSpec(platform, msgspec.convert(more, PLUGINS[platform].spec))


def fleet(connection: str) -> Document:
    spec = FleetSpec(connection=connection, units=Selector(all=True), workloads={})
    return Document(f"of-{connection}", spec, "fleet.yaml", lambda path: Origin("fleet.yaml"))


def compared(
    before: dict[str, ConnectionSpec],
    now: dict[str, ConnectionSpec],
    used: dict[str, ConnectionSpec] | None = None,
    **more: Any,
) -> tuple[ConnectionChange, ...]:
    base, today, there = (
        {name: named(name, one) for name, one in side.items()} for side in (before, now, now if used is None else used)
    )
    users = [fleet(name) for name in {*base, *today}]
    return changes(Sides(**{"base": base, "today": today, "used": there, "fleets": users, **more}), PLUGINS)


@pytest.mark.parametrize(
    ("more", "path", "was", "now"),
    [
        ({"server": "https://b"}, "server", "https://a", "https://b"),
        ({"store": "b"}, "store", "a", "b"),
        ({"deep": Deep(verify=False)}, "deep.verify", "true", "false"),
        ({"deep": Deep(hosts=["x", "y"])}, "deep.hosts", "", "x, y"),
        ({"deep": Deep(keys={"main": TOKEN})}, "deep.keys.main.env", "", "TOKEN"),
        ({"others": []}, "others[0].env", "TOKEN", ""),
    ],
)
def test_any_field_of_a_plug_in_that_names_none_as_harmless_keeps_it_from_being_read(
    more: dict[str, Any], path: str, was: str, now: str
) -> None:
    (one,) = compared({"plant": outside()}, {"plant": outside(**more)})
    assert (one.edit, one.platform, one.fleets) == (ConnectionEdit.CHANGED, "outside", ("of-plant",))
    assert [(field.path, field.was, field.now) for field in one.fields] == [(path, was, now)]
    assert one.reading is (Reading.PLANNED if more == {"others": []} else Reading.REFUSED)
    (offline,) = compared({"plant": outside()}, {"plant": outside(**more)}, offline=True)
    assert offline.reading is Reading.PLANNED, "nothing is sent"
    (unused,) = compared({"plant": outside()}, {"plant": outside(**more)}, fleets=[])
    assert unused.reading is Reading.PLANNED


LOSANT = {"application": "a" * 24, "token": {"env": "TOKEN"}}
MEMFAULT = {"organization": "acme", "project": "p", "token": {"env": "TOKEN"}}
SERVER = {"url": "https://d", "login": {"username": {"env": "U"}, "password": {"env": "P"}}}


@pytest.mark.parametrize(
    ("platform", "fields", "more", "reading"),
    [
        ("losant", LOSANT, {"application": "b" * 24}, Reading.PLANNED),
        ("losant", LOSANT, {"wide_calls": "proved"}, Reading.PLANNED),
        ("losant", LOSANT, {"requests": {"per_second": 20}}, Reading.PLANNED),
        ("losant", LOSANT, {"url": "http://api.losant.com"}, Reading.REFUSED),
        ("losant", LOSANT, {"token": {"env": "GITHUB_TOKEN"}}, Reading.REFUSED),
        ("losant", LOSANT, {"token": {"file": "/etc/passwd"}}, Reading.REFUSED),
        ("memfault", MEMFAULT, {"project": "q"}, Reading.PLANNED),
        ("memfault", MEMFAULT, {"seen_within": "2d"}, Reading.PLANNED),
        ("memfault", MEMFAULT, {"url": "https://evil"}, Reading.REFUSED),
        ("getapp", {"agent": "http://a"}, {"agent": "http://b"}, Reading.PLANNED),
        ("getapp", {"agent": "http://a"}, {"topology": "agent"}, Reading.PLANNED),
        ("getapp", {"agent": "http://a"}, {"delivery": SERVER}, Reading.REFUSED),
        ("getapp", {"agent": "http://a", "delivery": SERVER}, {"agent": "http://b"}, Reading.PLANNED),
        ("getapp", {"agent": "http://a", "delivery": SERVER}, {"delivery": {**SERVER, "url": "https://e"}}, Reading.REFUSED),
    ],
)  # fmt: skip
def test_secrets_go_only_where_the_base_sends_them(
    platform: str, fields: dict[str, Any], more: dict[str, Any], reading: Reading
) -> None:
    (one,) = compared({"plant": known(platform, **fields)}, {"plant": known(platform, **{**fields, **more})})
    assert one.reading is reading


def test_a_new_connection_may_send_what_another_one_of_the_base_sends() -> None:
    plant = known("losant", **LOSANT)
    other = known("losant", **{**LOSANT, "application": "b" * 24})
    stranger = known("losant", **{**LOSANT, "application": "c" * 24, "url": "https://evil"})
    found = compared({"plant": plant}, {"plant": plant, "other": other, "stranger": stranger})
    assert [(one.connection, one.edit, one.reading) for one in found] == [
        ("other", ConnectionEdit.ADDED, Reading.PLANNED),
        ("stranger", ConnectionEdit.ADDED, Reading.REFUSED),
    ]
    (first,) = compared({}, {"plant": plant})
    assert first.reading is Reading.PLANNED, "there is nothing that it could be held against"
    (doubtful,) = compared({}, {"plant": plant}, whole=False)
    assert doubtful.reading is Reading.REFUSED, "what could not be read there may be this very Connection"
    assert ("application", "", "a" * 24) in [(field.path, field.was, field.now) for field in first.fields]


def test_another_platform_and_another_application_are_told() -> None:
    (one,) = compared({"plant": known("losant", **LOSANT)}, {"plant": known("memfault", **MEMFAULT)})
    assert (one.fields[0].path, one.fields[0].was, one.fields[0].now) == ("platform", "losant", "memfault")
    assert one.retargeted
    assert one.reading is Reading.REFUSED
    (harmless,) = compared({"plant": outside()}, {"plant": outside(requests=Requests(concurrency=9))})
    assert not harmless.retargeted


def test_a_renamed_connection_is_the_same_application() -> None:
    (one,) = compared({"plant": outside()}, {"works": outside()})
    assert (one.connection, one.edit, one.renamed_from, one.fields) == ("works", ConnectionEdit.RENAMED, "plant", ())
    assert one.fleets == ("of-plant", "of-works")
    assert one.reading is Reading.PLANNED
    more = compared({"plant": outside()}, {"works": outside(store="b")})
    assert [one.edit for one in more] == [ConnectionEdit.REMOVED, ConnectionEdit.ADDED]


def test_what_is_hidden_is_what_was_not_read() -> None:
    plant, evil = outside(), outside(server="https://evil")
    (changed,) = compared({"plant": plant}, {"plant": evil}, {"plant": plant})
    (gone,) = compared({"plant": plant}, {}, {"plant": plant})
    (new,) = compared({"plant": plant}, {"plant": plant, "new": evil}, {"plant": plant})
    assert [one.reading for one in (changed, gone, new)] == [Reading.HIDDEN] * 3
    assert gone.origin is None
    (removed,) = compared({"plant": plant}, {})
    assert (removed.edit, removed.reading) == (ConnectionEdit.REMOVED, Reading.PLANNED)
    assert compared({"plant": plant}, {"plant": plant}) == ()


def test_an_address_that_is_none_is_still_compared() -> None:
    (one,) = compared({"plant": known("losant", **LOSANT)}, {"plant": known("losant", **LOSANT, url="http://[")})
    assert one.retargeted

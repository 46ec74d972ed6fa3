"""What doctor can tell of a project, credentials, and what a connection must say."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.errors import SettingsError
from reconciler.model.connection import Secret
from reconciler.platforms.memfault.connection import MemfaultConnection
from reconciler.platforms.memfault.platform import factory
from reconciler.ports import Check
from tests.unit.platforms.memfault.project import Project


def checks(project: Project) -> dict[str, Check]:
    return {check.name: check for check in project.platform.check()}


def test_all_is_well() -> None:
    for user in (False, True):
        project = Project(user=user)
        found = checks(project)
        assert {check.status for check in found.values()} == {"ok", "unchecked"}
        assert found["connection"].message.endswith("user key" if user else "token")
        assert found["TLS"].message == "certificate accepted"
        assert found["read devices"].message == "the credentials may read devices: 24 are there"
        assert any(request.url.path == "/auth/me" for request in project.requests) == user
        assert all(request.method == "GET" for request in project.requests)
        assert project.observe().coverage.complete


@pytest.mark.parametrize(("shape", "words"), [("reference", "as in the reference"), ("live", "as seen live")])
def test_the_shape_of_devices_is_told(shape: str, words: str) -> None:
    assert words in checks(Project(device_shape=shape))["shape of devices"].message
    nobody = Project(device_shape=shape, devices=0)
    assert checks(nobody)["shape of devices"].status == "unchecked"


@pytest.mark.parametrize(
    ("types", "fail", "status", "words"),
    [
        (2, 0, "ok", "may read the versions of main-fw: 6 are there"),
        (2, 404, "warning", "does not list the versions of main-fw"),
        (2, 405, "warning", "does not list the versions of main-fw"),
        (1, 404, "ok", "all are of the only software type"),
        (2, 403, "failed", "answered 403"),
    ],
)
def test_whether_versions_are_listed_is_told(types: int, fail: int, status: str, words: str) -> None:
    project = Project(workloads=types)
    if fail:
        project.fails("main-fw/software_versions", fail)
    found = checks(project)["read versions"]
    assert found.status == status
    assert words in found.message


def test_organizations_may_come_without_paging() -> None:
    project = Project()
    project.rewrite("/organizations", lambda body: body.pop("paging"))
    assert checks(project)["organization"].status == "ok"


def test_malformed_devices_are_named() -> None:
    project = Project()
    project.rewrite("/devices", lambda body: body["data"][0].update(cohort=None))
    assert "1 of the first 24 devices cannot be read" in checks(project)["shape of devices"].message


def test_fields_of_another_type_are_a_warning() -> None:
    project = Project()
    project.rewrite("/cohorts", lambda body: body["data"][0].update(count_devices="47"))
    found = checks(project)["shape of cohorts"]
    assert (found.status, found.hint) == ("warning", "they are left out; nothing is decided by them")
    assert "another type than documented: count_devices: Expected `int | null`, got `str`" in found.message


def test_without_software_types_there_is_nobody_to_ask_for_versions() -> None:
    project = Project()
    project.rewrite("/software_types", lambda body: body.update(data=[]))
    assert "read versions" not in checks(project)


def test_another_organization_is_a_warning() -> None:
    project = Project()
    project.rewrite("/organizations", lambda body: body["data"][0].update(slug="other"))
    found = checks(project)["organization"]
    assert (found.status, found.hint) == ("warning", "they reach: other")
    project.rewrite("/organizations", lambda body: body["data"].clear())
    assert checks(project)["organization"].hint == "they reach: none"


def test_what_may_not_be_read_is_told() -> None:
    project = Project()
    project.world.expire_tokens()
    found = checks(project)
    assert found["connection"].status == found["read cohorts"].status == "failed"
    assert "oat_simulated" not in repr(found)


def test_nothing_more_where_nobody_answers() -> None:
    project = Project()

    def refuse(_: httpx.Request) -> httpx.Response | None:
        raise httpx.ConnectError("refused")

    project.hooks.append(refuse)
    assert list(checks(project)) == ["connection"]


@pytest.mark.parametrize(
    ("date", "status", "words"),
    [("", "unchecked", "does not say"), ("Wed, 21 Oct 2015 07:28:00 GMT", "warning", "ahead of")],
)
def test_clocks_are_compared(date: str, status: str, words: str) -> None:
    project = Project()

    def hook(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/organizations"):
            body: Any = {"data": [], "paging": {"page": 1, "page_count": 0, "per_page": 100, "total_count": 0}}
            return httpx.Response(200, json=body, headers={"date": date} if date else {})
        return None

    project.hooks.append(hook)
    found = checks(project)["clock"]
    assert found.status == status
    assert words in found.message
    project.manual.now = 0.0
    assert date == "" or "behind" in checks(project)["clock"].message


def test_a_connection_names_one_kind_of_credentials() -> None:
    project = Project(1, 1)
    spec = MemfaultConnection(organization="o", project="p")
    with pytest.raises(SettingsError, match="exactly one of `token` and `user`"):
        factory(spec, lambda _: "x", project.clock)
    local = MemfaultConnection(organization="o", project="p", token=Secret(env="X"), url="http://127.0.0.1:9")
    platform = factory(local, lambda _: "x", project.clock)
    assert next(iter(platform.check())).status == "failed"
    assert platform.identity == "memfault:http://127.0.0.1:9/api/v0/organizations/o/projects/p"
    capabilities = platform.capabilities
    assert (capabilities.platform, capabilities.steps, capabilities.orders_versions) == ("memfault", True, True)
    platform.close()

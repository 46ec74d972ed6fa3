"""Every field that Memfault's reference lists for a release is read, and shown where a person would look."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.model.release import ReleaseQuery
from reconciler.model.report import ConnectionReleases
from reconciler.views import releases_text
from tests.house.seed_fields_memfault import ARTIFACT, ARTIFACT_IN_JSON, IN_JSON, IN_TEXT, RELEASE
from tests.unit.platforms.memfault.project import Project


def listed() -> list[ConnectionReleases]:
    project = Project()

    def given(body: Any) -> None:
        body["data"] = [{**RELEASE, "artifacts": [ARTIFACT]}]
        body["paging"] |= {"item_count": 1, "total_count": 1}

    project.rewrite("/releases", given)
    found = project.platform.releases(ReleaseQuery())
    return [ConnectionReleases(connection="plant", platform="memfault", releases=found.releases, notes=found.notes)]


FOUND = listed()
(JSON,) = json.loads(releases_text.encode(FOUND))["connections"][0]["releases"]


def test_the_tables_name_every_field() -> None:
    assert {*IN_JSON, "version"} == RELEASE.keys()
    assert ARTIFACT_IN_JSON.keys() == ARTIFACT.keys()
    assert IN_TEXT.keys() <= RELEASE.keys()


def test_json_has_the_version() -> None:
    assert JSON["version"] == RELEASE["version"]


@pytest.mark.parametrize("field", sorted(IN_JSON))
def test_json_has_it(field: str) -> None:
    key, value = IN_JSON[field]
    assert JSON["info"][key] == value


@pytest.mark.parametrize("field", sorted(ARTIFACT_IN_JSON))
def test_json_has_it_of_an_artifact(field: str) -> None:
    key, value = ARTIFACT_IN_JSON[field]
    assert JSON["info"]["artifacts"][0][key] == value


@pytest.mark.parametrize("field", sorted(IN_TEXT))
def test_text_has_it(field: str) -> None:
    assert IN_TEXT[field] in str(releases_text.render(FOUND, width=200))

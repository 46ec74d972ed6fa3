"""What is known of releases: one by one, many at once, listed with filters, and what a release says of itself."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.model.release import Release, ReleaseList, ReleaseQuery
from reconciler.platforms.memfault.catalog import first_line
from tests.unit.platforms.memfault.project import MAIN, RADIO, Project


def test_all_that_a_release_says() -> None:
    project = Project()
    release = Release(RADIO, "2.4.0")
    info = project.platform.catalog([release])[release]
    made = project.world.project.releases[None, "2.4.0"]
    assert (info.found, info.released, info.reference) == (True, True, str(made.id))
    assert (info.notes, info.summary) == (made.notes, "2.4.0")
    assert (info.revision, info.min_version, info.must_pass, info.devices) == (made.revision, "2.0.0", False, 4)
    assert info.extra == '{"ci_system":"Jenkins","build_time_s":384}'
    assert info.identity.startswith(f"{made.id}@{info.updated} ")
    assert info.created == info.updated != ""
    first = next(one for one in made.artifacts if one.hardware == "radio-fw-mp")
    shown = [(one.name, one.kind, one.hardware, one.build, one.digest) for one in info.artifacts or ()]
    assert (first.filename, "firmware", "radio-fw-mp", first.build_id, f"md5:{first.md5}") in shown
    assert project.platform.catalog([Release(MAIN, "1.1.0")])[Release(MAIN, "1.1.0")].must_pass


@pytest.mark.parametrize("shape", ["reference", "live"])
def test_hardware_is_told_in_either_shape(shape: str) -> None:
    info = Project(device_shape=shape).platform.catalog([Release(MAIN, "1.0.0")])[Release(MAIN, "1.0.0")]
    assert [one.hardware for one in info.artifacts or ()] == ["main-fw-evt", "main-fw-mp"]


def test_a_release_known_from_events_alone_has_no_artifact() -> None:
    release = Release(MAIN, "main-fw-dev")
    info = Project().platform.catalog([release])[release]
    assert (info.found, info.released, info.artifacts) == (True, True, ())


def test_what_the_platform_leaves_out_is_not_told() -> None:
    project = Project()

    def bare(body: Any) -> None:
        body["data"] = {"id": 5, "version": "1.0.0", "notes": None, "extra_info": None}

    project.rewrite("/releases/1.0.0", bare)
    info = project.platform.catalog([Release(MAIN, "1.0.0")])[Release(MAIN, "1.0.0")]
    assert (info.found, info.released, info.artifacts, info.extra, info.notes) == (True, True, None, "", "")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (b'{"a": [1, null]}', '{"a":[1,null]}'),
        (b'{"build": ' + b"7" * 5000 + b"}", '{"build": ' + "7" * 5000 + "}"),
        (b'{"build": 1e999,\n "b": 2}', '{"build": 1e999, "b": 2}'),
    ],
)
def test_anything_may_be_stored_with_a_release(stored: bytes, shown: str) -> None:
    project = Project()
    body = b'{"data": {"id": 5, "version": "1.0.0", "extra_info": ' + stored + b"}}"

    def hook(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, content=body) if request.url.path.endswith("/releases/1.0.0") else None

    project.hooks.append(hook)
    assert project.platform.catalog([Release(MAIN, "1.0.0")])[Release(MAIN, "1.0.0")].extra == shown


def test_an_answer_nested_too_deeply_is_one_that_cannot_be_used() -> None:
    project = Project()
    deep = b'{"data": {"id": 5, "version": "1.0.0", "extra_info": ' + b"[" * 9999 + b"]" * 9999 + b"}}"

    def hook(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, content=deep) if request.url.path.endswith("/releases/1.0.0") else None

    project.hooks.append(hook)
    info = project.platform.catalog([Release(MAIN, "1.0.0")])[Release(MAIN, "1.0.0")]
    assert info.found is None
    assert "the JSON cannot be used (maximum recursion depth exceeded" in info.detail


def test_a_version_of_another_type_is_forbidden() -> None:
    info = Project().platform.catalog([Release(MAIN, "2.0.0")])[Release(MAIN, "2.0.0")]
    assert info.found
    assert info.forbidden == "2.0.0 is no version of main-fw: the project has it for another type"


def test_a_release_of_no_type_is_not_said_to_be_of_another() -> None:
    project = Project()

    def without(body: Any) -> None:
        body["data"] = [row for row in body["data"] if row["version"] != "1.4.0"]
        body["paging"]["total_count"] = len(body["data"])

    project.rewrite("/software_versions", without)
    info = project.platform.catalog([Release(MAIN, "1.4.0")])[Release(MAIN, "1.4.0")]
    assert (info.found, info.detail) == (None, "the platform does not say of which software type 1.4.0 is")


def test_a_type_that_is_not_there_proves_nothing() -> None:
    info = Project().platform.catalog([Release("nothing", "2.0.0")])[Release("nothing", "2.0.0")]
    assert (info.found, info.detail) == (None, "there is no software type 'nothing'")


def test_types_whose_versions_are_not_listed() -> None:
    release = Release(MAIN, "1.0.0")
    info = Project(type_versions="404").platform.catalog([release])[release]
    assert (info.found, info.detail) == (None, "the platform does not list the versions of main-fw")
    assert Project(workloads=1, type_versions="404").platform.catalog([release])[release].found


def test_half_a_list_of_versions_proves_nothing() -> None:
    project = Project()

    def cut(body: Any) -> None:
        del body["data"][0]

    project.rewrite("/software_versions", cut)
    info = project.platform.catalog([Release(MAIN, "main-fw-dev")])[Release(MAIN, "main-fw-dev")]
    assert info.found is None
    assert "the list of versions of main-fw says it has 6 and showed 5" in info.detail


def test_missing_only_where_it_is_proved() -> None:
    project = Project()
    wanted = [Release(MAIN, name) for name in ("9", "a/b c?d", "..", "ü")]
    assert all(info.found is False for info in project.platform.catalog(wanted).values())
    project.fails("/releases", 404)
    (info,) = project.platform.catalog(wanted[:1]).values()
    assert (info.found, info.detail) == (None, "the platform knows neither this version nor the project's releases")
    project.hooks.clear()
    project.fails("/releases", 403)
    (info,) = project.platform.catalog(wanted[:1]).values()
    assert info.found is None
    assert info.detail.startswith("that it is missing could not be confirmed")


def test_failed_readings_prove_nothing() -> None:
    project = Project()
    project.fails("/releases/1.0.0", 403)
    (info,) = project.platform.catalog([Release(MAIN, "1.0.0")]).values()
    assert info.found is None
    project.rewrite("/releases/1.1.0", lambda body: body["data"].update(version="other"))
    (info,) = project.platform.catalog([Release(MAIN, "1.1.0")]).values()
    assert info.detail == "the platform answered with version 'other'"
    project.rewrite("/releases/1.2.0", lambda body: body["data"].update(version=7))
    (info,) = project.platform.catalog([Release(MAIN, "1.2.0")]).values()
    assert info.found is None
    assert "version: Expected `str`, got `int`" in info.detail
    project.fails("/software_types", 403)
    (info,) = project.platform.catalog([Release(MAIN, "1.1.0")]).values()
    assert info.found is None


def test_many_are_asked_about_at_once() -> None:
    project = Project()
    wanted = [Release(MAIN, f"1.{minor}.0") for minor in range(5)]
    assert all(info.found for info in project.platform.catalog(wanted).values())
    assert not any("/releases/" in request.url.path for request in project.requests)
    project.fails("/releases", 500)
    assert all(info.found for info in project.platform.catalog(wanted).values()), "each is asked about by name then"
    project.hooks.clear()
    project.rewrite("/releases", lambda body: body["data"].pop())
    assert all(info.found for info in project.platform.catalog(wanted).values()), "of half a list no more is believed"
    assert project.platform.catalog([]) == {}


def names(project: Project, **query: Any) -> list[str]:
    return [one.version for one in project.platform.releases(ReleaseQuery(**query)).releases]


def test_listings_are_filtered_and_sorted() -> None:
    project = Project()
    made = project.world.project.releases[None, "1.2.0"]
    build = next(one.build_id for one in made.artifacts if one.hardware == "main-fw-mp")
    assert names(project, versions=("1.1.0", "2.0.0"))[0] in {"1.1.0", "2.0.0"}
    assert names(project, revisions=(made.revision,)) == ["1.2.0"]
    assert names(project, builds=(build,)) == ["1.2.0"]
    assert names(project, hardware=("main-fw-evt",)) == ["1.4.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0"]
    assert names(project, hardware=("main-fw-evt",), sort=("created_date",)) == [f"1.{minor}.0" for minor in range(5)]
    assert names(project, workloads=(RADIO,), sort=("-version",))[-5:] == [f"2.{minor}.0" for minor in (4, 3, 2, 1, 0)]
    assert len(names(project, sort=("revision", "-updated_date"))) == 12
    listed = project.platform.releases(ReleaseQuery(versions=("1.2.0",))).releases[0]
    assert (listed.workload.name, listed.info.found) == (MAIN, True)
    notes = project.platform.releases(ReleaseQuery(sort=("size",))).notes
    assert notes == ("releases cannot be sorted by 'size': by created_date, updated_date, revision or version",)


def test_what_may_have_been_missed_is_told() -> None:
    project = Project()
    nobody = project.platform.releases(ReleaseQuery(workloads=("nope",)))
    assert nobody == ReleaseList((), ("there is no software type 'nope'; there are: main-fw, radio-fw",))
    revision = project.world.project.releases[None, "1.4.0"].revision
    assert project.platform.releases(ReleaseQuery(revisions=(revision,))).notes == ()
    short = project.platform.releases(ReleaseQuery(revisions=(revision[:12],)))
    assert (short.releases, "compared whole" in short.notes[0]) == ((), True)


def test_types_that_are_not_told_are_left_open() -> None:
    project = Project(type_versions="404")
    found = project.platform.releases(ReleaseQuery())
    assert {one.workload.name for one in found.releases} == {""}
    assert found.notes == ("of 12 releases the platform does not say which software type they are",)
    assert names(project, workloads=(MAIN,)) == []


def test_pages_that_cannot_be_read_are_notes() -> None:
    project = Project()

    def hook(request: httpx.Request) -> httpx.Response | None:
        params = request.url.params
        return httpx.Response(404, json={}) if params.get("page") == "2" and "releases" in request.url.path else None

    project.hooks.append(hook)
    for number in range(120):
        project.world.add_release(MAIN, f"3.{number}.0")
    notes = project.platform.releases(ReleaseQuery()).notes
    assert notes[0].startswith("page 2 of the releases could not be read")


@pytest.mark.parametrize(
    ("notes", "line"),
    [
        ("<h1>Release Notes</h1><ul><li>Fix bug #1234</li></ul>", "Release Notes"),
        ("<style>h1 {}</style><p>  </p><p>Fixes &lt;b&gt; &amp; more</p>", "Fixes <b> & more"),
        ("plain: 3 < 4\nsecond", "plain: 3 < 4"),
        ("<script>never closed", ""),
        ("", ""),
        ("one<br/>two", "one"),
    ],
)
def test_the_first_line_of_notes_as_plain_text(notes: str, line: str) -> None:
    assert first_line(notes) == line


def test_endless_notes_are_read_in_part() -> None:
    assert first_line("<p>new</p>" + "<br" * 1_000_000) == "new"

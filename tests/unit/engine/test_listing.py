"""Releases and deliveries of several connections: one that fails stops no other, and is closed like all."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import pytest

from reconciler.engine.listing import deliveries, releases
from reconciler.errors import SettingsError
from reconciler.model.connection import ConnectionSpec, Secret
from reconciler.model.fleet import Document, Manifest, Override, Selector, WorkloadSpec
from reconciler.model.origin import NOWHERE
from reconciler.model.release import Listed, Preparation, PrepareStatus, ReleaseInfo, ReleaseList, ReleaseQuery
from reconciler.model.report import ConnectionDeliveries, ConnectionReleases
from reconciler.model.unit import Ref
from reconciler.platforms.getapp.connection import GetAppConnection
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.ports import Platform
from tests.unit.engine.memory import Clock, Memory, gone, request

LOSANT = ConnectionSpec("losant", LosantConnection(application="a" * 24, token=Secret(env="T")))
GETAPP = ConnectionSpec("getapp", GetAppConnection(agent="https://cdn.example.com"))


class Server(Memory):
    """A platform in memory whose server prepares releases."""

    broken = False

    def releases(self, query: ReleaseQuery) -> ReleaseList:
        if self.broken:
            raise gone()
        info = ReleaseInfo(found=True, reference="cat-1")
        return ReleaseList((Listed(Ref("w1", query.workloads[0]), "1", info),), ("sorted by us",))

    def preparations(self, references: Collection[str], *, probe: bool) -> tuple[Preparation, ...]:
        if self.broken:
            raise gone()
        status = PrepareStatus.DONE if probe else PrepareStatus.NOT_ASKED
        return tuple(Preparation(reference=one, status=status) for one in references)


def manifest(**connections: ConnectionSpec) -> Manifest:
    documents = {name: Document(name, spec, "c.yaml", lambda path: NOWHERE) for name, spec in connections.items()}
    return Manifest(documents, {}, {}, "digest")


ALL = manifest(plain=LOSANT, server=GETAPP, broken=GETAPP, closed=LOSANT)


@pytest.fixture
def platforms() -> dict[str, Memory]:
    broken = Server(Clock())
    broken.broken = True
    return {"plain": Memory(Clock()), "server": Server(Clock()), "broken": broken}


def opener(platforms: dict[str, Memory], name: str) -> Platform:
    if name not in platforms:
        raise SettingsError("the environment variable T is not set", hint="export T=…")
    return platforms[name]


def test_filters_that_match_no_release_are_a_mistake(platforms: dict[str, Memory]) -> None:
    query = ReleaseQuery(versions=("2",))
    with pytest.raises(SettingsError, match="no release matches these filters"):
        releases(ALL, ["plain"], query, lambda name: opener(platforms, name))
    plain, closed = releases(ALL, ["plain", "closed"], query, lambda name: opener(platforms, name))
    assert (plain.releases, closed.error) == ((), "the environment variable T is not set")
    (everything,) = releases(ALL, ["plain"], ReleaseQuery(sort=("version",)), lambda name: opener(platforms, name))
    assert everything.releases == ()


@pytest.mark.parametrize(
    ("query", "unnamed", "why"),
    [
        (ReleaseQuery(workloads=("vision", "typo"), versions=("1",)), False, "--workload typo"),
        (ReleaseQuery(workloads=("vision", "w2"), versions=("1", "9")), False, "--version 9"),
        (ReleaseQuery(workloads=("vision", "w2"), versions=("1", "2")), False, None),
        (ReleaseQuery(workloads=("vision", "typo")), True, None),
    ],
)
def test_each_workload_and_version_that_is_asked_for_must_be_there(
    query: ReleaseQuery, unnamed: bool, why: str | None
) -> None:
    class Shop(Memory):
        def releases(self, query: ReleaseQuery) -> ReleaseList:
            refs = (Ref("w1", "vision"), Ref("", "") if unnamed else Ref("w2", "poller"))
            return ReleaseList(tuple(Listed(ref, str(n), ReleaseInfo(found=True)) for n, ref in enumerate(refs, 1)))

    if why is None:
        assert releases(ALL, ["plain"], query, lambda name: Shop(Clock()))
        return
    with pytest.raises(SettingsError, match=f"no release matches {why}$"):
        releases(ALL, ["plain"], query, lambda name: Shop(Clock()))


def test_releases_of_all_connections(platforms: dict[str, Memory]) -> None:
    query = ReleaseQuery(workloads=("vision",))
    plain, server, broken, closed = releases(ALL, list(ALL.connections), query, lambda name: opener(platforms, name))
    assert plain == ConnectionReleases(connection="plain", platform="losant")
    assert (server.prepares, server.releases[0].workload.name, server.notes) == (True, "vision", ("sorted by us",))
    assert (broken.platform, broken.releases, "no connection" in broken.error) == ("getapp", (), True)
    assert (closed.error, closed.hint) == ("the environment variable T is not set", "export T=…")
    assert all(one.closed for one in platforms.values())


@pytest.mark.parametrize("probe", [False, True])
def test_deliveries_of_all_connections(platforms: dict[str, Memory], probe: bool) -> None:
    plain, server, broken, closed = deliveries(
        ALL, list(ALL.connections), ["cat-1"], lambda name: opener(platforms, name), probe=probe
    )
    assert plain == ConnectionDeliveries(connection="plain", platform="losant", prepares=False)
    (found,) = server.preparations
    assert (found.reference, found.status is PrepareStatus.DONE) == ("cat-1", probe)
    assert "no connection" in broken.error
    assert closed.hint == "export T=…"
    assert all(one.closed for one in platforms.values())


def test_without_ids_it_is_about_what_the_manifests_want_there() -> None:
    server = Server(Clock())
    server.catalogue = {
        "2": ReleaseInfo(found=True, reference="cat-2"),
        "3": ReleaseInfo(found=None),
        "4": ReleaseInfo(found=True, reference="cat-4"),
    }
    workloads = {"poller": WorkloadSpec(version="2", overrides=[Override(units=Selector(ids=["u0"]), version="3")])}
    fleets = request(workloads=workloads).manifest.fleets
    known = Manifest(manifest(plant=GETAPP, other=GETAPP).connections, {}, fleets, "digest")
    ours, others = deliveries(known, ["plant", "other"], [], lambda _: server, probe=False)
    assert [one.reference for one in ours.preparations] == ["cat-2"]
    assert others.preparations == ()


def test_no_connection_is_no_error() -> None:
    assert releases(ALL, [], ReleaseQuery(), lambda name: Memory(Clock())) == []
    assert deliveries(ALL, [], [], lambda name: Memory(Clock()), probe=False) == []


def test_releases_are_asked_for_by_what_the_manifest_calls_a_workload() -> None:
    asked = request(
        workloads={"mine": WorkloadSpec(id="w9", version="1"), "poller": WorkloadSpec(version="1")}
    ).manifest
    known = msgspec.structs.replace(asked, connections=manifest(plant=LOSANT).connections)

    def names(*workloads: str) -> str:
        (found,) = releases(known, ["plant"], ReleaseQuery(workloads=workloads), lambda name: Server(Clock()))
        return found.releases[0].workload.name

    assert (names("mine"), names("poller"), names("other")) == ("w9", "poller", "other")

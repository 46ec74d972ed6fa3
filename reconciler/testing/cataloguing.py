"""What any platform promises of its catalogue: an answer for each wanted release, and "not found" only when proved."""

from __future__ import annotations

import pytest

from reconciler.model.release import Release
from reconciler.model.snapshot import Query
from reconciler.testing.subject import Rig, Subject


def wanted(rig: Rig) -> tuple[list[Release], list[Release]]:
    """Return releases that are there, and some that are not."""
    workloads = [workload.id for workload in rig.platform.observe(Query()).workloads]
    there = [Release(workload, version) for workload in workloads for version in rig.versions_of(workload)]
    return there, [Release(workload, name) for workload in workloads for name in ("v9", "a/b c?d", "..", "ü")]


def test_every_wanted_release_is_answered_truly(subject: Subject) -> None:
    rig = subject.rig()
    there, missing = wanted(rig)
    catalog = rig.platform.catalog([*there, *missing])
    assert set(catalog) == {*there, *missing}
    assert all(catalog[release].found is True and catalog[release].identity for release in there)
    assert {catalog[release].found for release in missing} == {False if subject.proves_missing else None}
    assert len({catalog[release].identity for release in there}) == len(there)


def test_one_release_is_answered_as_many_are(subject: Subject) -> None:
    rig = subject.rig()
    there, missing = wanted(rig)
    whole = rig.platform.catalog([*there, *missing])
    for release in (there[0], missing[0]):
        assert rig.platform.catalog([release]) == {release: whole[release]}


def test_nothing_wanted_asks_nothing(subject: Subject) -> None:
    rig = subject.rig()
    assert rig.platform.catalog([]) == {}
    assert rig.requests() == 0


def test_a_workload_that_is_not_there_proves_nothing(subject: Subject) -> None:
    release = Release("0" * 24, "v1")
    assert subject.rig().platform.catalog([release])[release].found is None


@pytest.mark.parametrize("kind", ["500", "reset", "html", "truncate", "empty", "429", "lost", "short"])
@pytest.mark.parametrize("rate", ["30%", "100%"])
def test_a_failed_look_up_is_never_a_missing_version(subject: Subject, kind: str, rate: str) -> None:
    for seed in range(5):
        rig = subject.rig(5, 1, seed=seed)
        there, _ = wanted(rig)
        rig.fault(f"{kind}={rate}")
        catalog = rig.platform.catalog(there)
        assert set(catalog) == set(there)
        assert all(info.found is not False for info in catalog.values())
        assert rig.secret not in repr(catalog)

"""Releases of several payloads, and software types that are components: nothing of them is mistaken for a release."""

from __future__ import annotations

import pytest

from reconciler.model.observation import Phase
from reconciler.model.release import Release
from tests.unit.platforms.memfault.project import MAIN, RADIO, Project, change

MODEM = "modem"


@pytest.mark.parametrize("shape", ["reference", "live"])
@pytest.mark.parametrize("version", ["1.3.0", "2.3.0", "0.1"])
def test_a_component_with_the_version_of_a_release_leaves_no_slot_unknown(shape: str, version: str) -> None:
    project = Project(device_shape=shape)
    before = [(project.state("default", name).assigned, project.state("default", name).phase) for name in (MAIN, RADIO)]
    project.world.add_component(MODEM, version)
    after = [(project.state("default", name).assigned, project.state("default", name).phase) for name in (MAIN, RADIO)]
    assert before == after
    assert project.state("default", MODEM).assigned is None


def test_where_nobody_says_which_types_are_primary_the_slot_is_unknown() -> None:
    project = Project()
    project.world.add_component(MODEM, "1.3.0")
    project.fails("/software_type_values")
    assert project.state("default").phase is Phase.UNKNOWN
    assert project.state("default", RADIO).phase is Phase.SETTLED


def test_that_could_not_be_read_is_a_problem() -> None:
    project = Project()
    project.fails("/software_type_values", 403)
    (problem,) = project.observe().coverage.problems
    assert problem.startswith("which software types are primary could not be read")


@pytest.mark.parametrize("version", ["1.3.0", "0.1"])
def test_a_component_is_never_released_by_a_release_of_that_name(version: str) -> None:
    project = Project()
    project.world.add_component(MODEM, version)
    release = Release(MODEM, version)
    info = project.platform.catalog([release])[release]
    assert info.forbidden == "modem is a component: the platform has releases for primary software types only"


def test_two_payloads_for_one_hardware_version_are_normal() -> None:
    project = Project()
    project.world.add_payload("1.4.0", "main-fw-mp", "image.zck")
    release = Release(MAIN, "1.4.0")
    info = project.platform.catalog([release])[release]
    assert [one.hardware for one in info.artifacts or ()].count("main-fw-mp") == 2
    review = project.platform.review([change("default", "1.4.0")], project.observe(), {release: info})
    assert (review.holds, review.warnings) == ({}, ())
    project.world.activate("default", "1.4.0")
    project.settle()
    assert project.state("default").phase is Phase.SETTLED

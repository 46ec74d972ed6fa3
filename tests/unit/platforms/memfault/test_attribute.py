"""Who activated what a cohort is assigned, as Memfault's deployments have it: over the simulator, in one process."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.drift import Actor, ActorKind
from reconciler.model.snapshot import Query
from reconciler.ports import Attributes
from tests.unit.platforms.memfault.project import MAIN, Project

ANN = "Ann Example"


def found(project: Project, version: str | None, happens: Any, cohort: str = "beta") -> Actor | None:
    """Return who is named for a version that a cohort has after something happened."""
    platform = project.platform
    before = platform.observe(Query())
    happens()
    assert isinstance(platform, Attributes)
    project.requests.clear()
    return platform.attribute({(cohort, MAIN): version}, before).get((cohort, MAIN))


def highest(project: Project, cohort: str = "beta") -> tuple[str, str]:
    """Return the version that leads a cohort, and one that is not active."""
    (row,) = (one for one in project.world.state() if (one["cohort"], one["software_type"]) == (cohort, MAIN))
    versions = [f"1.{number}.0" for number in range(5)]
    return str(row["assigned"]), next(one for one in reversed(versions) if one not in row["active"])


def test_a_person_who_activated_a_release_is_named_with_the_time() -> None:
    project = Project()
    _, other = highest(project)
    actor = found(project, other, lambda: project.world.activate("beta", other))
    assert actor is not None
    assert (actor.name, actor.kind) == (ANN, ActorKind.USER)
    assert actor.at == pytest.approx(project.clock.now(), abs=1.0)
    assert len(project.requests) == 1


def test_an_activation_of_the_past_is_none() -> None:
    project = Project(pull_status="pulled")
    _, other = highest(project)

    def happen() -> None:
        project.world.activate("beta", other, person="Bob Example")
        project.world.pull("beta", other)
        project.world.activate("beta", other)

    actor = found(project, other, happen)
    assert actor is not None
    assert actor.name == ANN


@pytest.mark.parametrize("name", ["", "\x1b[31m" + "x" * 5000, "Zoë \u202e"])
def test_the_address_stands_for_a_name_that_is_empty_and_no_name_is_more_than_a_short_line(name: str) -> None:
    project = Project()
    _, other = highest(project)
    actor = found(project, other, lambda: project.world.activate("beta", other, person=name))
    assert actor is not None
    assert actor.name.isprintable()
    assert len(actor.name) <= 100
    assert name or actor.name == "ann@example.invalid"


def test_what_leads_since_something_above_it_was_pulled_names_nobody() -> None:
    project = Project()
    leads, other = highest(project)
    project.world.activate("beta", other)
    below = min(leads, other)
    assert found(project, below, lambda: project.world.pull("beta", max(leads, other))) is None


def test_nothing_assigned_names_nobody_and_asks_nothing() -> None:
    project = Project()
    leads, _ = highest(project)
    assert found(project, None, lambda: project.world.pull("beta", leads)) is None
    assert project.requests == []


@pytest.mark.parametrize("deployer", [None, {}, {"name": None, "email": None}, {"name": ["a"]}, "Ann", {"name": " "}])
def test_an_activation_that_does_not_say_who_names_nobody(deployer: Any) -> None:
    project = Project()
    _, other = highest(project)

    def rewrite(request: Any, answer: Any) -> None:
        if "deployments" in request.url.path and isinstance(answer, dict):
            for row in answer["data"]:
                row["deployer"] = deployer

    project.rewrites.append(rewrite)
    assert found(project, other, lambda: project.world.activate("beta", other)) is None


def test_what_cannot_be_read_names_nobody() -> None:
    project = Project()
    _, other = highest(project)

    def fail() -> None:
        project.world.activate("beta", other)
        project.world.faults.configure("500", 1.0, "reads")

    assert found(project, other, fail) is None

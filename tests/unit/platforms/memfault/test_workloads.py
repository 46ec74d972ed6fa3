"""Software types and their versions, and readers that share the work."""

from __future__ import annotations

from typing import Any

import httpx

from reconciler.model.snapshot import Query
from reconciler.platforms.memfault.workloads import Workloads
from tests.unit.platforms.memfault.project import MAIN, Project


def test_a_type_that_is_not_listed_is_none_of_ours() -> None:
    workloads = Workloads([MAIN, "other"])
    workloads.note("1.0", "foreign")
    assert workloads.candidates("1.0") == (MAIN, "other")


def test_a_type_without_versions_is_not_asked_for_them() -> None:
    project = Project(2, 2)
    project.rewrite("/software_types", lambda body: body["data"][1].update(software_versions_count=0))
    project.observe(Query())
    asked = [request.url.path for request in project.requests if request.url.path.endswith("/software_versions")]
    assert len(asked) == 1


def test_malformed_rows_of_small_lists_are_problems() -> None:
    project = Project(2, 2)
    project.rewrite("/software_types", lambda body: body["data"][1].update(name=7))
    problems = project.observe().coverage.problems
    assert any("an item of the software types cannot be read" in problem for problem in problems)


def test_several_readers_see_the_same() -> None:
    one, several = Project(3, devices=900), Project(3, devices=900)
    seen: list[Any] = []
    several.platform._readers.count = 2
    several.platform._readers._wait = 0.0
    several.platform._readers._meter = lambda: (len(seen) * 1.0, 0.0)

    def hook(request: httpx.Request) -> None:
        seen.append(request)

    several.hooks.append(hook)
    left, right = one.observe(), several.observe()
    assert right.coverage.complete
    workload = left.workloads[0].id
    for row in range(3):
        assert left.state(workload, row).spread == right.state(workload, row).spread

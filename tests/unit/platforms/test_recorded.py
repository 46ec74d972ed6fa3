"""A recorded reading in a platform's place."""

from __future__ import annotations

from reconciler.model.release import Release, ReleaseInfo, ReleaseQuery
from reconciler.model.snapshot import Query
from reconciler.platforms.recorded import RecordedPlatform
from tests.unit.engine.memory import Clock, Memory


def test_it_lists_the_releases_it_kept_and_says_so() -> None:
    memory = Memory(Clock())
    kept = {Release("w1", "2"): ReleaseInfo(found=True), Release("w1", "1"): ReleaseInfo(found=False)}
    found = RecordedPlatform(memory, memory.observe(Query()), kept).releases(ReleaseQuery())
    assert [(one.workload.id, one.version, one.info.found) for one in found.releases] == [
        ("w1", "1", False),
        ("w1", "2", True),
    ]
    assert "keeps only the releases" in found.notes[0]

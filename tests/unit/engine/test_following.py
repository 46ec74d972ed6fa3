"""Which manifests are in force: those of a repository elsewhere come at once, and what is wrong is said once."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.engine.following import FollowedManifests
from reconciler.engine.manifests import QUIET
from reconciler.errors import SourceError
from reconciler.model.event import AnyEvent, InForce, Note
from reconciler.model.repository import Revision
from reconciler.ports import Fetched
from tests.unit.engine.memory import Clock, request


class Elsewhere:
    """A repository elsewhere that says what it is told to."""

    def __init__(self, *says: Fetched | SourceError) -> None:
        self.says = list(says)

    def fetch(self) -> Fetched:
        found = self.says.pop(0)
        if isinstance(found, SourceError):
            raise found
        return found


def says(commit: str, version: str = "2", problem: str = "", *warnings: str, digest: str = "") -> Fetched:
    manifest = msgspec.structs.replace(request(version).manifest, digest=digest or version)
    return Fetched(manifest, Revision(commit=commit, author="Ada", summary="s"), problem, warnings)


def told(
    *found: Fetched | SourceError, passes: int, patient: bool = True, clock: Clock | None = None
) -> list[list[str]]:
    """Return what is said in each pass."""
    force = FollowedManifests(Elsewhere(*found), clock or Clock(), "w", patient=patient)
    return [[_words(event) for event in force.reload()] for _ in range(passes)]


def _words(event: AnyEvent) -> str:
    if isinstance(event, InForce):
        return f"{event.before or '-'} → {event.commit} by {event.author}{', changed' * event.changed}"
    assert isinstance(event, Note)
    return f"{event.level}: {event.message}"


GONE = SourceError("the host is gone", hint="wait")


def test_a_commit_comes_into_force_at_once() -> None:
    clock = Clock()
    before = clock.time
    passes = told(says("a"), says("b", "3"), says("b", "3"), passes=3, clock=clock)
    assert passes == [["- → a by Ada"], ["a → b by Ada, changed"], []]
    assert clock.time == before, "nothing is waited for"


def test_what_is_wrong_is_said_once_and_its_end_too() -> None:
    wrong = says("a", "2", "b is refused")
    assert told(says("a"), wrong, wrong, GONE, says("a"), passes=5)[1:] == [
        ["error: the commit a stays in force: b is refused"],
        [],
        ["error: the commit a stays in force: the host is gone (wait)"],
        ["info: the newest commit is in force again"],
    ]


def test_without_a_good_commit_a_patient_one_waits_and_another_raises() -> None:
    assert told(GONE, GONE, says("a"), passes=3) == [
        ["error: nothing is done until a commit can come into force: the host is gone (wait)"],
        [],
        ["- → a by Ada", "info: the newest commit is in force again"],
    ]
    with pytest.raises(SourceError, match="gone"):
        told(GONE, passes=1, patient=False)


def test_a_warning_about_a_commit_is_said_when_it_comes_into_force() -> None:
    rewritten = says("b", "2", "", "it was rewritten")
    assert told(says("a"), rewritten, rewritten, passes=3)[1:] == [["warning: it was rewritten", "a → b by Ada"], []]


def test_what_stands_beside_the_repository_is_read_until_it_stays_the_same() -> None:
    clock = Clock()
    before = clock.time
    half, whole = says("a", digest="half"), says("a", digest="whole")
    passes = told(says("a"), half, whole, whole, passes=2, clock=clock)
    assert (passes[1], clock.time - before) == (["a → a by Ada, changed"], 2 * QUIET)
    clock.stop = True
    assert told(says("a"), half, passes=2, clock=clock)[1] == []

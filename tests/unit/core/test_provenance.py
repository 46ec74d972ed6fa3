"""Whether a saved plan is of what is checked out: every way that the two commits may lie, and what people are told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reconciler.core.provenance import Objection, objection
from reconciler.model.plan import Plan
from reconciler.model.provenance import Placement, Provenance
from tests.golden import plans

OLD, NEW = "a" * 40, "b" * 40
UNPLACED = Placement(
    head=NEW, known=True, ancestor=False, found=False, shallow=False, fetch="git fetch origin x", newer="", alone=""
)


def saved(commit: str = OLD, base: str = "c" * 40) -> Plan:
    return msgspec.structs.replace(plans.canary(), provenance=Provenance(commit=commit, base_commit=base))


def asked(plan: Plan, *, same: bool = False, commit: str = NEW, **place: Any) -> Objection | None:
    digest = plan.fleets[0].basis.manifest if same else "another"
    return objection(plan, digest, commit, lambda: msgspec.structs.replace(UNPLACED, **place))


def words(found: Objection | None) -> str:
    assert found is not None
    return f"{found.message} / {found.hint}"


@pytest.mark.parametrize("place", [{"ancestor": True}, {"found": True}])
def test_what_the_history_has_may_go(place: Any) -> None:
    assert asked(saved(), **place) is None


@pytest.mark.parametrize("commit", [OLD, f"{OLD}-dirty", NEW])
@pytest.mark.parametrize("today", [NEW, f"{NEW}-dirty"])
def test_the_very_manifests_may_go_wherever_they_stand(commit: str, today: str) -> None:
    assert asked(saved(commit), commit=today, same=True) is None


def test_outside_git_nothing_is_asked() -> None:
    assert asked(saved(""), commit="") is None
    assert asked(saved(OLD), commit="", same=True) is None
    assert asked(saved(""), same=True) is None
    assert "names no commit" in words(asked(saved("")))
    assert "in no git repository" in words(asked(saved(), commit=""))


def test_an_outdated_checkout_is_refused_whatever_it_says() -> None:
    for same in (True, False):
        found = words(asked(saved(), same=same, ancestor=True, newer="origin/main"))
        assert "(bbbbbbbbbbbb) is an older one of origin/main" in found
        assert "check out origin/main" in found


def test_a_checkout_without_any_branch_cannot_show_that_it_is_outdated() -> None:
    for same in (True, False):
        found = words(asked(saved(), same=same, ancestor=True, alone="git fetch --unshallow origin"))
        assert "whether the commit checked out (bbbbbbbbbbbb) is outdated" in found
        assert "fetch the branch that it comes from: git fetch --unshallow origin" in found


def test_edited_manifests_have_no_history() -> None:
    assert "differ from the commit checked out" in words(asked(saved(), commit=f"{NEW}-dirty", ancestor=True))
    assert "edited since aaaaaaaaaaaa" in words(asked(saved(f"{OLD}-dirty"), ancestor=True))


def test_what_the_history_lacks_is_refused_with_what_to_do() -> None:
    found = words(asked(saved()))
    assert (
        "commit aaaaaaaaaaaa, which is not in the history of what is checked out (bbbbbbbbbbbb): it was never" in found
    )
    assert "fetch" not in found
    assert "with --base" not in found
    assert "with --base" in words(asked(saved(base="")))
    unknown = words(asked(saved(), known=False))
    assert "nor anywhere in this clone" in unknown
    assert "if it was merged, fetch it: git fetch origin x" in unknown
    assert "fetch" not in words(asked(saved(), known=False, fetch=""))
    assert "this clone is shallow / fetch its history: git fetch origin x" in words(asked(saved(), shallow=True))

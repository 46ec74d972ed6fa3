"""What rows mean: every word of the documents, every odd value, and never absence where something may be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby, permutations, product
from operator import itemgetter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.judge import Patience, health, verdict
from reconciler.core.versions import semver_first
from reconciler.model.condition import Condition
from reconciler.model.condition import ConditionCode as Code
from reconciler.model.desired import ABSENT, version
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.unit import Reach
from reconciler.model.verdict import Health, Verdict
from reconciler.platforms.getapp.fold import Lists
from reconciler.platforms.getapp.stages import DELIVERY_STATES, STATES, STATUSES
from reconciler.platforms.getapp.steps import VersionStep, next_steps
from reconciler.platforms.getapp.translate import Rows
from tests.unit.platforms.getapp.installation import row


def understood(content: bytes, *, auto: bool = False) -> Rows:
    return Lists[Rows](lambda rows: rows, auto=auto).of(msgspec.Raw(content))


def read(*rows: Any, auto: bool = False) -> Rows:
    return understood(json.dumps(list(rows)).encode(), auto=auto)


def slot(*rows: Any, auto: bool = False) -> State:
    return read(*rows, auto=auto).states["radio"]


MATRIX = """
             delivery  unvalidated  downloaded  deploy   installed  uninstalled  deleted
(none)       moving    moving       ready       moving   settled    remains      empty
Done         moving    moving       ready       moving   settled    remains      empty
Start        moving    moving       moving      moving   moving+    remains      empty
InProgress   moving    moving       moving      moving   moving+    remains      empty
Installing   moving    moving       moving      moving   moving+    remains      empty
Continue     moving    moving       moving      moving   moving+    remains      empty
Pause        paused    paused       paused      paused   paused+    remains      empty
Cancel       paused    paused       paused      paused   paused+    remains      empty
Cancelled    paused    paused       paused      paused   paused+    remains      empty
Error        failed    failed       failed      failed   failed+    left         left
Uninstall    moving    moving       leaving     leaving  leaving    remains      empty
"""
"""What a state (columns) and a status (rows) mean together; `+`: reported all the same. `unvalidated` is what is
downloaded and whose deliveryState is before `done`."""

MEANINGS = {
    "ready": ("1.0.0", None, Phase.READY, ()),
    "settled": ("1.0.0", "1.0.0", Phase.SETTLED, ()),
    "moving": ("1.0.0", None, Phase.MOVING, ()),
    "moving+": ("1.0.0", "1.0.0", Phase.MOVING, ()),
    "paused": ("1.0.0", None, Phase.PAUSED, ()),
    "paused+": ("1.0.0", "1.0.0", Phase.PAUSED, ()),
    "failed": ("1.0.0", None, Phase.FAILED, ()),
    "failed+": ("1.0.0", "1.0.0", Phase.FAILED, ()),
    "leaving": (None, "1.0.0", Phase.MOVING, ()),
    "remains": (None, None, Phase.SETTLED, ("1.0.0",)),
    "left": (None, None, Phase.FAILED, ("1.0.0",)),
    "empty": (None, None, Phase.SETTLED, ()),
}
"""Assigned, reported, phase, extra versions."""
WANTED = {
    "ready": Verdict.NEXT,
    "settled": Verdict.SYNCED,
    "moving": Verdict.CONVERGING,
    "paused": Verdict.PAUSED,
    "failed": Verdict.RETRY,
    **dict.fromkeys(("leaving", "remains", "left", "empty"), Verdict.MISSING),
}
Cell = tuple[str, str | None, str | None, str]


def cells() -> Iterator[Cell]:
    """Yield state, deliveryState, status and meaning for every combination of the documents' words."""
    columns, *lines = [line.split() for line in MATRIX.strip().splitlines()]
    for status, *meanings in lines:
        for column, meaning in zip(columns, meanings, strict=True):
            state = "downloaded" if column == "unvalidated" else column
            early: list[str | None] = ["prepare", "download", "validation"]
            late: list[str | None] = ["done", None]
            of = early if column == "unvalidated" else late if column == "downloaded" else [*early, *late]
            for delivery in of:
                yield state, delivery, None if status == "(none)" else status, meaning


def test_the_matrix_is_whole() -> None:
    assert {cell[:3] for cell in cells()} == set(product(STATES, DELIVERY_STATES, STATUSES))


CELLS = pytest.mark.parametrize(
    ("status", "several"), [(key, [*some]) for key, some in groupby(cells(), itemgetter(2))]
)


@CELLS
@pytest.mark.parametrize("said", [None, "installer exit 7: rolled back"])
def test_the_words_of_a_row_together(status: str | None, several: list[Cell], said: str | None) -> None:
    for state, delivery, _, meaning in several:
        found = slot(row(state, status, deliveryState=delivery, errMsg=said))
        shown = (found.assigned, found.reported, found.phase, found.extra_versions)
        assert (state, delivery, *shown) == (state, delivery, *MEANINGS[meaning])
        assert found.identity == ("12.radio@1.0.0" if found.assigned else None)
        assert bool(found.stages) == (meaning != "empty")
        assert bool(found.error) == (found.phase is Phase.FAILED)
        text = f"{found.error} {[one.text for one in found.conditions]}"
        assert (said or "the platform gave no reason") in text or (said is None and not found.error)


@CELLS
def test_what_the_matrix_asks_for(status: str | None, several: list[Cell]) -> None:
    """A failure is tried again, once a run and named; nothing that a person halted is begun, and nothing twice."""
    patience = Patience(now=0.0, retries_itself=False)
    for state, delivery, _, meaning in several:
        found = slot(row(state, status, deliveryState=delivery))
        wanted = verdict(version("1.0.0"), found, Reach.CONNECTED, patience)
        assert (state, delivery, wanted) == (state, delivery, WANTED[meaning.rstrip("+")])
        nothing = meaning in {"moving", "moving+", "leaving", "settled", "paused+"}
        assert (next_steps(found, "1.0.0").now is None) == nothing
        absent = verdict(ABSENT, found, Reach.CONNECTED, patience)
        assert absent is {"empty": Verdict.SYNCED, "leaving": Verdict.REMOVING}.get(meaning, Verdict.SURPLUS)
        away = next_steps(found, None).now
        assert away is None or away.step != "delete" or state != "installed", "what is installed is uninstalled first"
        if status == "Error":
            assert health(wanted, found, Reach.CONNECTED) is Health.DEGRADED
            assert health(absent, found, Reach.CONNECTED) is Health.DEGRADED


@pytest.mark.parametrize("said", ["", None, {}, [], False, 0])
def test_no_text_is_no_text(said: Any) -> None:
    assert slot(row(errMsg=said)).conditions == ()


@pytest.mark.parametrize("said", [{"failed": 1, "messages": ["exit 7"]}, ["exit 7"], "exit\n 7"])
def test_whatever_an_agent_says_of_an_error_is_shown(said: Any) -> None:
    shown = slot(row("downloaded", "Error", errMsg=said)).error
    assert shown is not None
    assert "exit" in shown
    assert "\n" not in shown


def test_an_older_version_with_an_error_ails_no_newer_one_that_is_installed_well() -> None:
    found = slot(row("installed", "Error", errMsg="exit 7"), row(version="2.0.0"))
    assert (found.assigned, found.reported, found.phase, found.error) == ("2.0.0", "2.0.0", Phase.SETTLED, None)
    assert (found.extra_versions, found.failures) == (("1.0.0",), (("1.0.0", "exit 7"),))
    newer = slot(row(), row("installed", "Error", "2.0.0", errMsg="exit 7"))
    assert (newer.assigned, newer.phase, newer.error, newer.failures) == ("2.0.0", Phase.FAILED, "exit 7", ())
    both = slot(row("installed", "Error", errMsg="old"), row("installed", "Error", "2.0.0", errMsg="new"))
    assert (both.assigned, both.error, both.failures) == ("2.0.0", "new", (("1.0.0", "old"),))


def test_errors_of_versions_that_are_not_assigned_are_shown() -> None:
    found = slot(
        row("delivery", "Start", "2.0.0"), row("installed", "Error", errMsg="exit 7"), row("deleted", "Error", "0.1.0")
    )
    assert (found.assigned, found.phase) == ("2.0.0", Phase.MOVING)
    assert found.conditions == (
        Condition(Code.VERSION_STAGE, ("0.1.0",), text="deletion stopped: the platform gave no reason"),
        Condition(Code.VERSION_STAGE, ("1.0.0",), text="installed, with an error: exit 7"),
    )
    assert found.failures == (("1.0.0", "exit 7"),)
    assert slot(row("deleted", "Done", errMsg="locked"), row("uninstalled", "Error", "2.0.0")).error == (
        "2.0.0: the platform gave no reason"
    )
    assert slot(row("odd", errMsg="exit 7")).conditions == (
        Condition(Code.UNEXPECTED_VALUE, text="state 'odd' (exit 7)"),
    )
    halted = slot(row(version="2.0.0"), row("installed", "Pause"))
    assert halted.conditions[0] == Condition(Code.INSTALLATION_PAUSED, ("1.0.0",)), (
        "what was halted comes before what is installed"
    )
    beside = slot(row("deploy", "Start", "2.0.0"), row("installed", "Pause"))
    assert beside.conditions == (Condition(Code.VERSION_STAGE, ("1.0.0",), text="installed, paused"),)


@pytest.mark.parametrize("delivery", [*sorted(one for one in DELIVERY_STATES if one), None, "Prepare", "later"])
@pytest.mark.parametrize("status", [*sorted(one for one in STATUSES if one), None, "Download", "Deleted", "Soon"])
@pytest.mark.parametrize("state", [*sorted(STATES), "offering", "push", "broken"])
def test_no_word_is_ever_read_as_absence(state: str, status: str | None, delivery: str | None) -> None:
    found = slot(row(state, status, deliveryState=delivery))
    known = state in STATES and status in STATUSES and delivery in DELIVERY_STATES
    assert (found.phase is Phase.UNKNOWN) == (not known)
    assert (found == EMPTY) == (known and state == "deleted" and status != "Error")
    if not known:
        words = {"state": state, "deliveryState": delivery, "deviceReleaseStatus": status}
        field = "state" if state not in STATES else "deliveryState" if delivery not in DELIVERY_STATES else [*words][-1]
        assert found.conditions == (Condition(Code.UNEXPECTED_VALUE, text=f"{field} {words[field]!r}"),)


@pytest.mark.parametrize(
    "odd",
    [{"state": 7}, {"state": None}, {"deviceReleaseStatus": {"Start": 1}}, {"status": 7}, {"deliveryState": ["done"]}],
)
def test_odd_words_cost_their_slot_alone(odd: dict[str, Any]) -> None:
    found = read(row(project="vision"), {**row(), **odd})
    assert found.states["radio"].phase is Phase.UNKNOWN
    (why,) = found.states["radio"].conditions
    assert (why.code, next(iter(odd)) in why.text) == (Code.UNEXPECTED_VALUE, True)
    assert found.states["vision"].assigned == "1.0.0"
    assert not found.blind


DECORATION: dict[str, Any] = {
    **dict.fromkeys(("progress", "eta", "downloadDuration"), 12.0),
    "artsDirPath": "/var/12.radio",
}
OF_A_RELEASE = {
    "displayName": "Radio", "label": "beta", "type": "product", "createdAt": "2026-10-01T08:00:00Z",
    "updatedAt": "2026-10-02T08:00:00Z", "releasedAt": "2026-10-02T08:00:00Z", "releaseNotes": "faster",
    "latest": True, "size": 12, "metadata": {"autoDeploy": False}, "policies": [{"name": "night"}],
}  # fmt: skip
ODD = [7, 1.5, "12", "{}", True, None, [], [None], {}, {"a": 1}, 1_760_000_000_000, -1]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("field", [*DECORATION, *OF_A_RELEASE])
@pytest.mark.parametrize("flat", [False, True])
def test_a_field_that_decides_nothing_costs_itself_alone(field: str, odd: Any, flat: bool) -> None:
    one = row("delivery", "InProgress", **DECORATION)
    one["release"] |= OF_A_RELEASE
    good = read(one).states["radio"]
    (one if field in DECORATION else one["release"])[field] = odd
    if flat:
        one |= {**one.pop("release"), "catalogId": "12.radio@1.0.0", "name": "radio"} | {"status": "InProgress"}
    found = read(one)
    state = found.states["radio"]
    assert (state.assigned, state.phase, state.identity, state.stages) == (
        (good.assigned, good.phase, good.identity, good.stages)
    )
    assert all(note.startswith(f"{field}: ") for note in found.notes)
    (told,) = found.releases
    used = getattr(told, "".join(f"_{one.lower()}" if one.isupper() else one for one in field), odd)
    assert bool(found.notes) == (used is None and odd is not None) or field in DECORATION


@pytest.mark.parametrize(
    "content",
    [
        b"7",
        b"null",
        b'{"a": 1}',
        b'[{"state": 1}]',
        b"[7]",
        b'[{"state": "installed"}]',
        b'[{"release": {"id": 1}}]',
        b"[",
    ],
)
def test_rows_that_tell_nothing_blind_their_device(content: bytes) -> None:
    found = understood(content)
    assert found.states == {}
    assert found.blind is not None
    assert found.blind.code is Code.UNEXPECTED_VALUE


def test_a_row_without_project_blinds_and_one_without_version_is_unknown() -> None:
    assert read(row(project="")).blind
    assert slot(row(version="")).conditions == (Condition(Code.UNEXPECTED_VALUE, text="an empty version"),)
    flat = {"state": "installed", "name": "radio", "version": "1.0.0"}
    nameless = Condition(Code.UNEXPECTED_VALUE, text="a row without project, version or catalogId")
    assert slot(flat).conditions == (nameless,)


def test_both_shapes_say_the_same() -> None:
    nested = row("delivery", "InProgress", progress=40.0, eta=7, metadata={"autoDeploy": True}, size=5)
    flat = {
        **{key: value for key, value in nested.items() if key not in ("release", "deviceReleaseStatus")},
        "status": "InProgress",
        "catalogId": "12.radio@1.0.0",
        "name": "radio",
        "version": "1.0.0",
        "metadata": {"autoDeploy": True},
        "size": 5,
    }
    assert slot(flat) == slot(nested)
    assert (slot(nested).progress, slot(nested).eta) == (40.0, 7)


def test_what_moves_comes_first_then_what_was_stopped_then_downloads_then_the_highest_installed() -> None:
    rows = [
        row("installed", "Done", "1.9.0"),
        row("installed", "Done", "1.10.0"),
        row("downloaded", "Done", "1.1.0"),
        row("deploy", "Error", "1.2.0", errMsg="exit\n code 1"),
        row("delivery", "InProgress", "1.3.0"),
    ]
    expected = [("1.10.0", Phase.SETTLED), ("1.1.0", Phase.READY), ("1.2.0", Phase.FAILED), ("1.3.0", Phase.MOVING)]
    for count, (assigned, phase) in enumerate(expected, 2):
        found = slot(*rows[:count])
        assert (found.assigned, found.reported, found.phase) == (assigned, "1.10.0", phase)
        assert set(found.extra_versions) == {one["release"]["version"] for one in rows[:count]} - {assigned}
        stages = dict(found.stages)
        assert (
            found.conditions
            == tuple(
                Condition(Code.VERSION_STAGE, (version,), text=stages[version])
                for version in sorted(found.extra_versions, key=semver_first)
            )
            or stages.get("1.2.0") == "installation stopped"
        )
    assert found.conditions[1] == Condition(Code.VERSION_STAGE, ("1.2.0",), text="installation stopped: exit code 1")
    assert slot(*rows[:4]).error == "exit code 1"


def test_the_assigned_installed_version_is_the_reported_one() -> None:
    assert slot(row(version="2.0.0"), row(version="10.0.0")).reported == "10.0.0"


def test_uninstalled_rows_count_only_alone_and_deleted_ones_never() -> None:
    gone, old = row("uninstalled", "Uninstall", "0.9.0"), row("deleted", None, "0.8.0")
    beside = slot(row(), gone, old)
    assert (beside.extra_versions, beside.stages) == ((), (("1.0.0", "installed"),))
    assert beside.conditions == (Condition(Code.VERSION_STAGE, ("0.9.0",), text="uninstalled"),)
    assert slot(gone, old).conditions == (Condition(Code.FILES_MAY_REMAIN),)
    assert slot(gone, old).extra_versions == ("0.9.0",)
    assert slot(old) == EMPTY


def test_an_uninstall_beside_another_version_waits() -> None:
    found = slot(row("installed", "Uninstall", "0.9.0"), row("downloaded", "Done", "1.0.0"))
    assert (found.assigned, found.reported, found.extra_versions) == ("1.0.0", "0.9.0", ())
    assert dict(found.stages) == {"0.9.0": "being uninstalled", "1.0.0": "downloaded"}


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("delivery", "Pause", Code.DELIVERY_PAUSED),
        ("delivery", "Cancel", Code.DELIVERY_CANCELLED),
        ("deploy", "Pause", Code.INSTALLATION_PAUSED),
        ("deploy", "Cancelled", Code.INSTALLATION_CANCELLED),
    ],
)
def test_what_a_person_stopped_is_a_condition(state: str, status: str, code: Code) -> None:
    assert slot(row(state, status)).conditions == (Condition(code, ("1.0.0",)),)


def test_an_uninstall_under_way_is_a_condition() -> None:
    assert Condition(Code.UNINSTALL_ASKED) in slot(row("installed", "Uninstall")).conditions


def test_what_installs_itself_moves_by_itself() -> None:
    assert slot(row("downloaded"), auto=True).phase is Phase.MOVING


def test_what_may_install_itself_is_told_to_where_it_did_not() -> None:
    """Who shows it downloaded has not begun; left to itself, it might never."""
    assert slot(row("downloaded", metadata={"autoDeploy": True})).phase is Phase.READY


DEPENDENCIES = [
    {"projectName": "radio", "version": "1.0.0"},
    {"id": "12.radio@1.0.0"},
    {"catalogId": "12.radio@1.0.0"},
    "12.radio@1.0.0",
]


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_dependencies_are_protected_and_no_leftovers(dependency: Any) -> None:
    needs = row(project="vision", version="2.1.0", dependencies=[dependency])
    found = read(needs, row(), row(version="1.1.0")).states
    needed = Condition(Code.DEPENDENCY, ("1.0.0",), text="vision 2.1.0")
    assert found["radio"].protected == (needed,)
    assert needed in found["radio"].conditions
    assert (found["radio"].assigned, found["radio"].extra_versions) == ("1.1.0", ())
    assert found["vision"].protected == ()
    assert read(row(project="vision", dependencies=[None, dependency]), row()).states["radio"].protected
    gone = row("uninstalled", "Uninstall", project="vision", dependencies=[dependency])
    assert read(gone, row()).states["radio"].protected == ()


def test_a_dependency_that_is_wanted_is_not_delivered_again_and_one_that_is_not_stays() -> None:
    needs = row(project="vision", dependencies=["12.radio@1.0.0"])
    found = read(needs, row(), row(version="1.1.0"), row("downloaded", version="0.9.0")).states["radio"]
    assert next_steps(found, "1.0.0").now == VersionStep("delete", "0.9.0")
    assert {one.version for one in next_steps(found, None).later} == {"1.1.0"}
    assert next_steps(read(needs, row(), row(version="1.1.0")).states["radio"], "1.0.0").now == VersionStep(
        "uninstall", "1.1.0"
    )


@pytest.mark.parametrize("dependencies", [None, [], [None], [None, None]])
def test_null_is_no_dependency(dependencies: Any) -> None:
    assert not any(
        state.protected for state in read(row(project="vision", dependencies=dependencies), row()).states.values()
    )


@pytest.mark.parametrize("dependencies", [[7], [{"name": "x"}], 7])
def test_dependencies_that_cannot_be_read_protect_everything_on_the_device(dependencies: Any) -> None:
    found = read(row(project="vision", dependencies=dependencies), row()).states
    unread = Condition(Code.DEPENDENCIES_UNREAD, ("1.0.0",), text="vision 1.0.0")
    assert [state.protected for state in found.values()] == [(unread,), (unread,)]


def test_two_rows_of_one_version_are_a_problem() -> None:
    found = read(row(), row("downloaded", id="0.radio@1.0.0"))
    assert found.states["radio"].conditions == (Condition(Code.CONTRADICTION, text="two rows for 1.0.0"),)
    assert found.states["radio"].phase is Phase.UNKNOWN
    assert found.problems == ("has two rows of radio 1.0.0",)


ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(sorted(STATES)),
        st.sampled_from(["Done", "Start", "Error", "Pause", "Cancel", "Uninstall", None]),
        st.sampled_from(["1.0.0", "1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0", "nightly"]),
        project=st.sampled_from(["radio", "vision"]),
        dependencies=st.sampled_from(
            [None, [], ["12.radio@1.0.0"], [7], [{"projectName": "radio", "version": "1.9.0"}]]
        ),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: (one["release"]["projectName"], one["release"]["version"]),
)


@given(ROWS)
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, Any]]) -> None:
    states = [read(*order).states for order in permutations(rows)]
    assert all(one == states[0] for one in states)


@given(ROWS)
def test_a_slot_is_empty_only_when_all_its_rows_are_deleted(rows: list[dict[str, Any]]) -> None:
    for project, state in read(*rows).states.items():
        own = [one for one in rows if one["release"]["projectName"] == project]
        nothing = all(one["state"] == "deleted" and one["deviceReleaseStatus"] != "Error" for one in own)
        assert (state == EMPTY) == nothing
        assert state.assigned not in state.extra_versions
        assert {*state.extra_versions, *([state.assigned] if state.assigned else [])} <= {
            version for version, _ in state.stages
        }


def test_versions_are_ordered_by_semver_and_others_come_first() -> None:
    ordered = ["nightly", "v1", "1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0", "1.0.0+b", "1.2.0", "1.10.0"]
    assert sorted(set(ordered), key=semver_first) == ordered


@pytest.mark.parametrize("version", ["1.0." + "9" * 5000, "1.0.0-" + "9" * 5000, "1.0.0-a." + "1" * 4301])
def test_a_version_of_any_length_has_its_place(version: str) -> None:
    assert sorted([version, "1.0.0"], key=semver_first)
    assert slot(row(version=version), row(version="0.1.0")).phase is Phase.SETTLED

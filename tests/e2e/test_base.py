"""`plan --base` in the repositories that pipelines have: lagging, shallow, of one branch, detached, linked, broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Ran, Simulator, simulating
from tests.e2e.repositories import Clone, connection, repository

Run = Callable[..., Ran]
UNITS = 12


@pytest.fixture
def plant() -> Iterator[Simulator]:
    with simulating(units=UNITS) as one:
        yield one


@pytest.fixture
def main(tmp_path: Path, plant: Simulator, run: Run) -> Clone:
    return repository(tmp_path / "work", plant, run)


def planned(clone: Clone, *options: str, base: str = "main", **more: Any) -> Any:
    """Plan against a base; return the plan as JSON."""
    ran = clone.call("plan", "--base", base, "-o", "json", *options, **more)
    assert ran.code == 0, ran
    return ran.json


def lines(entries: list[Any]) -> set[tuple[str, str, int]]:
    return {(one["reason"], Path(one["origin"]["file"]).name, one["origin"]["line"]) for one in entries}


def test_a_promotion_points_at_the_line_of_the_channel(main: Clone) -> None:
    main.git("checkout", "-q", "-b", "request")
    main.edit("v1.3.0", "v1.4.0")
    main.edit(
        "units: {all: true}",
        "units: {all: true}\n  quarantine: [{workload: modbus-poller, version: v1.4.0, reason: boot loop}]",
        "fleets/fleet.yaml",
    )
    (fleet,) = planned(main)["fleets"]
    assert (len(fleet["changes"]), len(fleet["held"])) == (0, UNITS)
    assert lines(fleet["held"]) == {("change", "channels.yaml", 6)}
    shown = main.call("plan", "--base", "main")
    assert "channels.yaml:6" in shown.out
    main.git("checkout", "-q", "--", "fleets/fleet.yaml")
    (fleet,) = planned(main)["fleets"]
    assert lines(fleet["changes"]) == {("change", "channels.yaml", 6)}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("version: {channel: stable}", "version: v1.4.0", 9),
        ("units: {all: true}\n", "units: {names: ['gw-00*']}\n", 0),
        ("version: {channel: stable}", "version: {channel: stable}\n      overrides: [{units: {all: true}, version: v1.4.0}]", 10),
        ("units: {all: true}", "units: {all: true}\n  pins: {gw-001: {modbus-poller: v1.4.0}}", 7),
    ],
    ids=["the version", "fewer units", "an override", "a pin"],
)  # fmt: skip
def test_what_a_fleet_changes_points_at_its_own_line(main: Clone, old: str, new: str, line: int) -> None:
    main.edit(old, new, "fleets/fleet.yaml")
    (fleet,) = planned(main)["fleets"]
    assert lines(fleet["changes"]) == ({("change", "fleet.yaml", line)} if line else set())


def test_more_units_point_at_the_selector(main: Clone) -> None:
    main.edit("units: {all: true}", "units: {names: [gw-001]}", "fleets/fleet.yaml")
    main.edit("v1.3.0", "v1.4.0")
    main.commit("only one")
    main.git("checkout", "-q", "-b", "request")
    main.edit("units: {names: [gw-001]}", "units: {all: true}", "fleets/fleet.yaml")
    (fleet,) = planned(main)["fleets"]
    assert lines(fleet["changes"]) == {("drift", "fleet.yaml", 8), ("change", "fleet.yaml", 6)}


def test_units_that_an_override_no_longer_takes_point_at_its_selector(main: Clone) -> None:
    main.edit(
        "version: {channel: stable}",
        "version: {channel: stable}\n      overrides:\n        - units: {names: [gw-001, gw-002]}\n          version: v1.2.0",
        "fleets/fleet.yaml",
    )
    main.commit("two others")
    assert main.call("apply", "--yes", "--allow", "replace", "--reason", "test").code == 0
    main.edit("[gw-001, gw-002]", "[gw-001]", "fleets/fleet.yaml")
    (fleet,) = planned(main)["fleets"]
    assert [(one["unit"]["name"], one["to"]) for one in fleet["changes"]] == [("gw-002", "v1.3.0")]
    assert lines(fleet["changes"]) == {("change", "fleet.yaml", 11)}


def test_a_lagging_branch_does_not_plan_to_revert_others(main: Clone) -> None:
    main.git("checkout", "-q", "-b", "request")
    main.edit(
        "units: {all: true}", "units: {all: true}\n  pins: {gw-001: {modbus-poller: v1.1.0}}", "fleets/fleet.yaml"
    )
    main.commit("a pin")
    main.git("checkout", "-q", "main")
    main.edit("v1.3.0", "v1.4.0")
    main.commit("others move the channel")
    assert main.call("apply", "--yes").code == 0
    assert main.holds("v1.4.0") == UNITS
    main.git("checkout", "-q", "request")
    (fleet,) = planned(main)["fleets"]
    assert [(one["unit"]["name"], one["to"], one["reason"]) for one in fleet["changes"]] == [
        ("gw-001", "v1.1.0", "change")
    ]
    assert {one["to"] for one in fleet["held"]} == {"v1.3.0"}
    assert {hold["code"] for one in fleet["held"] for hold in one["reasons"]} == {"behind-base"}
    shown = main.call("plan", "--base", "main")
    assert "behind the base" in shown.out
    assert "the base has v1.4.0 here" in shown.out


def test_a_fleet_that_others_deleted_is_not_brought_back(main: Clone) -> None:
    main.git("checkout", "-q", "-b", "request")
    main.write("fleets/README.md", "about\n")
    main.commit("words")
    main.git("checkout", "-q", "main")
    main.git("rm", "-q", "fleets/fleet.yaml")
    main.commit("no fleet any more")
    main.simulator.control("POST", "console", device="gw-001", flow="modbus-poller", version="v1.1.0")
    main.git("checkout", "-q", "request")
    (fleet,) = planned(main)["fleets"]
    assert fleet["changes"] == []
    assert [hold["text"] for one in fleet["held"] for hold in one["reasons"]] == ["unmanaged"]


def test_what_main_has_and_is_not_sent_yet_is_backlog(main: Clone) -> None:
    main.edit("v1.3.0", "v1.4.0")
    main.commit("not applied yet")
    main.git("checkout", "-q", "-b", "request")
    main.write("fleets/README.md", "about\n")
    main.commit("words")
    (fleet,) = planned(main)["fleets"]
    assert {one["reason"] for one in fleet["changes"]} == {"drift"}


def requested(main: Clone) -> None:
    main.git("checkout", "-q", "-b", "request")
    main.edit("v1.3.0", "v1.4.0")
    main.commit("to v1.4.0")
    main.git("checkout", "-q", "main")


def test_a_clone_of_one_branch_says_how_to_fetch_the_base(main: Clone) -> None:
    requested(main)
    job = main.clone("job", "--single-branch", "--branch", "request")
    refused = job.call("plan", "--base", "origin/main")
    assert refused.code == 1, refused
    command = "git fetch origin +refs/heads/main:refs/remotes/origin/main"
    assert f"fetch it: {command}" in refused.err
    job.git(*command.split()[1:])
    assert {one["reason"] for one in planned(job, base="origin/main")["fleets"][0]["changes"]} == {"change"}


def test_a_shallow_clone_says_how_to_fetch_the_base_and_what_lies_between(main: Clone) -> None:
    requested(main)
    main.write("fleets/README.md", "about\n")
    main.commit("others")
    job = main.clone("job", "--depth=1", "--branch", "request")
    missing = job.call("plan", "--base", "origin/main")
    assert missing.code == 1, missing
    assert "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main" in missing.err
    job.git("fetch", "-q", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main")
    apart = job.call("plan", "--base", "origin/main")
    assert apart.code == 1, apart
    assert "have no commit in common here: this clone is shallow" in apart.err
    assert "git fetch --unshallow origin" in apart.err
    job.git("fetch", "-q", "--unshallow", "origin")
    assert {one["reason"] for one in planned(job, base="origin/main")["fleets"][0]["changes"]} == {"change"}


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("main", "the branch is here as origin/main"),
        ("release", "git fetch origin +refs/heads/release:refs/remotes/origin/release"),
        ("0123456789abcdef0123456789abcdef01234567", "git fetch origin 0123456789abcdef0123456789abcdef01234567"),
        ("HEAD~9", "name a branch, a tag or a commit"),
    ],
)
def test_what_is_not_here_is_answered_with_what_to_do(main: Clone, base: str, words: str) -> None:
    requested(main)
    job = main.clone("job", "--branch", "request")
    refused = job.call("plan", "--base", base)
    assert refused.code == 1, refused
    assert words in refused.err


def test_branches_without_a_common_commit_and_repositories_without_a_remote(main: Clone) -> None:
    main.git("checkout", "-q", "--orphan", "other")
    main.commit("another beginning")
    refused = main.call("plan", "--base", "main")
    assert refused.code == 1, refused
    assert "have no commit in common here" in refused.err
    assert "this repository has no remote" in main.call("plan", "--base", "nowhere").err


def test_subfolders_detached_heads_and_linked_work_trees_are_no_different(main: Clone) -> None:
    requested(main)
    main.git("worktree", "add", "-q", "--detach", "../linked", "request")
    linked = Clone(main.top.parent / "linked", main.simulator, main.run)
    expected = planned(linked)["fingerprint"]
    main.git("checkout", "-q", "--detach", "request")
    assert planned(main)["fingerprint"] == expected
    inner = main.run("plan", ".", "--base", "main", "-o", "json", token=main.simulator.token)
    assert inner.code == 1, "the folder around holds two work trees, and is in none"
    (main.top / "fleets/sub").mkdir()
    assert planned(main, paths=("fleets/sub/..",))["fingerprint"] == expected


def test_manifests_in_a_submodule_are_compared_with_its_own_history(main: Clone, plant: Simulator, run: Run) -> None:
    requested(main)
    outer = Clone(main.top.parent / "outer", plant, run)
    outer.top.mkdir()
    outer.git("init", "-q", "-b", "main")
    outer.git("submodule", "--quiet", "add", f"file://{main.top}", "inner")
    outer.commit("with the fleets")
    inner = Clone(outer.top / "inner", plant, run)
    inner.git("checkout", "-q", "request")
    ran = outer.call("plan", "--base", "origin/main", "-o", "json", paths=("inner/fleets",))
    assert ran.code == 0, ran
    assert {one["reason"] for one in ran.json["fleets"][0]["changes"]} == {"change"}


def test_a_base_whose_manifests_are_invalid_does_not_keep_them_from_being_mended(main: Clone) -> None:
    main.edit("kind: Fleet", "kind: Flet", "fleets/fleet.yaml")
    main.commit("broken")
    main.git("checkout", "-q", "-b", "mend")
    main.edit("kind: Flet", "kind: Fleet", "fleets/fleet.yaml")
    main.edit("v1.3.0", "v1.4.0")
    main.commit("mended")
    ran = main.call("plan", "--base", "main", "-o", "json")
    assert ran.code == 0, ran
    assert "warning: the manifests at --base main are invalid: fleets/fleet.yaml:2:1" in ran.err
    assert "invalid" in ran.json["provenance"]["base_problem"]
    assert {one["reason"] for one in ran.json["fleets"][0]["changes"]} == {"out-of-sync"}
    for form in ("text", "markdown"):
        shown = main.call("plan", "--base", "main", "-o", form, COLUMNS="400").out
        assert "the manifests at --base main are invalid" in shown


def test_a_base_whose_connections_are_broken_trusts_nobody(main: Clone) -> None:
    main.edit("  losant:", "  lozant:", "fleets/connections.yaml")
    main.commit("broken")
    main.git("checkout", "-q", "-b", "mend")
    main.write("fleets/connections.yaml", connection(main.simulator, url="https://evil.example.com"))
    main.commit("mended, as it says")
    ran = main.call("plan", "--base", "main", "-o", "json")
    assert ran.code == 1, ran
    assert said(ran.json) == [("plant", "added", "refused")]


def test_a_base_may_be_a_folder_as_before(main: Clone) -> None:
    main.git("worktree", "add", "-q", "--detach", "../base", "main")
    main.edit("v1.3.0", "v1.4.0")
    found = planned(main, base="base/fleets")
    assert {one["reason"] for one in found["fleets"][0]["changes"]} == {"change"}
    assert found["connections"] == []


def test_a_folder_of_the_base_s_name_is_not_the_base(main: Clone) -> None:
    """A request that brings one along would be held against itself."""
    main.git("checkout", "-q", "-b", "request")
    evil = connection(main.simulator, url="https://evil.example.com")
    for folder in ("fleets", "main"):
        main.write(f"{folder}/connections.yaml", evil)
    for file in ("channels.yaml", "fleet.yaml"):
        main.write(f"main/{file}", (main.top / "fleets" / file).read_text())
    main.commit("mine")
    (main.top.parent / "main").symlink_to(main.top / "main")
    ran = main.call("plan", "--base", "main", "-o", "json")
    assert ran.code == 1, ran
    assert said(ran.json) == [("plant", "changed", "refused")]
    assert "warning: --base main is the git ref; write ./main for the folder" in ran.err


@pytest.mark.parametrize("base", ["", " "])
def test_an_empty_base_is_no_base(main: Clone, base: str) -> None:
    ran = main.call("plan", "--base", base)
    assert ran.code == 1, ran
    assert "--base is empty" in ran.err


# --- Connections ----------------------------------------------------------------------------------------------------


def connections(main: Clone, **more: Any) -> None:
    main.write("fleets/connections.yaml", connection(main.simulator, **more))


def said(found: Any) -> list[tuple[str, str, str]]:
    return [(one["connection"], one["edit"], one.get("reading", "planned")) for one in found["connections"]]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"wide_calls": "never"}, "wide_calls"),
        ({"requests": {"per_second": 20}}, "requests.per_second"),
    ],
)
def test_a_harmless_change_of_a_connection_is_planned_and_shown(main: Clone, more: Any, path: str) -> None:
    connections(main, **more)
    main.edit("v1.3.0", "v1.4.0")
    found = planned(main)
    assert said(found) == [("plant", "changed", "planned")]
    assert [field["path"] for field in found["connections"][0]["fields"]] == [path]
    assert found["connections"][0]["fleets"] == ["all"]
    assert found["complete"]
    assert len(found["fleets"][0]["changes"]) == UNITS


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"url": "https://evil.example.com"}, "url"),
        ({"token": {"env": "GITHUB_TOKEN"}}, "token.env"),
        ({"token": {"file": "token.txt"}}, "token.env"),
    ],
)
def test_no_secret_goes_where_the_base_does_not_send_it(main: Clone, more: Any, path: str) -> None:
    before = main.simulator.control("GET", "calls")
    connections(main, **more)
    ran = main.call("plan", "--base", "main", "-o", "json", GITHUB_TOKEN="other-secret", RECONCILER_X="1")
    assert ran.code == 1, ran
    assert said(ran.json) == [("plant", "changed", "refused")]
    assert path in {field["path"] for field in ran.json["connections"][0]["fields"]}
    assert "its secrets are not sent before it is merged" in ran.json["fleets"][0]["error"]
    assert "other-secret" not in ran.out + ran.err
    assert main.simulator.control("GET", "calls") == before, "nothing was asked"
    for form in ("text", "markdown"):
        shown = main.call("plan", "--base", "main", "-o", form, COLUMNS="400").out
        assert "its secrets are not sent before it is merged" in shown
    assert main.call("plan", "--base", "main", "--detailed-exitcode").code == 1


def test_another_application_with_the_same_token_is_planned_as_what_it_is(main: Clone) -> None:
    """The token goes where it went; what the other application has comes from this change, all of it."""
    with simulating(units=3, seed=7) as _:
        connections(main, application="65a000000000000000000002")
        ran = main.call("plan", "--base", "main", "-o", "json")
    assert said(ran.json) == [("plant", "changed", "planned")]
    assert ran.json["connections"][0]["retargeted"] is True


def test_renamed_added_and_removed_connections(main: Clone) -> None:
    main.write("fleets/connections.yaml", connection(main.simulator, "works"))
    main.edit("connection: plant", "connection: works", "fleets/fleet.yaml")
    main.edit("v1.3.0", "v1.4.0")
    found = planned(main)
    assert said(found) == [("works", "renamed", "planned")]
    assert found["connections"][0]["renamed_from"] == "plant"
    assert {one["reason"] for one in found["fleets"][0]["changes"]} == {"change"}
    main.edit("v1.4.0", "v1.3.0")
    main.simulator.control("POST", "console", device="gw-001", flow="modbus-poller", version="v1.1.0")
    assert {one["reason"] for one in planned(main)["fleets"][0]["changes"]} == {"drift"}
    main.write("fleets/connections.yaml", connection(main.simulator, "plant"))
    main.edit("connection: works", "connection: plant", "fleets/fleet.yaml")
    main.write("fleets/more.yaml", connection(main.simulator, "unused", application="65a000000000000000000002"))
    assert said(planned(main)) == [("unused", "added", "planned")]
    main.commit("one more")
    (main.top / "fleets/more.yaml").unlink()
    assert said(planned(main, base="HEAD")) == [("unused", "removed", "planned")]


@pytest.mark.parametrize("where", ["beside the fleets", "in a folder of their own", "at the base's ref"])
def test_a_change_that_connections_hides_is_said(main: Clone, where: str) -> None:
    if where != "beside the fleets":
        main.git("mv", "fleets/connections.yaml", "connections.yaml")
        main.commit("apart")
    file = "fleets/connections.yaml" if where == "beside the fleets" else "connections.yaml"
    main.git("worktree", "add", "-q", "--detach", "../base", "main")
    main.git("checkout", "-q", "-b", "request")
    main.write(file, connection(main.simulator, url="https://evil.example.com"))
    main.edit("v1.3.0", "v1.4.0")
    main.commit("elsewhere")
    base = "main" if where == "at the base's ref" else "base/fleets"
    ran = main.call("plan", "--base", base, "--connections", f"base/{file}", "-o", "json")
    assert ran.code == 1, ran
    assert said(ran.json) == [("plant", "changed", "hidden")]
    assert not ran.json["complete"]
    assert len(ran.json["fleets"][0]["changes"]) == UNITS, "what the base's Connection shows is planned all the same"
    assert "error: the Connection 'plant' is changed by these manifests, and --connections hides that" in ran.err
    for form in ("text", "markdown"):
        shown = main.call("plan", "--base", base, "--connections", f"base/{file}", "-o", form, COLUMNS="400").out
        assert "--connections gave another Connection" in shown


def test_connections_named_in_the_repository_are_those_of_each_side(main: Clone) -> None:
    main.git("mv", "fleets/connections.yaml", "connections.yaml")
    main.commit("apart")
    main.edit("token: {env: LOSANT_API_TOKEN}", "token: {env: GITHUB_TOKEN}", "connections.yaml")
    ran = main.call("plan", "--base", "main", "--connections", "work/connections.yaml", "-o", "json")
    assert ran.code == 1, ran
    assert said(ran.json) == [("plant", "changed", "refused")]


def test_without_a_base_nothing_is_compared(main: Clone) -> None:
    connections(main, wide_calls="never")
    assert main.call("plan", "-o", "json").json["connections"] == []


# --- what is loosened, and what is lifted ---------------------------------------------------------------------------


def test_what_a_request_loosens_is_said_at_the_top(main: Clone) -> None:
    main.edit("units: {all: true}", "units: {all: true}\n  limits: {replace: 50%}", "fleets/fleet.yaml")
    main.commit("a limit")
    main.edit("limits: {replace: 50%}", "limits: {remove: 40%}\n  prune: listed", "fleets/fleet.yaml")
    found = planned(main)
    assert [(one["kind"], one.get("subject", "")) for one in found["loosened"]] == [
        ("limit", "remove"),
        ("limit", "replace"),
        ("prune", ""),
    ]
    assert all(one["origin"]["file"].endswith("fleet.yaml") for one in found["loosened"])


@pytest.mark.parametrize("into", ["a new fleet", "a fleet that is there"])
def test_units_that_go_to_another_fleet_leave_no_quarantine_behind_in_silence(main: Clone, into: str) -> None:
    main.edit(
        "units: {all: true}",
        "units: {all: true}\n  quarantine: [{workload: modbus-poller, version: v1.4.0, reason: boot loop}]",
        "fleets/fleet.yaml",
    )
    text = (main.top / "fleets/fleet.yaml").read_text()
    one = text.split("  quarantine")[0] + "  workloads: {modbus-poller: v1.3.0}\n"
    other = one.replace("name: all", "name: other").replace("all: true", "names: [nobody]") + "  allow_empty: true\n"
    if into == "a fleet that is there":
        main.write("fleets/other.yaml", other)
    main.commit("a bad version")
    main.edit("units: {all: true}", "units: {not: {names: [gw-001]}}", "fleets/fleet.yaml")
    main.write("fleets/other.yaml", other.replace("nobody", "gw-001").replace("v1.3.0", "v1.4.0"))
    found = planned(main)
    assert [one["to"] for fleet in found["fleets"] for one in fleet["changes"]] == ["v1.4.0"]
    said = [(one["kind"], one["fleet"], one.get("came_from", "")) for one in found["loosened"]]
    assert ("quarantine", "other", "all") in said
    shown = main.call("plan", "--base", "main", COLUMNS="200").out
    assert "quarantine modbus-poller v1.4.0, for units of all" in shown


ALLOW = "\n  allow: [{limit: remove, workload: modbus-poller, reason: end of life, until: %s}]"


def removing(main: Clone, until: str | None) -> None:
    main.edit("version: {channel: stable}", "absent: true", "fleets/fleet.yaml")
    if until is not None:
        main.edit("units: {all: true}", f"units: {{all: true}}{ALLOW % until}", "fleets/fleet.yaml")
    main.commit("removed everywhere")


def test_the_last_holder_goes_only_where_the_fleet_allows_it(main: Clone) -> None:
    removing(main, None)
    refused = main.call("apply", "--yes")
    assert refused.code == 3, refused
    main.edit("units: {all: true}", f"units: {{all: true}}{ALLOW % '2099-01-01'}", "fleets/fleet.yaml")
    shown = main.call("plan", "-o", "json")
    (fleet,) = shown.json["fleets"]
    assert fleet["violations"] == []
    assert {(one["reason"], one["until"], one["origin"]["line"]) for one in fleet["lifted"]} == {
        ("end of life", "2099-01-01", 7)
    }
    assert shown.json["applyable"]
    applied = main.call("apply", "--yes", "-o", "json", "--result", "run.jsonl")
    assert applied.code == 0, applied
    assert {one["reason"] for _, one in applied.json["lifted"]} == {"end of life"}
    started = json.loads((main.top.parent / "run.jsonl").read_text().splitlines()[0])
    assert {one["until"] for _, one in started["lifted"]} == {"2099-01-01"}
    assert main.simulator.control("GET", "state")["rows"] == [] or main.holds("v1.3.0") == 0


def test_an_allowance_that_is_over_lifts_nothing_and_says_so(main: Clone) -> None:
    removing(main, "2020-01-01")
    refused = main.call("apply", "--yes")
    assert refused.code == 3, refused
    assert "lasted until 2020-01-01" in refused.err
    assert "lasted until 2020-01-01" in main.call("plan").out


def test_watch_honours_an_allowance(main: Clone) -> None:
    removing(main, "2099-01-01")
    watched = main.call("watch", "--once", "--mode", "apply", "--wait", "1m")
    assert watched.code == 0, watched
    assert "lifted by `allow` until 2099-01-01" in watched.out
    assert main.holds("v1.3.0") == 0


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{limit: remove, workload: modbus-poler, reason: x, until: 2099-01-01}", "modbus-poler"),
        (
            "{limit: remve, reason: x, until: 2099-01-01}",
            "limit must be remove, replace, release or empty-scope",
        ),
        ("{limit: remove, reason: ' ', until: 2099-01-01}", "reason must be a text that is not blank"),
        ("{limit: remove, until: 2099-01-01}", "needs 'reason'"),
        ("{limit: remove, reason: x}", "needs 'until'"),
        ("{limit: remove, reason: x, until: soon}", "a date such as"),
        ("{limit: remove, reason: x, until: 2099-02-31}", "2099-02-31"),
        ("{limit: empty-scope, workload: modbus-poller, reason: x, until: 2099-01-01}", "the whole fleet"),
    ],
)
def test_what_is_wrong_with_an_allowance_is_said(main: Clone, entry: str, words: str) -> None:
    main.edit("units: {all: true}", f"units: {{all: true}}\n  allow: [{entry}]", "fleets/fleet.yaml")
    ran = main.call("validate", "--strict")
    assert ran.code == 1, ran
    assert words in ran.out + ran.err

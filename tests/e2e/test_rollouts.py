"""Versions that spread in waves, through the command, on every platform: waves open one after the other, a bad version stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Ran, Simulator, simulating

Run = Callable[..., Ran]
HEAD = "apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: edge}\nspec:\n  connection: plant\n"


def fleet(workload: str, version: str, rollout: str) -> str:
    return f"{HEAD}  units: {{all: true}}\n  workloads: {{{workload}: {version}}}\n  rollout: {rollout}\n"


LOSANT = fleet("telemetry", "v1.2.0", "{waves: [{units: {names: ['gw-00[0-3]']}}, 40%, 100%], max_moving: 12}")


@pytest.fixture(scope="module")
def losant() -> Iterator[Simulator]:
    with simulating(units=24, settle=0.1) as one:
        yield one


def batches(ran: Ran) -> list[str]:
    """Return what a run told of calls and waves, in order, without times."""
    lines = [line.split(" edge ", 1)[1] for line in ran.err.splitlines() if " edge " in line]
    return [line for line in lines if line.startswith(("call", "rollout"))]


def wave_of(line: str) -> str:
    return line.partition(": ")[2]


def test_waves_open_one_after_the_other_in_one_run(run: Run, losant: Simulator, tmp_path: Path) -> None:
    losant.manifest(tmp_path / "m", LOSANT)
    plan = run("plan", "m", "-o", "json", token=losant.token).json
    (rollout,) = plan["fleets"][0]["rollouts"]
    assert [one["state"] for one in rollout["waves"]] == ["open", "closed", "closed"]
    assert rollout["waves"][0]["units"] == len(plan["fleets"][0]["changes"]) == 4
    assert sum(one["units"] for one in rollout["waves"]) == 24
    assert {one["stage"] for one in plan["fleets"][0]["held"]} == {2, 3}

    ran = run("apply", "m", "--yes", "--deadline", "60s", token=losant.token)
    assert ran.code == 0, ran
    told = [wave_of(line) for line in batches(ran)]
    assert told[0] == "losant.release for 4 slots: accepted (202, 0.0 s)"
    first, second = (told.index(f"wave {number} meets its success") for number in (1, 2))
    assert first < second
    assert all("4 slots" in line for line in told[:first] if line.startswith("losant"))
    sizes = [int(line.split()[2]) for line in told if line.startswith("losant.release")]
    assert sum(sizes) == 24
    assert max(sizes) <= 12
    assert (
        run("rollout", "status", "-f", "m", token=losant.token).out
        == "Fleet edge\n  Rollout of telemetry v1.2.0: complete\n"
    )
    assert "Nothing to do" in run("plan", "m", token=losant.token).out


def test_a_version_that_fails_halts_and_everything_says_so(run: Run, losant: Simulator, tmp_path: Path) -> None:
    for number in range(2):
        losant.control("POST", "set_failing", device=f"gw-00{number}", failing=True)
    halting = LOSANT.replace("v1.2.0", "v1.4.0").replace("max_moving: 12", "failure: {percent: 20%, minimum: 2}")
    losant.manifest(tmp_path / "m", halting)
    ran = run("apply", "m", "--yes", "--deadline", "60s", token=losant.token)
    for number in range(2):
        losant.control("POST", "set_failing", device=f"gw-00{number}", failing=False)
    assert ran.code == 4, ran
    assert "rollout of telemetry v1.4.0 is halted: 2 of 4 devices failed (gw-000, gw-001)" in ran.err
    assert "not tried: 20" in ran.out
    assert "held: 2 of 4 devices failed" in ran.out
    plan = run("plan", "m", token=losant.token)
    assert "Rollout of telemetry v1.4.0: halted" in plan.out
    assert "no history is kept: it is halted as long as these failures show" in plan.out
    assert "rollout halted: 20" in plan.out
    assert "Rollout of telemetry v1.4.0: halted" in run("status", "m", token=losant.token).out
    explained = run("explain", "gw-011", "telemetry", "-f", "m", token=losant.token)
    assert "of its rollout" in explained.out
    assert "rollout halted: 2 of 4 devices failed" in explained.out
    markdown = run("plan", "m", "-o", "markdown", token=losant.token).out
    assert "### Rollouts" in markdown
    assert "closed: 2 of 4 devices of wave 1 report the version; 100% must" in markdown
    again = run("apply", "m", "--yes", token=losant.token)
    assert "0 calls" in again.out or "Nothing" in again.out, again


@pytest.mark.parametrize("width", [60, 80, 200])
def test_waves_are_told_at_any_width(run: Run, losant: Simulator, tmp_path: Path, width: int) -> None:
    losant.manifest(tmp_path / "m", LOSANT.replace("v1.2.0", "v1.3.0"))
    out = run("plan", "m", token=losant.token, COLUMNS=str(width)).out
    assert max(map(len, out.splitlines())) <= width
    part = " ".join(out[out.index("Rollout of") : out.index("Changes:")].split())
    assert "wave 2 is closed" in part
    assert "have it before wave 2 opens, however badly it does, at most 12 of them on the way at a time" in part
    assert "Wave Takes Units" in part or "1. units names gw-00[0-3]:" in part


def test_people_say_something_only_where_it_is_remembered(run: Run, losant: Simulator, tmp_path: Path) -> None:
    losant.manifest(tmp_path / "m", LOSANT.replace("v1.2.0", "v1.3.0"))
    for words in ("pause", "resume", "promote", "abort"):
        said = ("--reason", "a test", "--history", "none")
        ran = run("rollout", words, "edge", "telemetry", *said, "-f", "m", token=losant.token)
        assert ran.code == 1, ran
        assert "no history is kept, so nobody would remember it" in ran.err
    assert run("rollout", "pause", "edge", "telemetry", "-f", "m", token=losant.token).code == 64
    assert run("rollout", "pause", "edge", "telemetry", "--reason", " ", "-f", "m", token=losant.token).code == 64
    ran = run("rollout", "status", "edge", "telemtry", "-f", "m", token=losant.token)
    assert (ran.code, "did you mean 'telemetry'" in ran.err) == (1, True)
    found = run("rollout", "status", "edge", "telemetry", "-f", "m", "-o", "json", token=losant.token).json
    assert (found["format"], len(found["rollouts"])) == ("reconciler/rollouts.v1", 1)


def test_what_people_say_is_kept_and_obeyed_by_every_command(run: Run, losant: Simulator, tmp_path: Path) -> None:
    losant.manifest(tmp_path / "m", LOSANT.replace("v1.2.0", "v1.1.0"))
    (tmp_path / "gitconfig").write_text("[user]\nname = ada\n")

    def say(word: str, *more: str) -> Ran:
        who = ("edge", "telemetry", "--reason", f"why {word}", "--history", "h.db", "-f", "m")
        return run("rollout", word, *who, *more, token=losant.token, GIT_CONFIG_GLOBAL=str(tmp_path / "gitconfig"))

    def ask(command: str) -> str:
        return run(command, "m", "--history", "h.db", token=losant.token).out

    paused = say("pause")
    assert paused.code == 0, paused
    assert paused.out.rstrip().endswith(" ada: pause rollout of telemetry v1.1.0: why pause")
    assert "rollout paused: 24" in ask("plan")
    assert ": why pause" in ask("status")
    applied = run("apply", "m", "--yes", "--history", "h.db", token=losant.token)
    assert "call" not in applied.err
    assert say("promote").code == 1
    assert say("resume").code == 0
    assert "Changes: 4" in ask("plan")
    assert "nothing to resume" in say("resume").err
    assert say("promote").code == 0
    assert "open, promoted" in ask("plan")
    assert say("pause", "--version", "v9").code == 1
    assert say("abort").code == 0
    assert "rollout aborted: 24" in ask("plan")
    assert "it was aborted, for good" in say("resume").err


def test_a_cohort_is_taken_share_by_share(run: Run, tmp_path: Path) -> None:
    waves = ", ".join(f"{{units: {{cohorts: [default]}}, share: {share}%}}" for share in (20, 60, 100))
    said = fleet("radio-fw", "2.4.0", f"{{waves: [{{units: {{cohorts: [beta]}}}}, {waves}], success: 90%}}")
    with simulating("memfault", units=3, devices=300, settle=0.1) as world:
        world.manifest(tmp_path / "m", said)
        env = {"MEMFAULT_ORG_TOKEN": world.token}
        ran = run("apply", "m", "--yes", "--deadline", "60s", **env)
        assert ran.code == 0, ran
        calls = [wave_of(line).partition(" for ")[0] for line in batches(ran) if line.startswith("call")]
        assert calls.count("memfault.raise") == 2
        assert calls.index("memfault.raise") > calls.index("memfault.activate")
        assert "complete" in run("rollout", "status", "-f", "m", **env).out


def test_devices_of_getapp_go_in_waves_through_all_their_steps(run: Run, tmp_path: Path) -> None:
    said = fleet("telemetry", "1.4.0", "{waves: [{units: {names: ['*-000001', '*-000002']}}, 100%], max_moving: 4}")
    with simulating("getapp", units=8, settle=0.1, prepare=0.1) as world:
        world.manifest(tmp_path / "m", said, topology="cdn")
        run("doctor", "m", "--write")
        ran = run("apply", "m", "--yes", "--deadline", "60s")
        assert ran.code == 0, ran
        told = batches(ran)
        opens = next(place for place, line in enumerate(told) if "wave 1 meets its success" in line)
        before = [line for line in told[:opens] if line.startswith("call")]
        assert before
        assert all("1 slot" in line or "2 slots" in line for line in before)
        assert len(told) > opens + 1

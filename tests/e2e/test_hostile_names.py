"""What platforms, manifests and files hold never reaches a terminal or a runner as it is: not in any command's output."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli import COMMANDS as KNOWN
from reconciler.cli import wiring
from tests.e2e.conftest import Ran, Simulator, simulating

Run = Callable[..., Ran]

EVIL = "gw\x1b[31m\n::error::pwned\n##[group]x\u202e\x9b2J\u2028"
SHOWN = "gw\\x1b[31m\\n::error::pwned\\n##"


def harmless(ran: Ran) -> None:
    """Nothing that anybody obeys is in what a command wrote."""
    for stream in (ran.out, ran.err):
        for line in stream.split("\n"):
            assert line.isprintable(), (line, ran)
            assert not line.lstrip().startswith("::"), (line, ran)
            assert not re.search(r"##\w*\[", line), (line, ran)


COMMANDS = (
    ["plan", "fleet"],
    ["plan", "fleet", "-v"],
    ["plan", "fleet", "-o", "json"],
    ["plan", "fleet", "-o", "markdown"],
    ["plan", "fleet", "-o", "html"],
    ["status", "fleet", "--units"],
    ["status", "fleet", "--units", "-o", "json"],
    ["top", EVIL],
    ["explain", EVIL, "--connections", "fleet/connections.yaml", "fleet"],
    ["explain", "no-such", "fleet"],
    ["explain", EVIL[:-1], "fleet"],
    ["releases", "fleet"],
    ["releases", "fleet", "-o", "json"],
    ["plan", "fleet", "--unit", EVIL + "x"],
    ["plan", "fleet", "--workload", EVIL],
    ["plan", "fleet", "--fleet", EVIL],
    ["plan", EVIL],
    ["plan", "fleet", "--base", EVIL],
    ["plan", "fleet", f"--{EVIL}"],
    [EVIL],
    ["plan", "fleet", "--expires", EVIL],
    ["validate", "fleet", EVIL],
    ["comment", "--github", "--number", EVIL, "--repository", EVIL, "--plan", EVIL],
    ["show", EVIL],
    ["show", "evil.json"],
    ["doctor", "fleet"],
    ["apply", "fleet", "--yes", "--deadline", "1s"],
    ["watch", "fleet", "--once"],
    ["watch", "fleet", "--once", "--log-format", "json"],
    ["import", "--from", "fleet/connections.yaml", "--out", "-"],
    ["import", "--from", "fleet/connections.yaml", "--out", "imported"],
    ["snapshot", "fleet", "--out", "s.json"],
    ["plan", "fleet", "--out", "plan.json"],
    ["show", "plan.json"],
    ["show", "plan.json", "-o", "markdown"],
    ["show", "plan.json", "-o", "html"],
    ["apply", "fleet", "--plan", "plan.json", "--deadline", "1s", "-o", "json"],
    ["diff", "plan.json", "s.json"],
    ["diff", "s.json", EVIL],
    ["deliveries", EVIL, "--manifests", "fleet", "--probe"],
    ["schema", EVIL],
    ["simulate", EVIL],
    ["demo", EVIL],
    ["reviewed", "--github", "--repository", EVIL, "--commit", EVIL, "--out", EVIL],
    ["completion", EVIL],
    ["watch", "fleet", "--once", "--history", "history.db"],
    ["history", "--history", "history.db"],
    ["history", "--history", "history.db", "-o", "csv"],
    ["history", "--history", "history.db", "-o", "html"],
    ["history", EVIL, "--history", EVIL],
    ["approve", EVIL, "--reason", EVIL, "--history", "history.db"],
    ["serve", "--listen", EVIL, "--history", EVIL, "--host", EVIL, "--trust-proxy", EVIL],
    ["rollback", EVIL, EVIL, "--reason", EVIL, "-f", "fleet"],
    ["rollout", "status", EVIL, EVIL, "-f", "fleet"],
    ["rollout", "pause", EVIL, EVIL, "--reason", EVIL, "-f", "fleet"],
    ["worker", EVIL, "--database", EVIL],
    ["help", EVIL],
    ["version", EVIL],
)


def test_no_command_is_left_out() -> None:
    assert {words[0] for words in COMMANDS} == {*KNOWN, EVIL}


def meddled(plant: Simulator) -> None:
    """Let units, a workflow, its version and a failure bear texts that somebody means harm with."""
    first = plant.control("POST", "add_device", name=EVIL)["id"]
    plant.control("POST", "add_device", name=EVIL, tags={EVIL: EVIL})
    flow = plant.control("POST", "add_flow", name=EVIL)["id"]
    for version in ("v1", EVIL):
        plant.control("POST", "create_version", flow=flow, version=version, notes=EVIL)
    plant.control("POST", "console", device=first, flow=flow, version=EVIL)
    plant.control("POST", "console", device="gw-001", flow=flow, version="v1")
    plant.control("POST", "fall_back", device=first, flow=flow, version="v1", error=EVIL)


def test_names_of_platforms_files_and_arguments_are_harmless_in_every_command(run: Run, tmp_path: Path) -> None:
    with simulating(units=3) as plant:
        meddled(plant)
        (tmp_path / "evil.json").write_text(json.dumps({"format": EVIL, EVIL: 1}))
        workloads = {"modbus-poller": "v1.4.0", EVIL: {"version": "v1", "requires": {"modbus-poller": ["v1.4.0"]}}}
        fleet = {"connection": "plant", "units": {"all": True}, "workloads": workloads, "pins": {EVIL: {EVIL: "v2"}}}
        head = {"apiVersion": "reconciler/v1", "kind": "Fleet", "metadata": {"name": "f"}}
        folder = plant.manifest(tmp_path / "fleet", json.dumps({**head, "spec": fleet}))
        names = run("explain", EVIL, "--connections", "fleet/connections.yaml", "fleet", token=plant.token)
        assert "units are named 'gw\\x1b[31m" in names.err.replace("\\\\", "\\"), names
        for words in COMMANDS:
            harmless(run(*words, token=plant.token))
        (folder / "fleet.yaml").write_text(json.dumps({**head, "spec": {**fleet, "pins": {}}}))
        for words in COMMANDS:
            harmless(run(*words, token=plant.token))
        for words in COMMANDS[:4]:
            ran = run(*words, token=plant.token, FORCE_COLOR="1")
            harmless(Ran(ran.code, re.sub(r"\x1b\[[0-9;]*m", "", ran.out), ran.err))
        named = run("status", "fleet", "--units", token=plant.token)
        assert SHOWN in named.out, named


def test_a_traceback_obeys_nothing_either(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(EVIL)

    monkeypatch.setattr(wiring, "source", broken)
    ran = run("validate")
    assert (ran.code, "Traceback" in ran.err, f"RuntimeError: {SHOWN[:8]}" in ran.err) == (1, True, True), ran
    harmless(ran)


def test_what_the_system_refuses_anywhere_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), EVIL)

    monkeypatch.setattr(wiring, "source", full)
    ran = run("validate")
    assert (ran.code, ran.err.count("\n")) == (1, 1), ran
    assert ran.err.endswith(": No space left on device\n")
    harmless(ran)

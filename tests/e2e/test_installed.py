"""Every command once as it is installed: a process of its own, with its exit code, against `simulate` as a process too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.cli import COMMANDS
from tests.e2e.conftest import Ran, simulate_command

ELSEWHERE = {"comment", "demo", "reviewed", "simulate"}
"""What is not called here by name: `simulate` serves this test, the demo has a story in test_platform_commands, and
`comment` and `reviewed` run against a forge in tests/forge."""


def test_every_command_runs_as_a_process(installed: Callable[..., Ran], tmp_path: Path) -> None:
    seen = set()

    def reconciler(*args: str, code: int = 0) -> str:
        seen.add(args[0])
        ran = installed(*args, token=simulator.token)
        assert (ran.code, "Traceback" in ran.err) == (code, False), ran
        return ran.out

    options = ("--units", "20", "--failing", "0%", "--offline", "0%", "--settle", "0.1s")
    with simulate_command("losant", *options) as simulator:
        where = ("--url", simulator.url, "--application", simulator.application)
        assert "next: reconciler plan fleet" in reconciler("import", "losant", *where, "--out", "fleet")
        reconciler("validate", "fleet")
        reconciler("validate", "nowhere", code=1)
        assert '"$schema"' in reconciler("schema", "manifest.v1")
        assert "LOSANT" not in reconciler("doctor", "fleet")
        reconciler("snapshot", "fleet", "--out", "before.json")
        text = (tmp_path / "fleet/fleet.yaml").read_text()
        (tmp_path / "fleet/fleet.yaml").write_text(text.replace("version: v1.3.0", "version: v1.4.0", 1))
        reconciler("plan", "fleet", "--detailed-exitcode", "--out", "plan.json", code=2)
        shown = reconciler("show", "plan.json")
        assert "v1.4.0" in shown
        assert "v1.4.0" in reconciler("explain", "gw-007", "fleet")
        reconciler("apply", "fleet", code=64)
        assert "Applied" in reconciler("apply", "fleet", "--plan", "plan.json")
        reconciler("plan", "fleet", "--detailed-exitcode")
        assert "healthy" in reconciler("status", "fleet")
        reconciler("top", "fleet", code=64)
        reconciler("watch", "fleet", "--once", "--history", "history.db")
        assert "manifests in force" in reconciler("history", "--history", "history.db")
        reconciler("approve", "--history", "history.db")
        reconciler("serve", "--history", "nothing.db", "--listen", "0", code=1)
        reconciler("rollback", "losant", "--reason", "x", "-f", "fleet", code=1)
        reconciler("worker", "fleet", code=64)
        assert "No version spreads" in reconciler("rollout", "status", "-f", "fleet")
        reconciler("snapshot", "fleet", "--out", "after.json")
        reconciler("diff", "before.json", "after.json", code=2)
        assert "v1.4.0" in reconciler("releases", "fleet")
        reconciler("deliveries", "x", "--manifests", "fleet")
        assert reconciler("version").startswith("reconciler ")
        assert "Show the version" in reconciler("help", "version")
        assert "complete" in reconciler("completion", "bash")
    assert seen == COMMANDS.keys() - ELSEWHERE

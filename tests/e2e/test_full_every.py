"""A watch that reads what changed: what it asks the platform, what it shows, and on what it sends."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, content, simulating, started, until

FULL, CHANGES = True, False


def passes(out: Path) -> list[tuple[bool, dict[str, Any]]]:
    """Return the ends of passes, and whether everything was read in them."""
    lines = [json.loads(line) for line in content(out).splitlines() if line.endswith("}")]
    ends = [one for one in lines if one["event"] == "passed"]
    return [(one["full_at"] == one["read_at"], one) for one in ends]


def watching(plant: Simulator, folder: Path, out: Path, *options: str) -> Any:
    plant.manifest(folder / "m", FLEET.replace("v1.4.0", "v1.3.0"))
    how = ("--mode", "apply", "--interval", "0.05s", "--log-format", "json", "--history", "none")
    return started(folder, "watch", "m", *how, *options, out=out, LOSANT_API_TOKEN=plant.token)


@pytest.mark.parametrize("seldom", [True, False])
def test_what_changed_is_read_and_what_is_sent_rests_on_a_full_reading(tmp_path: Path, seldom: bool) -> None:
    out = tmp_path / "out"
    with simulating(units=40) as plant:
        watch = watching(plant, tmp_path, out, "--full-every", "1000" if seldom else "1")
        try:
            until(lambda: len(passes(out)) > 6 and passes(out)[-1][1]["sync"] == "synced", "a fleet at rest")
            plant.control("DELETE", "calls")
            before = len(passes(out))
            until(lambda: len(passes(out)) >= before + 3, "more passes")
            reads = plant.control("GET", "calls")["reads"]
            made = len(passes(out)) - before + 1
            if seldom:
                assert sum(reads.values()) <= 5 * (made + 1)
                assert {full for full, _ in passes(out)[before:]} == {CHANGES}
            else:
                assert {full for full, _ in passes(out)} == {FULL}
            drifted = plant.control("POST", "console", device="gw-001", flow="telemetry", version="v1.1.0")
            assert drifted is not None
            until(lambda: '"drifted"' in content(out), "the drift")
            until(lambda: plant.holds("v1.3.0", "telemetry") == 40, "its end")
        finally:
            watch.send_signal(signal.SIGTERM)
            watch.communicate(timeout=LIMIT)
    ends = passes(out)
    acted = [(full, number) for number, (full, one) in enumerate(ends) if one["changes"]]
    assert {full for full, _ in acted} == {FULL}
    last = acted[-1][1]
    assert [full for full, _ in ends[last + 1 : last + 2]] in ([FULL], [])


@pytest.mark.parametrize("number", ["0", "-1", "often"])
def test_how_often_is_a_number_of_passes(run: Any, number: str) -> None:
    refused: Ran = run("watch", "m", "--full-every", number)
    assert refused.code == 64
    assert "--full-every" in refused.err

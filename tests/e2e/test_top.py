"""`reconciler top` on a terminal of its own, against a simulator."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.conftest import FLEET, simulating
from tests.e2e.test_terminal import on_a_terminal


def test_it_reads_draws_sends_nothing_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    with simulating(units=12) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        code, shown = on_a_terminal(tmp_path, simulator, "top", "m", interrupt="as of", env={"NO_COLOR": "1"})
        assert code == 0, shown
        assert "\x1b[?1049h" in shown
        assert "\x1b[?1049l" in shown, "the terminal is as it was"
        assert "Fleet all" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown), shown
        codes = {code for one in re.findall(r"\x1b\[([0-9;]*)m", shown) for code in one.split(";")}
        assert codes <= {"0", "1", "2", "7", "39", "49"}, "no colour but the terminal's own"
        assert simulator.writes == []


def test_mistakes_are_said_without_the_screen(tmp_path: Path) -> None:
    with simulating(units=1) as simulator:
        simulator.manifest(tmp_path / "m", FLEET.replace("version:", "versoin:"))
        code, shown = on_a_terminal(tmp_path, simulator, "top", "m")
        assert (code, "\x1b[?1049h" in shown) == (1, False), shown
        assert "versoin" in shown
        code, shown = on_a_terminal(tmp_path, simulator, "top", "m", env={"TERM": "dumb"})
        assert (code, "cannot move its cursor" in shown) == (64, True), shown

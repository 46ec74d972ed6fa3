"""When a watch is alive and when it is ready: time is an argument."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.event import Completed, Note, Passed
from reconciler.model.health import Why
from reconciler.views import health_text
from reconciler.web.health import LEAST, PASSES, Pulse

INTERVAL = 60.0


def passed(*, read: bool = True) -> Passed:
    return Passed(
        at=1.0, run="r", fleet="a", number=1, sync="synced", health="healthy", changes=0, held=0, violations=0,
        read_at=1.0 if read else None,
    )  # fmt: skip


def completed(**fields: Any) -> Completed:
    return Completed(
        at=1.0, run="r", **{"number": 1, "fleets": 1, "seconds": 1.0, "pause": INTERVAL, "manifests_at": 1.0, **fields}
    )


def after_a_pass(interval: float = INTERVAL, **fields: Any) -> Pulse:
    pulse = Pulse(interval, 0.0)
    pulse.record(passed(), 1.0)
    pulse.record(completed(**fields), 1.0)
    return pulse


def test_it_is_alive_from_the_start_and_ready_after_the_first_pass() -> None:
    pulse = Pulse(INTERVAL, 0.0)
    assert pulse.alive(5.0).well
    assert pulse.ready(5.0).why is Why.NO_MANIFESTS
    pulse.record(completed(manifests_at=None, fleets=0), 6.0)
    assert pulse.ready(6.0).why is Why.NO_MANIFESTS
    pulse.record(completed(unplanned="a cycle", fleets=0), 7.0)
    assert pulse.ready(7.0).why is Why.NOT_PASSED
    pulse.record(passed(), 8.0)
    pulse.record(completed(), 8.0)
    assert pulse.ready(8.0).well
    assert health_text.render(pulse.ready(8.0)) == "ok"


@pytest.mark.parametrize(("interval", "longest"), [(60.0, LEAST), (3600.0, PASSES * 3600.0)])
def test_a_watch_in_which_nothing_happens_any_more_is_stuck(interval: float, longest: float) -> None:
    pulse = after_a_pass(interval, pause=interval)
    assert pulse.alive(1.0 + interval + longest).well
    dead = pulse.alive(1.0 + interval + longest + 1)
    assert (dead.well, dead.why) == (False, Why.STUCK)
    assert "no pass came to an end" in health_text.render(dead)
    assert pulse.ready(1.0 + interval + longest + 1).why is Why.STUCK
    pulse.record(Note(at=1.0, run="r", level="info", message="on it"), 1.0 + interval + longest + 2)
    assert pulse.alive(1.0 + interval + longest + 3).well


def test_a_platform_that_is_gone_for_long_makes_it_unready_and_no_restart_helps() -> None:
    pulse, now = after_a_pass(), 1.0
    while now < 4 * LEAST:
        now += 100.0
        pulse.record(passed(read=False), now)
        pulse.record(completed(pause=100.0), now)
        assert pulse.alive(now).well
        assert pulse.ready(now).well is (now - 1.0 <= LEAST + 100.0)
    assert "no connection could be read for 1 h" in health_text.render(pulse.ready(now))
    pulse.record(passed(), now)
    pulse.record(passed(read=False), now)
    pulse.record(completed(), now)
    assert pulse.ready(now).well, "one of them can be read"


def test_manifests_without_a_fleet_leave_nothing_to_be_read() -> None:
    pulse = Pulse(INTERVAL, 0.0)
    for turn in range(100):
        pulse.record(completed(fleets=0), turn * 100.0)
        assert pulse.ready(turn * 100.0).well

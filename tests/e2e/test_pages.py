"""Pages through the installed command: what they show is what the plan and the history have."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.web import templates
from tests.e2e.conftest import FLEET, Ran, Simulator, simulating
from tests.unit.web.page import Page

Run = Callable[..., Ran]
ROLLOUT = """  rollout:
    waves: [{units: {names: [gw-00*]}}, 100%]
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Simulator]:
    with simulating(units=12) as one:
        one.manifest(tmp_path / "m", FLEET + ROLLOUT)
        yield one


def cells(page: Page, name: str, key: str) -> list[Any]:
    """The values of one column of a long list."""
    found = page.lists()[name]
    column = next(one for one in found["columns"] if one["key"] == key)
    values = column["values"]
    values = [values] * found["count"] if isinstance(values, int) else values
    return [found["texts"][value] for value in values] if column["kind"] == "text" else list(values)


def test_a_plan_as_a_page_has_the_slots_calls_and_versions_of_its_json(
    run: Run, installed: Run, site: Simulator, tmp_path: Path
) -> None:
    ran = run("plan", "m", "--out", "plan.json", "-o", "html", token=site.token)
    assert (ran.code, ran.err) == (0, "")
    assert run("show", "plan.json", "-o", "html").out == ran.out, "one file has one page"
    ascii_only = installed("show", "plan.json", "-o", "html", PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert ascii_only.out == ran.out, "whatever a pipe can carry"
    plan = json.loads((tmp_path / "plan.json").read_text())
    (fleet,) = plan["fleets"]
    page = Page(ran.out)
    slots = [*fleet["changes"], *fleet["held"]]
    assert cells(page, "slots", "id") == [one["unit"]["id"] for one in slots]
    statuses = cells(page, "slots", "status")
    assert statuses.count("sent by apply") == len(fleet["changes"]) > 0
    assert statuses.count("later in this run") == sum(bool(one["stage"]) for one in fleet["held"]) > 0
    assert [json.loads(one) for one in cells(page, "calls", "body")] == [
        one["request"]["body"] for one in fleet["actions"]
    ]
    (mix,) = fleet["mix"]
    assert sum(one["desired"] for one in mix["versions"]) == 12
    assert "Versions before and after" in ran.out
    assert plan["fingerprint"] in ran.out
    assert site.token not in ran.out


def test_a_history_as_a_page_has_its_events(run: Run, site: Simulator) -> None:
    kept = ("--history", "history.db")
    assert run("apply", "m", "--yes", "--deadline", "1s", *kept, token=site.token).code in {0, 4}
    page = Page(run("history", *kept, "-o", "html").out)
    kinds = cells(page, "events", "kind")
    assert {"started", "intended", "called", "finished"} <= set(kinds)
    assert all(cells(page, "events", "words"))
    none = Page(run("history", "no-such-fleet", *kept, "-o", "html").out)
    assert none.lists()["events"]["count"] == 0


def test_without_jinja2_a_command_says_what_to_install(
    run: Run, site: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    templates.environment.cache_clear()
    ran = run("plan", "m", "-o", "html", token=site.token)
    monkeypatch.undo()
    assert (ran.code, ran.out) == (1, "")
    assert "needs jinja2" in ran.err
    assert "pip install 'fleet-reconciler[web]'" in ran.err

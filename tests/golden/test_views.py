"""Whole outputs compared as text: what an operator sees is reviewed like code.

`RECONCILER_UPDATE_GOLDEN=1 pytest tests/golden` writes them anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from reconciler.model.event import Completed, Finished
from reconciler.model.kept import Kept
from reconciler.views import (
    apply_text,
    deliveries_text,
    difference_text,
    doctor_text,
    event_line,
    explain_text,
    plan_json,
    plan_markdown,
    plan_outputs,
    plan_text,
    releases_text,
    status_rows,
    status_text,
)
from reconciler.views.line import plain
from reconciler.views.plan_markdown import About
from reconciler.views.plan_words import NOTHING, CommandContext
from reconciler.web import report
from tests.golden import plans, reports

FOLDER = Path(__file__).parent / "views"
NOW = plans.NOW


def _plan(name: str, *, width: int = 100, verbose: bool = False, saved: str | None = "plan.json") -> str:
    found = plans.SAMPLES[name]()
    context = CommandContext(filters=tuple(found.filters.split(" "))) if name == "removal" else NOTHING
    return plain(plan_text.render(found, now=NOW, width=width, verbose=verbose, saved=saved, context=context))


def _review(width: int) -> str:
    found = plans.review()
    few = msgspec.structs.replace(found, fleets=tuple(one for one in found.fleets if one.changes)[:2])
    return plain(plan_text.render(few, now=NOW, width=width, saved="plan.json"))


def _markdown(name: str) -> str:
    job = About(name="north", head="c0ffee" * 6, run="https://github.com/acme/fleets/actions/runs/9")
    return plan_markdown.render(plans.SAMPLES[name](), now=NOW, about=job if name == "review" else None)


def _page(text: str) -> str:
    """A page without its style and scripts, which are read by themselves, and their hashes."""
    text = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", text, flags=re.DOTALL)
    return re.sub(r"sha256-[\w+/=]+", "sha256-…", text)


def _reports(width: int) -> dict[str, Callable[[], str]]:
    return {
        f"applied-well-{width}": lambda: plain(apply_text.render(reports.applied_well(), width=width)),
        f"applied-badly-{width}": lambda: plain(apply_text.render(reports.applied_badly(), width=width)),
        f"applied-beyond-{width}": lambda: plain(apply_text.render(reports.applied_beyond(), width=width)),
        f"status-{width}": lambda: plain(status_text.render(reports.status(), now=NOW, width=width)),
        f"status-units-{width}": lambda: plain(status_text.render(reports.status_units(), now=NOW, width=width)),
        f"status-piped-{width}": lambda: plain(
            status_text.render(reports.status_units(), now=NOW, width=width, piped=True)
        ),
        f"explain-{width}": lambda: plain(explain_text.render(reports.explanation(), now=NOW, width=width)),
        f"doctor-{width}": lambda: plain(doctor_text.render(reports.checks(), width=width)),
        f"releases-{width}": lambda: plain(releases_text.render(reports.releases(), width=width)),
        f"releases-problems-{width}": lambda: plain(releases_text.problems(reports.releases(), width=width)),
        f"deliveries-{width}": lambda: plain(deliveries_text.render(reports.deliveries(), width=width)),
        f"diff-{width}": lambda: plain(difference_text.render(reports.difference(), width=width)),
    }


CASES: dict[str, Callable[[], str]] = {
    **{f"plan-{name}": partial(_plan, name) for name in plans.SAMPLES if name != "review"},
    **{f"plan-{name}-60": partial(_plan, name, width=60) for name in ("canary", "large", "hostile", "violated", "outside-windows", "waves")},
    **{f"plan-{name}-160": partial(_plan, name, width=160) for name in ("canary", "large")},
    **{f"plan-{name}-verbose": partial(_plan, name, verbose=True) for name in ("canary", "all-held", "steps", "hostile")},
    "status-wide": lambda: plain(status_rows.wide(reports.status())),
    "status-units-wide": lambda: plain(status_rows.wide(reports.status_units())),
    "status-names": lambda: "\n".join(status_rows.names(reports.status_units())) + "\n",
    "plan-removal-unsaved": lambda: _plan("removal", saved=None),
    **{
        f"plan-{name}.markdown": partial(_markdown, name)
        for name in plans.SAMPLES
        if name != "large"
    },
    **{f"plan-review-{width}": partial(_review, width) for width in (60, 120)},
    "plan-review-3000.markdown": lambda: plan_markdown.render(plans.review(), now=NOW, limit=3000),
    "plan-large-8192.markdown": lambda: plan_markdown.render(plans.large(), now=NOW, limit=8192),
    "plan-canary.json": lambda: msgspec.json.format(plan_json.encode(plans.canary()), indent=2).decode() + "\n",
    "plan-removal.env": lambda: "".join(f"{line}\n" for line in plan_outputs.render(plans.removal())),
    **{f"plan-{name}.html": partial(lambda name: _page(report.of_plan(plans.SAMPLES[name]())), name) for name in ("steps", "waves", "hostile")},
    "history.html": lambda: _page(report.of_history(Kept(events=tuple(reports.events())))),
    **_reports(60),
    **_reports(120),
    "applied-nothing": lambda: plain(apply_text.render(reports.applied_nothing(), width=80)),
    "applied-badly-verbose": lambda: plain(apply_text.render(reports.applied_badly(), width=120, verbose=True)),
    "events": lambda: plain(event_line.render(one) for one in reports.events() if not isinstance(one, Completed | Finished)),
    "events.json": lambda: "".join(f"{event_line.encode(event).decode()}\n" for event in reports.events()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_output_is_as_reviewed(name: str) -> None:
    found = CASES[name]()
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("RECONCILER_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_every_recorded_output_has_its_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)

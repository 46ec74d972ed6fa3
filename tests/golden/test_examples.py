"""Each example folder plans, offline against its recorded snapshot, to exactly the plan that stands beside it.

`RECONCILER_UPDATE_GOLDEN=1 pytest tests/golden` writes them anew; the difference is reviewed like code.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from reconciler.cli import wiring
from reconciler.core.decide import PlanRequest
from reconciler.engine.plan import plan
from reconciler.views import plan_text
from reconciler.views.line import plain

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/snapshot.json"))


class Frozen:
    """A clock that stands still."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.now()

    def sleep(self, seconds: float) -> bool:
        del seconds
        return False

    def stopping(self) -> bool:
        return False


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_example_plans_as_recorded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    snapshot = Path("snapshot.json")
    clock = Frozen(msgspec.json.decode(snapshot.read_bytes())["read_at"] + 60)
    manifest = wiring.load([Path()])
    planned = plan(PlanRequest(manifest=manifest), wiring.recorded(snapshot, manifest, clock), clock)
    found = plain(plan_text.render(planned.plan, now=clock.now(), width=120, verbose=False))
    golden = folder / "plan.txt"
    if os.environ.get("RECONCILER_UPDATE_GOLDEN"):
        golden.write_text(found)
    assert found == golden.read_text()


def test_there_are_examples() -> None:
    assert {folder.name for folder in FOLDERS} >= {"losant", "getapp"}

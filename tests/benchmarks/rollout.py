"""What guards of a rollout add to a plan: the same fleet with and without four waves, alternating."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.benchmarks.reading import SIZES, _child, _least, fleet

RUNS = 4
MOST = 1.1
"""Times the CPU of the plan without a rollout."""
ROLLOUT = {
    "waves": [{"units": {"tags": {"ring": "canary"}}}, "10%", "50%", "100%"],
    "max_moving": "5%",
    "success": "95%",
    "failure": {"percent": "10%", "minimum": 5},
}


def run() -> dict[str, Any]:
    """Plan 1M slots of which a tenth change, in four waves and at once."""
    with fleet(SIZES[-1]) as (folder, simulator):
        plain = (folder / "fleet.yaml").read_text()
        with_, without = [], []
        for turn in range(RUNS + 1):
            (folder / "fleet.yaml").write_text(plain)
            first = _child(simulator, "planning", str(folder))
            _paced(folder, plain)
            second = _child(simulator, "planning", str(folder))
            if turn:
                without.append(first)
                with_.append(second)
    ours, floor = _least(with_), _least(without)
    ratio = ours["cpu"] / floor["cpu"]
    return {
        "1,000,000 slots in four waves": {
            "ok": ratio <= MOST and ours["complete"] and 0 < ours["changes"] < floor["changes"],
            "shown": f"{ratio:.2f} times the CPU of the plan without ({floor['cpu']:.2f} s), noise {floor['noise']:.0%}",
            "promised": f"at most {MOST}",
            "plan": ours,
            "floor": floor,
        }
    }


def _paced(folder: Path, plain: str) -> None:
    """Let the fleet spread its versions in waves."""
    documents = [json.loads(one) for one in plain.split("\n---\n")]
    documents[-1]["spec"]["rollout"] = ROLLOUT
    (folder / "fleet.yaml").write_text("\n---\n".join(map(json.dumps, documents)))

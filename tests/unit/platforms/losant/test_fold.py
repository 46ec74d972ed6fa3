"""Folding does not depend on the order in which pages come: several readers see what one sees."""

from __future__ import annotations

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.platforms.losant import wire
from reconciler.platforms.losant.fold import Inventory, Slots
from tests.unit.platforms.losant.application import Application


def fleet(seed: int) -> Application:
    """Return an application whose devices and rows differ in all that is folded."""
    random, app = Random(seed), Application()
    for number in range(3):
        app.add_flow(f"flow-{number}", "v1")
    for _ in range(30):
        tags = [{"key": "site", "value": random.choice("abc")}]
        agent = random.choice([None, "1.0.0", "2.0.0"])
        device = app.add_device(random.choice(["edgeCompute", "gateway"]), tags=tags, edgeAgentVersion=agent)
        for flow in random.sample(app.flows, 2):
            version = random.choice(["v1", "v2", None])
            app.add_row(device["id"], flow["id"], version, currentVersion=random.choice(["v1", "v2", None]))
    return app


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 50), st.randoms(use_true_random=False))
def test_pages_in_any_order_fold_to_the_same(seed: int, random: Random) -> None:
    app = fleet(seed)
    starts = range(0, 30, 4)
    bodies = [json.dumps({"items": app.devices[start : start + 4], "totalCount": 30}).encode() for start in starts]
    rows = [json.dumps({"items": app.rows[start : start + 4], "totalCount": 60}).encode() for start in range(0, 60, 4)]
    readings = []
    for shuffle in (False, True):
        if shuffle:
            random.shuffle(bodies)
            random.shuffle(rows)
        inventory = Inventory()
        for body in bodies:
            inventory.fold(wire.devices(body))
        units = inventory.units()
        slots = Slots(units, {flow["id"] for flow in app.flows})
        for body in rows:
            slots.fold(wire.rows(body))
        slots.table.settle()
        columns = {name: getattr(units, name) for name in units.__struct_fields__}
        readings.append((columns, slots.table.states, slots.table.columns))
    assert readings[0] == readings[1]
    assert len(readings[0][1]) == len(set(readings[0][1][1:])) + 1

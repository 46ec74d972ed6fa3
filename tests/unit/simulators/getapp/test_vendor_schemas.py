"""What the V1 routes answer, held to the OpenAPI document that the vendor publishes for its agent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.simulators.getapp.caller import NEW, OLD, Caller

_SPECS = Path(os.environ.get("RECONCILER_SPECS") or Path(__file__).parents[4].parent / "shared" / "specs")
SPEC = _SPECS / "getapp" / "agent-v1-2024.json"

pytestmark = pytest.mark.skipif(
    not SPEC.is_file(),
    reason=f"the vendor's document is not at {SPEC}; set RECONCILER_SPECS to hold the simulator to it",
)


def document() -> dict[str, Any]:
    """The document, with OpenAPI's `nullable` as JSON Schema says it."""
    found: dict[str, Any] = json.loads(SPEC.read_text(), object_hook=_nullable)
    return found


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.pop("nullable", False):
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def check(name: str, payload: Any) -> None:
    components = document()["components"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": components}
    errors = [
        f"{'/'.join(map(str, e.path))}: {e.message[:200]}" for e in Draft202012Validator(schema).iter_errors(payload)
    ]
    assert errors == []


@pytest.fixture
def fleet() -> Caller:
    """A root device with releases in many states."""
    fleet = Caller()
    fleet.post("/deploy/changeItemState/14.telemetry@1.3.0", {"requestedStatus": "Uninstall"})
    fleet.post(f"/delivery/startItem/{NEW}")
    fleet.post("/delivery/startItem/11.radio@1.0.0")
    fleet.post("/delivery/cancelItem/11.radio@1.0.0")
    fleet.clock.advance(3)
    return fleet


def test_records_and_refusals(fleet: Caller) -> None:
    check("AppErrorResponse", fleet.post("/deploy/item/1.no@1.0.0")[1])
    check("Deploy", fleet.post(f"/deploy/changeItemState/{OLD}", {"deployChangeState": "Uninstall"})[1])


def test_every_action_is_one_of_the_document_by_path_method_and_operation(fleet: Caller) -> None:
    known = document()["paths"]
    told = fleet.get("/api-docs/v1/openapi.json")[1]["paths"]
    assert len(told) == 5
    for path, methods in told.items():
        for method, operation in methods.items():
            assert known[path][method]["operationId"] == operation["operationId"]

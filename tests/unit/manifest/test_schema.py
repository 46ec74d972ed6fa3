"""The schemas: the files are what the types say, the program finds them, the words of the types are in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from reconciler.manifest import schema
from reconciler.manifest.schema import find, texts
from reconciler.model.kind import Kind
from reconciler.platforms.registry import installed

TEXTS = texts(installed())


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_the_files_are_what_the_types_say(name: str) -> None:
    assert find(name).read_text(encoding="utf-8") == TEXTS[name], "run `make schemas`"


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_they_are_schemas_with_an_id(name: str) -> None:
    content = json.loads(TEXTS[name])
    assert content["$id"] == f"urn:reconciler:schema:{name}"
    jsonschema.validators.validator_for(content).check_schema(content)
    assert content["title"]
    assert content["description"]


def test_words_of_types_and_fields_are_in_them() -> None:
    manifest = json.loads(TEXTS["manifest.v1"])
    assert manifest["definitions"]["Wave"]["description"] == "A wave given by selector and/or percent."
    plan = json.loads(TEXTS["plan.v1"])
    counted = plan["$defs"]["Summary"]["properties"]["unknown"]
    assert counted["description"] == "Managed slots of which the reading proved nothing."
    assert "\n    " not in plan["description"]


def test_a_schema_is_found_in_an_installed_package_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reconciler/schemas").mkdir(parents=True)
    inside = tmp_path / "reconciler/schemas/plan.v1.schema.json"
    inside.write_text("{}")
    monkeypatch.setattr(schema, "PACKAGE", tmp_path / "reconciler")
    assert find("plan.v1") == inside
    assert find("event.v1") == schema.CHECKOUT / "event.v1.schema.json"
    with pytest.raises(FileNotFoundError, match=r"plan\.v9"):
        find("plan.v9")


class Secret(Kind, frozen=True, kw_only=True):
    """A type of another package whose name is one of ours."""

    phrase: str
    """What nobody may hear."""


def test_a_platform_from_elsewhere_is_described_like_ours() -> None:
    ours = installed()["losant"]
    foreign = msgspec.structs.replace(ours, name="vault", spec=Secret)
    content = schema.manifest({"losant": ours, "vault": foreign})
    (connection,) = (one["then"]["properties"]["spec"] for one in content["allOf"] if "minProperties" in str(one))
    assert set(connection["properties"]) == {"losant", "vault"}
    assert connection["minProperties"] == connection["maxProperties"] == 1
    kind = content["definitions"][connection["properties"]["vault"]["$ref"].rpartition("/")[2]]
    assert kind["properties"]["phrase"]["description"] == "What nobody may hear."
    document: dict[str, Any] = {"apiVersion": "reconciler/v1", "kind": "Connection", "metadata": {"name": "x"}}
    validator = jsonschema.validators.validator_for(content)(content)
    assert validator.is_valid({**document, "spec": {"vault": {"phrase": "y"}}})
    token: dict[str, Any] = {"losant": {"application": "a" * 24, "token": {"env": "T"}}}
    assert validator.is_valid({**document, "spec": token})
    wrongs: list[Any] = [{}, {"vault": {"env": "T"}}, {"vault": {"phrase": "y"}, **token}, {"safe": {}}]
    for wrong in wrongs:
        assert not validator.is_valid({**document, "spec": wrong})

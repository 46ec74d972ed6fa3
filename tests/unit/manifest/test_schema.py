"""The schemas: the files are what the types say, the doors find them, the words of the types are in them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from reconciler.manifest import schema
from reconciler.manifest.schema import SCHEMAS, find, main, text


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_files_are_what_the_types_say(name: str) -> None:
    assert find(name).read_text(encoding="utf-8") == text(name), "run `make schemas`"


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_they_are_schemas_with_an_id(name: str) -> None:
    content = json.loads(text(name))
    assert content["$id"] == f"urn:reconciler:schema:{name}"
    jsonschema.validators.validator_for(content).check_schema(content)
    assert content["title"]
    assert content["description"]


def test_words_of_types_and_fields_are_in_them() -> None:
    manifest = json.loads(text("manifest.v1"))
    assert manifest["definitions"]["Wave"]["description"] == "A wave given by selector and/or percent."
    plan = json.loads(text("plan.v1"))
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


def test_main_writes_what_differs_and_check_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "schemas"
    monkeypatch.setattr(schema, "CHECKOUT", folder)
    assert main(["--check"]) == 1
    assert "schemas/event.v1.schema.json is not what the types say" in capsys.readouterr().err
    assert main([]) == 0
    assert capsys.readouterr().out.count("wrote schemas/") == len(SCHEMAS)
    assert main(["--check"]) == 0
    (folder / "plan.v1.schema.json").write_text("{}")
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert capsys.readouterr().out == "wrote schemas/plan.v1.schema.json\n"

"""Laws of the schemas: the loader accepts exactly what the schema accepts; what the program writes fits its schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest.load import _Loading
from reconciler.manifest.ours import KINDS
from reconciler.manifest.schema import find
from reconciler.manifest.write import _plain
from reconciler.model import event, event_shape, plan, recorded
from reconciler.model.change import Request, Verb
from reconciler.model.fleet import Failure, Keep, Limits, Rollout, Suspend, Wave, Window
from reconciler.model.outcome import Outcome, Receipt, ReceiptKind, Result
from reconciler.model.release import Catalog
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Ref
from reconciler.platforms.registry import installed
from reconciler.views import plan_json
from tests.golden import plans
from tests.laws import strategies
from tests.laws.strategies import drafted, percents, planned, selectors, snapshots
from tests.laws.test_recorded import catalogs
from tests.laws.test_write import channels, connections, fleets, names, texts


@lru_cache
def schema(name: str) -> Any:
    """Return the validator of a schema as it is shipped."""
    content = json.loads(find(name).read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(content)
    kind.check_schema(content)
    return kind(content)


@lru_cache
def closed(name: str) -> Any:
    """Return the validator of a schema that allows no key it does not describe."""

    def close(node: Any) -> Any:
        if isinstance(node, list):
            return [close(child) for child in node]
        if not isinstance(node, dict):
            return node
        inner = {key: close(child) for key, child in node.items()}
        return (
            {"additionalProperties": False, **inner} if "properties" in node and node.get("type") == "object" else inner
        )

    content = close(json.loads(find(name).read_text(encoding="utf-8")))
    return jsonschema.validators.validator_for(content)(content)


# --- manifests: the loader and the schema -----------------------------------------------------------------------------

amounts = st.integers(0, 99).map(str) | percents
durations = st.sampled_from(["30s", "1h30m", "0.5d", "10ms"])
rollouts = st.builds(
    Rollout,
    waves=st.lists(percents | st.builds(Wave, units=selectors) | st.builds(Wave, percent=percents), max_size=3),
    max_moving=st.none() | amounts,
    success=st.none() | percents,
    failure=st.none() | st.builds(Failure, percent=percents, minimum=st.integers(0, 9)),
    soak=st.none() | durations,
    deadline=st.none() | durations,
    on_failure=st.sampled_from(["halt", "rollback"]),
)
windows = st.lists(st.builds(Window, allow=st.none() | texts, deny=st.none() | texts, duration=durations), max_size=2)
whole_fleets = st.builds(
    msgspec.structs.replace,
    fleets,
    rollout=st.none() | rollouts,
    windows=windows,
    suspend=st.none()
    | st.builds(Suspend, reason=texts, until=st.sampled_from([None, "2026-12-01", "2026-12-01 10:00Z"])),
    limits=st.builds(
        Limits,
        remove=amounts,
        minimum=st.integers(0, 9),
        window=st.none() | durations,
        per=st.none() | texts,
    ),
    keep=st.none() | st.builds(Keep, per=texts, serving=st.integers(0, 9)),
)
valid = st.one_of(
    st.tuples(st.just("Fleet"), whole_fleets),
    st.tuples(st.just("Connection"), connections),
    st.tuples(st.just("Channel"), channels),
).flatmap(
    lambda pair: st.fixed_dictionaries(
        {
            "apiVersion": st.just("reconciler/v1"),
            "kind": st.just(pair[0]),
            "metadata": st.fixed_dictionaries(
                {"name": names}, optional={"labels": st.dictionaries(names, texts | st.just(""), max_size=2)}
            ),
            "spec": st.just(_plain(pair[1])),
        }
    )
)
NUMBERS = (0, 1, 3, 64, 65, -1, 10**9 - 1, 10**9, 0.5, 1.5, 1000.0, 1000.5, 2.0, 575000000000000000000000)
WORDS = (
    "", "x", "a\n", "all", "all\n", "none", "apply", "10%", "101%", "100.0%", "10%\n", "30s", "5", "0", "64", "65", "1000", "007x",
    "true", "TRUE", "tRue", "yes", "null", "~", "NULL", "nULl", "v" * 255, "v" * 256, "-a", "a-", "a_b", "2026-12-01", "2026-1-1",
    "575ec8687ae143cd83dc4a97", "575EC8687AE143CD83DC4A97\n", "semver", "Fleet", "reconciler/v1",
)  # fmt: skip
leaves = st.sampled_from(NUMBERS) | st.sampled_from(WORDS) | st.booleans() | st.none()
replacements = leaves | st.sampled_from([[], {}, ["x"], {"x": "y"}, {"all": True}, [[]], [1], {"x": None}]).map(
    deepcopy
)
keys = st.sampled_from(
    ["x", "units", "version", "absent", "channel", "percent", "number", "env", "id", "spec", "not", "any", "1"]
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container with each of its keys or positions."""
    for step in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, step
        yield from places(value[step])


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Return a document that was right, with a few things changed."""
    document = json.loads(json.dumps(draw(valid)))
    for _ in range(draw(st.integers(0, 2))):
        container, step = draw(st.sampled_from(list(places(document)) or [(document, "kind")]))
        how = draw(st.sampled_from(["replace", "replace", "replace", "remove", "add"]))
        if how == "replace":
            container[step] = draw(replacements)
        elif how == "remove":
            del container[step]
        elif isinstance(container, dict):
            container[draw(keys)] = draw(replacements)
        else:
            container.append(draw(replacements))
    return document


class Person(yaml.SafeDumper):
    """Writes numbers, booleans and texts as a person would; texts that would be read as something else in quotes."""


Person.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str",
        text,
        style=None if re.fullmatch(r"[a-z]+[a-z0-9.-]*", text) and text not in {"null", "true", "y", "n"} else '"',
    ),
)
Person.add_representer(
    float, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:float", f"{number:.6f}")
)


def accepted(folder: Path, document: Any) -> tuple[bool, str]:
    """Return whether the loader takes a document for what it is, before it asks what it means; and what it said."""
    file = folder / "fleet.yaml"
    file.write_text(yaml.dump(document, Dumper=Person, allow_unicode=True, sort_keys=False), encoding="utf-8")
    run = _Loading(installed())
    run.take(file)
    assert run.failed == bool(run.diagnostics)
    return not run.failed, "\n".join(f"{one.code}: {one.message}" for one in run.diagnostics)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for one file."""
    return tmp_path_factory.mktemp("manifest")


@given(document=valid)
def test_both_accept_what_is_right(folder: Path, document: Any) -> None:
    taken, said = accepted(folder, document)
    assert taken, said
    assert [error.message for error in schema("manifest.v1").iter_errors(document)] == []


@settings(max_examples=150)
@given(document=mutated())
def test_the_loader_accepts_exactly_what_the_schema_accepts(folder: Path, document: Any) -> None:
    taken, said = accepted(folder, document)
    assert taken == schema("manifest.v1").is_valid(document), said or "the loader took it"


KINDS_AND_PLATFORMS = {
    "Channel": KINDS["Channel"],
    "Fleet": KINDS["Fleet"],
    **{name: plugin.spec for name, plugin in installed().items()},
}


@pytest.mark.parametrize("kind", sorted(KINDS_AND_PLATFORMS))
def test_every_key_of_every_kind_is_described(kind: str) -> None:
    definitions = schema("manifest.v1").schema["definitions"]
    found = KINDS_AND_PLATFORMS[kind]
    fields = {field.encode_name for field in msgspec.structs.fields(found)}
    assert fields == definitions[found.__name__]["properties"].keys()


# --- what the program writes ------------------------------------------------------------------------------------------


def fits(name: str, content: bytes) -> None:
    """Assert that JSON fits its schema, and has no key that the schema does not describe."""
    document = msgspec.json.decode(content)
    for validator in (schema(name), closed(name)):
        assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)] == []


@given(snapshots(), catalogs)
def test_recorded_readings_fit_their_schema(snapshot: Snapshot, catalog: Catalog) -> None:
    fits("snapshot.v1", msgspec.json.encode(recorded.record("plant", "losant", snapshot, catalog)))


@given(st.data())
def test_plans_fit_their_schema(data: st.DataObject) -> None:
    snapshot = data.draw(snapshots())
    one = planned(drafted(data.draw(strategies.fleets()), snapshot))
    times = plan.Times(
        created="2026-11-21T00:00:00Z", expires="2026-11-22T00:00:00Z", read={"plant": "2026-11-21T00:00:00Z"}
    )
    whole = plan.Plan(
        fingerprint="f" * 32,
        checksum="f" * 64,
        times=times,
        complete=True,
        applyable=True,
        errored=False,
        fleets=(one,),
    )
    fits("plan.v1", plan_json.encode(whole))


@pytest.mark.parametrize("sample", plans.samples(), ids=lambda sample: sample[0])
def test_sample_plans_fit_their_schema(sample: tuple[str, plan.Plan]) -> None:
    fits("plan.v1", plan_json.encode(sample[1]))


ref = Ref("575ecf887ae143cd83dc4aa2", "gw-017")
maybe = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
moments = st.floats(0, 1e10)
outcomes = st.builds(
    Outcome,
    fleet=names, unit=st.just(ref), workload=st.just(ref), verb=st.sampled_from(Verb), to=maybe,
    result=st.sampled_from(Result), detail=names,
)  # fmt: skip
receipts = st.builds(Receipt, st.sampled_from(ReceiptKind), names, st.none() | st.integers(100, 599))
events = st.one_of(
    st.builds(event.Started, at=moments, run=names, kind=names, commit=maybe, allowed=st.just((("remove", "why"),))),
    st.builds(
        event.Intended,
        at=moments,
        run=names,
        fleet=names,
        call=st.integers(0, 9),
        kind=names,
        request=st.just(Request("PATCH", "/applications/x", {"version": None})),
        wide=st.booleans(),
        slots=st.just((event.SlotName(ref, ref, Verb.RELEASE, 1),)),
    ),
    st.builds(
        event.Blocked,
        at=moments,
        run=names,
        fleet=names,
        violations=st.just((plan.Violation(kind=plan.LimitKind.REMOVE, percent="10%"),)),
    ),
    st.builds(
        event.Called, at=moments, run=names, fleet=names, call=st.integers(0, 9), receipt=receipts, seconds=moments
    ),
    st.builds(event.Settled, at=moments, run=names, outcome=outcomes),
    *(st.builds(kind, at=moments, run=names) for kind in (event.Settling, event.Note, event.Drifted)),
    st.builds(event.Finished, at=moments, run=names, seconds=moments),
    st.builds(
        event.Passed,
        at=moments,
        run=names,
        fleet=names,
        number=st.integers(0),
        sync=names,
        health=names,
        changes=st.integers(0),
        held=st.integers(0),
        violations=st.integers(0),
        outcomes=st.dictionaries(names, st.integers(0), max_size=2),
    ),
)


@given(events)
def test_events_fit_their_schema(one: event.AnyEvent) -> None:
    fits("event.v1", msgspec.json.encode(event_shape.to_builtins(one)))
    assert event_shape.encoded(one) == msgspec.json.encode(event_shape.to_builtins(one))


def test_what_is_no_event_does_not_fit() -> None:
    note = event_shape.to_builtins(event.Note(at=1.0, run="r", level="info", message="x"))
    assert schema("event.v1").is_valid(note)
    for wrong in ({**note, "format": "reconciler/event.v2"}, {**note, "event": "noted"}, {**note, "at": "now"}):
        assert not schema("event.v1").is_valid(wrong)

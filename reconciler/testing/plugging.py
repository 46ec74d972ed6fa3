"""What any plug-in promises: what `import` writes is valid, and what the plug-in says is true of the platform."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from reconciler.cli import connecting, wiring
from reconciler.manifest.load import Loader
from reconciler.manifest.schema import manifest
from reconciler.manifest.write import write
from reconciler.model.fleet import FleetSpec, Selector
from reconciler.testing.subject import Subject

EXAMPLE = "example"


def test_it_is_found_by_its_entry_point(subject: Subject) -> None:
    (entry,) = {entry.value for entry in entry_points(group="reconciler.platforms", name=subject.plugin.name)}
    assert entry
    assert wiring.plugins()[subject.plugin.name] is subject.plugin


def test_its_example_of_import_gives_a_valid_connection_without_a_secret_in_it(
    subject: Subject, tmp_path: Path
) -> None:
    words = subject.plugin.example.split()
    given = dict(zip((word.removeprefix("--") for word in words[::2]), words[1::2], strict=True))
    spec = connecting.connection(subject.plugin, dict(given))
    fleet = FleetSpec(connection=EXAMPLE, units=Selector(all=True), workloads={})
    text = write([("Connection", EXAMPLE, spec), ("Fleet", "fleet", fleet)])
    (tmp_path / "example.yaml").write_text(text, encoding="utf-8")
    loaded = Loader([tmp_path], {subject.plugin.name: subject.plugin}).load()
    assert loaded.connections[EXAMPLE].spec == spec
    assert loaded.warnings == ()


def test_its_connection_is_described_for_editors(subject: Subject) -> None:
    described = str(manifest({subject.plugin.name: subject.plugin}))
    assert subject.plugin.spec.__name__ in described
    assert subject.plugin.spec.__doc__


def test_secrets_have_variables_and_required_options_are_in_the_example(subject: Subject) -> None:
    for option in subject.plugin.options:
        assert not option.required or f"--{option.name} " in subject.plugin.example
        assert not option.variable or option.variable.isupper()


def test_platform_and_plug_in_say_the_same(subject: Subject) -> None:
    platform = subject.rig(2, 1).platform
    assert platform.capabilities.platform == subject.plugin.name
    assert platform.capabilities.selectors == subject.plugin.selectors
    assert platform.identity.startswith(f"{subject.plugin.name}:")


def test_its_simulator_has_the_options_that_all_have(subject: Subject) -> None:
    simulation = subject.plugin.simulator()
    assert {"units", "workloads"} <= {option.name for option in simulation.options}
    shape = dict.fromkeys(("versions", "seed", "settle", "offline", "failing"), 1)
    numbers = {one.name.replace("-", "_"): 1 for one in simulation.options}
    assert simulation.shape(**shape, **numbers)
    assert simulation.faults(1, ["lost=10%"])
    assert simulation.variants([])

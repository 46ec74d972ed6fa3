"""What the loader says of requirements: names, ranges, joins, cycles; each with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.finding import diagnostics_text
from reconciler.manifest.load import Loader
from reconciler.model.fleet import Manifest, Requirement
from reconciler.platforms.registry import installed

CONNECTION = """\
apiVersion: reconciler/v1
kind: Connection
metadata: {name: %s}
spec: {losant: {application: 575ec8687ae143cd83dc4a9%d, token: {env: LOSANT_API_TOKEN}}}
---
"""
FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: %s}
spec:
  connection: %s
  units: {tags: {site: %s}}
  workloads:
"""

Load = Callable[[str], Manifest]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(tmp_path)

    def load_(text: str) -> Manifest:
        Path("m.yaml").write_text(text, encoding="utf-8")
        return Loader([Path()], installed()).load()

    return load_


def fleet(*workloads: str, name: str = "austin", connection: str = "plant") -> str:
    return FLEET % (name, connection, name) + "".join(f"    {line}\n" for line in workloads) + "---\n"


def manifest(*workloads: str) -> str:
    return CONNECTION % ("plant", 7) + CONNECTION % ("office", 8) + fleet(*workloads)


def wrong(load: Load, text: str) -> list[str]:
    """Return `line:column message; hint` of each finding."""
    with pytest.raises(ManifestError) as caught:
        load(text)
    return [
        f"{one.origin.line}:{one.origin.column} {one.message}" + (f"; {one.hint}" if one.hint else "")
        for one in caught.value.diagnostics
    ]


def test_all_forms_load(load: Load) -> None:
    text = manifest(
        "poller: {version: v1.4.0, order: semver}",
        'vision: {version: v2, requires: {poller: ">=1.4,<2"}}',
        "camera: {version: v2, requires: {poller: [v1.4.0, v1.5.0], vision: {version: [v2]}}}",
        "viewer: {version: v1, requires: {server: {version: '>1', connection: office, tag: site}}}",
    ) + fleet("server: {version: v3, order: semver}", name="office", connection="office")
    workloads = load(text).fleets["austin"].spec.workloads
    assert workloads["camera"].requires == {"poller": ["v1.4.0", "v1.5.0"], "vision": Requirement(version=["v2"])}


@pytest.mark.parametrize(
    ("requires", "words"),
    [
        ("{poler: [v1]}", "19:38 'vision' requires 'poler', which this fleet does not list; did you mean 'poller'?; list it; with `unmanaged: true` it is left as it is"),
        ("{poller: '>=1.4'}", "19:38 '>=1.4' is a range, but the versions of 'poller' have no order; add `order: semver` to poller, or list the versions"),
        ("{poller: []}", "19:38 an empty list matches no version; list the versions that do, or give a range"),
        ("{poller: {version: []}}", "19:38 an empty list matches no version; list the versions that do, or give a range"),
        ("{poller: v1.4.0}", "19:38 'v1.4.0' is not a bound; write one of >=, <=, >, <, = and a version, such as >=1.4; for exactly one version, write [v1.4.0]"),
        ("{poller: '>=new'}", "19:38 'new' is not a semantic version such as 1.4 or v1.4.0-rc.1"),
        ("{vision: [v1]}", "19:38 'vision' requires itself"),
        ("{poller: {version: [v1], tag: site}}", "19:38 `tag` also needs `connection`; together they name a unit: the one on that connection with the same value of that tag"),
        ("{server: {version: [v1], connection: office}}", "19:38 `connection` also needs `tag`; together they name a unit: the one on that connection with the same value of that tag"),
        ("{server: {version: [v1], connection: ofice, tag: site}}", "19:62 there is no Connection named 'ofice'; did you mean 'office'?"),
        ("{serve: {version: [v1], connection: office, tag: site}}", "19:38 'vision' requires 'serve', which no fleet of office lists; did you mean 'server'?"),
        ("{server: {version: '>1', connection: office, tag: site}}", "19:38 '>1' is a range, but the versions of 'server' have no order; add `order: semver` to server, or list the versions"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_requirement_is_told_with_its_place(load: Load, requires: str, words: str) -> None:
    text = manifest("poller: {version: v1}", f"vision: {{version: v2, requires: {requires}}}")
    assert wrong(load, text + fleet("server: {version: v3}", name="office", connection="office")) == [words]


def test_names_of_documents_that_could_not_be_read_are_not_missed(load: Load) -> None:
    text = manifest(
        "vision: {version: v2, requires: {server: {version: [v1], connection: office, tag: site},"
        " other: {version: [v1], connection: nowhere, tag: site}}}"
    )
    assert len(wrong(load, text)) == 2
    (found,) = wrong(load, text + "kind: [\n")
    assert "Connection" not in found


def test_a_cycle_names_all_its_lines_across_fleets_and_connections(load: Load) -> None:
    text = (
        manifest(
            "poller: {version: v1, requires: {base: [v1]}}",
            "vision: {version: v2, requires: {poller: [v1], server: {version: [v1], connection: office, tag: site}}}",
            "base: {version: v1}",
        )
        + fleet("server: {version: v1, requires: {disk: [v1]}}", "disk: {version: v1}", name="b", connection="office")
        + fleet(
            "disk: {version: v1, requires: {vision: {version: [v2], connection: plant, tag: site}}}",
            name="c",
            connection="office",
        )
    )
    with pytest.raises(ManifestError) as caught:
        load(text)
    (found,) = caught.value.diagnostics
    assert found.code == "requirement-cycle"
    lines = text.split("\n")
    places = [lines[origin.line - 1] for origin in (found.origin, *(one.origin for one in found.related))]
    assert [line.split()[0] for line in places] == ["vision:", "server:", "disk:"]
    assert "vision → server → disk → vision" in found.message
    assert [one.message for one in found.related] == ["server requires disk", "disk requires vision"]
    assert "circular requirements" in diagnostics_text(caught.value.diagnostics)


def test_each_cycle_is_told_once_and_long_chains_are_walked(load: Load) -> None:
    chain = [f"w{number}: {{version: v1, requires: {{w{number + 1}: [v1]}}}}" for number in range(1500)]
    assert load(manifest(*chain, "w1500: {version: v1}")).fleets
    assert len(wrong(load, manifest(*chain, "w1500: {version: v1, requires: {w3: [v1], w7: [v1]}}"))) == 2

"""What people write out of habit from other tools: each is answered at its place with the form that is right here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from msgspec import inspect

from reconciler.errors import ManifestError
from reconciler.manifest.accept import bare, fields_of, fits, type_of
from reconciler.manifest.idioms import ALIENS, EXAMPLES, FILLS, HOMES, WORDS
from reconciler.manifest.load import Loader
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fleet import ChannelSpec, FleetSpec
from reconciler.model.kind import Metadata
from reconciler.platforms.registry import installed

BEFORE = """apiVersion: reconciler/v1
kind: Connection
metadata: {name: plant}
spec: {losant: {application: 575ec8687ae143cd83dc4a97, token: {env: T}}}
---
apiVersion: reconciler/v1
kind: Channel
metadata: {name: beta}
spec: {versions: {vision: v1}}
---
"""
FLEET = """apiVersion: reconciler/v1
kind: Fleet
metadata: {name: austin}
spec:
  connection: plant
  units: {all: true}
  workloads:
    vision: v1
"""
UNITS, WORKLOAD, LAST = "  units: {all: true}\n", "    vision: v1\n", r"\Z"


def findings(folder: Path, text: str) -> tuple[Diagnostic, ...]:
    path = folder / "m.yaml"
    path.write_text(BEFORE + text)
    try:
        return Loader([path], installed()).load().warnings
    except ManifestError as error:
        return tuple(error.diagnostics)


def written(fragment: str, indent: int) -> str:
    return "".join(f"{' ' * indent}{line}\n" for line in fragment.splitlines())


SPEC = [
    ("suspend: true", "write `suspend: {reason: TEXT}`"),
    ("suspend: site audit", "write `suspend: {reason: site audit}`"),
    ("suspend: false", "remove `suspend`: a fleet without it is not suspended"),
    ("suspended: true", "write `suspend: {reason: TEXT}`"),
    ("paused: true", "write `suspend: {reason: TEXT}`"),
    ("suspend: {until: 2026-12-01}", "for example `reason: site audit`"),
    ("suspend: {reason: x, until: tomorrow}", "for example `until: 2026-12-01`"),
    ("suspend: {reason: x, until: 2026-1-2}", "write `until: 2026-01-02`"),
    ("suspend: {because: audit}", "write `reason: audit`"),
    ("allow: [{limit: remove, because: end of life}]", "write `reason: end of life`"),
    ("limits: 5%", "write `limits: {remove: 5%}`"),
    ("limits: 3", "write `limits: {remove: 3}`"),
    ("limits: [5%]", "write `limits: {remove: 5%}`"),
    ("limit: 5%", "write `limits: {remove: 5%}`"),
    ("limits: {max: 5%}", "write `remove: 5%`"),
    ("limits: {delete: 5}", "write `remove: 5`"),
    ("limits: {remove: 5 %}", "write `remove: 5%`"),
    ("limits: {remove: 0.1}", "for example `remove: 10%`"),
    ("limits: {remove: {max: 5}}", "write `number: 5`"),
    ("limits: {minimum: few}", "for example `minimum: 3`"),
    ("quarantine: [v2.0.2]", "write `quarantine: [{version: v2.0.2, workload: NAME, reason: TEXT}]`"),
    ("quarantine: true", "for example `quarantine: [{workload: vision, version: v2.0.2, reason: boot loop, until: 2026-12-01}]`"),
    ("limits: false", "for example `limits: {remove: 10%, minimum: 3}`"),
    ("quarantine: v2.0.2", "write `quarantine: [{version: v2.0.2, workload: NAME, reason: TEXT}]`"),
    ("quarantine: {vision: v2}", "write `quarantine: [{workload: vision, version: v2, reason: TEXT}]`"),
    ("quarantine: {workload: vision, version: v2, reason: x}", "write `quarantine: [{workload: vision, version: v2, reason: x}]`"),
    ("quarantine: [{workload: vision, version: v2}]", "for example `reason: boot loop on rev B`"),
    ("blocklist: [{name: vision, tag: v2, why: x}]", "write `quarantine: [{workload: vision, version: v2, reason: x}]`"),
    ("prune: true", "write `prune: listed` to remove listed"),
    ("prune: false", "write `prune: none`"),
    ("prune: everything", "for example `prune: listed`"),
    ("mode: auto", "write `mode: apply`"),
    ("mode: dry-run", "write `mode: observe`"),
    ("mode: Apply", "write `mode: apply`"),
    ('windows: "0 2 * * *"', "write `windows: [{allow: 0 2 * * *, duration: 3h}]`"),
    ('windows: {cron: "0 2 * * *", duration: 3 hours}', "write `windows: [{allow: 0 2 * * *, duration: 3h}]`"),
    ('windows: [{schedule: "0 2 * * *", duration: 3h}]', "write `allow: 0 2 * * *`"),
    ('windows: [{allow: "0 2 * * *", duration: 3}]', "for example `duration: 3h`"),
    ('windows: [{allow: "02:00-05:00", duration: 3h}]', "for three hours from 02:00, write"),
    ("maintenance: nights", "write `windows: [{allow: nights, duration: 3h}]`"),
    ("pins: {gw-1: v1}", "for example `pins: {gw-017: {modbus-poller: v1.3.2, vision: {absent: true}}}`"),
    ("pins: {vision: {gw-1: v1}}", "the unit comes first: `pins: {gw-1: {vision: VERSION}}`"),
    ("pins: [{unit: gw-1, workload: vision, version: v2}]", "write `pins: {gw-1: {vision: v2}}`"),
    ("rollout: canary", "for example `rollout: {waves:"),
    ("strategy: {canary: {}}", "for example `rollout: {waves:"),
    ("rollout: {waves: 10%}", "write `waves: [10%]`"),
    ("rollout: {waves: [10, 50]}", "write `waves: [10%, 50%]`"),
    ("rollout: {steps: [{setWeight: 20%}]}", "write `waves: [{percent: 20%}]`"),
    ("rollout: {waves: [{tags: {ring: canary}}]}", "write `units: {tags: {ring: canary}}`"),
    ("rollout: {maxUnavailable: 1}", "write `max_moving: 1`"),
    ("rollout: {failure: 10%}", "write `failure: {percent: 10%}`"),
    ("rollout: {on_failure: stop}", "write `on_failure: halt`"),
    ("rollout: {soak: 30 minutes}", "write `soak: 30m`"),
    ("waves: [10%]", "write `rollout: {waves: [10%]}`"),
    ("allow_empty: yes", "write `allow_empty: true`"),
    ("replicas: 3", "remove it: each unit"),
    ("syncPolicy: {automated: {}}", "write `mode: apply`"),
    ("selector: {matchLabels: {site: austin}}", "write `units: {tags: {site: austin}}`"),
    ("tags: {site: austin}", "write `units: {tags: {site: austin}}`"),
    ("frobnicate: 1", "it has: connection, units, workloads"),
]  # fmt: skip
SELECTORS = [
    ("tags: [camera]", 'write `tags: {camera: "*"}`'),
    ("tags: camera", 'write `tags: {camera: "*"}`'),
    ("tags: site=austin", "write `tags: {site: austin}`"),
    ("tags: [site=austin, ring=canary]", "write `tags: {site: austin, ring: canary}`"),
    ("tags: [{key: site, value: austin}]", "write `tags: {site: austin}`"),
    ("tags: [{site: austin}]", "write `tags: {site: austin}`"),
    ("tags: {camera: ''}", 'for example `tags: {site: austin, camera: "*"}`'),
    ('ids: "abc"', "write `ids: [abc]`"),
    ('names: "gw-*"', "write `names: [gw-*]`"),
    ("name: gw-1", "write `names: [gw-1]`"),
    ("id: abc", "write `ids: [abc]`"),
    ("cohort: beta", "write `cohorts: [beta]`"),
    ("labels: {site: austin}", "write `tags: {site: austin}`"),
    ("matchLabels: {site: austin}", "write `tags: {site: austin}`"),
    ("matchExpressions: []", "a tag may have several values"),
    ("site: austin", "write `tags: {site: austin}`"),
    ("not: [gw-1]", "write `not: {names: [gw-1]}`"),
    ("exclude: {names: gw-1}", "write `not: {names: [gw-1]}`"),
    ("any: {tags: {a: b}}", "write `any: [{tags: {a: b}}]`"),
    ("all: yes", "write `all: true`"),
]
INSTEAD_OF_UNITS = [
    ("units: all", "write `units: {all: true}`"),
    ("units: '*'", "write `units: {all: true}`"),
    ("units: gw-1", "write `units: {names: [gw-1]}`"),
    ("units: [gw-1, gw-2]", "write `units: {names: [gw-1, gw-2]}`"),
    ("units: site=austin", "write `units: {tags: {site: austin}}`"),
    ("selector: {all: true}", "write `units: {all: true}`"),
    ("targets: [gw-1]", "write `units: {names: [gw-1]}`"),
    ("devices: {site: austin}", "write `units: {tags: {site: austin}}`"),
]
WORKLOADS = [
    ("vision: {version: v1, replicas: 3}", "remove it: each unit"),
    ("vision: {tag: v1}", "write `version: v1`"),
    ("vision: {image: 'vision:v1'}", "write the version alone"),
    ("vision: {remove: true}", "write `absent: true`"),
    ("vision: {state: absent}", "write `absent: true` to remove"),
    ("vision: {}", "write one of `version: v1.4.0`"),
    ("vision: [v1]", "write `workloads: {vision: v1}`"),
    ("vision: {version: {name: v1}}", "for example `channel: stable`"),
    ("vision: {version: v1, overrides: {units: {tags: {a: b}}, version: v2}}", "write `overrides: [{units: {tags: {a: b}}, version: v2}]`"),
    ("vision: {version: v1, overrides: {gw-017: v2}}", "write `overrides: [{units: {names: [gw-017]}, version: v2}]`"),
    ("vision: {version: v1, overrides: [{tags: {a: b}, version: v2}]}", "write `units: {tags: {a: b}}`"),
    ("vision: {version: v1, requires: [poller]}", 'for example `requires: {modbus-poller: ">=1.4"}`'),
    ("vision: {version: v1, dependsOn: {poller: v1}}", "write `requires: {poller: v1}`"),
    ("vision: {version: v1, rollout_percent: 25}", "write `settings: {rollout_percent: 25}`"),
    ("vision: {version: v1, order: asc}", "for example `order: semver`"),
    ("vision: latest", "name the version"),
    ("vision: absent", "to remove the workload, write {absent: true}"),
    ("vision: {version: unmanaged}", "to leave it alone, write {unmanaged: true}"),
    ("vision: beta", "write {channel: beta}"),
]  # fmt: skip
DOCUMENTS = [
    (FLEET.replace("kind: Fleet", "kind: fleet"), "kind", "write `kind: Fleet`"),
    (FLEET.replace("kind: Fleet", "kind: Fleets"), "kind", "write `kind: Fleet`"),
    (FLEET.replace("kind: Fleet", "kind: Deployment"), "kind", "write `kind: Fleet`"),
    (FLEET.replace("kind: Fleet\n", ""), "apiVersion", "write `kind: Fleet`"),
    (FLEET.replace("kind: Fleet", "Kind: Fleet"), "Kind", "write `kind: Fleet`"),
    (FLEET.replace("reconciler/v1", "v1"), "apiVersion", "write `apiVersion: reconciler/v1`"),
    (FLEET.replace("reconciler/v1", "reconciler/v2"), "apiVersion", "write `apiVersion: reconciler/v1`"),
    (FLEET.replace("apiVersion", "apiversion"), "apiversion", "write `apiVersion: reconciler/v1`"),
    (FLEET.replace("apiVersion: reconciler/v1\n", ""), "kind", "write `apiVersion: reconciler/v1`"),
    (FLEET.replace("metadata: {name: austin}\n", ""), "apiVersion", "write `metadata: {name: NAME}`"),
    (FLEET.replace("metadata: {name: austin}", "name: austin"), "name", "write `metadata: {name: austin}`"),
    (FLEET.replace("metadata: {name: austin}", "metadata: austin"), "metadata", "write `metadata: {name: austin}`"),
    (FLEET.replace("{name: austin}", "{labels: {a: b}}"), "metadata", "for example `name: austin`"),
    (FLEET.replace("{name: austin}", "{name: my fleet}"), "metadata", "write `name: my-fleet`"),
    (FLEET.replace("{name: austin}", "{name: a, namespace: x}"), "metadata", "remove it"),
    (FLEET.replace("spec:\n", "").replace("\n  ", "\n"), "units", "indent it below `spec:`"),
    (FLEET.partition("spec:")[0], "apiVersion", "write `spec:`, and below it `connection`, `units`, `workloads`"),
    (FLEET + "labels: {a: b}\n", "labels", "indent it below `metadata:`"),
    (FLEET + "status: {}\n", "status", "everything else stands below `spec`"),
    (FLEET.replace("  connection: plant\n", ""), "apiVersion|spec", "for example `connection: plant`"),
    (FLEET.replace("connection: plant", "connection: {name: plant}"), "  connection", "write `connection: plant`"),
    (FLEET.replace("    vision: v1", "    - {name: vision, version: v1}"), "  workloads", "write `workloads: {vision: v1}`"),
    ("apiVersion: reconciler/v1\nkind: Channel\nmetadata: {name: c}\nspec: {vision: v1}\n", "spec", "write `versions: {vision: v1}`"),
    ("apiVersion: reconciler/v1\nkind: Channel\nmetadata: {name: c}\nspec: {workloads: {vision: v1}}\n", "spec", "write `versions: {vision: v1}`"),
    ("apiVersion: reconciler/v1\nkind: Channel\nmetadata: {name: c}\nspec: {versions: {vision: {version: v1}}}\n", "spec", "write `versions: {vision: v1}`"),
    ("apiVersion: reconciler/v1\nkind: Channel\nmetadata: {name: c}\nspec: {versions: [vision=v1]}\n", "spec", "write `versions: {vision: v1}`"),
    ("apiVersion: reconciler/v1\nkind: Connection\nmetadata: {name: c}\nspec: {platform: losant, token: {env: T}}\n", "spec", "write what is here below one of: getapp, losant, memfault"),
    ("apiVersion: reconciler/v1\nkind: Connection\nmetadata: {name: c}\nspec: {losant: {application: 575ec8687ae143cd83dc4a98, token: $T}}\n", "spec", "write {env: NAME} or {file: PATH}"),
]  # fmt: skip
GUESSES = [
    *((FLEET + written(text, 2), text, hint) for text, hint in SPEC),
    *((FLEET.replace(UNITS, f"  units: {{{text}}}\n"), text, hint) for text, hint in SELECTORS),
    *((FLEET.replace(UNITS, written(text, 2)), text, hint) for text, hint in INSTEAD_OF_UNITS),
    *((FLEET.replace(WORKLOAD, written(text, 4)), text, hint) for text, hint in WORKLOADS),
]


@pytest.mark.parametrize(("text", "typed", "hint"), GUESSES, ids=[typed for _, typed, _ in GUESSES])
def test_a_guess_is_answered_with_the_right_form(tmp_path: Path, text: str, typed: str, hint: str) -> None:
    found = [one for one in findings(tmp_path, text) if hint in one.hint]
    assert found, findings(tmp_path, text)
    lines = (BEFORE + text).splitlines()
    assert typed.partition(":")[0] in lines[found[0].origin.line - 1]
    assert found[0].origin.column > 1


@pytest.mark.parametrize(("text", "at", "hint"), DOCUMENTS, ids=[f"{number}-{at}" for number, (_, at, _) in enumerate(DOCUMENTS)])  # fmt: skip
def test_so_is_one_about_the_document(tmp_path: Path, text: str, at: str, hint: str) -> None:
    found = [one for one in findings(tmp_path, text) if hint in one.hint]
    assert found, findings(tmp_path, text)
    assert any(re.match(at, (BEFORE + text).splitlines()[one.origin.line - 1]) for one in found)


@pytest.mark.parametrize(
    ("workload", "version"),
    [("vision: v1.3.0", "v1.3.0"), ("vision: 1.10", "1.10"), ("vision: {channel: beta}", "beta"), ("vision: {version: {channel: beta}}", "beta")],
)  # fmt: skip
def test_short_forms_are_accepted(tmp_path: Path, workload: str, version: str) -> None:
    (tmp_path / "m.yaml").write_text(BEFORE + FLEET.replace(WORKLOAD, written(workload, 4)))
    spec = Loader([tmp_path / "m.yaml"], installed()).load().fleets["austin"].spec.workloads["vision"]
    assert version in {spec.version, getattr(spec.version, "channel", None)}


@pytest.mark.parametrize(("text", "hint"), [(text, hint) for text, _, hint in GUESSES if hint.startswith("write `")])
def test_what_is_proposed_is_right(tmp_path: Path, text: str, hint: str) -> None:
    """Every form, wherever it is said, is that of a key of some kind which takes it."""
    for one in findings(tmp_path, text):
        if said := re.fullmatch(r"(?:write|for example) `([a-z_]+: .*)`", one.hint):
            ((key, value),) = yaml.load(said[1], yaml.BaseLoader).items()
            kinds = [fields_of(kind) for kind in KINDS_OF_FLEETS]
            assert any(key in kind and fits(value, kind[key].type) for kind in kinds), one.hint


def test_findings_say_their_severity(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, FLEET.replace(WORKLOAD, "    vision: latest\n"))
    assert found.severity is Severity.WARNING


# --- the tables ---------------------------------------------------------------------------------------------------------


def reachable(kind: type) -> set[type]:
    """Return the kinds that a kind is made of."""
    found: set[type] = set()

    def walk(node: Any) -> None:
        node = bare(node)
        if isinstance(node, inspect.StructType) and node.cls not in found:
            found.add(node.cls)
            for field in node.fields:
                walk(field.type)
        for name in ("types", "item_type", "key_type", "value_type"):
            child = getattr(node, name, ())
            for one in child if isinstance(child, tuple) else (child,):
                walk(one)

    walk(type_of(kind))
    return found


KINDS_OF_FLEETS = sorted(
    {one for kind in (ChannelSpec, FleetSpec, Metadata) for one in reachable(kind)}, key=lambda kind: kind.__name__
)


@pytest.mark.parametrize("kind", KINDS_OF_FLEETS)
def test_every_key_has_an_example_that_fits(kind: type) -> None:
    if kind.__name__ == "Choice":
        return  # pins; their keys are those of a workload
    assert EXAMPLES[kind].keys() == fields_of(kind).keys()
    for name, value in EXAMPLES[kind].items():
        python = next(one.type for one in msgspec.structs.fields(kind) if one.encode_name == name)
        assert msgspec.convert(value, python) is not None


@pytest.mark.parametrize("kind", KINDS_OF_FLEETS)
def test_what_keys_of_other_tools_mean_is_there(kind: type) -> None:
    keys = fields_of(kind).keys()
    assert {*ALIENS.get(kind, {}).values()} <= keys
    assert {home[0] for home in HOMES.get(kind, {}).values()} <= keys
    assert {*FILLS.get(kind, {})} <= keys
    assert {key for key, _ in WORDS.get(kind, {})} <= keys
    assert not {*ALIENS.get(kind, {})} & keys

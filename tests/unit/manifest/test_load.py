"""What the loader says of manifests that are wrong: whole texts, as people see them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from reconciler.errors import ManifestError, SettingsError
from reconciler.manifest import files, read
from reconciler.manifest.finding import diagnostics_builtins, diagnostics_text
from reconciler.manifest.load import Loader
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.fleet import ChannelRef, Manifest
from reconciler.platforms.registry import installed
from reconciler.plugin import Plugins

TOKEN = "eyJhbGciOiJIUzI1NiJ9.sekrit"

CONNECTION = """\
apiVersion: reconciler/v1
kind: Connection
metadata: {name: plant}
spec:
  losant:
    application: 575ec8687ae143cd83dc4a97
    token: {env: LOSANT_API_TOKEN}
"""
CHANNEL = """\
apiVersion: reconciler/v1
kind: Channel
metadata: {name: stable}
spec:
  versions: {poller: v1.4.0, vision: v2.0.1}
"""
FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: austin}
spec:
  connection: plant
  units: {tags: {site: austin}}
  workloads:
    poller: {version: v1}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return what writes files into the current folder: `write("a.yaml", text, ...)`."""
    monkeypatch.chdir(tmp_path)

    def write_(*pairs: str | bytes) -> Path:
        for name, content in zip(pairs[::2], pairs[1::2], strict=True):
            path = tmp_path / str(name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write_


def load(*paths: str, connections: str | None = None, plugins: Plugins | None = None) -> Manifest:
    elsewhere = None if connections is None else Path(connections)
    return Loader([Path(path) for path in paths or (".",)], plugins or installed(), elsewhere).load()


def with_settings(*names: str) -> Plugins:
    """Return the platforms, of which the one of `CONNECTION` knows these settings."""
    known = {name: lambda _: iter(()) for name in names}
    return {**installed(), "losant": msgspec.structs.replace(installed()["losant"], settings=known)}


def findings(*paths: str, connections: str | None = None) -> tuple[Diagnostic, ...]:
    with pytest.raises(ManifestError) as caught:
        load(*paths, connections=connections)
    return caught.value.diagnostics


def said(*paths: str) -> str:
    """Return what a person reads."""
    text = diagnostics_text(findings(*paths))
    assert TOKEN not in text + str(diagnostics_builtins(findings(*paths)))
    return text + "\n"


def fleet(*lines: str, of: str = FLEET) -> str:
    return of + "".join(f"{line}\n" for line in lines)


EVERYTHING = """\
  units: {all: true}
  workloads:
    poller:
      version: {channel: stable}
      order: semver
      overrides:
        - {units: {tags: {ring: canary}}, version: v1.5.0}
        - {units: {ids: [575ecf887ae143cd83dc4aa2]}, absent: true}
        - {units: {tags: {lab: "*", site: [austin, oslo]}}, unmanaged: true}
        - {units: {any: [{names: ["gw-*"]}, {not: {tags: {x: y}}}]}, version: {channel: stable}}
    vision:
      units: {tags: {camera: "*"}}
      version: {channel: stable}
  pins:
    gw-017: {poller: v1.3.2, vision: {absent: true}}
    gw-018: {poller: {channel: stable}, vision: {version: {channel: stable}, settings: {percent: 10}}}
  prune: listed
  allow_empty: true
  limits: {remove: 10%, minimum: 3, replace: 25, release: {percent: 50%, number: 100}}
  quarantine:
    - {workload: vision, version: v2.0.2, reason: boot loop on rev B, until: 2026-12-01}
  suspend: {reason: site audit, until: 2026-11-30T08:00:00Z}
  rollout:
    waves: [{units: {tags: {ring: canary}}}, 10%, {percent: 50%}, 100%]
    max_moving: 5%
    success: 95%
    failure: {percent: 10%, minimum: 5}
    soak: 30m
    deadline: 2h
    on_failure: rollback
  windows:
    - {allow: "0 2 * * *", duration: 3h, timezone: America/Chicago}
    - {deny: "0 0 24-26 12 *", duration: 24h}
  mode: observe
"""


def test_everything_a_manifest_can_say(write: Write) -> None:
    fleet_ = (
        FLEET[: FLEET.index("  units:")].replace("austin}", "austin, labels: {team: edge}, annotations: {a: b}}")
        + EVERYTHING
    )
    write("all.yaml", f"{CONNECTION}    wide_calls: proved\n---\n{CHANNEL}---\n{fleet_}")
    manifest = load(plugins=with_settings("percent"))
    assert manifest.warnings == ()
    document = manifest.fleets["austin"]
    assert document.labels == {"team": "edge"}
    assert document.spec.limits.replace == "25"
    assert document.spec.pins["gw-018"]["vision"].settings == {"percent": 10}
    places = {
        ("spec",): "spec:", ("spec", "workloads", "vision", "version"): "version: {channel: stable}",
        ("spec", "pins", "gw-018", "vision", "settings"): "settings: {percent: 10}", ("metadata", "labels", "team"): "team: edge",
        ("spec", "workloads", "poller", "overrides", 1): "{units: {ids: [575ecf887ae143cd83dc4aa2]}, absent: true}",
        ("spec", "workloads", "poller", "overrides", 2, "units", "tags", "site", 1): "oslo]",
        ("spec", "windows", 1, "deny"): 'deny: "0 0', ("spec", "mode"): "mode: observe",
    }  # fmt: skip
    lines = Path("all.yaml").read_text().split("\n")
    for path, words in places.items():
        origin = document.locate(path)
        assert lines[origin.line - 1][origin.column - 1 :].startswith(words), path


def test_what_nobody_can_explain_is_told_as_it_is(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.manifest.connections.unfit", lambda *_: iter(()))
    write("c.yaml", CONNECTION.replace("losant:", "lost:"))
    (finding,) = findings()
    assert (finding.code, str(finding.origin)) == ("wrong-value", "c.yaml:4:1")


# --- golden texts, one a mistake ------------------------------------------------------------------------------------------

GOLDEN: dict[str, tuple[str, str]] = {
    "broken YAML": (
        FLEET.replace("{version: v1}", "{version: v1"),
        """\
f.yaml:9:1: error: this is not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'
  hint: the { at line 8, column 13, is not closed
""",
    ),
    "a stray tab": (
        FLEET.replace("  connection: plant", "\tconnection: plant"),
        """\
f.yaml:5:1: error: this is not valid YAML: while scanning for the next token, found character that cannot start any token
  5 | \N{REPLACEMENT CHARACTER}connection: plant
    | ^
  hint: indent with spaces: YAML allows no tabs
""",
    ),
    "duplicate key": (
        fleet("    poller: {version: v2}"),
        """\
f.yaml:9:5: error: the key 'poller' is given twice
  9 |     poller: {version: v2}
    |     ^
  f.yaml:8:5: the first one
""",
    ),
    "unknown key": (
        FLEET.replace("workloads:", "worklods:"),
        """\
f.yaml:4:1: error: spec needs 'workloads'
  4 | spec:
    | ^
  hint: for example `workloads: {modbus-poller: v1.4.0, vision: {channel: stable}}`
f.yaml:7:3: error: unknown key 'worklods' in spec; did you mean 'workloads'?
  7 |   worklods:
    |   ^
  hint: write `workloads: {poller: {version: v1}}`
""",
    ),
    "unknown key of the document": (
        fleet("status: {}"),
        """\
f.yaml:9:1: error: unknown key 'status' in the document; it has metadata, spec
  9 | status: {}
    | ^
  hint: a document has `apiVersion`, `kind`, `metadata` and `spec`; everything else stands below `spec`
""",
    ),
    "empty version": (
        FLEET.replace("{version: v1}", "{version: }"),
        """\
f.yaml:8:23: error: 'version' is empty; null is not allowed, so that a forgotten value never removes anything
  8 |     poller: {version: }
    |                       ^
  hint: write `absent: true` to remove the workload, or `unmanaged: true` to leave it alone
""",
    ),
    "version null": (
        FLEET.replace("{version: v1}", "{version: null}"),
        """\
f.yaml:8:23: error: 'version' is empty; null is not allowed, so that a forgotten value never removes anything
  8 |     poller: {version: null}
    |                       ^
  hint: write `absent: true` to remove the workload, or `unmanaged: true` to leave it alone
""",
    ),
    "version in quotes, but empty": (
        FLEET.replace("{version: v1}", '{version: ""}'),
        """\
f.yaml:8:14: error: spec.workloads.poller.version must be a text of 1 to 255 characters or a mapping, not ''
  8 |     poller: {version: ""}
    |              ^
  hint: for example `version: v1.4.0`
""",
    ),
    "null in a list": (
        FLEET.replace("{tags: {site: austin}}", "{ids: [a, ~]}"),
        """\
f.yaml:6:20: error: an entry is empty; null is not allowed, so that a forgotten value never removes anything
  6 |   units: {ids: [a, ~]}
    |                    ^
  hint: remove the key, or give it a value
""",
    ),
    "unknown channel": (
        FLEET.replace("{version: v1}", "{version: {channel: stabel}}"),
        """\
f.yaml:8:5: error: there is no Channel named 'stabel'; did you mean 'stable'?
  8 |     poller: {version: {channel: stabel}}
    |     ^
""",
    ),
    "channel without this workload": (
        FLEET.replace("poller: {version: v1}", "camera: {version: {channel: stable}}"),
        """\
f.yaml:8:5: error: channel 'stable' has no version for 'camera'; it has poller, vision
  8 |     camera: {version: {channel: stable}}
    |     ^
""",
    ),
    "unknown connection": (
        FLEET.replace("connection: plant", "connection: plnat"),
        """\
f.yaml:5:3: error: there is no Connection named 'plnat'; did you mean 'plant'?
  5 |   connection: plnat
    |   ^
""",
    ),
    "custom tag": (
        FLEET.replace("version: v1", "version: !secret v1"),
        """\
f.yaml:8:23: error: tags such as '!secret' are not supported in manifests
""",
    ),
    "tag on a mapping": (
        FLEET.replace("poller: {", "poller: !!map {"),
        """\
f.yaml:8:13: error: tags such as 'tag:yaml.org,2002:map' are not supported in manifests
  8 |     poller: !!map {version: v1}
    |             ^
""",
    ),
    "merge key": (
        fleet("  pins:", "    gw-1: {<<: {}, poller: v2}"),
        """\
f.yaml:10:12: error: merge keys (`<<`) are not supported; repeat the keys, or use a Channel
  10 |     gw-1: {<<: {}, poller: v2}
     |            ^
""",
    ),
    "a mapping as key": (
        FLEET.replace("poller: {version: v1}", "{a: b}: {version: v1}"),
        """\
f.yaml:8:5: error: a mapping or list cannot be a key
  8 |     {a: b}: {version: v1}
    |     ^
""",
    ),
    "an alias as key": (
        FLEET.replace("metadata: {name: austin}", "metadata: {name: &n austin}").replace("poller:", "*n :"),
        """\
f.yaml:8:5: error: an alias cannot be a key
  8 |     *n : {version: v1}
    |     ^
""",
    ),
    "an anchor on a key": (
        FLEET.replace("poller:", "&p poller:"),
        """\
f.yaml:8:5: error: tags and anchors on keys are not supported in manifests
  8 |     &p poller: {version: v1}
    |     ^
""",
    ),
    "an alias to nothing": (
        FLEET.replace("{version: v1}", "*nothing"),
        """\
f.yaml:8:13: error: no anchor `&nothing` comes before this
  8 |     poller: *nothing
    |             ^
""",
    ),
    "two ways to choose": (
        FLEET.replace("{version: v1}", "{version: v1, absent: true}"),
        """\
f.yaml:8:5: error: exactly one of version, absent and unmanaged is needed, not version and absent
  8 |     poller: {version: v1, absent: true}
    |     ^
  hint: write one of `version: v1.4.0`, `channel: stable`, `absent: true` and `unmanaged: true`
""",
    ),
    "no choice": (
        FLEET.replace("{version: v1}", "{}"),
        """\
f.yaml:8:5: error: exactly one of version, absent and unmanaged is needed, but none is given
  8 |     poller: {}
    |     ^
  hint: write one of `version: v1.4.0`, `channel: stable`, `absent: true` and `unmanaged: true`
""",
    ),
    "a choice of false": (
        FLEET.replace("{version: v1}", "{absent: false}"),
        """\
f.yaml:8:14: error: `absent: false` has no effect; remove it
  8 |     poller: {absent: false}
    |              ^
""",
    ),
    "settings without a version": (
        FLEET.replace("{version: v1}", "{absent: true, settings: {percent: 10}}"),
        """\
f.yaml:8:28: error: settings need a version
  8 |     poller: {absent: true, settings: {percent: 10}}
    |                            ^
""",
    ),
    "empty selector": (
        FLEET.replace("{tags: {site: austin}}", "{}"),
        """\
f.yaml:6:3: error: an empty selector matches no unit
  6 |   units: {}
    |   ^
  hint: write `{all: true}` for every unit
""",
    ),
    "all: false": (
        FLEET.replace("{tags: {site: austin}}", "{all: false}"),
        """\
f.yaml:6:3: error: `all: false` matches no unit; remove it
  6 |   units: {all: false}
    |   ^
""",
    ),
    "empty list in a selector": (
        FLEET.replace("{tags: {site: austin}}", "{ids: [], cohorts: [a]}"),
        """\
f.yaml:6:3: error: Losant has no cohorts; select by tags, names or ids
  6 |   units: {ids: [], cohorts: [a]}
    |   ^
f.yaml:6:3: error: `ids` is empty and matches no unit
  6 |   units: {ids: [], cohorts: [a]}
    |   ^
""",
    ),
    "pin of an unlisted workload": (
        fleet("  pins:", "    gw-1: {pollre: v2}"),
        """\
f.yaml:10:12: error: the pin names 'pollre', which this fleet does not list; did you mean 'poller'?
  10 |     gw-1: {pollre: v2}
     |            ^
""",
    ),
    "pin that chooses nothing": (
        fleet("  pins:", "    gw-1: {poller: {}}"),
        """\
f.yaml:10:12: error: exactly one of version, absent and unmanaged is needed, but none is given
  10 |     gw-1: {poller: {}}
     |            ^
  hint: write one of `version: v1.4.0`, `channel: stable`, `absent: true` and `unmanaged: true`
""",
    ),
    "empty limits": (
        fleet("  limits: {remove: {}}", "  rollout: {max_moving: {}}"),
        """\
f.yaml:9:12: error: a limit needs a percent, a number, or both
  9 |   limits: {remove: {}}
    |            ^
  hint: write `10%`, `25`, or `{percent: 10%, number: 25}`
f.yaml:10:13: error: a limit needs a percent, a number, or both
  10 |   rollout: {max_moving: {}}
     |             ^
  hint: write `10%`, `25`, or `{percent: 10%, number: 25}`
""",
    ),
    "a wrong percentage": (
        fleet("  limits: {remove: 101%, minimum: -1}"),
        """\
f.yaml:9:12: error: spec.limits.remove must be a percentage such as 10% or a number of devices or a mapping, not '101%'
  9 |   limits: {remove: 101%, minimum: -1}
    |            ^
  hint: for example `remove: 10%`
f.yaml:9:26: error: spec.limits.minimum must be a whole number from 0 to 999,999,999, not '-1'
  9 |   limits: {remove: 101%, minimum: -1}
    |                          ^
  hint: for example `minimum: 3`
""",
    ),
    "bad dates": (
        fleet(
            "  suspend: {reason: audit, until: 2026-13-01}",
            "  quarantine:",
            "    - {workload: poller, version: v2, reason: boot loop, until: soon}",
        ),
        """\
f.yaml:11:58: error: spec.quarantine[0].until must be a date such as 2026-12-01, not 'soon'
  11 |     - {workload: poller, version: v2, reason: boot loop, until: soon}
     |                                                          ^
  hint: for example `until: 2026-12-01`
""",
    ),
    "a day that is not in the calendar": (
        fleet("  suspend: {reason: audit, until: 2026-13-01}"),
        """\
f.yaml:9:28: error: '2026-13-01' is not a date such as 2026-12-01 or 2026-12-01T08:00:00Z
  9 |   suspend: {reason: audit, until: 2026-13-01}
    |                            ^
""",
    ),
    "waves": (
        fleet("  rollout:", "    waves: [{}, 50%, 10%, {units: {}}]", "    soak: 0s", "    on_failure: retry"),
        """\
f.yaml:12:5: error: spec.rollout.on_failure must be halt or rollback, not 'retry'
  12 |     on_failure: retry
     |     ^
  hint: for example `on_failure: halt`
""",
    ),
    "waves that mean nothing": (
        fleet("  rollout:", "    waves: [{}, 50%, 10%, {units: {}}]", "    soak: 0s"),
        """\
f.yaml:10:13: error: a wave needs units, a percent, or both
  10 |     waves: [{}, 50%, 10%, {units: {}}]
     |             ^
  hint: write `10%`, or `{units: {tags: {ring: canary}}}`
f.yaml:10:22: error: waves must grow, but 10% comes after 50%
  10 |     waves: [{}, 50%, 10%, {units: {}}]
     |                      ^
  hint: write percentages that grow, such as `waves: [10%, 50%, 100%]`
f.yaml:10:28: error: an empty selector matches no unit
  10 |     waves: [{}, 50%, 10%, {units: {}}]
     |                            ^
  hint: write `{all: true}` for every unit
f.yaml:11:5: error: `soak` must be longer than zero
  11 |     soak: 0s
     |     ^
  hint: write a time such as `soak: 30m`, or remove `soak`
""",
    ),
    "windows": (
        fleet(
            "  windows:",
            '    - {allow: "0 2 * *", duration: 3h}',
            '    - {deny: "0 25 * * *", duration: 0s, timezone: Europe/Atlantis}',
            "    - {duration: 1h}",
        ),
        """\
f.yaml:10:8: error: a cron expression has five fields (minute, hour, day, month, weekday), not 4
  10 |     - {allow: "0 2 * *", duration: 3h}
     |        ^
  hint: for three hours from 02:00, write `{allow: "0 2 * * *", duration: 3h, timezone: Europe/Berlin}`
f.yaml:11:8: error: '25' is not a valid hour (0 to 23)
  11 |     - {deny: "0 25 * * *", duration: 0s, timezone: Europe/Atlantis}
     |        ^
  hint: for three hours from 02:00, write `{allow: "0 2 * * *", duration: 3h, timezone: Europe/Berlin}`
f.yaml:11:28: error: a window must be longer than zero
  11 |     - {deny: "0 25 * * *", duration: 0s, timezone: Europe/Atlantis}
     |                            ^
  hint: for three hours from 02:00, write `{allow: "0 2 * * *", duration: 3h, timezone: Europe/Berlin}`
f.yaml:11:42: error: there is no time zone 'Europe/Atlantis'; did you mean 'Europe/Athens'?
  11 |     - {deny: "0 25 * * *", duration: 0s, timezone: Europe/Atlantis}
     |                                          ^
  hint: use a name such as Europe/Berlin
f.yaml:12:7: error: a window needs exactly one of `allow` and `deny`
  12 |     - {duration: 1h}
     |       ^
  hint: for three hours from 02:00, write `{allow: "0 2 * * *", duration: 3h, timezone: Europe/Berlin}`
""",
    ),
    "windows that are no windows": (
        fleet(
            "  windows:",
            '    - {allow: "0 2 30 2 *", duration: 3h, timezone: localtime}',
            '    - {deny: "0 2 * * *", duration: 400d, timezone: america/chicago}',
        ),
        """\
f.yaml:10:8: error: '0 2 30 2 *' never comes: none of its months has such a day
  10 |     - {allow: "0 2 30 2 *", duration: 3h, timezone: localtime}
     |        ^
  hint: for three hours from 02:00, write `{allow: "0 2 * * *", duration: 3h, timezone: Europe/Berlin}`
f.yaml:10:43: error: 'localtime' is another time zone on every machine
  10 |     - {allow: "0 2 30 2 *", duration: 3h, timezone: localtime}
     |                                           ^
  hint: use a name such as Europe/Berlin
f.yaml:11:27: error: a window lasts 366d at most
  11 |     - {deny: "0 2 * * *", duration: 400d, timezone: america/chicago}
     |                           ^
f.yaml:11:43: error: there is no time zone 'america/chicago'; did you mean 'America/Chicago'?
  11 |     - {deny: "0 2 * * *", duration: 400d, timezone: america/chicago}
     |                                           ^
  hint: use a name such as Europe/Berlin
""",
    ),
    "limits over time, and what keeps serving": (
        fleet("  limits: {window: 0s}", "  keep: {per: pair, serving: 0}"),
        """\
f.yaml:9:12: error: `window` must be longer than zero, and 31d at most
  9 |   limits: {window: 0s}
    |            ^
  hint: for what went since yesterday, write `window: 24h`
f.yaml:10:21: error: `serving: 0` keeps no unit serving
  10 |   keep: {per: pair, serving: 0}
     |                     ^
  hint: write 1 or more, or remove `keep`
""",
    ),
    "every unit, as one would say it": (
        FLEET.replace("{tags: {site: austin}}", "all"),
        """\
f.yaml:6:3: error: spec.units must be a mapping, not a text
  6 |   units: all
    |   ^
  hint: write `units: {all: true}`
""",
    ),
    "lists and mappings in the wrong places": (
        FLEET.replace("{tags: {site: austin}}", "{ids: gw-1, tags: [a]}").replace("{version: v1}", "[v1]"),
        """\
f.yaml:6:11: error: spec.units.ids must be a list, not a text
  6 |   units: {ids: gw-1, tags: [a]}
    |           ^
  hint: write `ids: [gw-1]`
f.yaml:6:22: error: spec.units.tags must be a mapping, not a list
  6 |   units: {ids: gw-1, tags: [a]}
    |                      ^
  hint: write `tags: {a: "*"}`
f.yaml:8:5: error: spec.workloads.poller must be a text of 1 to 255 characters or a mapping, not a list
  8 |     poller: [v1]
    |     ^
  hint: write `workloads: {poller: v1}`
""",
    ),
    "a wrong kind": (
        FLEET.replace("kind: Fleet", "kind: Flet"),
        """\
f.yaml:2:1: error: kind must be one of Connection, Channel, Fleet, not 'Flet'; did you mean 'Fleet'?
  hint: write `kind: Fleet`
""",
    ),
    "another version of the format": (
        FLEET.replace("reconciler/v1", "reconciler/v2"),
        """\
f.yaml:1:1: error: apiVersion must be reconciler/v1, not 'reconciler/v2'
  1 | apiVersion: reconciler/v2
    | ^
  hint: write `apiVersion: reconciler/v1`
""",
    ),
    "no spec": (
        "apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: .austin}\n",
        """\
f.yaml:1:1: error: the document needs 'spec'
  1 | apiVersion: reconciler/v1
    | ^
  hint: write `spec:`, and below it `connection`, `units`, `workloads`
f.yaml:3:12: error: metadata.name must be a name (letters, digits, '.', '_', '-'), not '.austin'
  3 | metadata: {name: .austin}
    |            ^
  hint: for example `name: austin`
""",
    ),
    "no text at all": (
        FLEET.replace("v1}", "v\x001}"),
        """\
f.yaml:8:24: error: this is not valid YAML: unacceptable character #x0000: control characters are not allowed
  8 |     poller: {version: v\N{REPLACEMENT CHARACTER}1}
    |                        ^
""",
    ),
    "a name without letters": (
        FLEET.replace("poller:", '"":'),
        """\
f.yaml:8:5: error: a key of spec.workloads must be a text that is not empty, not ''
  8 |     "": {version: v1}
    |     ^
  hint: for example `workloads: {modbus-poller: v1.4.0, vision: {channel: stable}}`
""",
    ),
    "a key with NUL in it": (
        FLEET.replace("poller:", '"a\\0":'),
        """\
f.yaml:8:5: error: a key cannot contain the character NUL
  8 |     "a\\0": {version: v1}
    |     ^
""",
    ),
}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_what_is_said_of_a_fleet(write: Write, name: str) -> None:
    content, words = GOLDEN[name]
    write("c.yaml", CONNECTION, "d.yaml", CHANNEL, "f.yaml", content)
    assert said() == words


def test_a_secret_written_as_a_literal_is_never_shown(write: Write) -> None:
    write("c.yaml", CONNECTION.replace("{env: LOSANT_API_TOKEN}", TOKEN), "f.yaml", FLEET)
    assert (
        said()
        == """\
c.yaml:7:5: error: spec.losant.token is written as a literal; secrets are references
  hint: write {env: NAME} or {file: PATH}; and if it was committed, revoke it
"""
    )


LEAKS = {
    "on one line with a mistake": f"spec: {{losant: {{application: x, token: {TOKEN}, tokn: 1}}}}",
    "under an unknown key": f"spec: {{losant: {{application: x, token: {{value: {TOKEN}}}}}}}",
    "as a key": f"spec: {{losant: {{application: x, token: {{{TOKEN}: x}}}}}}",
    "as a key without a value": f"spec: {{losant: {{application: x, token: {{{TOKEN}}}}}}}",
    "as a template": f"spec: {{losant: {{application: x, token: {{{{{TOKEN}}}}}}}}}",
    "twice": f"spec:\n  losant:\n    application: x\n    token: {TOKEN}\n    token: {TOKEN}",
    "as a tag": f"spec: {{losant: {{application: x, token: !{TOKEN} }}}}",
    "as an alias": f"spec: {{losant: {{application: x, token: *{TOKEN} }}}}",
    "as the application": f"spec: {{losant: {{application: {TOKEN}, token: {{env: X}}}}}}",
    "as a number of requests": f"spec: {{losant: {{application: x, token: {{env: X}}, requests: {{concurrency: {TOKEN}}}}}}}",
    "in a quote that is not closed": f'spec:\n  losant:\n    token: "{TOKEN}',
    "in the line that is no YAML": f"spec:\n  losant:\n    token: {TOKEN}: x",
    "in the middle of a text": f"spec:\n  losant:\n    application: x\n   token: {TOKEN}\n",
    "in the address": f"spec: {{losant: {{application: {'a' * 24}, token: {{env: X}}, url: 'https://me:{TOKEN}@x'}}}}",
    "in an address that is none": f"spec: {{losant: {{application: {'a' * 24}, token: {{env: X}}, url: 'ftp://me:{TOKEN}@x'}}}}",
    "in an address over plain http": f"spec: {{losant: {{application: {'a' * 24}, token: {{env: X}}, url: 'http://me:{TOKEN}@x'}}}}",
}


@pytest.mark.parametrize("leak", sorted(LEAKS))
@pytest.mark.parametrize("kind", ["Connection", "Conection", "[]"])
def test_what_stands_in_a_connection_is_never_shown(write: Write, leak: str, kind: str) -> None:
    head = f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: plant}}\n"
    write("c.yaml", f"{FLEET}---\n{head}{LEAKS[leak]}")
    assert "error" in said()


def test_a_token_in_a_fleet_is_not_shown(write: Write) -> None:
    write("c.yaml", CONNECTION, "f.yaml", fleet(f"  losant: {{token: {TOKEN}}}"))
    assert said().partition("\n")[0] == "f.yaml:9:3: error: unknown key 'losant' in spec"
    assert TOKEN not in said()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("token: {env: A, file: b}", "c.yaml:7:5: error: a secret names exactly one of `env` (a variable) and `file` (a path)"),
        ("token: {}", "c.yaml:7:5: error: a secret names exactly one of `env` (a variable) and `file` (a path)"),
        ("url: http://api.losant.com", "c.yaml:8:5: error: plain http would show the token to everybody on the way to api.losant.com"),
        ("url: api.losant.com", "c.yaml:8:5: error: this is no web address such as https://api.example.com"),
        ("url: 'https://[x'", "c.yaml:8:5: error: this is no web address such as https://api.example.com"),
        ("url: https://u:p@api.losant.com", "c.yaml:8:5: error: the address carries credentials; use a secret reference instead"),
        ("url: https://api.losant.com/?x=1", "c.yaml:8:5: error: the address must not have a query or fragment"),
        ("requests: {timeout: 0s}", "c.yaml:8:16: error: a timeout of zero lets no request through"),
        ("requests: {concurrency: 65}", "c.yaml:8:16: error: spec.losant.requests.concurrency must be a whole number from 1 to 64"),
        ("requests: {per_second: 0}", "c.yaml:8:16: error: spec.losant.requests.per_second must be a number from 0 to 1,000"),
        ("wide_calls: always", "c.yaml:8:5: error: spec.losant.wide_calls must be never, scope or proved"),
        ("application: 57", "c.yaml:8:5: error: the key 'application' is given twice"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_connection(write: Write, line: str, words: str) -> None:
    text = (
        CONNECTION.replace("token: {env: LOSANT_API_TOKEN}", line)
        if line.startswith("token")
        else CONNECTION + f"    {line}\n"
    )
    write("c.yaml", text.replace("application'", ""))
    if "twice" in words:
        words = words.replace("the key 'application'", "a key")
    assert said().split("\n")[0] == words


def test_loopback_may_be_plain_http(write: Write) -> None:
    for host in ("127.0.0.1:8080", "localhost", "[::1]:80"):
        write("c.yaml", CONNECTION + f"    url: http://{host}\n")
        assert load().connections["plant"].spec.details.url.endswith(host)


# --- several documents, several files -------------------------------------------------------------------------------------


def test_all_findings_of_all_files_come_out_in_one_run(write: Write) -> None:
    write(
        "b.yml", FLEET.replace("v1}", "}"),
        "a.yaml", f"{CONNECTION}---\n{CHANNEL.replace('versions', 'version')}---\nfoo: bar\n",
        "sub/c.yaml", FLEET.replace("austin}\n", "oslo}\n", 1).replace("units:", "unit:"),
        "sub/d.yaml", b"apiVersion: reconciler/v1\nname: \xff\n",
        ".hidden/x.yaml", "apiVersion: reconciler/v1\n",
        "sub/.x.yaml", "apiVersion: reconciler/v1\n",
    )  # fmt: skip
    found = [(str(one.origin), one.code) for one in findings()]
    assert found == [
        ("a.yaml:12:1", "missing-key"),
        ("a.yaml:13:3", "unknown-key"),
        ("b.yml:8:23", "null"),
        ("sub/c.yaml:4:1", "missing-key"),
        ("sub/c.yaml:6:3", "unknown-key"),
        ("sub/d.yaml", "not-utf-8"),
    ]


def test_missing_names_are_not_told_while_documents_cannot_be_read(write: Write) -> None:
    write(
        "c.yaml",
        CONNECTION.replace("losant:", "lossant:"),
        "f.yaml",
        FLEET.replace("{version: v1}", "{version: {channel: x}}"),
    )
    assert {one.code for one in findings()} == {"unknown-platform"}


def at(places: str) -> str:
    """Return a fleet with these lines of a workload and below it."""
    return FLEET.replace("    poller: {version: v1}\n", places)


VERSIONS = {
    "workload": ("    poller: {version: VERSION}\n", 8),
    "short form": ("    poller: VERSION\n", 8),
    "override": ("    poller:\n      version: v1\n      overrides:\n        - {units: {all: true}, version: VERSION}\n", 11),
    "pin": ("    poller: v1\n  pins:\n    gw-1:\n      poller: VERSION\n", 11),
    "pin in full": ("    poller: v1\n  pins:\n    gw-1: {poller: {version: VERSION}}\n", 10),
    "quarantine": ("    poller: v1\n  quarantine:\n    - {workload: poller, version: VERSION, reason: x}\n", 10),
    "requires": ("    poller: v1\n    vision:\n      version: v1\n      requires:\n        poller: [VERSION]\n", 12),
    "requires in full": ("    poller: v1\n    vision:\n      version: v1\n      requires:\n        poller: {version: [VERSION]}\n", 12),
}  # fmt: skip


@pytest.mark.parametrize(
    "version",
    [
        '" v1"',
        '"v1 "',
        '"v1\\n"',
        '"v\\n1"',
        '"v\\t1"',
        '"v\\e[31m1"',
        '"v\\u202e1"',
        '"\\u00a0v1"',
        '"\\u200bv1"',
        '"v1\\x85"',
    ],
)
@pytest.mark.parametrize("place", VERSIONS)
def test_a_version_that_does_not_look_like_what_it_is_is_refused_with_its_line(
    write: Write, place: str, version: str
) -> None:
    text, line = VERSIONS[place]
    write("c.yaml", CONNECTION, "f.yaml", at(text.replace("VERSION", version)))
    (found,) = findings()
    assert (found.origin.line, found.code) == (line, "wrong-value")
    assert "must not have blanks around it, line breaks or control characters" in found.message


def test_versions_of_channels_and_ranges_are_held_to_the_same(write: Write) -> None:
    channel = (
        'apiVersion: reconciler/v1\nkind: Channel\nmetadata: {name: stable}\nspec:\n  versions:\n    poller: "v1 "\n'
    )
    ranged = VERSIONS["requires"][0].replace("[VERSION]", '">=1.4\\n"')
    write("c.yaml", CONNECTION, "channel.yaml", channel, "f.yaml", at(ranged))
    assert [(one.origin.file, one.origin.line) for one in findings()] == [("channel.yaml", 6), ("f.yaml", 12)]


STABLE = "apiVersion: reconciler/v1\nkind: Channel\nmetadata: {name: stable}\nspec: {versions: {poller: v2}}\n"


@pytest.mark.parametrize("place", VERSIONS)
def test_a_version_that_is_called_like_a_channel_is_told(write: Write, place: str) -> None:
    text, line = VERSIONS[place]
    if place.startswith("requires"):
        line = 12
    write("c.yaml", CONNECTION, "x.yaml", STABLE, "f.yaml", at(text.replace("VERSION", "stable")))
    told = [(one.origin.line, one.hint) for one in load().warnings if one.code == "version-like-channel"]
    assert told == [(line, "for what the Channel says, write {channel: stable} where a fleet asks for the version")]


def test_a_version_of_a_channel_that_is_called_like_another_is_told(write: Write) -> None:
    other = STABLE.replace("stable", "beta").replace("v2", "stable")
    write("c.yaml", CONNECTION, "x.yaml", STABLE, "y.yaml", other, "f.yaml", FLEET)
    assert [(one.code, one.origin.file) for one in load().warnings] == [("version-like-channel", "y.yaml")]


@pytest.mark.parametrize("place", VERSIONS)
@pytest.mark.parametrize("version", ['"v1.*"', "v1.?", '">=1.4"', "^1.4", "~1.4", '"!v1"', '"{channel: stable}"'])
def test_versions_are_no_patterns(write: Write, place: str, version: str) -> None:
    text, line = VERSIONS[place]
    write("c.yaml", CONNECTION, "f.yaml", at(text.replace("VERSION", version)))
    told = [(one.code, one.origin.line) for one in load().warnings if one.code != "unknown-workload"]
    assert told == [("version-pattern", line)]


def test_what_people_mean_by_a_pin_with_a_glob_and_by_an_exclamation_mark_is_said(write: Write) -> None:
    text = at(
        """\
    poller: v1
    vision: {version: v1, units: {not: {names: [gw-1, "!gw-*"]}}}
  pins:
    gw-*: {poller: v2}
    "!gw-1": {poller: v2}
"""
    )
    write(
        "c.yaml",
        CONNECTION,
        "f.yaml",
        text.replace("{site: austin}", '{"!lab": austin, ring: [austin, "!canary"], hw: "!b"}'),
    )
    told = [(one.code, one.origin.line, one.origin.column, one.hint) for one in load().warnings]
    leave = "to leave out what matches, write not: "
    override = "for several units, write an override of the workload: {units: {names: [...]}, version: ...}"
    assert told == [
        ("negation", 6, 18, f"{leave}{{tags: {{lab: austin}}}}"),
        ("negation", 6, 49, f"{leave}{{tags: {{ring: canary}}}}"),
        ("negation", 6, 61, f"{leave}{{tags: {{hw: b}}}}"),
        ("negation", 9, 55, f"{leave}{{names: [gw-*]}}"),
        ("glob-pin", 11, 5, override),
        ("glob-pin", 12, 5, override),
    ]


def test_what_looks_like_a_pattern_where_none_is_matched_is_said(write: Write) -> None:
    text = at(
        """\
    poller: v1
    vision: {version: v1, units: {not: {any: [{ids: [a1, "a*"]}, {tags: {"la?": x, hw: "b*"}, names: ["g*"]}]}}}
"""
    )
    write("c.yaml", CONNECTION, "f.yaml", text)
    assert [(one.code, one.origin.line, one.origin.column, one.hint) for one in load().warnings] == [
        ("glob-literal", 9, 58, "to select by pattern, write names: ['a*']"),
        ("glob-literal", 9, 74, "name each tag; only its value may be a pattern"),
    ]


def test_short_forms_of_workloads_are_the_long_ones(write: Write) -> None:
    short = "    poller: {channel: stable}\n    vision: 1.10\n"
    write("c.yaml", CONNECTION, "x.yaml", STABLE, "f.yaml", at(short))
    spec = load().fleets["austin"].spec
    assert spec.workloads["poller"].version == ChannelRef(channel="stable")
    assert spec.workloads["vision"].version == "1.10"
    write("f.yaml", at("    poller: {channel: stable, version: v1}\n"))
    assert [one.message for one in findings()] == [
        "exactly one of version, absent and unmanaged is needed, not version and channel"
    ]
    write("f.yaml", at("    poller:\n"))
    assert [one.hint for one in findings()] == [
        "write `absent: true` to remove the workload, or `unmanaged: true` to leave it alone"
    ]


def test_foreign_documents_are_left_alone(write: Write) -> None:
    foreign = "apiVersion: apps/v1\nkind: Deployment\n---\n- a\n---\nkind: Other\nx: !tag y\n--- text\n---\n"
    write(
        "k8s.yaml",
        foreign,
        "helm.yaml",
        "a: {{ .Values.x }}\n",
        "c.yaml",
        f"# reconciler/v1\n{CONNECTION}---\na: !x b\n",
    )
    found = load()
    assert list(found.connections) == ["plant"]
    assert [one.message for one in found.warnings] == [
        "documents of other kinds are not read: helm.yaml:1:5 (no readable YAML), k8s.yaml:2:1 (Deployment), k8s.yaml:6:1 (Other)"
    ]
    (write("c.yaml", "") / "c.yaml").unlink()
    with pytest.raises(SettingsError, match=r"no manifests in \. .*k8s\.yaml:2:1 \(Deployment\)"):
        load()


@pytest.mark.parametrize(("old", "new"), [
    ("apiVersion: reconciler/v1", "apiVersion: reconcilr/v1"), ("apiVersion: reconciler/v1", "apiversion: reconciler/v1"),
    ("apiVersion: reconciler/v1", "apiVersion: v1"), ("apiVersion: reconciler/v1\nkind: Fleet", "kind: fleet"),
    ("apiVersion: reconciler/v1\nkind: Fleet", "kind: Flet"), ("apiVersion: reconciler/v1\nkind: Fleet", "Kind: Fleets"),
    ("apiVersion: reconciler/v1\nkind: Fleet\n", ""),
    ("apiVersion: reconciler/v1\nkind: Fleet", "apiVersion: Reconciler/V1\nkind: fleet"), ("kind: Fleet", "kind: Flet"), ("kind: Fleet", "Kind: Fleet"),
])  # fmt: skip
def test_a_document_that_was_meant_to_be_ours_is_an_error(write: Write, old: str, new: str) -> None:
    write("c.yaml", CONNECTION, "f.yaml", FLEET.replace(old, new))
    assert {one.origin.file for one in findings()} == {"f.yaml"}


def test_what_seems_to_be_a_manifest_and_is_not_read_is_named(write: Write, tmp_path: Path) -> None:
    """A folder that is linked into another is read there; what holds no manifest is nobody's business."""
    as_json = '{\n  "apiVersion": "reconciler/v1", "kind": "Fleet"}'
    prose = f"# Notes\n\nWrite this:\n\n```yaml\n{FLEET}```\n"
    folder = write("c.yaml", CONNECTION, "in/f.yml", FLEET, "a.YAML", FLEET, "b.Yml", f"\ufeff# ours\n---\n{FLEET}", "c.json", as_json, "d.yaml.bak", FLEET,
                   ".e.yaml", FLEET, "package.json", "{}", "README.md", prose, "x.YAML", "a: b\n", "notes.txt", FLEET, "fleet", FLEET, "g.taml", FLEET)  # fmt: skip
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "g.yaml").write_text(FLEET)
    (folder / ".releases").mkdir()
    (folder / ".releases" / "h.yaml").write_text(FLEET)
    (folder / "current").symlink_to(".releases")
    (folder / "linked").symlink_to(outside)
    (folder / "again").symlink_to("in")
    (folder / "empty").symlink_to(tmp_path.parent / "nowhere")
    os.mkfifo(folder / "p.json")
    told = {one.origin.file for one in load().warnings if one.code == "skipped"}
    assert told == {"a.YAML", "b.Yml", "c.json", "d.yaml.bak", "notes.txt", "fleet", "g.taml", "linked", "current"}


def test_a_document_of_our_kind_without_its_version_is_told(write: Write) -> None:
    write("c.yaml", CONNECTION.replace("apiVersion: reconciler/v1\n", ""))
    assert [one.code for one in findings()] == ["no-manifest"]


def test_a_broken_file_that_speaks_of_us_is_told(write: Write) -> None:
    write("c.yaml", CONNECTION, "f.yaml", "# reconciler/v1\n{{ x", "g.yaml", "# reconciler/v1\na: [")
    assert [one.code for one in findings()] == ["key", "yaml"]


def test_a_file_that_is_named_must_be_a_manifest(write: Write) -> None:
    write("x.yaml", "a: b\n", "y.yaml", "- !x a\n", "z.yaml", "")
    assert [(one.code, one.origin.line) for one in findings("x.yaml")] == [("no-manifest", 1)]
    assert [one.code for one in findings("y.yaml")] == ["tag"]
    for name in ("z.yaml", "nowhere.yaml"):
        with pytest.raises(SettingsError, match=name):
            load(name)


def test_nothing_found_says_how_much_else_there_was(write: Write) -> None:
    write("x.yaml", "a: b\n---\nc: d\n")
    with pytest.raises(SettingsError, match=r"no manifests in \. \(2 other YAML documents were ignored\)") as caught:
        load()
    assert "reconciler import" in caught.value.hint
    assert Loader([Path()], installed(), may_be_empty=True).load().fleets == {}


def test_two_documents_of_one_name(write: Write) -> None:
    write("a.yaml", CONNECTION, "b.yaml", f"{CONNECTION}---\n{CHANNEL}", "c.yaml", CHANNEL)
    found = findings()
    assert [(str(one.origin), one.message, str(one.related[0].origin)) for one in found] == [
        ("b.yaml:3:12", "there are two Connections named 'plant'", "a.yaml:3:12"),
        ("c.yaml:3:12", "there are two Channels named 'stable'", "b.yaml:11:12"),
    ]
    assert [bool(one.excerpt) for one in found] == [False, True]
    assert [one.hint for one in found] == [
        "give one of them another name; `reconciler import --connection NAME` chooses it",
        "give one of them another name",
    ]


def test_a_file_given_twice_is_read_once(write: Write) -> None:
    folder = write("a.yaml", CONNECTION)
    (folder / "link.yaml").symlink_to("a.yaml")
    assert list(load(".", "a.yaml", "link.yaml").connections) == ["plant"]


def test_connections_from_elsewhere(write: Write) -> None:
    other = CONNECTION.replace("575ec8687ae143cd83dc4a97", "a" * 24)
    foreign = "---\napiVersion: v1\nkind: Secret\n"
    write("fleets/c.yaml", CONNECTION, "fleets/f.yaml", FLEET, "trusted/c.yaml", other + "---\n" + CHANNEL + foreign)
    manifest = load("fleets", connections="trusted")
    assert manifest.connections["plant"].spec.details.application == "a" * 24
    assert manifest.channels == {}
    assert [one.code for one in manifest.warnings] == ["connections-ignored", "foreign"]
    write("trusted/c.yaml", other.replace("losant:", "x:"))
    assert {one.origin.file for one in findings("fleets", connections="trusted")} >= {"trusted/c.yaml"}


def test_a_quarantine_of_an_unlisted_workload_is_a_warning(write: Write) -> None:
    write(
        "c.yaml", CONNECTION, "f.yaml", fleet("  quarantine:", "    - {workload: vision, version: v2, reason: loops}")
    )
    (warning,) = load().warnings
    assert (warning.code, warning.severity.value, warning.origin.line) == ("unknown-workload", "warning", 10)
    assert "vision" in warning.excerpt


@pytest.mark.parametrize("name", ["w9", "the name of the platform"])
def test_a_quarantine_may_name_what_only_the_platform_shows_by_another_name(write: Write, name: str) -> None:
    entry = f"    - {{workload: {name}, version: v2, reason: loops}}"
    own = "    poller: {id: w9, version: v1}"
    write("c.yaml", CONNECTION, "f.yaml", fleet("  quarantine:", entry).replace("    poller: {version: v1}", own))
    assert load().warnings == ()


# --- files that are not what they seem ------------------------------------------------------------------------------------


def test_a_hundred_megabytes_are_not_read(write: Write) -> None:
    folder = write("f.yaml", CONNECTION)
    os.truncate(folder / "f.yaml", 100_000_000)
    (finding,) = findings()
    assert (finding.code, str(finding.origin)) == ("too-large", "f.yaml")
    assert "100,000,000 bytes; at most 33,554,432" in finding.message


def test_what_says_no_size_is_bounded_too(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    monkeypatch.setattr(files, "LARGEST", 10)
    assert [one.code for one in findings("/proc/self/status")] == ["too-large"]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "pipe", "pipe.yaml", "socket", "link"])
def test_what_is_no_file_is_refused_and_nobody_waits_for_it(write: Write, path: str) -> None:
    folder = write()
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.yaml")
    (folder / "link").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
    (found,) = findings(path)
    assert (found.code, found.message) == ("unreadable", "this is not a regular file, and nothing else is read")


def test_devices_pipes_and_loops_below_a_folder(write: Write) -> None:
    folder = write("c.yaml", CONNECTION)
    os.mkfifo(folder / "pipe.yaml")
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "gone.yaml").symlink_to("nowhere")
    assert {(one.origin.file, one.code) for one in findings()} == {
        ("pipe.yaml", "unreadable"), ("loop.yaml", "unreadable"), ("gone.yaml", "unreadable"),
    }  # fmt: skip


def test_a_folder_that_cannot_be_looked_into(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write("c.yaml", CONNECTION, "sub/f.yaml", FLEET)
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    (finding,) = findings()
    assert finding.message == "cannot look into the folder: Permission denied"
    assert finding.origin.file == "sub"
    del folder


def test_a_path_that_cannot_be_looked_at(write: Write) -> None:
    write()
    with pytest.raises(SettingsError, match="cannot read"):
        load("x" * 300)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_marks_and_line_breaks_of_windows(write: Write, encoding: str, line_break: str) -> None:
    text = FLEET.replace("version: v1", "version: v1, cafe: é").replace("name: austin}", "name: austin} # Zürich")
    write("f.yaml", text.replace("\n", line_break).encode(encoding), "c.yaml", CONNECTION)
    (finding,) = findings()
    assert str(finding.origin) == "f.yaml:8:27"
    assert finding.excerpt == "    poller: {version: v1, cafe: é}"


def test_utf_16_is_told(write: Write) -> None:
    write("f.yaml", CONNECTION.encode("utf-16"))
    assert [one.message for one in findings()] == ["the file is not UTF-8 text (byte 0)"]


# --- too much of it -------------------------------------------------------------------------------------------------------


def test_aliases_that_expand_without_end(write: Write) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    write("f.yaml", "apiVersion: reconciler/v1\n" + bomb)
    assert [one.message for one in findings("f.yaml")] == ["its aliases expand to more than 4,000,000 values"]


def test_aliases_within_bounds_work(write: Write) -> None:
    write(
        "c.yaml",
        CONNECTION,
        "f.yaml",
        fleet("    vision: &v {version: v2}", "    camera: *v", "  pins: {gw-1: {vision: *v}}"),
    )
    spec = load().fleets["austin"].spec
    assert spec.workloads["camera"].version == spec.pins["gw-1"]["vision"].version == "v2"
    assert str(load().fleets["austin"].locate(("spec", "workloads", "camera", "version"))) == "f.yaml:10:5"


@pytest.mark.parametrize("nested", ["[" * 100_000, "{not: " * 1000, "- " * 1000])
def test_levels_without_end(write: Write, nested: str) -> None:
    write("f.yaml", "apiVersion: reconciler/v1\nspec:\n  " + nested)
    assert [one.message for one in findings("f.yaml")] == ["more than 64 levels of nesting"]


def test_levels_behind_aliases_count(write: Write) -> None:
    levels = [f"    a{n}: &a{n} {'{not: ' * 40}*a{n - 1}{'}' * 40}\n" for n in range(1, 40)]
    write("f.yaml", FLEET + "    a0: &a0 {all: true}\n" + "".join(levels))
    assert [one.message for one in findings("f.yaml")] == ["more than 64 levels of nesting"]


# --- values ---------------------------------------------------------------------------------------------------------------


def test_versions_are_texts_exactly_as_typed(write: Write) -> None:
    names = ["1.10", "1.0", "010", "1e3", "0x10", "true", "2026-12-01", "yes", "1_000", "v1 rc"]
    write(
        "c.yaml",
        CONNECTION,
        "f.yaml",
        FLEET + "".join(f"    w{n}: {{version: {name}}}\n" for n, name in enumerate(names)),
    )
    workloads = load().fleets["austin"].spec.workloads
    assert [workloads[f"w{number}"].version for number in range(len(names))] == names


def test_settings_have_the_types_of_what_is_typed(write: Write) -> None:
    settings = "{a: 10, b: '10', c: 1.5, d: true, e: \"true\", f: x, g: 99999999999999999999, h: 1e999, i: &n 7, j: *n, k: &q '7'}"
    write(
        "c.yaml", CONNECTION,
        "f.yaml", fleet(
            f"    vision: {{version: v1, settings: {settings}, overrides: [{{units: {{all: true}}, version: v2, settings: {{p: 1}}}}]}}",
            "  pins: {gw-1: {vision: {version: v1, settings: {p: .5}}}}",
        ),
    )  # fmt: skip
    spec = load(plugins=with_settings(*"abcdefghijkp")).fleets["austin"].spec
    found = spec.workloads["vision"].settings
    assert found == {
        "a": 10, "b": "10", "c": 1.5, "d": True, "e": "true", "f": "x", "g": "99999999999999999999", "h": "1e999", "i": 7,
        "j": 7, "k": "7",
    }  # fmt: skip
    assert found["d"] is True
    assert spec.workloads["vision"].overrides[0].settings == {"p": 1}
    assert spec.pins["gw-1"]["vision"].settings == {"p": 0.5}


def test_a_block_of_text_is_no_name(write: Write) -> None:
    write("c.yaml", CONNECTION.replace("{name: plant}", "\n  name: |\n    plant"))
    assert [one.code for one in findings()] == ["wrong-value"]


def test_quoted_null_is_a_text_where_texts_go_and_nothing_elsewhere(write: Write) -> None:
    write("c.yaml", CONNECTION, "f.yaml", FLEET.replace("version: v1", "version: 'null'"))
    assert load().fleets["austin"].spec.workloads["poller"].version == "null"
    write("f.yaml", FLEET.replace("version: v1", "absent: 'null'"))
    assert [one.code for one in findings()] == ["wrong-value"]


def test_the_digest_is_of_values_not_of_their_order_or_comments(write: Write) -> None:
    folder = write("a.yaml", f"{CONNECTION}---\n{FLEET}", "b.yaml", CHANNEL)
    before = load()
    write("z.yaml", f"# a comment\n{FLEET}", "y.yaml", f"{CHANNEL}---\n{CONNECTION}# the end\n")
    after = load(str(folder / "z.yaml"), str(folder / "y.yaml"))
    assert before.digest == after.digest
    assert before.fleets["austin"].spec == after.fleets["austin"].spec
    write("z.yaml", FLEET.replace("version: v1", "version: v2"))
    assert load("z.yaml", "y.yaml").digest != before.digest


def test_the_slower_parser_says_the_same(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    monkeypatch.setattr(read, "Parser", yaml.SafeLoader)
    write("c.yaml", CONNECTION, "f.yaml", fleet("    poller: {version: v2, settings: }"))
    assert [(one.code, one.origin.line) for one in findings()] == [("duplicate-key", 9), ("null", 9)]
    write("f.yaml", FLEET)
    assert load().fleets["austin"].spec.workloads["poller"].version == "v1"
    write("f.yaml", FLEET.replace("version: v1", "version: v\0"))
    assert [(one.code, str(one.origin)) for one in findings()] == [("yaml", "f.yaml:8:24")]


# --- claims ---------------------------------------------------------------------------------------------------------------

WHOLE = FLEET.replace("{tags: {site: austin}}", "{all: true}")
SECOND = WHOLE.replace("name: austin", "name: second")


@pytest.mark.parametrize(
    ("left", "right", "places"),
    [
        (WHOLE, SECOND, [("f.yaml:8:5", "g.yaml:8:5")]),
        (WHOLE, SECOND.replace("v1}", "v1, id: a}"), []),
        (WHOLE.replace("v1}", "v1, id: a}"), SECOND.replace("poller: {version: v1}", "p: {version: v1, id: a}"), [("f.yaml:8:5", "g.yaml:8:5")]),
        (WHOLE.replace("v1}", "v1, id: a}"), SECOND.replace("v1}", "v1, id: b}"), []),
        (WHOLE, SECOND.replace("poller", "vision"), []),
        (WHOLE, SECOND.replace("version: v1", "unmanaged: true"), []),
        (WHOLE, SECOND.replace("v1}", "v1, units: {names: [a]}}"), []),
        (WHOLE, SECOND.replace("v1}", "v1, overrides: [{units: {names: [a]}, unmanaged: true}]}"), []),
        (WHOLE, SECOND + "  pins: {gw-1: {poller: {unmanaged: true}}}\n", []),
        (WHOLE, SECOND + "  pins: {gw-1: {poller: v3}}\n", [("f.yaml:8:5", "g.yaml:8:5")]),
        (FLEET, SECOND, []),
        (WHOLE, SECOND.replace("plant", "other"), []),
        (WHOLE, SECOND.replace("poller", "vision") + "  prune: all\n", [("f.yaml:8:5", "g.yaml:9:3")]),
        (WHOLE + "  prune: all\n", SECOND.replace("poller", "vision"), [("f.yaml:9:3", "g.yaml:8:5")]),
        (WHOLE, SECOND.replace("poller", "vision").replace("v1}", "v1, id: a}") + "  prune: all\n", []),
        (WHOLE, SECOND.replace("version: v1", "unmanaged: true") + "  prune: all\n", []),
    ],
)  # fmt: skip
def test_claims_that_overlap_whatever_the_inventory_is(
    write: Write, left: str, right: str, places: list[tuple[str, str]]
) -> None:
    other = CONNECTION.replace("name: plant", "name: other").replace("4a97", "4a98")
    write("c.yaml", f"{CONNECTION}---\n{other}", "f.yaml", left, "g.yaml", right)
    try:
        found: tuple[Diagnostic, ...] = load().warnings
    except ManifestError as error:
        found = error.diagnostics
    assert [(str(one.origin), str(one.related[0].origin)) for one in found] == places
    assert all(one.code == "claimed-twice" and one.excerpt for one in found)


def test_many_findings_of_a_large_file_come_soon(write: Write) -> None:
    pins = "".join(f"    gw-{number}: {{vision: v{number}}}\n" for number in range(5000))
    write("c.yaml", CONNECTION, "f.yaml", FLEET + "  pins:\n" + pins)
    found = findings()
    assert len(found) == 5000
    assert found[4999].excerpt == "    gw-4999: {vision: v4999}"


@pytest.mark.parametrize("broken", [
    "apiVersion: [\n", "apiVersion: reco\n", "apiVersion:\n", "api\n", "{\n", "metadata: {name: other\n", '"', "a: [\n",
    "kind: Fleet\n\tx", "apiVersion: v1\nkind: ConfigMap\n---\napiVersion: [\n", "a: b: c\n---\nkind: Fleet\n",
    "x: '\n---\napiVersion: apps/v1\nkind: Deployment\n", "kind: Fleet\na: {{ .x }}\n", "apiVersion: &\n",
])  # fmt: skip
def test_what_cannot_be_read_is_no_document_of_another_kind(write: Write, broken: str) -> None:
    """A fleet that somebody broke never drops out in silence because others are there."""
    write("c.yaml", CONNECTION, "f.yaml", FLEET, "g.yaml", broken)
    assert [one.origin.file for one in findings()][:1] == ["g.yaml"]


@pytest.mark.parametrize("foreign", [
    "a: {{ .x }}\n", "apiVersion: apps/v1\nkind: Deployment\nx: [\n", "kind: Deployment\n\tx", "{% if a %}\nb: 1\n{% endif %}\n",
    "apiVersion: v1\nkind: ConfigMap\n---\n{{- if .x }}\na: 1\n{{- end }}\n", '{"apiVersion": "v1", "kind": "List", "items": [',
])  # fmt: skip
def test_what_shows_another_kind_or_is_a_template_is_left_alone(write: Write, foreign: str) -> None:
    write("c.yaml", CONNECTION, "f.yaml", FLEET, "g.yaml", foreign)
    assert next(one.message for one in load().warnings).startswith("documents of other kinds are not read: g.yaml:")


def test_a_manifest_that_was_cut_off_anywhere_is_refused(write: Write) -> None:
    """Every beginning of a fleet is refused, but for one that is a smaller whole fleet, or nothing at all."""
    other = FLEET.replace("austin", "other").replace("site: austin", "site: other")
    write("c.yaml", CONNECTION, "f.yaml", FLEET)
    for end in range(1, len(other)):
        write("g.yaml", other[:end])
        try:
            assert "other" in load().fleets or "othe" in str(load().fleets), other[:end]
        except ManifestError:
            continue

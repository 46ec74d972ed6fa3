"""The file of `--notify-config`: what is right, and that everything wrong is said at its place, without what was typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ManifestError, SettingsError
from reconciler.manifest.notifying import load
from reconciler.model.connection import Secret
from reconciler.model.notifying import ALL


def written(folder: Path, text: str) -> Path:
    path = folder / "notify.yaml"
    path.write_text(text)
    return path


def wrong(folder: Path, text: str) -> list[tuple[int, str]]:
    """Return the lines of what is wrong, with the codes."""
    with pytest.raises(ManifestError) as refused:
        load(written(folder, text))
    assert "SECRET" not in str(refused.value)
    return [(one.origin.line, one.code) for one in refused.value.diagnostics]


def test_a_target_has_defaults_and_references(tmp_path: Path) -> None:
    text = """
targets:
  - {name: ops, apprise: {env: OPS_URL}}
  - name: hook
    webhook: {url: {env: HOOK}, key: {file: hook.key}}
    fleets: [plant-*]
    kinds: [halt, failure]
    per_hour: 5
    format: markdown
    title: "[$kind] $title"
"""
    ops, hook = load(written(tmp_path, text)).targets
    assert (ops.apprise, ops.fleets, ops.kinds, ops.per_hour) == (Secret(env="OPS_URL"), ["*"], [*ALL], 20)
    assert (ops.title, ops.body, ops.format) == ("$title", "$body", "text")
    assert hook.webhook is not None
    assert (hook.webhook.key, hook.kinds, hook.per_hour) == (Secret(file="hook.key"), ["halt", "failure"], 5)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("targets:\n  - {name: a, apprise: slack://SECRET}\n", [(2, "secret-literal")]),
        ("targets:\n  - {name: a}\n", [(2, "target")]),
        ("targets:\n  - {name: a, apprise: {env: A}, webhook: {url: {env: B}, key: {env: C}}}\n", [(2, "target")]),
        ("targets:\n  - {name: a, apprise: {env: A}}\n  - {name: a, apprise: {env: A}}\n", [(3, "duplicate-name")]),
        ("targets:\n  - {name: a, apprise: {env: A, file: B}}\n", [(2, "secret")]),
        ("targets:\n  - {name: a, apprise: {env: A}, kinds: [SECRET]}\n", [(2, "wrong-value")]),
        ("targets:\n  - {name: a, apprise: {env: A}, per_hour: 0}\n", [(2, "wrong-value")]),
        ("targets:\n  - {name: a, apprise: {env: A}, every_hour: 2}\n", [(2, "unknown-key")]),
        ("targets:\n  - {name: a, apprise: {env: A}}\n    name: b\n", [(3, "yaml")]),
        ("targets:\n  - name: a\n    name: b\n    apprise: {env: A}\n", [(3, "duplicate-key")]),
        ("targets:\n", [(1, "null")]),
        ("targets: []\n", [(1, "wrong-value")]),
    ],
)
def test_what_is_wrong_is_said_at_its_place(tmp_path: Path, text: str, found: list[tuple[int, str]]) -> None:
    assert wrong(tmp_path, text) == found


@pytest.mark.parametrize("text", ["", "- a\n", "a: 1\n---\nb: 2\n", "SECRET\n"])
def test_what_is_no_mapping_says_how_to_write_one(tmp_path: Path, text: str) -> None:
    with pytest.raises((SettingsError, ManifestError)) as refused:
        load(written(tmp_path, text))
    assert "SECRET" not in refused.value.advised
    with pytest.raises(SettingsError, match="cannot read"):
        load(tmp_path / "nothing.yaml")

"""What is wrong with rollouts as written, and what is merely odd."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli import wiring
from reconciler.errors import ManifestError
from reconciler.model.diagnostic import Severity

CONNECTIONS = {
    "losant": "losant: {application: 575ec8687ae143cd83dc4a97, token: {env: T}}",
    "memfault": "memfault: {organization: a, project: b, token: {env: T}}",
}


def found(folder: Path, rollout: str, platform: str = "losant") -> dict[str, tuple[str, int]]:
    """Return what is said of a rollout, by code, with the line."""
    (folder / "fleet.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Connection\nmetadata: {name: plant}\n"
        f"spec: {{{CONNECTIONS[platform]}}}\n---\n"
        "apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: edge}\nspec:\n"
        f"  connection: plant\n  units: {{all: true}}\n  workloads: {{w: v1}}\n  rollout: {rollout}\n"
    )
    try:
        diagnostics = wiring.load([folder], quiet=True).warnings
    except ManifestError as error:
        diagnostics = error.diagnostics
    return {
        one.code + ("?" if one.severity is Severity.WARNING else ""): (one.message, one.origin.line)
        for one in diagnostics
    }


@pytest.mark.parametrize(
    ("rollout", "code", "words"),
    [
        ("{waves: [50%, 10%, 100%]}", "wave-order", "10% comes after 50%"),
        ("{waves: [0%, 100%]}", "wave-order", "a wave of 0% takes nobody"),
        (
            "{waves: [{units: {tags: {a: b}}}, {units: {tags: {a: b}}}, 100%]}",
            "wave-order",
            "this wave is always empty",
        ),
        ("{waves: [100%, {units: {tags: {ring: canary}}}]}", "wave-order", "this wave is always empty"),
        (
            "{waves: [{units: {tags: {a: b}}, percent: 50%}, {units: {tags: {a: b}}, percent: 20%}, 100%]}",
            "wave-order",
            "20% of tags a b comes after 50%",
        ),
        ("{waves: [{}, 100%]}", "empty-wave", "a wave needs"),
        ("{waves: [10%, 50%]}", "waves-short?", "the waves end at 50%: the rest follows as one more wave"),
        ("{waves: [{units: {tags: {a: b}}, percent: 5%}]}", "waves-short?", "end at 5% of tags a b"),
        ("{waves: [{share: 10%}, 100%]}", "share", "Losant assigns a version to a unit as a whole"),
        ("{waves: [100%], soak: 0s}", "zero-duration", "`soak` must be longer than zero"),
        ("{waves: [100%], max_moving: {}}", "empty-limit", "a limit needs"),
        ("{max_moving: 0}", "threshold", "lets nothing go"),
        ("{max_moving: 0%}", "threshold", "lets nothing go"),
        ("{waves: [100%], success: 0%}", "threshold", "although nobody reports"),
        ("{max_moving: 3, failure: {percent: 10%, minimum: 5}}", "threshold", "`failure` cannot be met: 5 must fail"),
        ("{success: 95%, max_moving: 3}", "no-waves?", "`success` has no effect without `waves`"),
        ("{soak: 5m, max_moving: 3}", "no-waves?", "`soak` has no effect without `waves`"),
        ("{waves: [100%], on_failure: rollback}", "no-failure?", "has no effect without `failure`"),
        ("{}", "no-pace?", "this rollout paces nothing: every unit changes at once"),
        ("{waves: []}", "no-pace?", "every unit changes at once"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, rollout: str, code: str, words: str) -> None:
    said = found(tmp_path, rollout)
    assert set(said) == {code}
    assert words in said[code][0]
    assert said[code][1] == 13


@pytest.mark.parametrize(
    "rollout",
    [
        "{waves: [{units: {tags: {ring: canary}}}, 10%, 50%, 100%], max_moving: 5%, success: 95%, soak: 30m}",
        "{waves: [{units: {tags: {ring: canary}}}]}",
        "{waves: [{units: {tags: {ring: canary}}, percent: 10%}, {units: {tags: {ring: canary}}}, 100%]}",
        "{max_moving: 5, failure: {percent: 10%, minimum: 5}}",
        "{deadline: 2h}",
    ],
)
def test_what_is_right_is_taken(tmp_path: Path, rollout: str) -> None:
    assert found(tmp_path, rollout) == {}


@pytest.mark.parametrize(
    ("rollout", "code"),
    [
        ("{waves: [{units: {cohorts: [a]}, share: 10%}, {units: {cohorts: [a]}, share: 100%}]}", None),
        ("{waves: [{units: {cohorts: [a]}, share: 10%}, {units: {cohorts: [a]}}, 100%]}", None),
        ("{waves: [{units: {cohorts: [a]}, share: 10%}, {units: {cohorts: [b]}, share: 5%}, 100%]}", None),
        ("{waves: [{units: {cohorts: [a]}, share: 10%}, {units: {cohorts: [a]}, share: 5%}, 100%]}", "wave-order"),
        ("{waves: [{share: 10%}, {share: 50%}]}", "waves-short?"),
        ("{waves: [{share: 2.5%}, 100%]}", "share"),
        ("{waves: [{share: 10%, percent: 10%}, 100%]}", "share"),
    ],
)
def test_shares_of_cohorts_grow_as_well(tmp_path: Path, rollout: str, code: str | None) -> None:
    assert set(found(tmp_path, rollout, "memfault")) == ({code} if code else set())

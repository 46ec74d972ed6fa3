"""What is said of Connections: exactly one platform, and what its plug-in asks of them and of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.load import Loader
from reconciler.platforms.registry import installed

CDN = "agent: https://cdn.example.com"
WATCH = "organization: acme, project: watch"
KEY = "user: {email: {env: E}, key: {env: K}}"
SERVER = "delivery: {url: 'http://server.example', login: {username: {env: U}, password: {}}}"


def said(folder: Path, spec: str, fleet: str = "") -> list[tuple[str, str]]:
    """Return code and message of each finding about a Connection, and about a fleet on it."""
    text = f"apiVersion: reconciler/v1\nkind: Connection\nmetadata: {{name: plant}}\nspec: {spec}\n"
    if fleet:
        text += "---\napiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: all}\nspec:\n  connection: plant\n"
        text += f"  units: {{all: true}}\n  workloads: {{main: {{version: v1, settings: {fleet}}}}}\n"
    (folder / "m.yaml").write_text(text)
    try:
        Loader([folder], installed()).load()
    except ManifestError as error:
        return [(one.code, one.message) for one in error.diagnostics]
    return []


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ("[losant]", "wrong-type", "spec must be a mapping, not a list"),
        ("{}", "platform", "a Connection names exactly one platform, and it names none"),
        (f"{{getapp: {{{CDN}}}, memfault: {{{WATCH}, {KEY}}}}}", "platform", "a Connection names exactly one platform, not getapp and memfault"),
        (f"{{gettapp: {{{CDN}}}}}", "unknown-platform", "reconciler knows no platform 'gettapp'; did you mean 'getapp'?"),
        ("{greengrass: {}}", "unknown-platform", "reconciler knows no platform 'greengrass'; it has getapp, losant, memfault"),
        (f"{{getapp: {{{CDN}, routes: {{deploy: {{path: start}}}}}}}}", "route", "a path starts with `/`"),
        (f"{{memfault: {{{WATCH}}}}}", "credentials", "exactly one of `token` (an organization token) and `user` is needed"),
        (f"{{memfault: {{{WATCH}, {KEY}, seen_within: 0s}}}}", "zero-duration", "`seen_within` must be longer than zero"),
    ],
)  # fmt: skip
def test_what_a_connection_cannot_be(tmp_path: Path, spec: str, code: str, message: str) -> None:
    assert said(tmp_path, spec) == [(code, message)]


def test_secrets_are_checked_wherever_they_stand(tmp_path: Path) -> None:
    found = said(tmp_path, f"{{getapp: {{{CDN}, {SERVER}}}}}")
    assert [code for code, _ in found] == ["plain-http", "secret"]


@pytest.mark.parametrize(
    ("spec", "settings", "messages"),
    [
        (f"{{memfault: {{{WATCH}, {KEY}}}}}", "{rollout_percent: 10}", []),
        (f"{{memfault: {{{WATCH}, {KEY}}}}}", "{rollout_percent: 100}", ["rollout_percent must be a whole number from 1 to 99"]),
        (f"{{memfault: {{{WATCH}, {KEY}}}}}", "{share: 10}", ["Memfault has no setting 'share'"]),
        (f"{{getapp: {{{CDN}}}}}", "{share: 10}", ["GetApp has no settings"]),
    ],
)  # fmt: skip
def test_settings_are_those_of_the_platform(tmp_path: Path, spec: str, settings: str, messages: list[str]) -> None:
    assert [message for _, message in said(tmp_path, spec, settings)] == messages


LOSANT = "application: 575ec8687ae143cd83dc4a97, token: {env: T}"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"losant: {{{LOSANT}}}", f"losant: {{{LOSANT}}}", True),
        (f"losant: {{{LOSANT}}}", f"losant: {{{LOSANT.upper().replace('APPLICATION', 'application').replace('TOKEN', 'token').replace('ENV', 'env')}}}", True),
        (f"losant: {{{LOSANT}}}", f"losant: {{{LOSANT}, url: 'HTTPS://API.losant.com:443/'}}", True),
        (f"losant: {{{LOSANT}}}", f"losant: {{{LOSANT}, url: 'https://api.eu.losant.com'}}", False),
        (f"losant: {{{LOSANT}}}", f"losant: {{{LOSANT.replace('97', '98')}}}", False),
        (f"losant: {{{LOSANT}, url: 'http://127.0.0.1:8080'}}", f"losant: {{{LOSANT}, url: 'http://[::1]:8080'}}", True),
        (f"losant: {{{LOSANT}, url: 'http://127.0.0.1:8080'}}", f"losant: {{{LOSANT}, url: 'http://localhost:8081'}}", False),
        (f"losant: {{{LOSANT}}}", f"losant: {{{LOSANT}, url: 'https://api.losant.com/./x/..'}}", True),
        (f"memfault: {{{WATCH}, {KEY}}}", f"memfault: {{{WATCH}, token: {{env: T}}}}", True),
        (f"memfault: {{{WATCH}, {KEY}}}", f"memfault: {{{WATCH.replace('watch', 'clock')}, {KEY}}}", False),
        (f"getapp: {{{CDN}}}", f"getapp: {{{CDN}, topology: agent, api: v2}}", True),
        (f"getapp: {{{CDN}}}", "getapp: {agent: http://cdn.example.com./}", True),
        (f"getapp: {{{CDN}}}", "getapp: {agent: 'https://cdn.example.com/second'}", False),
        (f"getapp: {{{CDN}}}", f"losant: {{{LOSANT}, url: 'https://cdn.example.com'}}", False),
    ],
)  # fmt: skip
def test_two_connections_to_one_application_are_a_mistake(tmp_path: Path, one: str, other: str, same: bool) -> None:
    head = "apiVersion: reconciler/v1\nkind: Connection\nmetadata: {name: %s}\nspec: {%s}\n"
    (tmp_path / "a.yaml").write_text(head % ("plant", one))
    (tmp_path / "b.yaml").write_text(head % ("yard", other))
    if not same:
        Loader([tmp_path], installed()).load()
        return
    with pytest.raises(ManifestError) as raised:
        Loader([tmp_path], installed()).load()
    (found,) = raised.value.diagnostics
    assert (found.code, Path(found.origin.file).name) == ("same-application", "b.yaml")
    assert found.message == "the Connections 'plant' and 'yard' are to one application"
    assert [Path(related.origin.file).name for related in found.related] == ["a.yaml"]

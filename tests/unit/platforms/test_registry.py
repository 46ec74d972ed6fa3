"""Platforms by name: ours without a scan, others by their entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import cast

import pytest

from reconciler.errors import SettingsError
from reconciler.model.connection import ConnectionSpec, LosantConnection, Secret
from reconciler.platforms import registry
from reconciler.platforms.losant import Losant
from tests.unit.platforms.losant.application import APP, Stopwatch


def test_a_connection_becomes_its_platform_with_its_secret_resolved() -> None:
    asked: list[Secret] = []

    def resolve(secret: Secret) -> str:
        asked.append(secret)
        return "token"

    spec = ConnectionSpec(losant=LosantConnection(application=APP, token=Secret(env="LOSANT_API_TOKEN")))
    platform = registry.connect(spec, resolve, Stopwatch())
    assert isinstance(platform, Losant)
    assert platform.identity == f"losant:https://api.losant.com/applications/{APP}"
    assert asked == [Secret(env="LOSANT_API_TOKEN")]
    platform.close()


def test_others_are_found_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("fake", "tests.unit.platforms.losant.application:missing", registry.GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: EntryPoints([entry]))
    assert registry.factory("fake").__name__ == "missing"


def test_the_entry_point_of_this_package_is_the_built_in_one() -> None:
    from importlib.metadata import entry_points

    (entry,) = entry_points(group=registry.GROUP, name="losant")
    assert entry.load() is registry.factory("losant")


def test_a_name_nobody_answers_to_says_what_to_do() -> None:
    with pytest.raises(SettingsError, match="no platform is called 'nothing'") as caught:
        registry.factory("nothing")
    assert registry.GROUP in caught.value.hint


def test_a_connection_without_platform_says_which_there_are() -> None:

    class Empty:
        platform = ""

    with pytest.raises(SettingsError, match="names no platform") as caught:
        registry.chosen(cast("ConnectionSpec", Empty()))
    assert "losant" in caught.value.hint

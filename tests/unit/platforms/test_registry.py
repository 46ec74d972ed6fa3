"""Plug-ins by name: found by their entry points, ours and those of others alike, and loaded when asked for."""

from __future__ import annotations

import re
import sys
from importlib.metadata import EntryPoint

import pytest

from reconciler.errors import SettingsError
from reconciler.model.connection import Secret
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.losant.platform import Losant
from reconciler.platforms.losant.plugin import PLUGIN
from reconciler.platforms.registry import GROUP, Installed, installed
from tests.unit.platforms.losant.application import APP, Stopwatch

OURS = "reconciler.platforms.losant.plugin:PLUGIN"


def test_a_connection_becomes_its_platform_with_its_secret_resolved() -> None:
    asked: list[Secret] = []

    def resolve(secret: Secret) -> str:
        asked.append(secret)
        return "token"

    spec = LosantConnection(application=APP, token=Secret(env="LOSANT_API_TOKEN"))
    platform = installed()["losant"].connect(spec, resolve, Stopwatch())
    assert isinstance(platform, Losant)
    assert platform.identity == f"losant:https://api.losant.com/applications/{APP}"
    assert asked == [Secret(env="LOSANT_API_TOKEN")]
    platform.close()


def test_ours_are_found_as_those_of_others_are() -> None:
    assert list(installed()) == ["getapp", "losant", "memfault"]
    assert installed()["losant"] is PLUGIN
    assert all(plugin.name == name for name, plugin in installed().items())


def test_names_are_told_without_loading_anything() -> None:
    found = Installed([EntryPoint("slow", "nowhere.at.all:PLUGIN", GROUP)])
    assert (list(found), len(found), "slow" in found, "other" in found) == (["slow"], 1, True, False)
    assert "nowhere" not in sys.modules
    with pytest.raises(KeyError):
        found["other"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("nowhere.at.all:PLUGIN", "ModuleNotFoundError: No module named 'nowhere'"),
        ("reconciler.platforms.losant.plugin:MISSING", "AttributeError"),
        ("reconciler.platforms.registry:GROUP", "it is no PlatformPlugin of this name, but 'reconciler.platforms'"),
        (OURS, "it is no PlatformPlugin of this name, but PlatformPlugin"),
    ],
)
def test_a_broken_plug_in_says_whose_it_is(value: str, words: str) -> None:
    found = Installed([EntryPoint("fake", value, GROUP)])
    with pytest.raises(SettingsError, match=re.escape(f"the plug-in of the platform 'fake' ({value})")) as caught:
        found["fake"]
    assert words in str(caught.value)
    assert "reinstall" in caught.value.hint


def test_one_that_is_found_twice_is_one_and_two_of_one_name_are_an_error() -> None:
    assert Installed([EntryPoint("losant", OURS, GROUP)] * 2)["losant"] is PLUGIN
    both = Installed([EntryPoint("losant", OURS, GROUP), EntryPoint("losant", "other:PLUGIN", GROUP)])
    with pytest.raises(SettingsError, match=f"two plug-ins are called 'losant': other:PLUGIN and {OURS}"):
        both["losant"]

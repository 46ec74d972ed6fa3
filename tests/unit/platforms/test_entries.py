"""Entry points are found as the standard library finds them, wherever and however something is installed."""

from __future__ import annotations

import sys
import zipfile
from importlib.machinery import PathFinder
from importlib.metadata import DistributionFinder, entry_points
from pathlib import Path
from typing import Any

import pytest

from reconciler.platforms.entries import entries
from reconciler.platforms.losant.plugin import PLUGIN

GROUP = "reconciler.platforms"
SHELF = """
[console_scripts]
shelf = shelf.cli:main

[reconciler.platforms]
# two of them
shelf = reconciler.platforms.losant.plugin : PLUGIN
rack=reconciler.platforms.losant.plugin:PLUGIN.name [extra]

[other]
shelf = nowhere:NOTHING
"""


def install(place: Path, folder: str, text: str = SHELF) -> None:
    """Write what an installer writes."""
    (place / folder).mkdir(parents=True)
    (place / folder / "METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1\n")
    (place / folder / "entry_points.txt").write_text(text)


def pairs(found: Any) -> set[tuple[str, str]]:
    return {(one.name, one.value) for one in found}


def test_ours_are_found_without_the_standard_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [one for one in sys.meta_path if one is PathFinder])
    expected = pairs(entry_points(group=GROUP))
    assert len(expected) >= 3
    monkeypatch.delitem(sys.modules, "importlib.metadata")
    assert pairs(entries(GROUP)) == expected
    assert "importlib.metadata" not in sys.modules


@pytest.mark.parametrize(
    "folders",
    [
        ["one/shelf-1.0.dist-info"],
        ["one/shelf.egg-info"],
        ["one/shelf-1.0.dist-info", "two/Shelf-2.0.dist-info"],
        ["one/my_shelf-1.0.dist-info", "two/my-shelf-2.0.dist-info", "two/other-1.dist-info"],
        ["one/my.shelf-1.0.dist-info", "two/my__shelf-2.0.egg-info"],
        ["one/shelf.egg/EGG-INFO"],
        [],
    ],
)
def test_all_ways_to_install_are_known(folders: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, folder in enumerate(folders):
        install(tmp_path, folder, SHELF.replace("rack", f"rack{number}"))
    eggs = [str(tmp_path / one.partition("/EGG-INFO")[0]) for one in folders if "EGG-INFO" in one]
    bare = tmp_path / "one/bare-1.dist-info"
    bare.mkdir(parents=True)
    (tmp_path / "one/old.egg-info").write_text("Name: old")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "one"), str(tmp_path / "two"), str(tmp_path / "gone"), *eggs])
    assert pairs(entries(GROUP)) == pairs(entry_points(group=GROUP))
    assert len(pairs(entries(GROUP))) >= len(folders[:1])


def test_an_archive_and_a_finder_of_others_are_left_to_the_standard_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "shelf.zip", "w") as archive:
        archive.writestr("shelf-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
        archive.writestr("shelf-1.0.dist-info/entry_points.txt", SHELF)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [str(tmp_path / "shelf.zip")])
        assert {one.name for one in entries(GROUP)} == {"shelf", "rack"}

    class Elsewhere(DistributionFinder):
        def find_distributions(self, context: Any = None) -> Any:
            del context
            install(tmp_path / "elsewhere", "shelf-1.0.dist-info")
            return PathFinder.find_distributions(DistributionFinder.Context(path=[str(tmp_path / "elsewhere")]))

    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [Elsewhere(), *sys.meta_path])
    assert {one.name for one in entries(GROUP)} == {"shelf", "rack"}


def test_an_entry_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "shelf-1.0.dist-info")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [str(tmp_path)])
        patch.setattr(sys, "meta_path", [PathFinder])
        found = {one.name: one for one in entries(GROUP)}
    assert found["shelf"].load() is PLUGIN
    assert found["rack"].load() == "losant"

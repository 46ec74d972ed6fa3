"""The manifests of a commit, at and below a path, found through the links that the commit itself has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.errors import SettingsError
from reconciler.git.command import SUFFIXES
from reconciler.git.tree import FILES, SUBMODULE, Elsewhere, Tree


def collect(tree: Tree, names: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the blobs of the manifests at and below some paths, and what of them cannot be read: why, by their names."""
    files: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for name in names:
        place = _follow(tree, name, name, files, left_out)
        for relative in tree.below(place) if place is not None else ():
            here = "/".join(filter(None, (place, relative)))
            shown = "/".join(filter(None, (name, relative)))
            if tree.mode(here) == SUBMODULE:
                left_out[shown] = "is a submodule"
            elif relative.endswith(SUFFIXES):
                _follow(tree, here, shown, files, left_out)
    return files, left_out


def contents(tree: Tree, files: Mapping[str, str]) -> dict[str, bytes]:
    """Return what is in files by their blobs."""
    return dict(zip(files, tree.contents([*files.values()]), strict=True))


def _follow(tree: Tree, path: str, shown: str, files: dict[str, str], left_out: dict[str, str]) -> str | None:
    """Collect the file that a path leads to; return the folder where it leads to one, None where it cannot be compared."""
    try:
        place = tree.real(path)
    except Elsewhere as why:
        left_out[shown] = str(why)
        return None
    if tree.mode(place) not in FILES:
        return place
    files[shown] = tree.entries[place][1]
    return None


def write(target: Path, content: bytes) -> None:
    """Write a file and the folders above it; raise SettingsError where that cannot be done."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise SettingsError(f"cannot write {target}: {error.strerror}") from error

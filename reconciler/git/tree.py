"""What a commit holds: files by their path from the top, found through the links that the commit itself has."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from reconciler.errors import SettingsError
from reconciler.git.command import Answer, git

FILES = frozenset({"100644", "100755"})
LINK, SUBMODULE = "120000", "160000"
MOST_LINKS = 40
"""Links on the way to one file; more of them are a circle."""


class Elsewhere(Exception):
    """A path leads to where the commit has no say."""


class Tree:
    """The tree of a commit. Links are followed inside of it, never on the disk; `top` is where it is checked out."""

    def __init__(self, folder: Path, commit: str, top: Path) -> None:
        """Read the names; raise SettingsError when git cannot."""
        self._folder = folder
        self._top = top
        answer = certain(git(folder, "ls-tree", "-r", "-z", "--full-tree", commit))
        self.entries: dict[str, tuple[str, str]] = {}
        """(mode, blob) by path."""
        for entry in answer.output.split(b"\0")[:-1]:
            about, _, name = entry.partition(b"\t")
            mode, _, blob = about.decode().split(" ")
            if ".." not in PurePosixPath(os.fsdecode(name)).parts:
                self.entries[os.fsdecode(name)] = mode, blob
        self._names = sorted(self.entries)

    def mode(self, path: str) -> str:
        """Return the mode of what stands at a path; empty for a folder, and where nothing stands."""
        return self.entries.get(path, ("", ""))[0]

    def below(self, folder: str) -> Iterator[str]:
        """Yield what stands in a folder and its folders, by its path from there."""
        start = f"{folder}/" if folder else ""
        for name in self._names[bisect_left(self._names, start) :]:
            if not name.startswith(start):
                return
            yield name[len(start) :]

    def real(self, path: str) -> str:
        """Return where a path leads; raise Elsewhere when that is no place of this commit."""
        left = [*reversed(PurePosixPath(path).parts)]
        at: list[str] = []
        links = 0
        while left:
            step = left.pop()
            if step == "..":
                if not at:
                    raise Elsewhere("leads out of the repository")
                at.pop()
                continue
            at.append(step)
            mode = self.mode("/".join(at))
            if mode == SUBMODULE:
                raise Elsewhere(f"is in the submodule {'/'.join(at)}")
            if mode == LINK:
                links += 1
                if links > MOST_LINKS:
                    raise Elsewhere("is a link that leads to itself")
                left += self._target(at)
                at.pop()
        return "/".join(at)

    def _target(self, at: Sequence[str]) -> list[str]:
        """Return the steps of a link, last first; those of an absolute one go up to the top before."""
        (content,) = self.contents([self.entries["/".join(at)][1]])
        target = PurePosixPath(os.fsdecode(content))
        steps = target.parts
        if target.is_absolute():
            if not target.is_relative_to(self._top):
                raise Elsewhere("leads out of the repository")
            steps = (*[".."] * (len(at) - 1), *target.relative_to(self._top).parts)
        return [*reversed(steps)]

    def contents(self, blobs: Sequence[str]) -> Iterator[bytes]:
        """Yield what is in these blobs."""
        answer = certain(git(self._folder, "cat-file", "--batch", given=blobs))
        rest = memoryview(answer.output)
        for _ in blobs:
            end = bytes(rest[:200]).index(b"\n")
            size = int(bytes(rest[:end]).split(b" ")[2])
            yield bytes(rest[end + 1 : end + 1 + size])
            rest = rest[end + 2 + size :]


def certain(answer: Answer) -> Answer:
    """Return an answer; raise SettingsError when git failed."""
    if answer.problem:
        raise SettingsError(f"git could not read the older manifests: {answer.problem}", hint=answer.advice)
    return answer

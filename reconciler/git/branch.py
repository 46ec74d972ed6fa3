"""A commit on a new branch, made beside whatever is checked out: no work tree and no index of anybody is touched."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from reconciler.errors import SettingsError
from reconciler.git.address import quiet
from reconciler.git.base import Refs, text
from reconciler.git.command import Answer, git
from reconciler.git.transfer import transfer
from reconciler.git.tree import Tree

ROBOT = {
    f"GIT_{who}_{what}": said
    for who in ("AUTHOR", "COMMITTER")
    for what, said in (("NAME", "reconciler"), ("EMAIL", "reconciler@localhost"))
}
"""Who commits where git does not know whose machine it is on."""


class Made(msgspec.Struct, frozen=True):
    """A branch with one commit more than where it started. `new` says whether it was not there before."""

    name: str
    commit: str
    diff: str
    new: bool


def branch_name(*parts: str) -> str:
    """Return the name of a branch of parts that may hold anything."""
    found = [re.sub(r"[^\w.+-]+|\.{2,}|\.(?=lock$)", "-", part).strip(".-") or "x" for part in parts]
    return f"{found[0]}/{'-'.join(found[1:])}"


class Branching:
    """Makes branches in the repository around a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._refs = Refs(folder)

    def there(self, name: str) -> str:
        """Return the commit of a branch; empty where there is none."""
        return self._refs.known(f"refs/heads/{name}")

    def drop(self, made: Made) -> None:
        """Take a branch away again that was just made."""
        git(self._folder, "update-ref", "-d", f"refs/heads/{made.name}", made.commit)

    def make(self, name: str, start: str, files: Mapping[str, bytes], message: str, *, robot: bool = False) -> Made:
        """Make a branch that changes files of a commit, named from the top; one that says the same already stays.

        Raises SettingsError where another one has the name, and where git does not commit.
        """
        ref = f"refs/heads/{name}"
        if git(self._folder, "check-ref-format", ref).problem or name.startswith("-"):
            raise SettingsError(f"{name!r} is not the name of a branch", hint="--branch NAME")
        tree = self._tree(start, files)
        there = self.there(name)
        if there:
            if self._said(f"{there}^{{tree}}") != tree or self._said(f"{there}^") != start:
                raise SettingsError(f"the branch {name} is there already", hint="give another name with --branch NAME")
            return Made(name, there, self._diff(start, there), new=False)
        signed = text(git(self._folder, "config", "--type=bool", "commit.gpgSign")) == "true"
        env = ROBOT if robot and not text(git(self._folder, "config", "user.email")) else {}
        arguments = ("commit-tree", tree, "-p", start, *(("-S",) if signed else ()))
        commit = self._certain(git(self._folder, *arguments, given=message.encode(), env=env))
        self._certain(git(self._folder, "update-ref", ref, commit, "0" * len(commit)))
        return Made(name, commit, self._diff(start, commit), new=True)

    @property
    def remote(self) -> str:
        """Return the remote of the repository; empty where it has none."""
        return self._refs.remote()

    def push(self, made: Made, stopping: Callable[[], bool], env: Mapping[str, str]) -> None:
        """Push a branch to the remote of the repository. Raises SettingsError."""
        remote = self.remote
        if not remote:
            raise SettingsError(f"the branch {made.name} is made, but this repository has no remote to push to")
        ref = f"refs/heads/{made.name}"
        answer = transfer(
            self._folder, "push", "--quiet", "--", remote, f"{ref}:{ref}", env=quiet(env), stopping=stopping
        )
        if answer.problem:
            hint = f"push it yourself: git push {remote} {made.name}"
            raise SettingsError(
                f"the branch {made.name} is made, but {remote} did not take it: {answer.problem}", hint=hint
            )

    def _tree(self, start: str, files: Mapping[str, bytes]) -> str:
        """Return the tree of a commit with other contents of some files, whose modes stay."""
        with tempfile.TemporaryDirectory(prefix="reconciler-") as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            self._certain(git(self._folder, "read-tree", start, env=env))
            there = Tree(self._folder, start, Path(folder))
            for shown, content in files.items():
                name = there.real(shown)
                blob = self._certain(git(self._folder, "hash-object", "-w", "--stdin", given=content))
                change = ("update-index", "--cacheinfo", f"{there.mode(name)},{blob},{name}")
                self._certain(git(self._folder, *change, env=env))
            return self._certain(git(self._folder, "write-tree", env=env))

    def _diff(self, older: str, newer: str) -> str:
        how = ("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")
        return self._certain(git(self._folder, "diff", *how, older, newer))

    def _said(self, ref: str) -> str:
        return text(git(self._folder, "rev-parse", "--verify", "--quiet", ref))

    def _certain(self, answer: Answer) -> str:
        if answer.problem:
            raise SettingsError(f"git does not commit: {answer.problem}", hint=answer.advice)
        return answer.output.decode(errors="replace").removesuffix("\n")


def trail(folder: Path, start: str, names: Sequence[str], most: int) -> list[str]:
    """Return the commits of a branch that changed what is below some paths, newest first, without the newest of them.

    At each of these stands what was there before the one that follows on it.
    """
    answer = git(folder, "rev-list", "--first-parent", f"--max-count={most}", start, "--", *filter(None, names))
    return text(answer).split()[1:]

"""Which commit a `--base` means: the newest that it and what is checked out have in common, or how to fetch it."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from reconciler.errors import SettingsError
from reconciler.git.command import Answer, git
from reconciler.model.repository import Author

COMMIT_ID = re.compile(r"[0-9a-f]{7,64}")
FETCH = "fetch it: "


class Refs:
    """Refs and commits of the repository around a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def head(self) -> str:
        """Return the commit checked out; empty outside git and before the first commit."""
        return self.known("HEAD")

    def known(self, ref: str) -> str:
        """Return the commit of a ref; empty where it is not here."""
        return text(git(self._folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"))

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether one commit is another, or in its history; not where either is not here."""
        return not git(self._folder, "merge-base", "--is-ancestor", older, newer).problem

    def author(self, commit: str) -> Author | None:
        """Return who made a commit, None where git does not know it."""
        answer = git(self._folder, "log", "-1", "--no-show-signature", "--format=%H%x00%an%x00%aI%x00%s", commit, "--")
        found = answer.output.decode(errors="replace").strip("\n").split("\0")
        return None if answer.problem or len(found) != len(Author.__struct_fields__) else Author(*found)

    def shallow(self) -> bool:
        """Return whether the clone has only the newest part of the history."""
        return text(git(self._folder, "rev-parse", "--is-shallow-repository")) == "true"

    def remote(self) -> str:
        """Return the remote to fetch from; empty where there is none."""
        names = text(git(self._folder, "remote")).split("\n")
        return "origin" if "origin" in names else names[0]

    def commit(self, ref: str) -> str:
        """Return the commit of a ref; raise SettingsError that says how to fetch one that is not here."""
        if not ref or ref.startswith("-"):
            raise SettingsError(f"{ref!r} is not a git ref", hint="give a branch, a tag or a commit")
        found = self.known(ref)
        if found:
            return found
        inside = self._toplevel()
        if inside.problem:
            raise SettingsError(f"cannot look up {ref!r}: {inside.problem}", hint=inside.advice or "or give a folder")
        raise SettingsError(f"git has no commit {ref!r} here", hint=self._how_to_fetch(ref))

    def merge_base(self, ref: str) -> str:
        """Return the newest commit that a ref and what is checked out have in common; raise SettingsError for none."""
        commit, head = self.commit(ref), self.head()
        if not head:
            return commit
        answer = git(self._folder, "merge-base", commit, head)
        if not answer.problem:
            return text(answer)
        message = f"{ref!r} and the commit checked out ({head[:12]}) have no commit in common here"
        if self.shallow():
            raise SettingsError(f"{message}: this clone is shallow", hint=f"{FETCH}{self.unshallow()}")
        raise SettingsError(message, hint="name the branch that this one comes from, or give a folder")

    def unshallow(self) -> str:
        """Return the command that fetches the whole history."""
        return f"git fetch --unshallow {shlex.quote(self.remote() or 'REMOTE')}"

    def fetch_all(self) -> str:
        """Return the command that fetches all branches."""
        return self.unshallow() if self.shallow() else f"git fetch {shlex.quote(self.remote() or 'REMOTE')}"

    def fetch(self, what: str) -> str:
        """Return the command that fetches a commit or a refspec, with all of its history."""
        deepen = " --unshallow" if self.shallow() else ""
        return f"git fetch{deepen} {shlex.quote(self.remote() or 'REMOTE')} {shlex.quote(what)}"

    def _toplevel(self) -> Answer:
        return git(self._folder, "rev-parse", "--show-toplevel")

    def _how_to_fetch(self, ref: str) -> str:
        remote = self.remote()
        if not remote:
            return "this repository has no remote to fetch it from: name a branch that is here, or give a folder"
        if COMMIT_ID.fullmatch(ref):
            return f"{FETCH}{self.fetch(ref)}"
        branch = ref.removeprefix("refs/remotes/").removeprefix(f"{remote}/")
        if branch != ref:
            return f"{FETCH}{self.fetch(f'+refs/heads/{branch}:refs/remotes/{remote}/{branch}')}"
        if self.known(f"refs/remotes/{remote}/{ref}"):
            return f"the branch is here as {remote}/{ref}"
        if re.search(r"[\^~@:\s]|^refs/", ref):
            return (
                f"{FETCH}{self.unshallow()}" if self.shallow() else "name a branch, a tag or a commit, or give a folder"
            )
        return f"{FETCH}{self.fetch(f'+refs/heads/{ref}:refs/remotes/{remote}/{ref}')}, and give --base {remote}/{ref}"


def text(answer: Answer) -> str:
    """Return what git printed, without the end of the line; empty where it failed."""
    return os.fsdecode(answer.output).removesuffix("\n")

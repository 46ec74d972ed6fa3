"""Whether what somebody reviewed became part of the history: by its commit, or by what it changed.

A request that is squashed or rebased gets commits of other names, and those of a pull request's trial merge are thrown away.
What stays is what was changed: each commit is known by a digest of the lines it adds and removes in the manifests, wherever
in their files these stand.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from reconciler.git.base import Refs, text
from reconciler.git.command import MANIFESTS, git
from reconciler.model.provenance import Placement, Provenance

DIFF = (
    "-p", "-U0", "--text", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-relative", "-O/dev/null",
    "--diff-algorithm=myers", "--indent-heuristic", "--inter-hunk-context=0", "--submodule=short",
    "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip
"""Whoever configured git otherwise gets the same lines."""
MARK = "commit-of-history "
MOST = 1_000
"""Commits that are looked through where it is not known with which one the request began."""
TOGETHER = 100
"""Commits of a branch that are held against a request as a whole."""
LENGTH = 32
UNREAD = "unread"
"""What stands for a patch that git could not tell: none is like it."""
TRUNKS = (
    "refs/remotes/{remote}/HEAD", "refs/remotes/{remote}/main", "refs/remotes/{remote}/master",
    "refs/heads/main", "refs/heads/master",
)  # fmt: skip
"""Branches that a commit may come from which was checked out without one."""


class History:
    """The history of the repository around a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(text(git(folder, "rev-parse", "--show-toplevel")) or folder)
        self._refs = Refs(folder)

    def patches(self, base: str, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """Return digests of what the commits since a base changed below `names`: all together, and each by itself."""
        return self._between(base, "HEAD", names), tuple(dict.fromkeys(self._commits(base, names)))

    def _commits(self, base: str, names: Sequence[str]) -> Iterator[str]:
        """Yield what each commit since a base changed; nothing where a shallow clone lacks what came before one of them."""
        cut = text(git(self._folder, "rev-parse", "--git-path", "shallow"))
        ends = (self._folder / cut).read_text().split() if self._refs.shallow() else []
        if not set(ends) & set(text(git(self._folder, "rev-list", f"{base}..HEAD")).split()):
            yield from self._each("--no-merges", f"{base}..HEAD", names=names)

    def placement(self, saved: Provenance, commit: str) -> Placement:
        """Return how the commit of a saved plan lies to the one that is checked out."""
        refs, head = self._refs, self._refs.head()
        theirs = refs.known(commit)
        ancestor = theirs != "" and refs.is_ancestor(commit, head)
        shallow = refs.shallow()
        own = theirs != "" and theirs == head
        return Placement(
            head=head,
            known=theirs != "",
            ancestor=ancestor,
            found=not ancestor and self._found(saved, head),
            fetch=refs.unshallow() if shallow else refs.fetch(commit) if refs.remote() else "",
            shallow=shallow,
            newer=self._newer(head, saved.paths, own=own),
            alone="" if self._has_branch() or self._named(own=own) else refs.fetch_all(),
        )

    def _found(self, saved: Provenance, head: str) -> bool:
        """Return whether the history has what a request changed."""
        base = self._refs.known(saved.base_commit) if saved.base_commit else ""
        if not saved.base_commit or saved.patch == UNREAD:
            return False
        rooted = base != "" and self._refs.is_ancestor(base, head)
        if not saved.patch:
            return rooted
        revisions = (f"{base}..{head}",) if rooted else (f"-{MOST}", head)
        there = set(self._each("--no-merges", *revisions, names=saved.paths))
        there.update(self._each("--first-parent", "-m", *revisions, names=saved.paths))
        if saved.patch in there or (saved.patches and there.issuperset(saved.patches)):
            return True
        return rooted and any(
            self._between(base, one, saved.paths) == saved.patch for one in self._trunk(base, head, saved.paths)
        )

    def _trunk(self, base: str, head: str, names: Sequence[str]) -> list[str]:
        """Return the commits of the branch since a base, newest first."""
        answer = git(self._folder, "rev-list", "--first-parent", f"-{TOGETHER}", f"{base}..{head}", "--", *names)
        return text(answer).split()

    def _each(self, *revisions: str, names: Sequence[str]) -> Iterator[str]:
        """Yield the digest of what each commit changes."""
        how = ("--full-history", "--no-show-signature", f"--format={MARK}%H")
        answer = git(self._folder, "-c", "log.follow=false", "log", *how, *DIFF, *revisions, "--", *names)
        lines: list[bytes] = []
        for line in answer.output.split(b"\n"):
            if not line.startswith(MARK.encode()):
                lines.append(line)
                continue
            if found := _digest(lines, names):
                yield found
            lines = []
        if found := _digest(lines, names):
            yield found

    def _between(self, older: str, newer: str, names: Sequence[str]) -> str:
        answer = git(self._folder, "diff", *DIFF, older, newer, "--", *names)
        return UNREAD if answer.problem else _digest(answer.output.split(b"\n"), names)

    def _newer(self, head: str, names: Sequence[str], *, own: bool) -> str:
        """Return the branch that has newer manifests than its older commit that is checked out; empty for none."""
        branch = text(git(self._folder, "rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"))
        detached = git(self._folder, "symbolic-ref", "--quiet", "HEAD").problem != ""
        trunks = (
            [one.format(remote=self._refs.remote()) for one in TRUNKS] if detached and not self._named(own=own) else []
        )
        for name in [branch] if branch else trunks:
            tip = self._refs.known(name)
            if tip and self._refs.is_ancestor(head, tip) and self._between(head, tip, names):
                return text(git(self._folder, "rev-parse", "--abbrev-ref", name))
        return ""

    def _has_branch(self) -> bool:
        """Return whether any branch is here: of a commit that was fetched by itself nobody can see what came after it."""
        return text(git(self._folder, "for-each-ref", "--count=1", "refs/heads", "refs/remotes")) != ""

    def _named(self, *, own: bool) -> bool:
        """Return whether a branch or a tag names the very commit that is checked out: then it was meant.

        What is named here alone counts only where there is nothing else: a branch of a clone may be as old. A commit that
        is the plan's `own` may be named by the branch of its request, which says nothing.
        """
        branches = "refs/remotes" if self._refs.remote() else "refs/heads"
        where = ("refs/tags",) if own else (branches, "refs/tags")
        return text(git(self._folder, "for-each-ref", "--points-at=HEAD", *where)) != ""


def _digest(lines: Sequence[bytes], names: Sequence[str]) -> str:
    """Return the digest of what a patch changes in manifests, without the places of its hunks; empty for nothing.

    Manifests are what ends as they do, and files that are named by themselves.
    """
    endings = (*MANIFESTS, *(os.fsencode(f"/{name}") for name in names))
    said: list[bytes] = []
    wanted = False
    for line in lines:
        if line.startswith(b"diff --git "):
            wanted = line.removesuffix(b'"').endswith(endings)
        if wanted and line and not line.startswith((b"@@", b"index ")):
            said.append(line)
    return sha256(b"\n".join(said)).hexdigest()[:LENGTH] if said else ""

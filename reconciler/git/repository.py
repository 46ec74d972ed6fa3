"""The repository around the manifests: which commit, who wrote a line, how files were at a ref."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath

from reconciler.errors import SettingsError
from reconciler.git.base import Refs, text
from reconciler.git.collect import collect, contents, write
from reconciler.git.command import MANIFESTS, SUFFIXES, git
from reconciler.git.history import History
from reconciler.git.tree import FILES, Tree
from reconciler.model.origin import Origin
from reconciler.model.provenance import Placement, Provenance
from reconciler.model.repository import Author, Exported

MOVED = ".moved"
"""The folder for manifests that are no longer where they were."""
NO_REPOSITORY = "not a git repository"
OURS = b"reconciler/"
"""What stands in every manifest."""


class GitRepository(Refs):
    """`ports.Repository` over the git command. Outside a repository it knows nothing."""

    def trouble(self) -> str:
        """Return why git refuses the repository that is there; nothing where it does not, or there is none."""
        answer = self._toplevel()
        return answer.problem if answer.problem.startswith("fatal:") and NO_REPOSITORY not in answer.problem else ""

    def changed(self, paths: Sequence[str], files: Sequence[str] = ()) -> bool:
        """Return whether manifests below `paths` differ from the commit checked out, files it does not have included.

        `files` are the ones that were read: they count wherever they stand, and when git was told to ignore them.
        """
        wanted = [os.path.realpath(path) for path in paths]
        read = [os.path.realpath(file) for file in files]
        wanted += [file for file in read if not any(PurePath(file).is_relative_to(path) for path in wanted)]
        found = git(self._folder, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *wanted)
        known = git(self._folder, "ls-files", "-z", "--full-name", "--", *wanted)
        if found.problem or known.problem:
            return True
        top = self._top()
        tracked = {str(top / os.fsdecode(name)) for name in known.output.split(b"\0")}
        entries = [entry[3:] for entry in found.output.split(b"\0")]
        return not tracked.issuperset(read) or any(
            entry.endswith(MANIFESTS) or str(top / os.fsdecode(entry)) in read for entry in entries if entry
        )

    def blame(self, origin: Origin) -> Author | None:
        """Return who last changed a line of the working tree; None where git cannot tell or it is not committed."""
        if not origin.line:
            return None
        path = Path(origin.file).resolve()
        lines = f"{origin.line},{origin.line}"
        answer = git(path.parent, "blame", "--porcelain", "--no-textconv", "-L", lines, "--", path.name)
        return None if answer.problem else _author(answer.output.decode(errors="replace").splitlines())

    def export(self, ref: str, paths: Sequence[str], into: str) -> Exported:
        """Write manifests of `paths` as they were at `ref` below `into`, laid out as in the repository.

        A path that the ref does not have gives nothing. Raises SettingsError for an unknown ref, outside git, and for
        a path outside the repository.
        """
        commit, top = self.commit(ref), self._top()
        tree = Tree(self._folder, commit, top)
        names = [_inside(path, top) for path in paths]
        files, left_out = collect(tree, names)
        gone = {
            name: blob
            for name, (mode, blob) in tree.entries.items()
            if mode in FILES and name.endswith(SUFFIXES) and name not in files and not os.path.lexists(top / name)
        }
        found = contents(tree, files | gone)
        moved = [name for name in gone if OURS in found[name]]
        for name in files:
            write(Path(into, name), found[name])
        for name in moved:
            write(Path(into, MOVED, name), found[name])
        return Exported(
            paths=tuple(str(path) for name in names if (path := Path(into, name)).exists()),
            moved=str(Path(into, MOVED)) if moved else "",
            left_out=tuple(left_out.items()),
        )

    # --- the history ------------------------------------------------------------------------------------------------

    def top(self) -> str:
        """Return the folder that the work tree begins with; empty outside git."""
        return text(self._toplevel())

    def identity(self) -> str:
        """Return what all work trees of one repository share; empty outside git."""
        answer = git(self._folder, "rev-parse", "--git-common-dir")
        return "" if answer.problem else os.path.realpath(self._folder / text(answer))

    def names(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Return paths from the top of the repository; raise SettingsError for one outside."""
        top = self.top()
        if not top:
            raise SettingsError("this is not in a git repository")
        return tuple(_inside(path, Path(top).resolve()) or "." for path in paths)

    def patches(self, base: str, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """Return digests of what the commits since a base changed below `names`: all together, and each by itself."""
        return History(self._folder).patches(base, names)

    def placement(self, saved: Provenance, commit: str) -> Placement:
        """Return how the commit of a saved plan lies to the one that is checked out."""
        return History(self._folder).placement(saved, commit)

    def _top(self) -> Path:
        return Path(self.top()).resolve()


def _inside(path: str, top: Path) -> str:
    """Return a path from the top as it was typed: what it leads to today may not be what it led to at a ref."""
    typed = Path(os.path.normpath(Path(path).absolute()))
    for above in (*reversed(typed.parents), typed):
        if above.resolve() == top:
            return _from(typed, above)
    try:
        return _from(typed.resolve(), top)
    except ValueError:
        raise SettingsError(f"{path} is outside the git repository {top}") from None


def _from(path: Path, above: Path) -> str:
    name = path.relative_to(above).as_posix()
    return "" if name == "." else name


def _author(lines: Sequence[str]) -> Author | None:
    """Return the author of git's porcelain for one line; None when the line is not committed."""
    commit = lines[0].split(" ")[0]
    if not commit.strip("0"):
        return None
    fields = dict(line.partition(" ")[::2] for line in lines[1:] if not line.startswith("\t"))
    at = datetime.fromtimestamp(int(fields["author-time"]), UTC)
    return Author(
        commit=commit,
        author=fields["author"],
        date=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        summary=fields["summary"],
    )

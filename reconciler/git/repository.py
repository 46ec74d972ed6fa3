"""The repository around the manifests: which commit, who wrote a line, how files were at a ref."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from reconciler.errors import SettingsError
from reconciler.git.command import Answer, git
from reconciler.model.origin import Origin
from reconciler.ports import Author

NOT_COMMITTED = "0" * 40
MANIFESTS = (b".yaml", b".yml")
"""How files end that hold manifests."""
FILES = frozenset({"100644", "100755"})
"""Modes of regular files. Links and submodules are never written: they could lead out of the folder."""


class GitRepository:
    """`ports.Repository` over the git command. Outside a repository it knows nothing and says so with None."""

    def __init__(self, folder: Path) -> None:
        """Take a folder inside the repository."""
        self._folder = folder

    def head(self) -> str | None:
        """Return the commit checked out; None outside git and before the first commit."""
        answer = git(self._folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return _text(answer) or None

    def changed(self, paths: Sequence[str]) -> bool:
        """Return whether manifests below `paths` differ from the commit checked out, files it does not have included."""
        wanted = [str(Path(path).resolve()) for path in paths]
        answer = git(
            self._folder, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *wanted
        )
        return any(entry.endswith(MANIFESTS) for entry in answer.output.split(b"\0"))

    def blame(self, origin: Origin) -> Author | None:
        """Return who last changed a line of the working tree; None where git cannot tell or it is not committed."""
        if not origin.line:
            return None
        path = Path(origin.file)
        lines = f"{origin.line},{origin.line}"
        answer = git(path.parent, "blame", "--porcelain", "--no-textconv", "-L", lines, "--", path.name)
        return None if answer.problem else _author(answer.output.decode(errors="replace").splitlines())

    def export(self, ref: str, paths: Sequence[str], into: str) -> None:
        """Write the files below `paths` as they were at `ref` below `into`, laid out as in the repository.

        A path that the ref does not have gives nothing. Raises SettingsError for an unknown ref, outside git, and for
        a path outside the repository.
        """
        commit = self._commit(ref)
        entries = list(self._entries(commit, [self._inside(path) for path in paths]))
        contents = self._contents([blob for blob, _ in entries])
        for (_, name), content in zip(entries, contents, strict=True):
            target = Path(into) / name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            except OSError as error:
                raise SettingsError(f"cannot write {target}: {error.strerror}") from error

    # --- reading an older tree --------------------------------------------------------------------------------------

    def _commit(self, ref: str) -> str:
        if not ref or ref.startswith("-"):
            raise SettingsError(f"{ref!r} is not a git ref", hint="give a branch, a tag or a commit")
        answer = git(self._folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        if not answer.problem:
            return _text(answer)
        inside = git(self._folder, "rev-parse", "--show-toplevel")
        if inside.problem:
            raise SettingsError(f"cannot look up {ref!r}: {inside.problem}", hint="or give a folder")
        raise SettingsError(
            f"git has no commit {ref!r} here",
            hint="fetch it first (a shallow clone has only the newest commit), or give a folder",
        )

    def _inside(self, path: str) -> PurePosixPath:
        top = Path(_text(git(self._folder, "rev-parse", "--show-toplevel"))).resolve()
        try:
            return PurePosixPath(Path(path).resolve().relative_to(top).as_posix())
        except ValueError:
            raise SettingsError(f"{path} is outside the git repository {top}") from None

    def _entries(self, commit: str, paths: Sequence[PurePosixPath]) -> Iterator[tuple[str, str]]:
        """Yield (blob, path from the top) of every regular file."""
        wanted = [] if PurePosixPath(".") in paths else [str(path) for path in paths]
        answer = _certain(git(self._folder, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *wanted))
        for entry in answer.output.split(b"\0")[:-1]:
            about, _, name = entry.partition(b"\t")
            mode, _, blob = about.decode().split(" ")
            if mode in FILES and ".." not in PurePosixPath(os.fsdecode(name)).parts:
                yield blob, os.fsdecode(name)

    def _contents(self, blobs: Sequence[str]) -> Iterator[bytes]:
        answer = _certain(git(self._folder, "cat-file", "--batch", given=blobs))
        rest = memoryview(answer.output)
        for _ in blobs:
            end = bytes(rest[:200]).index(b"\n")
            size = int(bytes(rest[:end]).split(b" ")[2])
            yield bytes(rest[end + 1 : end + 1 + size])
            rest = rest[end + 2 + size :]


def _certain(answer: Answer) -> Answer:
    if answer.problem:
        raise SettingsError(f"git could not read the older manifests: {answer.problem}")
    return answer


def _text(answer: Answer) -> str:
    return os.fsdecode(answer.output).removesuffix("\n")


def _author(lines: Sequence[str]) -> Author | None:
    """Return the author of git's porcelain for one line; None when the line is not committed."""
    commit = lines[0].split(" ")[0]
    if commit == NOT_COMMITTED:
        return None
    fields = dict(line.partition(" ")[::2] for line in lines[1:] if not line.startswith("\t"))
    at = datetime.fromtimestamp(int(fields["author-time"]), UTC)
    return Author(
        commit=commit,
        author=fields["author"],
        date=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        summary=fields["summary"],
    )

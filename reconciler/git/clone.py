"""The clone that a watch keeps of a repository elsewhere: a cache, which may be thrown away at any time.

It is shallow: the newest commits of one ref, and the commit that was last in force. One process at a time works in it; the
lock is held by the git it runs as well, so that whoever has it may clear away what was left by one that was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from reconciler.errors import SettingsError, SourceError
from reconciler.git.address import Address
from reconciler.git.base import Refs, text
from reconciler.git.command import Answer, git
from reconciler.git.transfer import transfer
from reconciler.model.repository import Revision
from reconciler.ports import Clock

DEPTH = 100
"""Commits of a ref that are fetched: among them an earlier one is looked for."""
WAITED = 600.0
"""Seconds to wait for another process that works in the clone."""
STEP = 0.1
KEPT = 3
"""Folders of commits that are kept, the newest."""
UNREADABLE = "Could not read from remote repository"
REFUSED = ("could not read Username", "could not read Password", "Authentication failed", "Permission denied")


class Clone:
    """One repository. `key` says what of it is followed; each key has refs of its own."""

    def __init__(self, cache: Path, address: Address, key: Sequence[str], clock: Clock) -> None:
        self._address = address
        self._clock = clock
        self._folder = cache / sha256(address.url.encode()).hexdigest()[:16]
        self.repository = self._folder / ".git"
        """Named as git names it: people may forbid it to find bare ones elsewhere."""
        self.refs = Refs(self.repository)
        self.commits = self._folder / "commits"
        self._key = sha256("\0".join(key).encode()).hexdigest()[:16]
        self._lock: tuple[int, ...] = ()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Have the clone for us alone; make it where it is not there. Raises SourceError."""
        try:
            self.commits.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError(f"cannot write {self._folder}: {error.strerror}", hint="--git-cache DIR") from error
        try:
            self._wait(lock)
            self._lock = (lock,)
            self._clear()
            yield
        finally:
            self._lock = ()
            os.close(lock)

    def _wait(self, lock: int) -> None:
        end = self._clock.monotonic() + WAITED
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            if self._clock.sleep(STEP) or self._clock.monotonic() > end:
                raise SourceError(f"another process works in {self._folder}", hint="give each its own with --git-cache")

    def _clear(self) -> None:
        """Clear away what killed processes left: nobody else is at work."""
        for pattern in ("*.lock", "refs/**/*.lock", "objects/**/tmp_*"):
            for left in self.repository.glob(pattern):
                with contextlib.suppress(OSError):
                    left.unlink()
        for left in self.commits.glob(".*"):
            shutil.rmtree(left, ignore_errors=True)
        if git(self.repository, "rev-parse", "--git-dir").problem:
            shutil.rmtree(self.repository, ignore_errors=True)
            self.repository.mkdir()
            self._certain(git(self.repository, "init", "--quiet", "--bare", "--template=", "."))

    # --- the other host ---------------------------------------------------------------------------------------------

    def fetch(self, ref: str) -> str:
        """Fetch a ref; return its commit. Raises SourceError."""
        tip = f"refs/reconciler/tip/{self._key}"
        arguments = (
            "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "fetch.unpackLimit=1", "fetch", "--quiet", "--force",
            "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", f"--depth={DEPTH}", "--", self._address.url,
            f"+{ref}:{tip}",
        )  # fmt: skip
        answer = self._transfer(*arguments)
        if answer.problem and git(self.repository, "fsck", "--connectivity-only", "--no-dangling").problem:
            shutil.rmtree(self.repository)  # a cache that is broken is made anew
            self._clear()
            answer = self._transfer(*arguments)
        if answer.problem:
            raise self._gone(f"cannot fetch {ref}", answer)
        found = self.refs.known(tip)
        if not found:
            raise SourceError(f"{ref} of {self._shown} is no commit", hint="name a branch or a tag with --ref")
        return found

    def branch(self, branch: str) -> str:
        """Return the commit that a branch of the repository has by now; empty where there is none. Raises SourceError."""
        answer = self._transfer("ls-remote", "--heads", "--", self._address.url, f"refs/heads/{branch}")
        if answer.problem:
            raise self._gone("cannot list branches", answer)
        return text(answer).partition("\t")[0]

    def push(self, commit: str, branch: str) -> None:
        """Make a new branch of the repository; raise SourceError where it takes none."""
        ref = f"refs/heads/{branch}"  # whoever pushes it first has made it: nobody's branch is moved
        new = f"--force-with-lease={ref}:"
        answer = self._transfer("push", "--quiet", "--porcelain", new, "--", self._address.url, f"{commit}:{ref}")
        if answer.problem:
            raise self._gone(f"cannot push {branch}", answer)

    def _transfer(self, *arguments: str) -> Answer:
        env = dict(self._address.env)
        if text(git(self.repository, "config", "core.sshCommand")):
            env.pop("GIT_SSH_COMMAND", None)
        return transfer(self.repository, *arguments, env=env, stopping=self._clock.stopping, kept=self._lock)

    def _gone(self, what: str, answer: Answer) -> SourceError:
        said = self._address.clean(_why(answer))
        if any(one in said for one in REFUSED):
            hint = "name the variable that holds a token with --git-token, or give ssh a key that may read it"
            return SourceError(f"{what}: {self._shown} does not accept the credentials: {said}", hint=hint)
        return SourceError(
            f"{what} of {self._shown}: {said}", hint="check the URL, and that this machine reaches the host"
        )

    @property
    def _shown(self) -> str:
        return self._address.clean(self._address.url)

    # --- what is here -----------------------------------------------------------------------------------------------

    def revision(self, commit: str) -> Revision:
        """Return who made a commit, and why."""
        made = self.refs.author(commit)
        if made is None:
            raise SourceError(f"the clone in {self._folder} cannot be used: it has no commit {commit}")
        return Revision(**msgspec.structs.asdict(made))

    @property
    def in_force(self) -> str:
        """Return the commit that was last in force; empty where none was, or nobody knows any more."""
        return self.refs.known(f"refs/reconciler/in-force/{self._key}")

    def put_in_force(self, commit: str) -> None:
        """Remember a commit as the one in force, and let git put together what it fetched."""
        self._certain(git(self.repository, "update-ref", f"refs/reconciler/in-force/{self._key}", commit))
        git(self.repository, "-c", "gc.autoDetach=false", "-c", "gc.autoPackLimit=20", "gc", "--auto", "--quiet")

    def folder(self, commit: str, write: Callable[[Path], None]) -> Path:
        """Return the folder with the manifests of a commit; `write` puts them into a new one, which then is there as a whole."""
        made = self.commits / f"{commit[:12]}-{self._key}"
        if made.is_dir():
            os.utime(made)
            return made
        partial = self.commits / f".{made.name}"
        try:
            partial.mkdir()
            write(partial)
            partial.rename(made)
            for old in sorted(self.commits.glob("[!.]*"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
                shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise SettingsError(f"cannot write {partial}: {error.strerror}") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return made

    def _certain(self, answer: Answer) -> None:
        if answer.problem:
            raise SourceError(f"the clone in {self._folder} cannot be used: {answer.problem}", hint=answer.advice)


def _why(answer: Answer) -> str:
    """Return why a transfer failed. What git calls fatal may only say that another program failed, which said why."""
    problem = answer.problem.removeprefix("fatal: ")
    first = answer.said.strip().partition("\n")[0].strip()
    if UNREADABLE in problem and first and UNREADABLE not in first:
        return first.removeprefix("fatal: ")
    return f"{problem} {answer.advice}" if problem.endswith(":") else problem

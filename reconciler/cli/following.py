"""Options of a command that follows a git repository elsewhere, and the source that they mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from reconciler.cli import wiring
from reconciler.cli.files import folder_of_user
from reconciler.cli.operating import Operation
from reconciler.cli.options import FILE, Selection
from reconciler.cli.taking_back import OfFiles, OfRemote
from reconciler.engine.manifests import Manifests
from reconciler.engine.wake import Wake
from reconciler.errors import SettingsError
from reconciler.git.source import GitSource, inner_path
from reconciler.ports import Clock, Rollbacks

if TYPE_CHECKING:
    from reconciler.web.hook import PushHook


class Following(NamedTuple):
    """What to follow: a ref of a repository, and the paths of it."""

    url: str
    ref: str
    paths: tuple[str, ...]
    cache: Path | None
    token: str | None
    signers: Path | None

    def source(self, connections: Path | None, clock: Clock) -> GitSource:
        """Return the manifests there. Raises SettingsError."""
        from reconciler.git.address import address, rooted
        from reconciler.git.clone import Clone
        from reconciler.git.signature import allowed_signers

        where = address(rooted(self.url, Path.cwd()), self.token, os.environ)
        signers = None if self.signers is None else allowed_signers(self.signers)
        paths = sorted(map(inner_path, self.paths))
        clone = Clone(
            self.cache or folder_of_user("XDG_CACHE_HOME", ".cache") / "git", where, (self.ref, *paths), clock
        )
        return GitSource(
            clone, self.ref, paths, lambda root, found: wiring.source(found, connections, root).load(), signers
        )


class Place(NamedTuple):
    """Where manifests come from, what takes versions back there, and the folder that their files are named from."""

    manifests: Manifests
    rollbacks: Rollbacks
    folder: Callable[[], Path | None] = lambda: None


def place(selected: Selection, followed: Following | None, clock: Clock, run: str, *, patient: bool) -> Place:
    """Return where the manifests of a watch or a worker come from. Raises SettingsError."""
    connections = selected.connections
    if followed is None:
        return Place(wiring.manifests(selected, clock, run), OfFiles(selected.paths, connections))
    from reconciler.engine.following import FollowedManifests

    source = followed.source(connections, clock)
    found = Place(FollowedManifests(source, clock, run, patient=patient), OfRemote(source, connections))
    return found if connections is not None else found._replace(folder=lambda: source.folder)


def push_hook(name: str | None, followed: Following | None, operated: Operation, wake: Wake) -> PushHook | None:
    """Return what takes pushes from the git host; `name` is that of the variable with its secret. Raises SettingsError."""
    if name is None:
        return None
    if followed is None or operated.listen is None:
        raise click.UsageError("--hook-secret needs --git URL and --listen")
    secret = os.environ.get(name, "").strip()
    if not secret:
        raise SettingsError(f"the environment variable {name} is empty or not set", hint="--hook-secret names it")
    from reconciler.web.hook import PushHook

    wake.wanted = True
    return PushHook(secret, followed.ref, wake.set)


OPTIONS = (
    click.option("--git", "url", metavar="URL", help="Follow this git repository instead of PATHS."),
    click.option("--ref", metavar="REF", help="With --git: the branch or tag.  [default: the default branch]"),
    click.option(
        "--path",
        "inside",
        multiple=True,
        metavar="PATH",
        help="With --git: where the manifests are in it (repeatable).",
    ),
    click.option(
        "--git-token", metavar="NAME", help="With --git: the environment variable that holds a token for https."
    ),
    click.option(
        "--verify-signatures",
        type=FILE,
        metavar="FILE",
        help="With --git: the newest commit must have an SSH signature of one of these allowed signers.",
    ),
    click.option("--git-cache", type=FILE, metavar="FOLDER", help="With --git: where to keep the clone."),
)


def following(function: Callable[..., int]) -> Callable[..., int]:
    """Add --git and what belongs to it; the command takes them as one `followed`, None without."""

    @wraps(function)
    def taking(
        *,
        url: str | None,
        ref: str | None,
        inside: tuple[str, ...],
        git_token: str | None,
        verify_signatures: Path | None,
        git_cache: Path | None,
        **others: Any,
    ) -> int:
        given = {
            "--ref": ref,
            "--path": inside,
            "--git-token": git_token,
            "--verify-signatures": verify_signatures,
            "--git-cache": git_cache,
        }
        if url is None:
            for name, value in given.items():
                if value:
                    raise click.UsageError(f"{name} needs --git URL")
            return function(followed=None, **others)
        selected = others["selected"]
        if selected.paths:
            raise click.UsageError(
                "with --git the manifests are in the repository: --path says where, and PATHS nothing"
            )
        followed = Following(url, ref or "HEAD", inside or (".",), git_cache, git_token, verify_signatures)
        return function(followed=followed, **others)

    found: Callable[..., int] = taking
    for option in reversed(OPTIONS):
        found = option(found)
    return found

"""Running git: no shell, no prompt, no pager, no hook, no lock that could get in the way of a person's own git.

Repositories may hold anything, so nothing of them is ever an option: names that could be read as one are refused by the
callers or stand behind `--`. What the environment says of one repository (a hook of git has its variables) is not about
ours: git finds it from the folder alone.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

SUFFIXES = (".yaml", ".yml")
MANIFESTS = tuple(suffix.encode() for suffix in SUFFIXES)
"""How files end that hold manifests."""

REMOTE = 300
"""Characters that are quoted of what another host says."""

TIMEOUT = 60.0
"""Seconds that one git command may take."""

GUARDS = ("--no-pager", "--literal-pathspecs", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")

LOCAL = frozenset(
    f"GIT_{name}"
    for name in (
        "ALTERNATE_OBJECT_DIRECTORIES", "COMMON_DIR", "CONFIG", "CONFIG_COUNT", "CONFIG_PARAMETERS", "DIR", "GRAFT_FILE",
        "IMPLICIT_WORK_TREE", "INDEX_FILE", "INTERNAL_SUPER_PREFIX", "NO_REPLACE_OBJECTS", "OBJECT_DIRECTORY", "PREFIX",
        "REF_FORMAT", "REPLACE_REF_BASE", "SHALLOW_FILE", "WORK_TREE",
        "GLOB_PATHSPECS", "ICASE_PATHSPECS", "NOGLOB_PATHSPECS",
    )
)  # fmt: skip
"""Variables that speak of one repository (`git rev-parse --local-env-vars`), and those that `--literal-pathspecs` forbids."""

ADDED = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


class Answer(msgspec.Struct, frozen=True):
    """What git said. `problem` is empty when it succeeded, else git's own `fatal:` line, or why it could not run.

    `advice` is what git says below that line.
    """

    output: bytes
    problem: str = ""
    advice: str = ""
    said: str = ""
    """All of its standard error."""


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that git runs in: ours without what is about another repository, and more."""
    return {**{name: value for name, value in os.environ.items() if name not in LOCAL}, **ADDED, **more}


def git(
    folder: Path, *arguments: str, given: Sequence[str] | bytes = (), env: Mapping[str, str] | None = None
) -> Answer:
    """Run git in a folder; `given` are lines for its standard input, or all of it. Never raises for what git says."""
    try:
        done = subprocess.run(
            ["git", *GUARDS, *arguments],
            cwd=folder,
            env=environment(env or {}),
            input=given if isinstance(given, bytes) else "".join(f"{line}\n" for line in given).encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        there = folder.is_dir()
        return Answer(b"", "git is not installed" if there else f"there is no folder {folder}")
    except (OSError, ValueError) as error:
        return Answer(b"", f"git could not be run: {error}")
    except subprocess.TimeoutExpired:
        return Answer(b"", f"git gave no answer within {TIMEOUT:.0f} s")
    said = done.stderr.decode(errors="replace")
    if done.returncode:
        return failed(said, done.returncode)
    return Answer(done.stdout, said=said)


def failed(said: str, code: int) -> Answer:
    """Return the answer of a git that said this and ended with a code."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = next((number for number, line in enumerate(lines) if line.startswith("fatal:")), len(lines) - 1)
    if not lines:
        return Answer(b"", f"git ended with {code}")
    remote = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    if any(remote) and not lines[fatal].startswith("fatal:"):  # a hook of the host says more than git does
        return Answer(b"", f"{lines[fatal].removeprefix('error: ')}; it says: {' '.join(remote)[:REMOTE]}", "", said)
    return Answer(b"", lines[fatal], " ".join(lines[fatal + 1 :]), said)

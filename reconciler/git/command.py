"""Running git: no shell, no prompt, no pager, no hook, no lock that could get in the way of a person's own git.

Repositories may hold anything, so nothing of them is ever an option: names that could be read as one are refused by the
callers or stand behind `--`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

TIMEOUT = 60.0
"""Seconds that one git command may take."""

GUARDS = ("--no-pager", "--literal-pathspecs", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")


class Answer(msgspec.Struct, frozen=True):
    """What git said. `problem` is empty when it succeeded, else git's own last words, or why it could not run."""

    output: bytes
    problem: str = ""


def git(folder: Path, *arguments: str, given: Sequence[str] = ()) -> Answer:
    """Run git in a folder; `given` are lines for its standard input. Never raises for what git says."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", *GUARDS, *arguments],
            cwd=folder,
            env=environment,
            input="".join(f"{line}\n" for line in given).encode(),
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
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        return Answer(b"", words[-1] if words else f"git ended with {done.returncode}")
    return Answer(done.stdout)

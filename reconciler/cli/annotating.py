"""Findings written for where code is reviewed, with paths from the top of the repository."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from reconciler.cli.output import command_runner, write_json
from reconciler.model.diagnostic import Diagnostic

ANNOTATIONS = ("github", "gitlab")
"""Forms of output that are annotations."""


def print_annotations(findings: Sequence[Diagnostic], output: str, near: Path) -> None:
    """Write findings to standard output; `near` lies in the repository that their files are of."""
    from reconciler.views import annotations

    if output == "github":
        command_runner(*annotations.github(findings, _placed(near)))
    else:
        write_json(annotations.gitlab(findings, _placed(near)))


def _placed(near: Path) -> Callable[[str], str]:
    """Return what gives the path of a file from the top of its repository, or from here outside git."""
    from reconciler.git.command import git

    answer = git(near if near.is_dir() else near.parent, "rev-parse", "--show-toplevel")
    top = Path() if answer.problem else Path(os.fsdecode(answer.output).removesuffix("\n"))
    top = top.resolve()

    def place(file: str) -> str:
        whole = Path(file).resolve()
        return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else file

    return place

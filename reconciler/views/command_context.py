"""The command to type next, with what was typed before: a hint without the folder or the filter would do more than shown."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from reconciler.views.clean import clean


class CommandContext(NamedTuple):
    """What was typed besides the command: `where` the manifests are, and the `filters`, each as words of a shell."""

    where: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()

    def command(self, name: str, *options: str, filtered: bool = True) -> str:
        """Return a command as it is typed in a shell, safe to print."""
        words = [*self.where, *(self.filters if filtered else ()), *options]
        return clean(shlex.join(["reconciler", name, *words]))


NOTHING = CommandContext()
"""Only the command was typed."""

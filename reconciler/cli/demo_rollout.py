"""The last act of the demo: a version spreads in waves, fails, halts, is taken back in git, and the fleet converges."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from reconciler.cli import wiring
from reconciler.cli.narrator import Narrator
from reconciler.cli.output import say
from reconciler.cli.page_options import LOOPBACK, Address, PageOptions
from reconciler.cli.paging import HistoryPage, missing
from reconciler.errors import ReconcilerError
from reconciler.plugin.simulation import Bad

ROLLOUT = """\
  rollout:
    waves: [10%, 50%, 100%]
    failure: {percent: 20%, minimum: 1}
"""


def run(narrator: Narrator, bad: Bad, folder: Path) -> None:
    """Run all steps, in a new repository in `folder`; raise ReconcilerError when a step does not end as it should."""
    if shutil.which("git") is None:
        say("", "git is not installed: a rollout that is taken back in git is left out.")
        return
    _committed(narrator, folder)
    old = _spoiled(narrator, bad)
    narrator.edit(bad.workload, old, bad.version, ROLLOUT)
    narrator.say(
        "A new version, in waves",
        f"The manifests are in a git repository by now, and a history is kept. {bad.workload} {bad.version} is committed. "
        "Nobody knows yet that no device can start it.",
    )
    narrator.export({"RECONCILER_HISTORY": "history.db"})
    narrator.git("commit", "-qam", f"{bad.workload} {bad.version}, in waves")
    narrator.git("show", "--format=", "-U0")
    with _page(narrator.place.parent / "history.db"):
        _halted(narrator, bad)


def _halted(narrator: Narrator, bad: Bad) -> None:
    """Let it halt, and take it back."""
    narrator.run("plan", narrator.place.name)
    narrator.say(
        "It fails, and halts",
        "Only the first wave got it: nothing more of this version goes, in this run or any other.",
    )
    narrator.run("apply", narrator.place.name, "--yes", expected=4)
    narrator.run("rollout", "status", "-f", narrator.place.name)
    narrator.say("Back, through git", "One commit on a branch, for a pull request. Here it is merged at once.")
    reason = ("--reason", "no device can start it")
    narrator.run("rollback", narrator.platform, bad.workload, *reason, "-f", narrator.place.name)
    narrator.git("merge", "-q", f"rollback/{narrator.platform}-{bad.workload}-{bad.version}")
    narrator.say("The fleet converges", "A watch that follows the repository does the rest. The history has all of it.")
    follow = ("--git", ".", "--path", narrator.place.name)
    narrator.run("watch", *follow, "--mode", "apply", "--once", "--wait", "5m")
    narrator.run("plan", narrator.place.name, "--detailed-exitcode")
    narrator.run("history", "--workload", bad.workload)


@contextmanager
def _page(history: Path) -> Iterator[None]:
    """Serve the page of a history while the rest is told, where what it needs is installed."""
    if missing():
        yield
        return
    wiring.journal(str(history), keep=float("inf")).close()
    with closing(HistoryPage(Address(LOOPBACK, 0), PageOptions(), wiring.SystemClock(), str(history))):
        yield


def _committed(narrator: Narrator, folder: Path) -> None:
    """Have the manifests in a repository of their own, without anything of this user's configuration."""
    shutil.copytree(narrator.place, folder / "fleet", ignore=shutil.ignore_patterns("*.json"))
    narrator.place = folder / "fleet"
    narrator.env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat"}
    narrator.env |= {f"GIT_{who}_NAME": "You" for who in ("AUTHOR", "COMMITTER")}
    narrator.env |= {f"GIT_{who}_EMAIL": "you@example.com" for who in ("AUTHOR", "COMMITTER")}
    for words in (["init", "-q", "-b", "main"], ["add", "fleet"], ["commit", "-qm", "What runs"]):
        narrator.git(*words, shown=False)


def _spoiled(narrator: Narrator, bad: Bad) -> str:
    """See to it that no device can start the version; return the one that they have."""
    slots = [slot for slot in narrator.slots() if slot.workload == bad.workload and slot.assigned]
    for slot in slots:
        narrator.control("POST", *bad.spoil(slot))
    if not slots or slots[0].assigned is None:
        raise ReconcilerError(f"no unit has {bad.workload}", hint="simulate more units")
    return slots[0].assigned

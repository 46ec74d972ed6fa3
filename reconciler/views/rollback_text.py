"""What a rollback in git changes, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.need import Need
from reconciler.core.rollback import Back
from reconciler.model.fleet import Document
from reconciler.views.words import clean, count, listed


def render(back: Back, document: Document, followers: Sequence[str]) -> Iterator[str]:
    """Yield the lines that change, and whom else the version is with."""
    yield f"{clean(document.name)}: {clean(back.workload)} {clean(back.version)} is taken back and quarantined"
    for line, to in back.lines:
        leaves = f" (it no longer follows the channel {clean(line.channel)})" if line.channel else ""
        yield f"  {clean(str(document.locate(line.path)))}  {clean(back.version)} → {clean(to)}{leaves}"
    if followers:
        fleets = f"{count(len(followers), 'other fleet')} ({listed(list(followers))})"
        verb = "asks" if len(followers) == 1 else "ask"
        yield f"  {fleets} still {verb} for {clean(back.version)}: roll each back, or change their channel"


def warnings(unmet: Sequence[tuple[Need, str]]) -> Iterator[str]:
    """Yield the requirements that will no longer be met."""
    for need, to in unmet:
        what = f"{clean(need.workload)} of the fleet {clean(need.document.name)}"
        yield f"warning: {clean(str(need.origin))}: {what} requires {clean(need.required)} {need.accepts}, which {clean(to)} is not"


def next_step(branch: str, commit: str, remote: str, *, new: bool, pushed: bool) -> Iterator[str]:
    """Yield what there is now, and what to do next."""
    there = "made" if new else "was there already"
    yield f"branch {clean(branch)}: {there}, commit {commit[:12]}"
    if pushed:
        yield f"pushed to {clean(remote)}; next: open a request for it. The fleet follows once it is merged"
    else:
        yield f"next: git push {clean(remote or 'REMOTE')} {clean(branch)}, and open a request for it. The fleet follows once it is merged"

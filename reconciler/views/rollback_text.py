"""What a rollback in git changes, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.need import Need
from reconciler.core.rollback import Back
from reconciler.core.track_record import NotTaken, Why
from reconciler.model.fleet import Document
from reconciler.model.quantity import iso
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


def reasons(back: Back) -> Iterator[str]:
    """Yield why it goes back to the versions that it goes back to, and not to others."""
    for target in back.chosen:
        yield f"  {clean(target.version)}: {WHY[target.why]}{f' ({iso(target.at)})' if target.at is not None else ''}"
    for version, why in back.not_taken:
        yield f"  {clean(version)} is passed over: {NOT_TAKEN[why]}"


WHY = {
    Why.NAMED: "named with --to",
    Why.COMPLETE: "the last version that every reachable unit reported, by the history",
    Why.SUCCEEDED: "the last version that met the success of a wave, by the history",
    Why.BEFORE: "what git asked for before; the history does not know how it did",
}
NOT_TAKEN = {
    NotTaken.QUARANTINED: "it is in quarantine",
    NotTaken.HALTED: "its rollout was halted",
    NotTaken.MISSING: "the platform does not have it",
}


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

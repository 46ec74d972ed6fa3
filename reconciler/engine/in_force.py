"""Which manifests a watch goes by: those of which commit, and who made it."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.event import InForce
from reconciler.model.fleet import Manifest
from reconciler.model.provenance import DIRTY
from reconciler.model.repository import Author

AuthorOf = Callable[[str], Author | None]


def in_force(manifest: Manifest, commit: str, author: AuthorOf, *, at: float, run: str, changed: bool) -> InForce:
    """Return that manifests come into force at a time; `changed` says that they take the place of others."""
    who = author(commit.removesuffix(DIRTY)) if commit else None
    return InForce(
        at=at,
        run=run,
        fleets=len(manifest.fleets),
        commit=commit,
        author=who.author if who is not None else "",
        summary=who.summary if who is not None else "",
        changed=changed,
    )

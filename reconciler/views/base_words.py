"""What manifests change against their base besides versions, in words: what they loosen, and their Connections."""

from __future__ import annotations

from reconciler.model.provenance import ConnectionChange, ConnectionEdit, Loosened, Loosening, Reading
from reconciler.views.words import NOTHING, Show

LOOSENINGS = {
    Loosening.LIMIT: "limit",
    Loosening.LIMIT_WINDOW: "limits: window",
    Loosening.LIMIT_PER: "limits: per",
    Loosening.MINIMUM: "limits: minimum",
    Loosening.ALLOW: "allow: lifts the limit",
    Loosening.ALLOW_EMPTY: "allow_empty",
    Loosening.QUARANTINE: "quarantine",
    Loosening.SUSPEND: "suspend",
    Loosening.REQUIREMENT: "requirement",
    Loosening.ORDER: "order",
    Loosening.PRUNE: "prune",
    Loosening.MODE: "mode",
    Loosening.ROLLOUT: "rollout",
    Loosening.WINDOWS: "window",
    Loosening.KEEP: "keep",
}

EDITS = {
    ConnectionEdit.ADDED: "added",
    ConnectionEdit.REMOVED: "removed",
    ConnectionEdit.CHANGED: "changed",
    ConnectionEdit.RENAMED: "renamed",
}

READINGS = {
    Reading.PLANNED: "",
    Reading.REFUSED: "not read: it would send credentials to an address that the base does not use; nothing is planned through it",
    Reading.HIDDEN: "not in this plan: --connections gave another Connection of this name",
}


def was_and_now(was: str, now: str, show: Show) -> str:
    """Return what something was and is: `10% → 50%`."""
    return f"{show(was) if was else NOTHING} → {show(now) if now else NOTHING}"


def loosened_words(one: Loosened, show: Show) -> str:
    """Return what is loosened: `limit remove`; for which units, where they were another fleet's."""
    whose = f", for units of {show(one.came_from)}" if one.came_from else ""
    return f"{LOOSENINGS[one.kind]}{one.subject and f' {show(one.subject)}'}{whose}"


def edit_words(one: ConnectionChange, show: Show) -> str:
    """Return what happened to a Connection."""
    return f"{EDITS[one.edit]}{one.renamed_from and f' from {show(one.renamed_from)}'}"

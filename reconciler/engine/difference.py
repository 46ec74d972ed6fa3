"""The use case "diff": how two plans, two snapshots or two manifests differ, in the design's words."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core import compare
from reconciler.core.compare import ORDER, Table, summary
from reconciler.errors import SettingsError
from reconciler.model.fleet import Manifest
from reconciler.model.plan import Plan
from reconciler.model.report import Comparison, Difference
from reconciler.model.snapshot import Snapshot

Thing = Plan | Snapshot | Manifest
Named = tuple[str, Thing]
"""A thing, and what it was called on the command line."""

KINDS = {Plan: "plan", Snapshot: "snapshot", Manifest: "manifest"}


def comparison(left: Named, right: Named) -> Comparison:
    """Return how two things of one kind differ; raise SettingsError when they are of two."""
    (ours, one), (theirs, other) = left, right
    tables = _tables(one, other)
    if tables is None:
        raise SettingsError(
            f"{ours} is a {KINDS[type(one)]}, but {theirs} is a {KINDS[type(other)]}",
            hint="compare two plans, two snapshots, or two manifests",
        )
    return Comparison(
        kind=KINDS[type(one)],
        left=ours,
        right=theirs,
        differences=tuple(sorted(_differences(*tables), key=lambda one: (one.path, one.was or one.now or ""))),
    )


def _tables(one: Thing, other: Thing) -> tuple[Table, Table] | None:
    if isinstance(one, Plan) and isinstance(other, Plan):
        return compare.plans(one, other)
    if isinstance(one, Snapshot) and isinstance(other, Snapshot):
        return compare.snapshots(one, other)
    if isinstance(one, Manifest) and isinstance(other, Manifest):
        return compare.manifests(one, other)
    return None


def _differences(left: Table, right: Table) -> Iterator[Difference]:
    """Yield what deepdiff finds between two tables; what they agree on is taken out first, for that is most of it."""
    ours, theirs = compare.differing(left, right)
    if not ours and not theirs:
        return
    from deepdiff import DeepDiff

    found = DeepDiff(ours, theirs, view="tree", threshold_to_diff_deeper=0)
    differences = [
        Difference(path=_path(one.path(output_format="list"), one.t1, one.t2), was=_words(one.t1), now=_words(one.t2))
        for group in found.values()
        for one in group
    ]
    others = [one for one in differences if one.path[-1] != ORDER]
    changed = {one.path[:length] for one in others for length in range(len(one.path))}
    yield from others
    yield from (one for one in differences if one.path[-1] == ORDER and one.path[:-1] not in changed)


def _path(path: list[str], *texts: object) -> tuple[str, ...]:
    """Return the way to a difference; a member of a set is its own text, so its key is not said twice."""
    return tuple(path[:-1] if path[-1] in texts else path)


def _words(value: object) -> str | None:
    """Return one side in words; None where deepdiff found nothing there."""
    return summary(value) if isinstance(value, str | dict) else None

"""The use case "diff": how two plans, two snapshots or two manifests differ, in the design's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core import compare
from reconciler.core.compare import ORDER, Found, Table, summary
from reconciler.core.compare_snapshots import snapshots
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
    find = compare.differences if isinstance(one, Snapshot) else deep  # a reading may be long
    return Comparison(
        kind=KINDS[type(one)],
        left=ours,
        right=theirs,
        differences=tuple(sorted(_differences(find(*tables)), key=lambda one: (one.path, one.was or one.now or ""))),
    )


def _tables(one: Thing, other: Thing) -> tuple[Table, Table] | None:
    if isinstance(one, Plan) and isinstance(other, Plan):
        return compare.plans(one, other)
    if isinstance(one, Snapshot) and isinstance(other, Snapshot):
        return snapshots(one, other)
    if isinstance(one, Manifest) and isinstance(other, Manifest):
        return compare.manifests(one, other)
    return None


def deep(left: Table, right: Table) -> Iterator[Found]:
    """Yield where two tables differ, as deepdiff finds it."""
    if left == right:
        return
    from deepdiff import DeepDiff

    for group in DeepDiff(left, right, view="tree", threshold_to_diff_deeper=0).values():
        for one in group:
            was, now = (side if isinstance(side, str | dict) else None for side in (one.t1, one.t2))
            yield tuple(one.path(output_format="list")), was, now


def _differences(places: Iterable[Found]) -> Iterator[Difference]:
    """Yield differences in words; that an order differs only where nothing that is ordered does."""
    words = _Words()
    found = [Difference(path=_path(path, one, other), was=words(one), now=words(other)) for path, one, other in places]
    orders = [one for one in found if one.path[-1] == ORDER]
    if not orders:
        yield from found
        return
    others = [one for one in found if one.path[-1] != ORDER]
    changed = {one.path[:length] for one in others for length in range(len(one.path))}
    yield from others
    yield from (one for one in orders if one.path[:-1] not in changed)


def _path(path: tuple[str, ...], *texts: object) -> tuple[str, ...]:
    """Return the way to a difference; a member of a set is its own text, so its key is not said twice."""
    return path[:-1] if path[-1] in texts else path


class _Words:
    """One side of a difference in words; None where nothing is there. Many slots share one table."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def __call__(self, value: str | Table | None) -> str | None:
        if value is None or isinstance(value, str):
            return value
        found = self._known.get(id(value))
        if found is None:
            found = self._known[id(value)] = summary(value)
        return found

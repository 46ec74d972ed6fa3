"""How two plans, snapshots or manifests differ, as text and JSON; finding the differences is done elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.model.report import DIFFERENCE_FORMAT, Comparison, Difference
from reconciler.views.line import EMPTY, Line, folded, line
from reconciler.views.words import clean, count


def encode(comparison: Comparison) -> bytes:
    """Return a comparison as UTF-8 JSON."""
    return msgspec.json.encode({"format": DIFFERENCE_FORMAT, **msgspec.to_builtins(comparison)})


def render(comparison: Comparison, *, width: int) -> list[Line]:
    """Return a comparison as lines of at most `width` columns, differences under the path that leads to them."""
    left, right = clean(comparison.left), clean(comparison.right)
    kind = clean(comparison.kind)
    if not comparison.differences:
        return folded([line(("No difference: ", "bold green"), f"{kind} {left} and {right} are equal.")], width)
    lines: list[Line] = [line(f"{kind.capitalize()} {left} → {right}"), EMPTY]
    shown: tuple[str, ...] = ()
    for one in comparison.differences:
        lines += _heads(shown, one.path[:-1])
        shown = one.path[:-1]
        lines.append(_difference(one))
    return folded([*lines, EMPTY, line((f"{count(len(comparison.differences), 'difference')}.", "bold"))], width)


def _heads(shown: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[Line]:
    """Yield the steps of a path that the line before did not share."""
    same = 0
    while same < min(len(shown), len(wanted)) and shown[same] == wanted[same]:
        same += 1
    for depth in range(same, len(wanted)):
        yield line((clean(wanted[depth]), "bold"), indent=2 * depth)


def _difference(one: Difference) -> Line:
    name = clean(one.path[-1]) if one.path else "everything"
    before = "" if one.was is None else clean(one.was) or '""'
    after = "" if one.now is None else clean(one.now) or '""'
    indent = 2 * max(0, len(one.path) - 1)
    if one.was is None:
        return line((f"+ {name}: {after}", "green"), indent=indent)
    if one.now is None:
        return line((f"- {name}: {before}", "red"), indent=indent)
    return line((f"~ {name}: {before} → {after}", "yellow"), indent=indent)

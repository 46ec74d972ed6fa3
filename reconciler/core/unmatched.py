"""Names and ids in a manifest that no unit bears: such a unit is gone, or was renamed, and which one it was nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.names import suggestion
from reconciler.core.select import named_in, selectors_in
from reconciler.model.fleet import Selector
from reconciler.model.unit import Units

SAMPLE = 3
FEW = 1000
"""Units among which a similar name is looked for: of very many it takes too long."""


def unmatched(selector: Selector, units: Units) -> tuple[list[str], list[str]]:
    """Return the exact names, and the ids, of a selector and of those in it that mean no unit."""
    inner = list(selectors_in(selector))
    names = [name for one in inner for name in named_in(one, units) if not units.named(name)]
    return names, [unit_id for one in inner for unit_id in one.ids or () if unit_id not in units.index]


def no_unit(names: Sequence[str], units: Units) -> str:
    """Return that no unit bears these names, and which one may be meant."""
    near = suggestion(names[0], units.names) if len(names) == 1 and len(units) <= FEW else ""
    more = f" and {len(names) - SAMPLE:,} more" if len(names) > SAMPLE else ""
    return f"no unit has the id or name {', '.join(map(repr, names[:SAMPLE]))}{more}{near}"

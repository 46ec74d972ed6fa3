"""The use case "watch" on many machines: which passes are due, tick by tick. Whoever takes them makes them.

Ticks are the multiples of the interval, so that several who count them mean the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from reconciler.core.assessment import Filters
from reconciler.core.decide import PlanRequest
from reconciler.core.news import Moment
from reconciler.engine.group import Group, groups_of
from reconciler.engine.manifests import Manifests
from reconciler.engine.wake import Wake
from reconciler.errors import ReconcilerError
from reconciler.model.event import AnyEvent, Completed
from reconciler.model.fleet import Manifest
from reconciler.ports import Clock

Lay = Callable[[Manifest, str, Sequence[Group], int], Sequence[tuple[str, str]]]
"""Lays a pass down for each group, for a tick: (manifests, their commit, groups, tick in milliseconds since 1970).

Returns what a person should know (level, words), as an error where no pass is made; raises ReconcilerError where it cannot.
"""


def distributed(  # what is laid down, where, and when
    manifests: Manifests,
    filters: Filters,
    lay: Lay,
    clock: Clock,
    *,
    run: str,
    interval: float,
    once: bool,
    wake: Wake | None = None,
) -> Generator[AnyEvent, None, None]:
    """Lay passes down until a stop, `interval` seconds between ticks, or `once`; yield what is new, and the end of each tick.

    What wakes it makes a tick of its own, however soon it comes after the last. Raises what is wrong with the very first manifests, or with the first tick.
    """
    before: Sequence[tuple[str, str]] | None = None
    wake, due, number = wake or Wake(), 0.0, 0
    while not clock.stopping():
        number, began = number + 1, clock.monotonic()
        yield from manifests.reload()
        said: Sequence[tuple[str, str]] = ()
        if manifests.manifest is not None:
            groups = groups_of(PlanRequest(manifest=manifests.manifest, filters=filters))
            now = clock.now()
            tick = int(1000 * (now if manifests.changed or now < due else now // interval * interval))
            try:
                said = lay(manifests.manifest, manifests.commit or "", groups, tick)
            except ReconcilerError as error:
                if before is None:
                    raise
                said = (("error", error.advised),)
            moment = Moment(now, run)
            yield from (moment.note(*one) for one in said if one not in (before or ()))
            if "error" in dict(before or ()) and "error" not in dict(said):
                yield moment.note("info", "passes are laid down again, and made")
        before = said
        pause = 0.0 if once else interval - clock.now() % interval
        due = clock.now() + pause
        yield Completed(
            at=clock.now(),
            run=run,
            number=number,
            fleets=0,
            seconds=clock.monotonic() - began,
            pause=pause,
            manifests_at=manifests.read_at,
            commit=manifests.commit or "",
            invalid=manifests.problem,
            unplanned="; ".join(words for level, words in said if level == "error"),
        )
        if once or wake.rest(clock, pause):
            return

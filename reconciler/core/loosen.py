"""What manifests loosen against their base: limits, quarantines, and whatever else keeps changes from going."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from reconciler.core.assessment import DEADLINE
from reconciler.core.guards.limit import parts
from reconciler.core.guards.manifest import in_force
from reconciler.core.migrated import Migrated
from reconciler.core.opening import ALL
from reconciler.model.fleet import Document, Failure, FleetSpec, Limit, Manifest, Quarantine, Requirement, Rollout, Wave
from reconciler.model.kind import in_words
from reconciler.model.origin import Path
from reconciler.model.provenance import Loosened, Loosening
from reconciler.model.quantity import moment, percent, seconds

PRUNES = ("none", "listed", "all")
MODES = ("observe", "propose", "apply")


Known = Mapping[str, Collection[str]]
"""The names by which the workloads of fleets are known, as far as the fleets were read."""


NOBODY: Migrated = MappingProxyType({})


def loosened(
    base: Manifest, today: Manifest, now: float, known: Known = MappingProxyType({}), migrated: Migrated = NOBODY
) -> tuple[Loosened, ...]:
    """Return what today's fleets loosen.

    A fleet that is new is held against the one it was, else against the defaults; one that has units of others (`migrated`)
    against these, too.

    What a fleet that became no other one had in quarantine, or suspended, counts unless a new fleet of its connection has it
    too. What was over before `now`, in seconds since 1970, kept nothing from going, and lets nothing through; nor does an
    `allow` of a workload that nobody knows.
    """
    found: list[Loosened] = []
    gone = {name: one.spec for name, one in base.fleets.items() if name not in today.fleets}
    new = [one.spec for name, one in today.fleets.items() if name not in base.fleets]
    became: set[str] = set()
    for name, document in sorted(today.fleets.items()):
        spec: FleetSpec = document.spec
        was = name if name in base.fleets else _was(spec, gone)
        became.add(was)
        before = base.fleets[was].spec if was else FleetSpec(connection="", units=spec.units, workloads={})
        mine = list(_Pair(_lasting_at(before, now), document, now, known.get(name)).all())
        found += mine
        said = {(one.kind, one.subject) for one in mine}
        for other in sorted({*migrated.get(name, ())} - {was}):
            pair = _Pair(_lasting_at(base.fleets[other].spec, now), document, now, known.get(name))
            theirs = (one for one in pair.all() if (one.kind, one.subject) not in said)
            found += (msgspec.structs.replace(one, came_from=other) for one in theirs)
    for name in sorted(gone.keys() - became):
        heirs = [one for one in new if one.connection == gone[name].connection]
        found += _gone(name, _lasting_at(gone[name], now), heirs)
    return tuple(found)


def _was(spec: FleetSpec, gone: Mapping[str, FleetSpec]) -> str:
    """Return the name that a new fleet had: of the same units, or of the only fleet that its connection lost; else nothing."""
    lost = {name: one for name, one in gone.items() if one.connection == spec.connection}
    alike = [name for name, one in lost.items() if one.units == spec.units]
    return (alike or list(lost))[0] if len(alike) == 1 or len(lost) == 1 else ""


def _lasting_at(spec: FleetSpec, now: float) -> FleetSpec:
    """Return what a fleet said without what is over."""
    suspended = spec.suspend is not None and in_force(spec.suspend.until, now)
    return msgspec.structs.replace(
        spec,
        quarantine=[one for one in spec.quarantine if in_force(one.until, now)],
        suspend=spec.suspend if suspended else None,
    )


def _gone(name: str, spec: FleetSpec, heirs: Sequence[FleetSpec]) -> Iterator[Loosened]:
    for entry in spec.quarantine:
        if not any(_lasting(entry, one.quarantine) for one in heirs):
            yield Loosened(
                fleet=name,
                kind=Loosening.QUARANTINE,
                subject=f"{entry.workload} {entry.version}",
                was=_until(entry.until),
            )
    if spec.suspend is not None and not any(one.suspend is not None for one in heirs):
        yield Loosened(fleet=name, kind=Loosening.SUSPEND, was=_until(spec.suspend.until))


class _Pair:
    """One fleet, before and today."""

    def __init__(self, before: FleetSpec, document: Document, moment: float, known: Collection[str] | None) -> None:
        self.before = before
        self.document = document
        self.now: FleetSpec = document.spec
        self.moment = moment
        self.known = known

    def all(self) -> Iterator[Loosened]:
        """Yield all that is looser."""
        yield from self._limits()
        yield from self._allowances()
        if self.now.allow_empty and not self.before.allow_empty:
            yield self._said(Loosening.ALLOW_EMPTY, ("allow_empty",), was="false", now="true")
        yield from self._dated()
        yield from self._requirements()
        yield from self._orders()
        for kind, order in ((Loosening.PRUNE, PRUNES), (Loosening.MODE, MODES)):
            was, now = getattr(self.before, kind.value), getattr(self.now, kind.value)
            if order.index(now) > order.index(was):
                yield self._said(kind, (kind.value,), was=was, now=now)
        yield from self._rollout()
        yield from self._windows()
        was, now = self.before.keep, self.now.keep
        if was is not None and (now is None or now.per != was.per or now.serving < was.serving):
            yield self._said(Loosening.KEEP, ("keep",), was=_text(was), now=_text(now))

    def _said(  # what became looser, and where that is written below `spec`
        self, kind: Loosening, path: Path, *, subject: str = "", was: str = "", now: str = "", reason: str = ""
    ) -> Loosened:
        origin = self.document.locate(("spec", *path))
        return Loosened(
            fleet=self.document.name, kind=kind, subject=subject, was=was, now=now, reason=reason, origin=origin
        )

    def _limits(self) -> Iterator[Loosened]:
        was, now = self.before.limits, self.now.limits
        for name in ("remove", "replace", "release"):
            old, new = getattr(was, name), getattr(now, name)
            if wider(old, new):
                yield self._said(
                    Loosening.LIMIT, ("limits", name), subject=name, was=limit_text(old), now=limit_text(new)
                )
        if was.window is not None and (now.window is None or seconds(now.window) < seconds(was.window)):
            yield self._said(Loosening.LIMIT_WINDOW, ("limits",), was=was.window, now=now.window or "")
        if was.per is not None and now.per != was.per:
            yield self._said(Loosening.LIMIT_PER, ("limits",), was=was.per, now=now.per or "")
        if now.minimum > was.minimum:
            yield self._said(Loosening.MINIMUM, ("limits", "minimum"), was=f"{was.minimum}", now=f"{now.minimum}")

    def _allowances(self) -> Iterator[Loosened]:
        for position, entry in enumerate(self.now.allow):
            if self.known is not None and entry.workload is not None and entry.workload not in self.known:
                continue
            same = [one for one in self.before.allow if (one.limit, one.workload) == (entry.limit, entry.workload)]
            if not in_force(entry.until, self.moment) or any(not _sooner(one.until, entry.until) for one in same):
                continue
            yield self._said(
                Loosening.ALLOW,
                ("allow", position),
                subject=" ".join(filter(None, (entry.limit, entry.workload))),
                was=_until(max(same, key=lambda one: moment(one.until)).until) if same else "",
                now=_until(entry.until),
                reason=entry.reason,
            )

    def _dated(self) -> Iterator[Loosened]:
        """Yield entries of quarantine, and suspensions, that end earlier or are gone."""
        for entry in self.before.quarantine:
            same = [one for one in self.now.quarantine if _alike(one, entry)]
            if not _lasting(entry, same):
                now = _until(max((one.until or "" for one in same), default="")) if same else ""
                subject = f"{entry.workload} {entry.version}"
                was = _until(entry.until)
                yield self._said(Loosening.QUARANTINE, ("quarantine",), subject=subject, was=was, now=now)
        old, new = self.before.suspend, self.now.suspend
        if old is not None and (new is None or _sooner(new.until, old.until)):
            now = "" if new is None else _until(new.until)
            yield self._said(Loosening.SUSPEND, ("suspend",), was=_until(old.until), now=now)

    def _requirements(self) -> Iterator[Loosened]:
        for name, workload in self.before.workloads.items():
            now = self.now.workloads.get(name)
            for required, said in workload.requires.items():
                left = None if now is None else now.requires.get(required)
                if now is not None and (left is None or _versions(left) != _versions(said)):
                    yield self._said(
                        Loosening.REQUIREMENT,
                        ("workloads", name, "requires", required),
                        subject=f"{name} requires {required}",
                        was=_versions(said),
                        now="" if left is None else _versions(left),
                    )

    def _orders(self) -> Iterator[Loosened]:
        """Yield workloads whose versions are no longer ordered: nobody marks a downgrade of them any more."""
        for name, workload in self.before.workloads.items():
            now = self.now.workloads.get(name)
            if now is not None and workload.order is not None and now.order is None:
                yield self._said(Loosening.ORDER, ("workloads", name), subject=name, was=workload.order)

    def _rollout(self) -> Iterator[Loosened]:
        was, now = self.before.rollout, self.now.rollout
        if was is None:
            return
        if now is None:
            yield self._said(Loosening.ROLLOUT, ("rollout",), was="rollout")
            return
        for name in _looser(was, now):
            texts = [_text(getattr(one, name)) for one in (was, now)]
            yield self._said(Loosening.ROLLOUT, ("rollout", name), subject=name, was=texts[0], now=texts[1])

    def _windows(self) -> Iterator[Loosened]:
        """Yield windows that are gone or changed: whether another one lets less through is for people to see."""
        for one in self.before.windows:
            if one not in self.now.windows:
                yield self._said(Loosening.WINDOWS, ("windows",), was=_text(one))
        if self.before.windows:
            for position, one in enumerate(self.now.windows):
                if one.allow is not None and one not in self.before.windows:
                    yield self._said(Loosening.WINDOWS, ("windows", position), now=_text(one))


def _looser(was: Rollout, now: Rollout) -> Iterator[str]:
    """Yield the fields of a rollout that pace less."""
    if was.waves and _sooner_reached(was.waves, now.waves):
        yield "waves"
    if wider(was.max_moving, now.max_moving):
        yield "max_moving"
    if percent(now.success or ALL) < percent(was.success or ALL):
        yield "success"
    if was.failure is not None and (now.failure is None or _more_may_fail(was.failure, now.failure)):
        yield "failure"
    if was.soak is not None and (now.soak is None or seconds(now.soak) < seconds(was.soak)):
        yield "soak"
    if was.failure is not None and _deadline(now) > _deadline(was):
        yield "deadline"


def _sooner_reached(was: Sequence[str | Wave], now: Sequence[str | Wave]) -> bool:
    """Return whether any unit is sent a version after fewer waves; where units are selected, any other waves may do that."""
    before, after = ([percent(one) for one in waves if isinstance(one, str)] for waves in (was, now))
    if len(before) < len(was) or len(after) < len(now):
        return was != now
    return any(_wave(after, share) < _wave(before, share) for share in (*before, *after, percent(ALL)))


def _wave(waves: Sequence[float], share: float) -> int:
    """Return the number of the first wave that takes this percentage of the units."""
    return next((number for number, taken in enumerate(waves) if share <= taken), len(waves))


def _more_may_fail(was: Failure, now: Failure) -> bool:
    return percent(now.percent) > percent(was.percent) or now.minimum > was.minimum


def _deadline(rollout: Rollout) -> float:
    return DEADLINE if rollout.deadline is None else seconds(rollout.deadline)


def _alike(one: Quarantine, other: Quarantine) -> bool:
    return (one.workload, one.version) == (other.workload, other.version)


def _lasting(entry: Quarantine, others: Sequence[Quarantine]) -> bool:
    """Return whether one of the others is about the same and ends no sooner."""
    return any(_alike(one, entry) and not _sooner(one.until, entry.until) for one in others)


def _sooner(one: str | None, other: str | None) -> bool:
    """Return whether something that lasts until `one` ends before what lasts until `other`; None lasts for ever."""
    return one is not None and (other is None or moment(one) < moment(other))


def _until(until: str | None) -> str:
    return f"until {until}" if until else "without an end"


def wider(was: str | Limit | None, now: str | Limit | None) -> bool:
    """Return whether a limit lets anything through that it did not."""
    if was is None:
        return False
    (share, number), (new_share, new_number) = parts(was), (None, None) if now is None else parts(now)
    if number is not None and (new_number is None or new_number > number):
        return True
    return share is not None and (new_share is None or percent(new_share) > percent(share))


def limit_text(limit: str | Limit | None) -> str:
    """Return a limit as people write it; empty for none."""
    return "" if limit is None else " and ".join(str(one) for one in parts(limit) if one is not None)


def _versions(said: str | list[str] | Requirement) -> str:
    found = said.version if isinstance(said, Requirement) else said
    return found if isinstance(found, str) else " or ".join(sorted(found))


def _text(value: object) -> str:
    return "" if value is None else in_words(msgspec.to_builtins(value))

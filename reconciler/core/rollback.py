"""Which lines of a manifest ask for a version that is to be taken back, and what comes in its place. Pure.

What was there before is read from earlier states of the manifests, newest first: the last version of the same line that is
not refused. A line that was not there yet goes back to what its units had then, the version of the workload.

What git asked for need not have worked. Where a history is kept, a version that every unit reported comes first, then one
that met the success of a wave, then one of which nothing is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from reconciler.core.need import Need, needs
from reconciler.core.track_record import NOTHING_KNOWN, NotTaken, Target, TrackRecord, Why
from reconciler.errors import SettingsError
from reconciler.model.fleet import Choice, Document, FleetSpec, Manifest
from reconciler.model.origin import Path

BASE = "version"
"""The key of a workload's own version among its lines."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Where a fleet says a version of a workload. `path` leads to the choice, `key` says what it is in any state of the file."""

    path: Path
    key: str
    version: str
    channel: str = ""
    """The channel that names the version, where one does."""


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a workload that is taken back: each line that asks for it, with what comes in its place."""

    workload: str
    version: str
    lines: tuple[tuple[Line, str], ...]
    chosen: tuple[Target, ...] = ()
    """The versions that come in its place, with why."""
    not_taken: tuple[tuple[str, NotTaken], ...] = ()
    """Earlier versions that were passed over."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the versions that come in its place."""
        return tuple(dict.fromkeys(to for _, to in self.lines))


def lines(manifest: Manifest, fleet: str, workload: str) -> list[Line]:
    """Return every line of a fleet that says a version of a workload."""
    return list(_lines(manifest, manifest.fleets[fleet].spec, workload))


def _said(manifest: Manifest, fleet: str, workload: str) -> dict[str, str]:
    return {line.key: line.version for line in lines(manifest, fleet, workload)}


def _lines(manifest: Manifest, spec: FleetSpec, workload: str) -> Iterator[Line]:
    entry = spec.workloads.get(workload)
    if entry is None:
        return
    path: Path = ("spec", "workloads", workload)
    said: list[tuple[Path, str, str | Choice]] = [(path, BASE, entry)]
    for position, one in enumerate(entry.overrides):
        units = msgspec.json.encode(one.units, order="deterministic").decode()
        said.append(((*path, "overrides", position), f"override {units}", one))
    said += [
        (("spec", "pins", unit, name), f"pin {unit}", pin)
        for unit, pins in spec.pins.items()
        for name, pin in pins.items()
        if name in names(spec, workload)
    ]
    for where, key, choice in said:
        version, channel = _version(manifest, workload, choice)
        if version:
            yield Line(path=where, key=key, version=version, channel=channel)


def _version(manifest: Manifest, workload: str, choice: str | Choice) -> tuple[str, str]:
    """Return the version that a choice comes to, and the channel that names it; empty where it says none."""
    found = choice if isinstance(choice, str) else choice.version
    if found is None or isinstance(found, str):
        return found or "", ""
    channel = manifest.channels.get(found.channel)
    return (channel.spec.versions.get(workload, "") if channel else ""), found.channel


def names(spec: FleetSpec, workload: str) -> frozenset[str]:
    """Return what a fleet may call one of its workloads."""
    entry = spec.workloads.get(workload)
    return frozenset({workload, (entry.id if entry else None) or workload})


def newest(now: Manifest, before: Iterable[Manifest], fleet: str, workloads: Collection[str]) -> list[tuple[str, str]]:
    """Return the (workload, version) that the newest change of a fleet's versions brought, as far as they are still there."""
    newer = there = {one: _said(now, fleet, one) for one in workloads}
    for state in _since(before, fleet):
        older = {one: _said(state, fleet, one) for one in workloads}
        found = [
            (one, version)
            for one in workloads
            for key, version in newer[one].items()
            if older[one].get(key, older[one].get(BASE)) != version and version in there[one].values()
        ]
        if found:
            return list(dict.fromkeys(found))
        newer = older
    return []


def take_back(
    now: Manifest,
    before: Iterable[Manifest],
    fleet: str,
    workload: str,
    version: str,
    to: str | None = None,
    *,
    record: TrackRecord = NOTHING_KNOWN,
) -> Back:
    """Return how a version is taken back; raise SettingsError where nothing says it, or nothing was there before.

    `before` is gone through for each line; `record` says how versions did, and which of them the platform has.
    """
    spec: FleetSpec = now.fleets[fleet].spec
    asking = [one for one in lines(now, fleet, workload) if one.version == version]
    if not asking:
        said = ", ".join(dict.fromkeys(one.version for one in lines(now, fleet, workload))) or "no version"
        raise SettingsError(f"the fleet {fleet!r} does not ask for {version} of {workload}: it says {said}")
    quarantined = {one.version for one in spec.quarantine if one.workload in names(spec, workload)}
    if to is not None:
        _check_named(to, version, workload, quarantined, record)
        named = (Target(to, Why.NAMED),)
        return Back(workload=workload, version=version, lines=tuple((one, to) for one in asking), chosen=named)
    search = _Search(before, fleet, workload, version, quarantined, record)
    found = [(line, search.earlier(line)) for line in asking]
    return Back(
        workload=workload,
        version=version,
        lines=tuple((line, target.version) for line, target in found),
        chosen=tuple(dict.fromkeys(target for _, target in found)),
        not_taken=tuple(search.not_taken.items()),
    )


def _check_named(to: str, version: str, workload: str, quarantined: Collection[str], record: TrackRecord) -> None:
    """Raise SettingsError where a version that a person named cannot come in the place of another."""
    why = "is the one that is taken back" if to == version else "is in quarantine" if to in quarantined else ""
    if not why and record.against(to) is NotTaken.MISSING:
        why = "is not on the platform"
    if why:
        raise SettingsError(f"{to} of {workload} {why}", hint="name another version with --to")


def _since(before: Iterable[Manifest], fleet: str) -> Iterator[Manifest]:
    """Yield the states in which there was the fleet, without those before it was made."""
    for state in before:
        if fleet not in state.fleets:
            return
        yield state


class _Search:
    """Looks for what lines said before. `not_taken` gathers the versions that were passed over."""

    def __init__(  # where it looks, and what is known
        self,
        before: Iterable[Manifest],
        fleet: str,
        workload: str,
        version: str,
        quarantined: Collection[str],
        record: TrackRecord,
    ) -> None:
        self._before = before
        self._fleet, self._workload, self._version = fleet, workload, version
        self._quarantined = quarantined
        self._record = record
        self.not_taken: dict[str, NotTaken] = {}

    def earlier(self, line: Line) -> Target:
        """Return what comes in the place of a line; raise SettingsError where nothing may."""
        record, found = self._record, dict[Why, Target]()
        good = {one for one in (*record.complete, *record.proved) if one != self._version and not self._against(one)}
        for version in self._said_before(line):
            against = self._against(version)
            if against is not None:
                self.not_taken[version] = against
                continue
            target = record.ranked(version)
            found.setdefault(target.why, target)
            good.discard(version)
            if target.why is Why.COMPLETE or not good:
                break
        complete = [one for one in good if one in record.complete]
        if complete and Why.COMPLETE not in found:  # of an older state of git than can be read, or of another line
            found[Why.COMPLETE] = record.ranked(max(complete, key=record.complete.__getitem__))
        for why in (Why.COMPLETE, Why.SUCCEEDED, Why.BEFORE):
            if why in found:
                return found[why]
        raise SettingsError(
            f"the history has no earlier version of {self._workload} in the fleet {self._fleet!r} than {line.version}"
            f"{self._passed_over()}",
            hint="name one with --to VERSION",
        )

    def _said_before(self, line: Line) -> Iterator[str]:
        """Yield what a line said in earlier states, newest first."""
        for state in _since(self._before, self._fleet):
            there = _said(state, self._fleet, self._workload)
            found = there.get(line.key) or there.get(BASE)
            if found and found != self._version:
                yield found

    def _against(self, version: str) -> NotTaken | None:
        """Return what speaks against a version in the place of the other."""
        return NotTaken.QUARANTINED if version in self._quarantined else self._record.against(version)

    def _passed_over(self) -> str:
        return f" that may be gone back to: {', '.join(self.not_taken)} may not" if self.not_taken else ""


def followers(now: Manifest, fleet: str, back: Back) -> list[str]:
    """Return the other fleets that ask for the version, which stay as they are."""
    return [
        other
        for other in now.fleets
        if other != fleet and any(one.version == back.version for one in lines(now, other, back.workload))
    ]


def unmet(now: Manifest, fleet: str, back: Back) -> list[tuple[Need, str]]:
    """Return the requirements that the version meets and one in its place does not."""
    document: Document = now.fleets[fleet]
    called = names(document.spec, back.workload)
    return [
        (one, to)
        for one in needs(now.fleets.values())
        if one.required in called and one.connection == document.spec.connection and one.accepts.takes(back.version)
        for to in back.targets
        if not one.accepts.takes(to)
    ]


def amended(spec: FleetSpec, back: Back, entry: Mapping[str, str] | None) -> Any:
    """Return a fleet, as plain values, in which a version is taken back, and `entry` is in its quarantine."""
    made: Any = msgspec.to_builtins(spec)
    for line, to in back.lines:
        *above, last = line.path[1:]
        at = made
        for step in above:
            at = at[step]
        if isinstance(at[last], dict):
            at[last] |= {"version": to, "channel": None}
        else:
            at[last] = to
    if entry is not None:
        made.setdefault("quarantine", []).append(dict(entry))
    return made

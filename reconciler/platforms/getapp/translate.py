"""From the rows of one device to the states of its slots: pure, total, and whatever order the rows come in.

One row is one release on one device; the rows of one project are one slot (getapp.md section 6). Assigned is what moves,
else what was stopped, else what is downloaded, else what is installed; among equals the highest version (inferred: the
API has no desired version). An older version that is installed with an error ails no newer one that is installed well.
Rows that are deleted are nothing; rows that are uninstalled count where nothing else is there, so that what is left of
them can be deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from reconciler.core.versions import Key, semver_first
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import Facts, Phase, State
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.release_info import Dependency, dependencies_of
from reconciler.platforms.getapp.stages import GONE, Halt, Stage, said, stage_of, status_of, unknown_value
from reconciler.platforms.getapp.wire import Row, RowRelease
from reconciler.platforms.reading.pages import Malformed

NO_REASON = "the platform gave no reason"
_NAMELESS = "a row without project, version or catalogId"

RANKS = {Stage.DELIVERING: 4, Stage.DEPLOYING: 4, Stage.DOWNLOADED: 2, Stage.INSTALLED: 1}
STOPPED = 3
"""Stages whose version can be the assigned one, and what failed or was halted there; the highest rank wins."""


class Seen(NamedTuple):
    """One row that could be read."""

    release: RowRelease
    stage: Stage
    halt: Halt
    row: Row

    @property
    def order(self) -> Key:
        """Return the key that orders it among the rows of its project."""
        return semver_first(self.release.version)

    @property
    def rank(self) -> int:
        """Return how its version ranks as the assigned one; 0 where it cannot be."""
        return STOPPED if self.halt is not Halt.NO else RANKS.get(self.stage, 0)

    def outranks(self, well: Key | None) -> tuple[int, Key]:
        """Return the key by which the assigned row is chosen; `well` orders the highest version that is installed well.

        One that is installed below it with an error was overtaken: what ails it is no ailment of the other.
        """
        overtaken = self.stage is Stage.INSTALLED_FAILED and well is not None and self.order < well
        return (0 if overtaken else self.rank), self.order


class ReadRow(NamedTuple):
    """One row as it was read; of a malformed one at most the project (empty where unknown), and what is wrong with it."""

    row: Row | None
    project: str
    why: str
    notes: tuple[str, ...] = ()


class Rows(NamedTuple):
    """What the rows of one device mean.

    `states` by project; `references` are catalogIds by (project, version); `problems` are words that follow "device X".
    `blind` says why nothing is known of any slot of the device, None where something is.
    """

    states: dict[str, State]
    releases: tuple[RowRelease, ...] = ()
    problems: tuple[str, ...] = ()
    blind: Condition | None = None
    notes: tuple[str, ...] = ()
    """Fields that decide nothing and were left out."""


def rows_of(rows: Iterable[ReadRow], *, auto: bool = False) -> Rows:
    """Return what the rows of a device mean. `auto` says that the agent installs what it downloaded by itself."""
    seen: dict[str, list[Seen]] = defaultdict(list)
    malformed: dict[str, Condition] = {}
    problems: list[str] = []
    notes: set[str] = set()
    for row, project, why, odd in rows:
        notes.update(odd)
        release = row.about() if row is not None else None
        if row is None or release is None or not release.project_name:
            if not project:
                text = f"a row that names no release: {clean(why)}"
                return Rows({}, blind=Condition(ConditionCode.UNEXPECTED_VALUE, text=text))
            malformed[project] = Condition(ConditionCode.UNEXPECTED_VALUE, text=clean(why))
        elif not release.version or (unknown := unknown_value(row)):
            text = f"{unknown}{f' ({text})' if (text := said(row)) else ''}" if release.version else "an empty version"
            malformed[release.project_name] = Condition(ConditionCode.UNEXPECTED_VALUE, text=text)
        else:
            seen[release.project_name].append(Seen(release, *stage_of(row), row))
    needed = _needed(seen)
    states = {project: _slot(found, needed, auto=auto) for project, found in seen.items()}
    for project, found in seen.items():
        doubled = sorted(_doubled(found))
        if doubled:
            problems.append(f"has two rows of {project} {doubled[0]}")
            text = f"two rows for {doubled[0]}"
            malformed.setdefault(project, Condition(ConditionCode.CONTRADICTION, text=text))
    states |= {project: unknown_state(why) for project, why in malformed.items()}
    releases = tuple(one.release for found in seen.values() for one in found)
    return Rows(states, releases, tuple(problems), notes=tuple(sorted(notes)))


def unknown_state(why: Condition) -> State:
    """Return the state of a slot of which nothing is known."""
    return State(phase=Phase.UNKNOWN, conditions=(why,))


def read_row(content: bytes, *, detail: bool = True) -> ReadRow:
    """Return a row, or what can be said of a malformed one; without `detail` not what differs on every device by nature."""
    notes: list[str] = []
    row = wire.rows.read(content, notes)
    if isinstance(row, Malformed):
        return ReadRow(None, wire.project_of(content), row.why)
    if not detail:
        row.download_duration = row.arts_dir_path = None
    return ReadRow(row, row.name or "", _NAMELESS, tuple(notes))


def _doubled(rows: list[Seen]) -> set[str]:
    versions = [one.release.version for one in rows if one.stage is not Stage.DELETED]
    return {version for version in versions if versions.count(version) > 1}


# --- dependencies ---------------------------------------------------------------------------------------------------


class _Needed(NamedTuple):
    """What other rows of a device need: by dependency the release that needs it, and a release that does not say."""

    by: dict[Dependency, str]
    unclear: str

    def why(self, one: Seen) -> Condition | None:
        """Return why a row must stay; None where nothing needs it."""
        release = one.release
        for key in ((release.project_name, release.version), ("", release.id)):
            if key in self.by:
                return Condition(ConditionCode.DEPENDENCY, (release.version,), text=self.by[key])
        if self.unclear:
            return Condition(ConditionCode.DEPENDENCIES_UNREAD, (release.version,), text=self.unclear)
        return None


def _needed(seen: dict[str, list[Seen]]) -> _Needed:
    by: dict[Dependency, str] = {}
    unclear = ""
    for found in seen.values():
        for one in sorted(found, key=_order):
            if one.stage in GONE:
                continue
            name = f"{one.release.project_name} {one.release.version}"
            listed = dependencies_of(one.release)
            if listed is None:
                unclear = min(unclear or "~", name)
            for dependency in listed or ():
                by[dependency] = min(by.get(dependency, name), name)
    return _Needed(by, unclear)


def _order(one: Seen) -> Key:
    return one.order


# --- one slot -------------------------------------------------------------------------------------------------------


def _slot(found: list[Seen], needed: _Needed, *, auto: bool) -> State:
    """Return the state of one project on one device, all of whose rows could be read."""
    rows = sorted(found, key=_order)
    there = [one for one in rows if one.stage not in GONE]
    if not there:
        return _remains(rows)
    candidates = [one for one in there if one.rank]
    installed = [one.order for one in there if one.stage is Stage.INSTALLED and one.halt is Halt.NO]
    main = max(candidates, key=lambda one: one.outranks(max(installed, default=None)), default=None)
    kept = {one.release.version: why for one in there if (why := needed.why(one)) is not None}
    others = tuple(one.release.version for one in candidates if one is not main and one.release.version not in kept)
    state = State(
        assigned=main.release.version if main is not None else None,
        reported=_reported(there, main),
        phase=Phase.MOVING,
        identity=main.release.id if main is not None else None,
        extra_versions=others,
        failures=tuple(
            (one.release.version, said(one.row) or NO_REASON)
            for one in there
            if one is not main and one.halt is Halt.FAILED
        ),
        protected=tuple(why for _, why in sorted(kept.items())),
        stages=tuple((one.release.version, one.stage.value) for one in there),
        conditions=_conditions(rows, main, kept),
        facts=_facts(main),
    )
    return _moving(state, main, auto=auto)


def _remains(rows: list[Seen]) -> State:
    """Return the state of a slot where at most releases are left that were uninstalled, or whose files may remain."""
    left = [one for one in rows if one.stage is not Stage.DELETED]
    versions = tuple(one.release.version for one in left)
    failed = [f"{one.release.version}: {said(one.row) or NO_REASON}" for one in rows if one.halt is Halt.FAILED]
    remarks = [_stage_condition(one) for one in rows if one.halt is not Halt.FAILED and said(one.row)]
    return State(
        phase=Phase.FAILED if failed else Phase.SETTLED,
        error="; ".join(failed) or None,
        extra_versions=versions,
        stages=tuple((one.release.version, one.stage.value) for one in left),
        conditions=(*([Condition(ConditionCode.FILES_MAY_REMAIN)] if versions else []), *remarks),
    )


def _reported(there: list[Seen], main: Seen | None) -> str | None:
    installed = [one for one in there if one.row.state == "installed" and one.stage is not Stage.UNINSTALLING]
    if main in installed and main is not None:
        return main.release.version
    running = installed or [one for one in there if one.stage is Stage.UNINSTALLING]
    return running[-1].release.version if running else None


HALTS = {
    (Stage.DELIVERY_HALTED, Halt.PAUSED): ConditionCode.DELIVERY_PAUSED,
    (Stage.DELIVERY_HALTED, Halt.CANCELLED): ConditionCode.DELIVERY_CANCELLED,
    (Stage.DEPLOY_HALTED, Halt.PAUSED): ConditionCode.INSTALLATION_PAUSED,
    (Stage.DEPLOY_HALTED, Halt.CANCELLED): ConditionCode.INSTALLATION_CANCELLED,
    (Stage.INSTALLED, Halt.PAUSED): ConditionCode.INSTALLATION_PAUSED,
    (Stage.INSTALLED, Halt.CANCELLED): ConditionCode.INSTALLATION_CANCELLED,
}


def _conditions(rows: list[Seen], main: Seen | None, kept: dict[str, Condition]) -> tuple[Condition, ...]:
    """Return what a person should know besides: who stopped it, what it says, other versions, what needs this one."""
    found: list[Condition] = []
    if main is None:
        found.append(Condition(ConditionCode.UNINSTALL_ASKED))
    elif (main.stage, main.halt) in HALTS:
        found.append(Condition(HALTS[main.stage, main.halt], (main.release.version,)))
    if main is not None and main.halt is not Halt.FAILED and said(main.row):
        found.append(Condition(ConditionCode.PLATFORM, text=said(main.row)))
    others = [one for one in rows if one is not main and (one.stage is not Stage.DELETED or said(one.row))]
    return (*found, *map(_stage_condition, others), *(why for _, why in sorted(kept.items())))


def _stage_condition(one: Seen) -> Condition:
    """Return how far a release came that is not the assigned one, with what halted it and what it says."""
    halt = one.halt.value if one.stage is Stage.INSTALLED else ""
    text = ", ".join(filter(None, (one.stage.value, halt)))
    error = said(one.row) or (NO_REASON if one.halt is Halt.FAILED else "")
    return Condition(ConditionCode.VERSION_STAGE, (one.release.version,), text=f"{text}: {error}" if error else text)


def _facts(main: Seen | None) -> Facts:
    """Return what else the assigned row shows."""
    if main is None:
        return ()
    took = main.row.download_duration
    facts = (
        ("deliveryState", main.row.delivery_state or ""),
        ("deviceReleaseStatus", status_of(main.row) or ""),
        ("downloadDuration", "" if took is None else f"{took:g} s"),
        ("artsDirPath", main.row.arts_dir_path or ""),
    )
    return tuple((name, text) for name, text in facts if text)


def _moving(state: State, main: Seen | None, *, auto: bool) -> State:
    """Return the state with the phase, progress and error of its assigned row."""
    if main is None:
        return state
    row = main.row
    if main.halt is Halt.FAILED:
        return msgspec.structs.replace(state, phase=Phase.FAILED, error=said(row) or NO_REASON)
    if main.halt is not Halt.NO:
        return msgspec.structs.replace(state, phase=Phase.PAUSED, progress=row.progress)
    if main.stage is Stage.INSTALLED:
        return msgspec.structs.replace(state, phase=Phase.SETTLED)
    if main.stage is Stage.DOWNLOADED:
        # A release's own `autoDeploy` may install it, or not: who shows it downloaded has not begun, and gets the command.
        return msgspec.structs.replace(state, phase=Phase.MOVING if auto else Phase.READY)
    return msgspec.structs.replace(state, progress=row.progress, eta=row.eta)

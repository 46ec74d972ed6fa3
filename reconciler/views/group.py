"""Gathering what is alike: changes by where they go and why, held changes by reason. Thousands of slots, a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from reconciler.model.change import Change, Held, Reason, Verb
from reconciler.model.desired import Settings
from reconciler.model.hold import HoldReason
from reconciler.model.origin import Origin
from reconciler.model.unit import Ref
from reconciler.views.hold_words import hold_words
from reconciler.views.words import count

VERBS = tuple(Verb)
HOLDS = tuple(HoldReason)


def leaving(change: Change | Group) -> tuple[str, ...]:
    """Return the versions that go while the assigned one stays: what a leftover is about, and nothing else is."""
    return change.extra_versions if change.verb is Verb.REMOVE and change.from_ == change.to else ()


def besides(change: Change | Group) -> tuple[str, ...]:
    """Return the versions that go along with a change: what is wanted may be among the others, and stays."""
    return tuple(other for other in change.extra_versions if other != change.to)


def terms(change: Change | Group, show: Callable[[str], str]) -> list[str]:
    """Return in words which settings a version goes with, and what they are now where it stays; `show` makes text safe."""
    now = dict(change.settings_from)
    gone = [f"no longer {show(f'{key}={value}')}" for key, value in now.items() if key not in dict(change.settings)]
    found = []
    for key, value in change.settings:
        instead = f" instead of {show(str(now[key]))}" if key in now else ""
        found.append(f"with {show(f'{key}={value}')}{instead}")
    return [*found, *gone]


class Group(msgspec.Struct, frozen=True):
    """Changes that differ only in their unit. `later` are the calls that a later pass makes, in order."""

    workload: Ref
    verb: Verb
    from_: str | None
    to: str | None
    reason: Reason
    extra_versions: tuple[str, ...]
    settings: Settings
    settings_from: Settings
    later: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def units(self) -> list[Ref]:
        """Return the units, in the plan's order."""
        return [change.unit for change in self.changes]

    @property
    def origins(self) -> Iterable[Origin]:
        """Return where each change was asked for."""
        return (change.origin for change in self.changes)


class HeldGroup(msgspec.Struct, frozen=True):
    """Held changes that share one reason, its words, their way and their stage (0: not in this run)."""

    code: HoldReason
    text: str
    workload: Ref
    verb: Verb | None
    from_: str | None
    to: str | None
    stage: int
    held: tuple[Held, ...]


def grouped(changes: Iterable[Change]) -> list[Group]:
    """Return changes gathered, by workload, verb, and the largest group first."""
    found: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        later = tuple(step.call for step in change.steps if step.when != "now")
        key = (
            change.workload,
            change.verb,
            change.from_,
            change.to,
            change.reason,
            change.extra_versions,
            change.settings,
            change.settings_from,
            later,
        )
        found.setdefault(key, []).append(change)
    groups = [_group(members) for members in found.values()]
    return sorted(
        groups, key=lambda one: (one.workload.name, one.workload.id, VERBS.index(one.verb), -len(one.changes))
    )


def _group(members: Sequence[Change]) -> Group:
    first = members[0]
    return Group(
        workload=first.workload,
        verb=first.verb,
        from_=first.from_,
        to=first.to,
        reason=first.reason,
        extra_versions=first.extra_versions,
        settings=first.settings,
        settings_from=first.settings_from,
        later=tuple(step.call for step in first.steps if step.when != "now"),
        changes=tuple(members),
    )


def held_grouped(held: Iterable[Held]) -> dict[HoldReason, list[HeldGroup]]:
    """Return held changes by reason, in the reasons' own order; one with several reasons stands under each."""
    found: dict[tuple[HoldReason, str, Ref, Verb | None, str | None, str | None, int], list[Held]] = {}
    for one in held:
        for reason in one.reasons:
            text = hold_words(reason, one.workload.name, one.to)
            key = (reason.code, text, one.workload, one.verb, one.from_, one.to, one.stage)
            found.setdefault(key, []).append(one)
    groups: dict[HoldReason, list[HeldGroup]] = {}
    for code in HOLDS:
        mine = [HeldGroup(*key, tuple(members)) for key, members in found.items() if key[0] is code]
        if mine:
            groups[code] = sorted(mine, key=lambda one: (one.workload.name, one.workload.id, -len(one.held)))
    return groups


def codes(held: Iterable[Held]) -> Counter[HoldReason]:
    """Return how many held changes have each reason."""
    return Counter(code for one in held for code in {reason.code for reason in one.reasons})


class Names:
    """What things are called in one plan: by name, with the id where a name alone does not say which one is meant."""

    def __init__(self, refs: Iterable[Ref]) -> None:
        """Take everything that is going to be named."""
        distinct = set(refs)
        times = Counter(ref.name for ref in distinct)
        self._doubtful = {name for name, number in times.items() if number > 1 or not name}

    def __call__(self, ref: Ref) -> str:
        """Return the name, not yet cleaned."""
        return f"{ref.name} ({ref.id})" if ref.name in self._doubtful and ref.id else ref.name


def weight(changes: Sequence[Change]) -> str:
    """Return how many units changes hit, and how many devices these are where that is more: `3 units (1,200 devices)`."""
    sizes = {change.unit.id: change.size for change in changes}
    units = count(len(sizes), "unit")
    devices = sum(sizes.values())
    return units if devices == len(sizes) else f"{units} ({count(devices, 'device')})"

"""Gathering what is alike: changes by transition and reason, held changes by reason, calls by what they send.

Thousands of slots become a few entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence

import msgspec

from reconciler.model.change import Action, Change, Held, Verb
from reconciler.model.hold import HoldReason
from reconciler.views.reason_words import hold_words
from reconciler.views.words import DOWNGRADE, Show, clean, count, devices, from_to, joined, version

VERBS = tuple(Verb)
FEW = 3
"""Entries of a list in a request's body that are shown."""


class Group(msgspec.Struct, frozen=True):
    """Changes that differ only in their unit."""

    changes: tuple[Change, ...]

    @property
    def first(self) -> Change:
        """Return the change that stands for all."""
        return self.changes[0]

    @property
    def later(self) -> tuple[str, ...]:
        """Return the calls that a later pass makes, in order."""
        return _later(self.first)

    @property
    def size(self) -> int:
        """Return how many devices they hit."""
        return sum(one.size for one in self.changes)


class HeldGroup(msgspec.Struct, frozen=True):
    """Held changes that share one reason, its words, their change and their stage (0: not in this run)."""

    code: HoldReason
    text: str
    held: tuple[Held, ...]

    @property
    def first(self) -> Held:
        """Return the held change that stands for all."""
        return self.held[0]

    @property
    def size(self) -> int:
        """Return how many devices they would hit."""
        return sum(one.size for one in self.held)


class Calls(msgspec.Struct, frozen=True):
    """Calls that follow each other and differ only in lists of ids.

    `stage` counts the stages of this plan from 1: calls of a stage are sent once those of the previous stage were answered.
    """

    actions: tuple[Action, ...]
    changes: tuple[Change, ...]
    stage: int

    @property
    def first(self) -> Action:
        """Return the call that stands for all."""
        return self.actions[0]

    @property
    def body(self) -> str:
        """Return what they send, shortened; where lists differ, the first entries of the first one."""
        return body_text([one.request.body for one in self.actions])

    def notes(self) -> Iterator[str]:
        """Yield what a person must know besides about these calls."""
        if self.first.wide:
            yield (
                f"without ids: sent only if a count taken right before equals its {count(len(self.changes), 'slot')}, "
                "otherwise unit by unit"
            )
        if not self.first.idempotent:
            yield "not repeated if its answer is lost: its effect is read back"


def _later(change: Change) -> tuple[str, ...]:
    return tuple(step.call for step in change.steps if step.when != "now")


def grouped(changes: Iterable[Change]) -> list[Group]:
    """Return changes gathered, by workload, verb, and the largest group first."""
    found: dict[Hashable, list[Change]] = {}
    for one in changes:
        goes = (one.workload, one.verb, one.from_, one.to, one.extra_versions)
        found.setdefault((goes, one.reason, one.settings, one.settings_from, one.share, _later(one)), []).append(one)
    groups = [Group(tuple(members)) for members in found.values()]
    return sorted(groups, key=lambda one: (*_name(one.first), VERBS.index(one.first.verb), -len(one.changes)))


def sort_of(group: Group | HeldGroup) -> Hashable:
    """Return what makes groups of several fleets the same sort: all but unit, fleet and line."""
    first = group.first
    goes = (first.workload.name, first.verb, first.from_, first.to, first.settings, first.reason)
    if isinstance(group, HeldGroup):
        return group.code, group.text, goes, group.first.stage
    return goes, group.first.extra_versions, group.first.settings_from, group.first.share, group.later


def _name(one: Change | Held) -> tuple[str, str]:
    return one.workload.name, one.workload.id


def held_grouped(held: Iterable[Held]) -> dict[HoldReason, list[HeldGroup]]:
    """Return held changes by reason, in the reasons' own order; one with several reasons stands under each."""
    found: dict[tuple[HoldReason, str, Hashable], list[Held]] = {}
    for one in held:
        for reason in one.reasons:
            text = hold_words(reason, one.workload.name, one.to)
            goes = (one.workload, one.verb, one.from_, one.to, one.stage, one.reason)
            found.setdefault((reason.code, text, goes), []).append(one)
    groups: dict[HoldReason, list[HeldGroup]] = {code: [] for code in HoldReason}
    for (code, text, _), members in found.items():
        groups[code].append(HeldGroup(code, text, tuple(members)))
    order = {code: sorted(some, key=lambda one: (*_name(one.first), -len(one.held))) for code, some in groups.items()}
    return {code: some for code, some in order.items() if some}


def codes(held: Iterable[Held]) -> Counter[HoldReason]:
    """Return how many held changes have each reason."""
    return Counter(code for one in held for code in {reason.code for reason in one.reasons})


def gathered(actions: Iterable[Action], changes: Sequence[Change], *, apart: bool = False) -> list[Calls]:
    """Return calls in the order in which they are sent: stage by stage, within a stage as compiled.

    With `apart` each by itself, otherwise neighbours that differ only in lists of ids as one entry.
    """
    runs: list[list[Action]] = []
    for action in sorted(actions, key=lambda action: action.stage):
        if runs and not apart and _kind(runs[-1][0]) == _kind(action):
            runs[-1].append(action)
        else:
            runs.append([action])
    stages = sorted({run[0].stage for run in runs})
    return [
        Calls(
            tuple(run), tuple(changes[slot] for action in run for slot in action.slots), 1 + stages.index(run[0].stage)
        )
        for run in runs
    ]


def _kind(action: Action) -> Hashable:
    body = action.request.body
    if isinstance(body, dict):
        body = {key: [] if isinstance(value, list) else value for key, value in body.items()}
    sends = (action.request.method, action.request.path, repr(body))
    return action.call, sends, action.stage, action.wide, action.idempotent


def body_text(bodies: Sequence[object]) -> str:
    """Return the bodies of calls that differ only in lists as JSON on one cleaned line, long lists shortened; empty for none."""
    body = bodies[0]
    if body is None:
        return ""
    if not isinstance(body, dict):
        return clean(_json(body))
    return f"{{{', '.join(f'{clean(_json(key))}: {_value(key, bodies)}' for key in body)}}}"


def _value(key: object, bodies: Sequence[object]) -> str:
    values = [body.get(key) for body in bodies if isinstance(body, dict)]
    if not isinstance(values[0], list):
        return clean(_json(values[0]))
    shown = [clean(_json(entry)) for entry in values[0][:FEW]]
    left = sum(len(value) for value in values if isinstance(value, list)) - len(shown)
    calls = f" in all {len(bodies):,} calls" if len(bodies) > 1 else ""
    return f"[{', '.join([*shown, *([f'… {left:,} more{calls}'] if left else [])])}]"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def leaving(change: Change) -> tuple[str, ...]:
    """Return the versions that are removed while the assigned one stays: only leftovers have them."""
    return change.extra_versions if change.verb is Verb.REMOVE and change.from_ == change.to else ()


def moves(change: Change, show: Show) -> str:
    """Return the transition of a change, and which further versions it removes: `v2 → v1 (v0 is removed too)`."""
    goes = from_to(change.from_, change.to, leaving(change), show)
    # the wanted version may be among the others, and stays
    besides = [version(other, show) for other in change.extra_versions if other != change.to]
    if change.downgrade:
        goes = f"{goes} {DOWNGRADE}"
    if not besides or leaving(change):
        return goes
    return f"{goes} ({joined(besides)} {'is' if len(besides) == 1 else 'are'} removed too)"


def goal(change: Change, show: Show) -> str:
    """Return what becomes of a slot, without where it comes from: `→ v2`, or `without v1` for leftovers."""
    if gone := leaving(change):
        return f"without {joined(version(one, show) for one in gone)}"
    return f"→ {version(change.to, show)}"


def terms(change: Change, show: Show) -> list[str]:
    """Return the settings of a version, and their current values where the version stays."""
    now = dict(change.settings_from)
    gone = [f"no longer {show(f'{key}={value}')}" for key, value in now.items() if key not in dict(change.settings)]
    found = []
    for key, value in change.settings:
        instead = f" instead of {show(str(now[key]))}" if key in now else ""
        found.append(f"with {show(f'{key}={value}')}{instead}")
    if change.share is not msgspec.UNSET:
        return [f"to {change.share} % of the devices for now", *found]
    return [*found, *gone]


def units_and_devices(several: Iterable[Sequence[Change]]) -> str:
    """Return how many units changes of several fleets hit, and devices where these are more: `3 units (1,200 devices)`."""
    units = total = 0
    for changes in several:
        sizes = {change.unit.id: change.size for change in changes}
        units += len(sizes)
        total += sum(sizes.values())
    return count(units, "unit") if total == units else f"{count(units, 'unit')} ({devices(total)})"

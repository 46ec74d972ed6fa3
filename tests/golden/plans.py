"""Plans to look at: each shows one thing an operator meets. Built by hand, so that views are tested by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from reconciler.model.change import Action, Change, Held, Reason, Request, Step, Verb
from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.hold import ClosedBy, Closing, Hold, HoldReason, KeepProblem, Kept, Outlook, Problem, Unmet
from reconciler.model.origin import Origin
from reconciler.model.plan import (
    Basis,
    Counts,
    FleetPlan,
    Lifted,
    LimitKind,
    Plan,
    Share,
    Summary,
    Times,
    VersionCount,
    VersionMix,
    Violation,
)
from reconciler.model.provenance import (
    ConnectionChange,
    ConnectionEdit,
    FieldEdit,
    Loosened,
    Loosening,
    Provenance,
    Reading,
)
from reconciler.model.release import Listed, Preparation, PrepareStatus, ReleaseInfo
from reconciler.model.rollout import RolloutPlan, RolloutState, WavePlan, WaveState
from reconciler.model.ruling import Command, RolloutId, Ruling
from reconciler.model.unit import Ref

NOW = 1795000000.0
"""2026-11-18T11:06:40Z."""
APPLICATION = "575ec8687ae143cd83dc4a97"
TARGET = f"losant:https://api.losant.com/applications/{APPLICATION}"
PATH = f"/applications/{APPLICATION}/edge/deployments/release"

POLLER = Ref("65a0000000000000000000f1", "modbus-poller")
VISION = Ref("65a0000000000000000000f2", "vision")
AGENT = Ref("65a0000000000000000000f3", "legacy-agent")


def unit(number: int) -> Ref:
    return Ref(f"65a0000000000000{number:08x}", f"gw-{number:04}")


def change(
    number: int,
    workload: Ref,
    before: str | None,
    after: str | None,
    *,
    reason: Reason = Reason.OUT_OF_SYNC,
    line: int = 12,
    calls: Sequence[Step] = (Step("losant.release"),),
    extra_versions: tuple[str, ...] = (),
    size: int = 1,
    settings: tuple[tuple[str, str], ...] = (),
) -> Change:
    verb = Verb.REMOVE if after is None else Verb.RELEASE if before in {None, after} else Verb.REPLACE
    if reason is Reason.LEFTOVER:
        verb = Verb.REMOVE
    return Change(
        unit=unit(number),
        workload=workload,
        verb=verb,
        from_=before,
        to=after,
        reason=reason,
        steps=tuple(calls),
        origin=Origin("fleets/austin.yaml", line, 9),
        observed=f"{number:016x}",
        extra_versions=extra_versions,
        size=size,
        settings=settings,
    )


def held(
    number: int,
    *reasons: Hold,
    workload: Ref = POLLER,
    verb: Verb | None = Verb.REPLACE,
    stage: int = 0,
) -> Held:
    return Held(
        unit=unit(number),
        workload=workload,
        verb=verb,
        from_="v1.3.2",
        to="v1.4.0",
        reasons=reasons,
        origin=Origin("fleets/austin.yaml", 12, 9),
        stage=stage,
    )


def calls(changes: Sequence[Change], most: int = 1000) -> tuple[Action, ...]:
    """Calls as the Losant platform compiles them: by workload and new version, at most `most` ids a call."""
    found: list[Action] = []
    groups: dict[tuple[Ref, str | None], list[int]] = {}
    for slot, one in enumerate(changes):
        groups.setdefault((one.workload, one.to), []).append(slot)
    for (workload, version), slots in groups.items():
        for start in range(0, len(slots), most):
            some = slots[start : start + most]
            ids = [changes[slot].unit.id for slot in some]
            body = {"flowId": workload.id, "version": version, "deviceIds": ids}
            stage = 1 if version is None else 0
            found.append(
                Action(call="losant.release", request=Request("POST", PATH, body), slots=tuple(some), stage=stage)
            )
    return tuple(found)


def _by_workload(changes: Sequence[Change]) -> dict[Ref, list[Change]]:
    found: dict[Ref, list[Change]] = {}
    for one in changes:
        found.setdefault(one.workload, []).append(one)
    return found


def _mix(workload: Ref, changes: Sequence[Change], units: int) -> VersionMix:
    """What a fleet has whose other units are as git says."""
    most = Counter(one.to for one in changes).most_common(1)[0][0]
    rest = {most: max(0, units - len(changes))}
    assigned = Counter(rest) + Counter(one.from_ for one in changes)
    desired = Counter(rest) + Counter(one.to for one in changes)
    names = sorted({*assigned, *desired}, key=lambda name: (name is None, name or ""))
    versions = tuple(VersionCount(name, assigned[name], desired[name]) for name in names)
    return VersionMix(workload=workload, versions=versions)


def fleet(
    name: str = "austin",
    *,
    units: int = 100,
    changes: Sequence[Change] = (),
    actions: Sequence[Action] | None = None,
    held: Sequence[Held] = (),
    violations: Sequence[Violation] = (),
    diagnostics: Sequence[Diagnostic] = (),
    warnings: Sequence[str] = (),
    problems: Sequence[str] = (),
    unmanaged: int = 0,
    unknown: int = 0,
    under_way: tuple[int, int, int, int] = (0, 0, 0, 0),
    releases: Sequence[Listed] = (),
    lifted: Sequence[Lifted] = (),
) -> FleetPlan:
    verbs = [one.verb for one in changes]
    slots = units * 3
    converging, waiting, failed, stuck = under_way
    return FleetPlan(
        fleet=name,
        connection="plant",
        platform="losant",
        basis=Basis(
            target=TARGET,
            manifest="4be1d1b1f0c2",
            commit="9f3c1d27aa0b45e1",
            complete=not problems,
            problems=tuple(problems),
        ),
        summary=Summary(
            units=units,
            slots=slots,
            synced=slots - len(changes) - len(held),
            held=len(held),
            unmanaged=unmanaged,
            changes=Counts(verbs.count(Verb.RELEASE), verbs.count(Verb.REPLACE), verbs.count(Verb.REMOVE)),
            unknown=unknown,
            converging=converging,
            waiting=waiting,
            failed=failed,
            stuck=stuck,
        ),
        changes=tuple(changes),
        actions=calls(changes) if actions is None else tuple(actions),
        held=tuple(held),
        violations=tuple(violations),
        lifted=tuple(lifted),
        shares=tuple(Share(one, len(some), units) for one, some in _by_workload(changes).items()),
        mix=tuple(_mix(one, some, units) for one, some in _by_workload(changes).items()),
        diagnostics=tuple(diagnostics),
        warnings=tuple(warnings),
        releases=tuple(releases),
    )


def plan(*fleets: FleetPlan, filters: str = "") -> Plan:
    return Plan(
        fingerprint="0f" * 16,
        checksum="0f" * 32,
        times=Times(
            created="2026-11-18T11:06:30Z",
            expires="2026-11-19T11:06:30Z",
            read={"plant": "2026-11-18T11:06:28Z"},
        ),
        complete=not any(one.error or one.summary.unknown for one in fleets),
        applyable=any(one.changes and not one.violations for one in fleets),
        errored=any(one.error for one in fleets),
        filters=filters,
        fleets=fleets,
    )


def nothing() -> Plan:
    return plan(fleet(unmanaged=12))


def canary() -> Plan:
    moves = [change(number, POLLER, "v1.3.2", "v1.4.0", reason=Reason.CHANGE) for number in (7, 31)]
    return plan(fleet(changes=moves, unmanaged=12, under_way=(0, 4, 1, 0)))


def large() -> Plan:
    moves = [change(number, POLLER, "v1.3.2", "v1.4.0") for number in range(1, 1201)]
    moves += [change(number, POLLER, "v1.2.0", "v1.4.0", reason=Reason.DRIFT, line=14) for number in range(1201, 1204)]
    moves += [change(number, VISION, None, "v2.0.1", line=20 + number) for number in range(1, 6)]
    moves += [
        change(9, VISION, "v2.0.1", "v2.0.1", reason=Reason.OVERWRITTEN),
        change(10, VISION, "v2.0.1", "v2.0.1", reason=Reason.RETRY),
    ]
    return plan(fleet(units=3000, changes=moves, unmanaged=1, under_way=(3, 40, 2, 1)), fleet("boston", units=1))


NEEDS_VISION = Unmet(
    requires=True,
    workload="vision",
    required="vision",
    accepts=">=2.0",
    origin=Origin("fleets/austin.yaml", 20, 9),
    problem=Problem.NOT_REPORTED,
    reported=("v1.9",),
    assigned="v1.9",
    outlook=Outlook.AFTER_REPORTED,
    desired="v2.0.1",
)


def all_held() -> Plan:
    keep = Origin("fleets/austin.yaml", 30, 9)
    few = Kept(problem=KeepProblem.TOO_FEW, tag="pair", serving=1, value="p7", members=2, units=("gw-0008",))
    small = Kept(problem=KeepProblem.TOO_SMALL, tag="pair", serving=1, value="p8", members=1)
    agents = {
        HoldReason.AGENT_TOO_OLD: Hold(HoldReason.AGENT_TOO_OLD, needs="1.40.0", has="1.30.0"),
        HoldReason.IN_FLIGHT: Hold(HoldReason.IN_FLIGHT, "2026-11-29T07:59:30Z", until="2026-11-29T08:00:30Z"),
        HoldReason.OUTSIDE_WINDOW: Hold(
            HoldReason.OUTSIDE_WINDOW, "America/Chicago", opens="2026-11-29T02:00:00-06:00"
        ),
        HoldReason.KEPT: Hold(HoldReason.KEPT, at=keep, kept=few),
        HoldReason.KEEP_UNMET: Hold(HoldReason.KEEP_UNMET, at=keep, kept=small),
    }
    why = [
        held(number, agents.get(code, Hold(code, f"why {code.value} holds it", at=Origin("fleets/austin.yaml", 40, 5))))
        for number, code in enumerate(HoldReason, start=1)
    ]
    why.append(held(50, agents[HoldReason.AGENT_TOO_OLD], Hold(HoldReason.SUSPENDED, "site audit", until="2026-12-01")))
    why += [
        held(60 + number, Hold(HoldReason.UNKNOWN, f"page {number} was not shown"), verb=None) for number in range(7)
    ]
    return plan(fleet(held=why, unknown=8))


def removes_too_much(fleet: str) -> Violation:
    at = Origin(f"fleets/{fleet}.yaml", 31, 11)
    return Violation(kind=LimitKind.REMOVE, percent="10%", intended=40, allowed=30, of=300, origin=at)


def violated() -> Plan:
    drops = [change(number, AGENT, "v0.9.0", None, reason=Reason.PRUNE) for number in range(1, 41)]
    broken = (
        removes_too_much("austin"),
        Violation(
            kind=LimitKind.REPLACE,
            workload=POLLER.name,
            percent="10%",
            tag="site",
            value="austin",
            intended=6,
            went=8,
            window="24h",
            allowed=12,
            of=120,
            origin=Origin("fleets/austin.yaml", 32, 11),
        ),
        Violation(kind=LimitKind.EMPTY_SCOPE),
    )
    moves = [change(7, POLLER, "v1.3.2", "v1.4.0")]
    return plan(fleet(changes=drops, violations=broken), fleet("boston", changes=moves))


def outside_windows() -> Plan:
    """A fleet that waits for its window, and one whose windows never open."""
    night = Hold(HoldReason.OUTSIDE_WINDOW, "America/Chicago", opens="2026-11-29T02:00:00-06:00")
    never = Hold(HoldReason.OUTSIDE_WINDOW, until="2036-12-06")
    waiting = [held(number, night) for number in range(1, 30)]
    return plan(fleet(held=waiting), fleet("boston", held=[held(40, never)]))


def incomplete() -> Plan:
    gone = [held(number, Hold(HoldReason.UNKNOWN, "not covered by the reading"), verb=None) for number in range(1, 30)]
    return plan(
        fleet(
            held=gone,
            unknown=29,
            problems=("edge deployments: the total said 300, 271 rows were shown",),
            warnings=("the reading is incomplete, so what it did not show is held",),
        )
    )


def errored() -> Plan:
    broken = FleetPlan(
        fleet="tulsa",
        connection="north",
        platform="losant",
        basis=Basis(target="", manifest="4be1d1b1f0c2", complete=False, problems=("no answer",)),
        summary=Summary(units=0, slots=0, synced=0, held=0, unmanaged=0, changes=Counts()),
        error="losant: list devices: no answer within 30 s; is the address right?",
    )
    return plan(fleet(changes=[change(7, POLLER, "v1.3.2", "v1.4.0")]), broken)


def removal() -> Plan:
    moves = [change(number, AGENT, "v0.9.0", None) for number in range(1, 4)]
    moves.append(change(5, VISION, "v2.0.1", "v2.0.1", reason=Reason.LEFTOVER, extra_versions=("v1.9.0", "v1.8.0")))
    actions = (
        *calls(moves[:3]),
        Action(
            call="losant.replace",
            request=Request(
                "POST",
                PATH.replace("release", "replace"),
                {"flowId": VISION.id, "oldVersion": "v1.9.0", "newVersion": None},
            ),
            slots=(3,),
            stage=2,
            wide=True,
            idempotent=False,
        ),
    )
    again = change(6, VISION, "v2.0.1", "v2.0.1", reason=Reason.RETRY, extra_versions=("v1.9.0",))
    actions += (Action(call="losant.release", request=Request("POST", PATH), slots=(4,)),)
    return plan(fleet(changes=[*moves, again], actions=actions), filters="--unit gw-000*")


def steps() -> Plan:
    """A platform whose units are groups of devices, with settings and steps that a later pass takes."""
    way = (Step("getapp.deliver"), Step("getapp.deploy", "later"))
    moves = [
        change(number, VISION, None, "v2.0.1", calls=way, size=400, settings=(("percent", "25"),)) for number in (1, 2)
    ]
    moves.append(change(3, VISION, None, "v2.0.1", calls=way, size=1))
    actions = [
        Action(call="getapp.deliver", request=Request("PUT", f"/deliver/{one.unit.id}"), slots=(slot,))
        for slot, one in enumerate(moves)
    ]
    warnings = ("radio 1.4.0 may install itself as soon as it is downloaded (autoDeploy)",)
    later = [held(number, Hold(HoldReason.REQUIREMENT_NOT_MET, requirement=NEEDS_VISION), stage=2) for number in (1, 2)]
    later.append(held(3, Hold(HoldReason.NOT_PREPARED, "preparation of radio 2.1.0 is at 40 %")))
    return plan(fleet(changes=moves, actions=actions, held=later, warnings=warnings, releases=[KNOWN, SAID, QUIET]))


KNOWN = Listed(
    VISION,
    "v2.0.1",
    ReleaseInfo(
        found=True,
        notes="Fixes the boot loop on revision B.",
        size=12_345_678,
        revision="9f3c1d2",
        min_version="v1.8.0",
        minimum_agent="1.40.0",
        must_pass=True,
        dependencies=("radio 2.1.0", "gnss 4.0"),
        preparation=Preparation(reference="vision-2.0.1", status=PrepareStatus.NOT_ASKED),
    ),
)
SAID = Listed(POLLER, "v1.4.0", ReleaseInfo(found=True, notes="Reads registers in blocks.\nAnd more."))
QUIET = Listed(AGENT, "v0.9.0", ReleaseInfo(found=True))


HOSTILE = "gw\x1b[31m-\u202eevil\u202c\n::error::x ##[group] | ` <b>@root</b> #1 ![i](http://x.y) www.x.y 日本語\x00"


def waves(rollout: str = "v1.4.0") -> Plan:
    """A version in its second wave, one that is halted, one that is complete; and what they hold."""
    lacks = Closing(wave=1, by=ClosedBy.SUCCESS, count=7, of=10, needs="95%")
    spread = [
        WavePlan(
            wave=0,
            rule="units tags ring canary",
            state=WaveState.SUCCEEDED,
            units=4,
            devices=4,
            cumulative=3.3,
            attempted=3,
            reporting=3,
            owed=1,
            met=True,
        ),
        WavePlan(
            wave=1,
            rule="10%",
            state=WaveState.OPEN,
            units=12,
            devices=12,
            cumulative=13.3,
            attempted=10,
            reporting=7,
            failed=1,
            held=1,
            to_go=1,
            calls=1,
            promoted=True,
        ),
        WavePlan(wave=2, rule="50%", state=WaveState.EMPTY, units=0, devices=0, cumulative=13.3),
        WavePlan(
            wave=3,
            rule="",
            state=WaveState.CLOSED,
            units=104,
            devices=104,
            cumulative=100.0,
            to_go=104,
            calls=2,
            closing=lacks,
        ),
    ]
    said = Ruling(command=Command.RESUME, reason="the modem was replaced", by="ada", at=NOW - 3600)
    going = RolloutPlan(
        rollout=RolloutId("austin", POLLER.id, rollout),
        workload=POLLER,
        state=RolloutState.PROGRESSING,
        units=120,
        rest=3,
        waves=tuple(spread),
        owed=1,
        devices=120,
        attempted=13,
        reporting=10,
        failed=1,
        failing=(unit(9),),
        moving=3,
        at_once=12,
        most=17,
        ruling=said,
        soaks=True,
        remembered=False,
    )
    halted = msgspec.structs.replace(
        going,
        workload=VISION,
        state=RolloutState.HALTED,
        fails=True,
        halted_at=NOW - 60,
        ruling=None,
        failed=6,
        reporting=5,
        attempted=13,
    )
    done = RolloutPlan(
        rollout=RolloutId("austin", AGENT.id, "v2"),
        workload=AGENT,
        state=RolloutState.COMPLETE,
        units=100,
        rest=2,
        owed=3,
    )
    hold = Hold(HoldReason.WAVE_NOT_OPEN, wave=3, closing=lacks)
    stopped = Hold(HoldReason.ROLLOUT_HALTED, count=6, of=13)
    held_ = [held(20, hold, stage=3), held(21, hold, stage=3), held(22, stopped, workload=VISION)]
    found = fleet(units=120, changes=[change(11, POLLER, "v1.3.2", "v1.4.0")], held=held_)
    return plan(msgspec.structs.replace(found, rollouts=(going, halted, done)))


def hostile() -> Plan:
    bad = Ref("</details>", HOSTILE)
    moves = [
        Change(
            unit=Ref(f"<i>{number}", HOSTILE),
            workload=bad,
            verb=Verb.REPLACE,
            from_="v1|\\|`x``",
            to="@team/ops\r\n/merge",
            reason=Reason.OUT_OF_SYNC,
            steps=(Step("losant.release"),),
            origin=Origin("fleets/<script>.yaml", 3, 1),
            observed="0",
            extra_versions=("::stop-commands::t",),
            settings=(("a|b", "c`d"),),
        )
        for number in range(2)
    ]
    actions = [
        Action(call=HOSTILE, request=Request("PO\nST", "/a|b`", {"x\u2028": ["<"] * 9, "y": HOSTILE}), slots=(0, 1))
    ]
    odd = Held(
        unit=bad,
        workload=bad,
        verb=Verb.REPLACE,
        from_=None,
        to="",
        reasons=(Hold(HoldReason.UNKNOWN, HOSTILE * 40),),
        origin=Origin(HOSTILE),
    )
    broken = Violation(
        kind=LimitKind.REMOVE, every_holder_of=HOSTILE, intended=2, allowed=0, of=2, origin=Origin(HOSTILE)
    )
    one = fleet(
        HOSTILE,
        changes=moves,
        actions=actions,
        held=[odd],
        violations=[broken],
        diagnostics=(
            Diagnostic(
                code="pin-outside",
                message=HOSTILE,
                origin=Origin(HOSTILE, 3, 1),
                related=(Related("the scope of its fleet", Origin("fleets/austin.yaml", 6, 3)),),
            ),
            Diagnostic(code="no-match", message=HOSTILE, origin=Origin("f.yaml", 9, 1), severity=Severity.WARNING),
        ),
        warnings=[HOSTILE],
        problems=[HOSTILE],
        releases=[
            Listed(bad, HOSTILE, ReleaseInfo(found=True, notes=HOSTILE, revision=HOSTILE, dependencies=(HOSTILE,)))
        ],
    )
    return plan(one, filters=HOSTILE)


def review() -> Plan:
    """What a reviewer must see first, in a request that changes much."""

    def moves(first: int) -> list[Change]:
        return [change(first + number, POLLER, "v1.3.2", "v1.4.0", reason=Reason.CHANGE) for number in (7, 8)]

    def gone(first: int, number: int) -> list[Change]:
        return [change(first + one, AGENT, "v0.9.0", None, reason=Reason.CHANGE) for one in range(number)]

    back = msgspec.structs.replace(change(109, VISION, "v2.0.1", "v1.9.0", reason=Reason.CHANGE), downgrade=True)
    broken = Violation(
        kind=LimitKind.REMOVE, percent="10%", intended=20, allowed=10, of=100, workload="legacy-agent",
        origin=Origin("fleets/austin.yaml", 31, 11),
    )  # fmt: skip
    end = Lifted(
        violation=msgspec.structs.replace(broken, every_holder_of="legacy-agent", intended=1, of=1),
        reason="end of life",
        until="2026-12-05",
        origin=Origin("fleets/boston.yaml", 18, 7),
    )
    fleets = [
        fleet("austin", changes=[*gone(1, 20), *moves(0)], violations=[broken]),
        fleet(
            "boston",
            changes=[back, *moves(100), *gone(101, 1)],
            lifted=[end],
            held=[held(103, Hold(HoldReason.PAUSED, "paused in the console"))],
        ),
        *(fleet(f"site-{number:02}", changes=moves(100 + 100 * number)) for number in range(1, 6)),
        *(fleet(f"quiet-{number:03}") for number in range(1, 590)),
    ]
    found = plan(*sorted(fleets, key=lambda one: one.fleet))
    return msgspec.structs.replace(
        found,
        provenance=Provenance(commit="9f3c1d27aa0b45e1", base="origin/main", base_commit="51f2d0c9"),
        connections=(
            ConnectionChange(
                connection="plant", edit=ConnectionEdit.CHANGED, platform="losant", reading=Reading.REFUSED,
                fields=(FieldEdit("url", "", "https://losant.example.com"),), fleets=("austin", "boston", "dallas", "x"),
                origin=Origin("connections.yaml", 5, 3),
            ),
        ),
        loosened=(
            Loosened(fleet="austin", kind=Loosening.LIMIT, subject="remove", was="5%", now="10%",
                     origin=Origin("fleets/austin.yaml", 31, 11)),
            Loosened(fleet="boston", kind=Loosening.ALLOW, subject="remove legacy-agent", now="until 2026-12-05",
                     reason="end of life", origin=Origin("fleets/boston.yaml", 18, 7)),
            Loosened(fleet="boston", kind=Loosening.QUARANTINE, subject="vision v1.9.0", was="without an end"),
        ),
    )  # fmt: skip


SAMPLES = {
    one.__name__.replace("_", "-"): one
    for one in (
        nothing,
        canary,
        large,
        all_held,
        violated,
        outside_windows,
        incomplete,
        errored,
        removal,
        steps,
        review,
        waves,
        hostile,
    )
}


def samples(names: Iterable[str] = SAMPLES) -> list[tuple[str, Plan]]:
    return [(name, SAMPLES[name]()) for name in names]

"""What commands answer besides plans, to look at: outcomes, status, explanations, checks, differences and events."""

from __future__ import annotations

from reconciler.model.change import Reason, Request, Verb
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.drift import ActorKind, DriftCause
from reconciler.model.event import (
    Acted,
    AnyEvent,
    Approved,
    Blocked,
    Called,
    Completed,
    Differing,
    Drifted,
    Finished,
    InForce,
    Intended,
    Note,
    Passed,
    Resolved,
    RollbackFailed,
    RolledBack,
    Settled,
    Settling,
    Started,
)
from reconciler.model.event_parts import SlotName
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.origin import Origin
from reconciler.model.outcome import Excess, Outcome, Receipt, ReceiptKind, Result, Surplus
from reconciler.model.plan import Lifted, LimitKind, Violation
from reconciler.model.quantity import iso
from reconciler.model.release import Artifact, Listed, Preparation, PrepareStatus, ReleaseInfo
from reconciler.model.report import (
    Applied,
    Comparison,
    ConnectionDeliveries,
    ConnectionReleases,
    Difference,
    Explanation,
    FleetStatus,
    Movement,
    Planned,
    Remark,
    Rule,
    Seen,
    SlotExplanation,
    SlotStatus,
    Spread,
    Status,
    Trouble,
    UnitStatus,
)
from reconciler.model.ruling import Act, RolloutId
from reconciler.model.unit import Ref
from reconciler.model.verdict import Health, Sync, Verdict
from reconciler.ports import Check
from tests.golden.plans import HOSTILE, NOW, PATH, POLLER, VISION, removes_too_much, unit

TOO_OLD = "Deploy failed: workflow needs agent 1.40.0 or later, this device runs 1.30.0"


def outcome(
    number: int, result: Result, detail: str = "", *, fleet: str = "austin", to: str | None = "v1.4.0"
) -> Outcome:
    verb = Verb.REMOVE if to is None else Verb.REPLACE
    return Outcome(fleet=fleet, unit=unit(number), workload=POLLER, verb=verb, to=to, result=result, detail=detail)


def applied_well() -> Applied:
    done = tuple(outcome(number, Result.DONE) for number in range(1, 1201))
    waiting = tuple(outcome(number, Result.WAITING, "the unit is not reachable") for number in range(1201, 1205))
    return Applied(run="r1", fingerprint="0f" * 32, exit_code=0, sent=2, seconds=83.4, outcomes=(*done, *waiting))


def applied_badly() -> Applied:
    outcomes = [
        *(outcome(number, Result.DONE) for number in range(1, 40)),
        *(outcome(number, Result.FAILED, TOO_OLD) for number in range(40, 45)),
        outcome(45, Result.FAILED, "400 ValidationError: deviceIds[3] is not an edge device"),
        outcome(46, Result.STALE, "assigned v1.3.9 since the plan was made"),
        outcome(47, Result.UNKNOWN, "the answer was lost, and reading back failed"),
        *(outcome(number, Result.NOT_TRIED, "stopped before its call") for number in range(48, 60)),
        outcome(60, Result.WAITING, to=None),
        *(outcome(number, Result.FAILED, f"error number {number}", fleet="boston") for number in range(70, 77)),
    ]
    broken, empty = removes_too_much("dallas"), Violation(kind=LimitKind.EMPTY_SCOPE)
    return Applied(
        run="r2",
        exit_code=4,
        sent=7,
        seconds=612,
        blocked=(("dallas", broken), ("dallas", empty)),
        errors=(("tulsa", "losant: list devices: no answer within 30 s"),),
        outcomes=tuple(outcomes),
    )


def applied_nothing() -> Applied:
    return Applied(run="r3", exit_code=0, sent=0, seconds=1.2)


LIFTED = Lifted(
    violation=Violation(kind=LimitKind.REMOVE, every_holder_of="vision", intended=12, allowed=11, of=12),
    reason=HOSTILE,
    until="2026-12-05",
    origin=Origin("fleets/boston.yaml", 14, 7),
)


def beyond() -> tuple[Excess, ...]:
    """What is more than was reviewed, of every kind."""

    def more(number: int, verb: Verb, to: str | None, why: Surplus, reviewed: str | None = None) -> Excess:
        at = Origin("fleets/austin.yaml", 12, 9)
        return Excess(
            fleet="austin", unit=unit(number), workload=POLLER, verb=verb, from_="v1.3.2", to=to, why=why, reviewed=reviewed,
            origin=at,
        )  # fmt: skip

    return (
        *(more(number, Verb.REPLACE, "v1.5.0", Surplus.OTHER_VERSION, "v1.4.0") for number in range(5)),
        more(7, Verb.REMOVE, None, Surplus.OTHER_VERSION, "v1.4.0"),
        more(8, Verb.REPLACE, "v1.4.0", Surplus.OTHER_VERSION),
        more(9, Verb.REPLACE, "v1.4.0", Surplus.NOT_REVIEWED),
        more(11, Verb.REPLACE, "v1.4.0", Surplus.OTHER_VERSION, "v1.4.0"),
        more(10, Verb.REPLACE, "v1.4.0", Surplus.REMOVES_MORE, "v1.4.0"),
    )


def applied_beyond() -> Applied:
    return Applied(
        run="r4",
        exit_code=3,
        sent=0,
        seconds=1.2,
        lifted=(("boston", LIFTED),),
        allowed=(("not-in-history", "CHG-4711"),),
        reviewed=("0f" * 16,),
        excess=beyond(),
    )


def status() -> Status:
    failed = tuple(
        Trouble(
            unit=unit(number), workload="modbus-poller", version="v1.4.0", error=TOO_OLD, since=iso(NOW - 3600 * number)
        )
        for number in range(1, 5)
    )
    stuck = (Trouble(unit=unit(9), workload="vision", version="v2.0.1"),)
    austin = FleetStatus(
        fleet="austin",
        connection="plant",
        platform="losant",
        sync=Sync.OUT,
        health=Health.DEGRADED,
        units=1200,
        ready=3540,
        total=3600,
        out=12,
        moving=3,
        waiting=40,
        failed=failed,
        stuck=stuck,
        unknown=0,
        unmanaged=188,
        read_at=iso(NOW - 12),
        spread=(
            Spread(workload="modbus-poller", version="v1.4.0", assigned=1190, reported=1150),
            Spread(workload="modbus-poller", version=None, assigned=10, reported=10),
            Spread(workload="vision", version="v2.0.1", assigned=1200, reported=1200),
        ),
        problems=("edge deployments: the total said 300, 271 rows were shown",),
    )
    calm = FleetStatus(
        fleet="boston",
        connection="plant",
        platform="losant",
        sync=Sync.SYNCED,
        health=Health.HEALTHY,
        units=1,
        ready=3,
        total=3,
        read_at=iso(NOW - 12),
    )
    broken = FleetStatus(
        fleet="tulsa",
        connection="north",
        platform="losant",
        sync=Sync.UNKNOWN,
        health=Health.UNKNOWN,
        error="losant: list devices: no answer within 30 s",
    )
    return Status(fleets=(austin, calm, cohorts(), broken))


def cohorts() -> FleetStatus:
    """A fleet whose units are groups of devices, some of them on the way."""
    beta, silent = Ref("beta", "Beta testers"), Ref("field", "Field")
    return FleetStatus(
        fleet="watches",
        connection="wrist",
        platform="memfault",
        sync=Sync.OUT,
        health=Health.PROGRESSING,
        units=9,
        ready=5,
        total=9,
        out=2,
        next_step=1,
        moving=2,
        ready_devices=930,
        devices=1000,
        read_at=iso(NOW - 70),
        spread=(
            Spread(workload="main", version="2.4.0", assigned=8, reported=6, devices=930),
            Spread(workload="main", version="2.3.0", assigned=1, reported=3, devices=61),
            Spread(workload="main", version="2.1.9", assigned=0, reported=0, devices=1),
        ),
        movements=(
            Movement(workload="main", version="2.4.0", slots=3, least=12, most=80.5, eta=130),
            Movement(workload="radio", version=None, slots=1),
        ),
        remarks=(
            Remark(
                workload="main",
                conditions=(Condition(ConditionCode.PLATFORM, text="8 devices were not seen for a day"),),
                slots=2,
                units=(beta, silent),
            ),
            *(
                Remark(
                    workload="main",
                    conditions=(Condition(ConditionCode.PLATFORM, text=f"remark {number}"),),
                    slots=9,
                    units=(beta,),
                )
                for number in range(5)
            ),
        ),
    )


def status_units() -> Status:
    good = SlotStatus(
        workload="vision",
        desired="v2.0.1",
        assigned="v2.0.1",
        reported="v2.0.1",
        verdict=Verdict.SYNCED,
        sync=Sync.SYNCED,
        health=Health.HEALTHY,
    )
    bad = SlotStatus(
        workload="modbus-poller",
        desired="v1.4.0",
        assigned="v1.4.0",
        reported="v1.3.2",
        verdict=Verdict.FAILED,
        sync=Sync.SYNCED,
        health=Health.DEGRADED,
        since=iso(NOW - 90),
        error=TOO_OLD,
    )
    gone = SlotStatus(
        workload="legacy",
        desired="absent",
        assigned=None,
        reported=None,
        verdict=Verdict.SYNCED,
        sync=Sync.SYNCED,
        health=Health.HEALTHY,
    )
    many = SlotStatus(
        workload="main",
        desired="2.4.0",
        assigned="2.4.0",
        reported="2.3.0",
        verdict=Verdict.CONVERGING,
        sync=Sync.SYNCED,
        health=Health.PROGRESSING,
        ready=93,
        size=100,
        conditions=(Condition(ConditionCode.PLATFORM, text="8 devices were not seen for a day"),),
    )
    going = SlotStatus(
        workload="radio",
        desired="7",
        assigned="7",
        reported=None,
        verdict=Verdict.NEXT,
        sync=Sync.OUT,
        health=Health.PROGRESSING,
        progress=100,
        eta=0,
    )
    units = (
        UnitStatus(unit=unit(1), reach="connected", slots=(good, gone)),
        UnitStatus(unit=unit(2), reach="disconnected", slots=(bad, good)),
        UnitStatus(unit=Ref("cohort-1", "cohort-1"), reach="unknown", slots=()),
        UnitStatus(unit=Ref("beta", "Beta testers"), reach="connected", slots=(many, going)),
    )
    one = FleetStatus(
        fleet="austin",
        connection="plant",
        platform="losant",
        sync=Sync.SYNCED,
        health=Health.DEGRADED,
        units=3,
        ready=3,
        total=4,
        failed=tuple(
            Trouble(unit=unit(number), workload="modbus-poller", version="v1.4.0", error=f"error {number}")
            for number in range(2, 9)
        ),
        unit_list=units,
    )
    return Status(fleets=(one,), filters="--unit gw-*")


def explanation() -> Explanation:
    won = Rule(
        origin=Origin("fleets/austin.yaml", 21, 7),
        text="pins.gw-0017.modbus-poller: v1.4.0",
        commit="9f3c1d27aa0b45e1",
        author="Ada Lovelace",
        date="2026-11-17",
        summary="Canary on one gateway",
    )
    lost = (
        Rule(origin=Origin("fleets/austin.yaml", 14, 9), text="overrides[0] (ring: canary): v1.3.9", commit="77aa"),
        Rule(origin=Origin("fleets/austin.yaml", 12, 9), text="version: v1.3.2"),
    )
    seen = Seen(
        assigned="v1.3.2",
        reported="v1.3.2",
        extra_versions=("v1.1.0",),
        phase="failed",
        since=iso(NOW - 7500),
        error=TOO_OLD,
        conditions=(Condition(ConditionCode.PLATFORM, text="tried 3 times"),),
        identity="etag-1",
        overwritten=True,
        read_at=iso(NOW - 12),
    )
    goes = SlotExplanation(
        fleet="austin",
        unit=unit(17),
        workload=POLLER,
        desired="v1.4.0",
        won=won,
        lost=lost,
        seen=seen,
        reach="connected",
        verdict=Verdict.DIFFERS,
        sync=Sync.OUT,
        health=Health.DEGRADED,
        planned=Planned(verb=Verb.REPLACE, from_="v1.3.2", to="v1.4.0", calls=(f"losant.release POST {PATH}",)),
    )
    stays = SlotExplanation(
        fleet="austin",
        unit=unit(17),
        workload=VISION,
        desired="v2.0.1",
        won=Rule(origin=Origin("fleets/austin.yaml", 30, 9), text="version: {channel: stable}"),
        verdict=Verdict.UNKNOWN,
        sync=Sync.UNKNOWN,
        health=Health.UNKNOWN,
        held=(
            Hold(HoldReason.UNKNOWN, "edge deployments: the total said 300, 271 rows were shown"),
            Hold(HoldReason.SUSPENDED, ""),
        ),
    )
    alone = SlotExplanation(
        fleet="austin",
        unit=Ref("gw", "gw"),
        workload=Ref("f9", "legacy-agent"),
        desired="unmanaged",
        won=None,
        seen=Seen(assigned=None, reported=None),
        reach="disconnected",
        verdict=Verdict.UNMANAGED,
        sync=Sync.NONE,
        health=Health.NONE,
    )
    group = SlotExplanation(
        fleet="watches",
        unit=Ref("beta", "Beta testers"),
        workload=Ref("main", "main"),
        desired="2.4.0 (rollout_percent 25)",
        won=Rule(origin=Origin("fleets/watches.yaml", 9, 7), text="workloads.main: 2.4.0 (rollout_percent 25)"),
        seen=Seen(
            assigned="2.4.0",
            reported="2.3.0",
            extra_versions=("2.2.0",),
            phase="ready",
            settings=(("rollout_percent", 25),),
            progress=40,
            eta=300,
            ready=12,
            size=25,
            spread=(("2.3.0", 88), ("2.4.0", 12)),
            protected=(Condition(ConditionCode.DEPENDENCY, ("2.2.0",), text="radio 2.1.0"),),
            stages=(("2.2.0", "installed"), ("2.4.0", "downloaded")),
        ),
        reach="connected",
        verdict=Verdict.NEXT,
        sync=Sync.OUT,
        health=Health.PROGRESSING,
        held=(Hold(HoldReason.REQUIREMENT_NOT_MET, "needs modem >=2"),),
        stage=2,
    )
    empty = SlotExplanation(
        fleet="watches",
        unit=Ref("new", "New"),
        workload=Ref("main", "main"),
        desired="2.4.0",
        won=None,
        seen=Seen(assigned="2.4.0", reported=None, phase="of a later version", ready=0, size=0),
        verdict=Verdict.SYNCED,
        sync=Sync.SYNCED,
        health=Health.HEALTHY,
    )
    return Explanation(slots=(goes, stays, alone, group, empty))


def releases() -> list[ConnectionReleases]:
    artifacts = (
        Artifact(name="app.bin", kind="ota", hardware="mp", size=12_345_678, digest="md5:00ff"),
        Artifact(name="app.bin", kind="ota", hardware="evt", build="b7"),
    )
    full = ReleaseInfo(
        found=True,
        notes="Fixes the boot loop on revision B.\nAnd more.",
        revision="9f3c1d2",
        size=12_345_678,
        min_version="2.0.0",
        must_pass=True,
        dependencies=("radio 2.1.0",),
        artifacts=artifacts,
        devices=1200,
        created="2026-11-01T12:00:00Z",
        extra='{"ticket": 7}',
        reference="cat-1",
        status="released",
    )
    bare = ReleaseInfo(found=True, artifacts=(), released=False, updated="2026-10-01T12:00:00Z", forbidden="never")
    agent = ReleaseInfo(found=True, artifacts=(Artifact(),), minimum_agent="1.40.0", devices=0)
    main = Ref("main", "main")
    listed = (Listed(main, "2.4.0", full), Listed(main, "2.3.0", bare))
    quiet = (Listed(main, "1.0.0", ReleaseInfo(found=True, notes="1.0.0", status="released", must_pass=True)),)
    odd = (Listed(Ref("", ""), HOSTILE, agent),)
    return [
        ConnectionReleases(connection="wrist", platform="memfault", releases=listed, notes=("sorted by us",)),
        ConnectionReleases(connection="base", platform="getapp", prepares=True, releases=listed[:1]),
        ConnectionReleases(connection="calm", platform="losant", releases=quiet),
        ConnectionReleases(connection=HOSTILE, platform="losant", releases=odd),
        ConnectionReleases(connection="plant", platform="losant", notes=("Losant's versions have no revision",)),
        ConnectionReleases(
            connection="north", platform="", error="no answer within 30 s", hint="is the address right?"
        ),
    ]


def deliveries() -> list[ConnectionDeliveries]:
    digest = f"sha256:{'ab' * 32}"
    found = (
        Preparation(
            reference="cat-1",
            status=PrepareStatus.DONE,
            progress=100,
            size=12_345_678,
            artifacts=tuple(Artifact(name=f"part-{number}", size=10**number, digest=digest) for number in range(7)),
        ),
        Preparation(reference="cat-2", status=PrepareStatus.IN_PROGRESS, progress=41.6, artifacts=(Artifact(),)),
        Preparation(reference="cat-3", status=PrepareStatus.NOT_ASKED),
        *(
            Preparation(
                reference="cat-4", status=PrepareStatus.ERROR, code="APP.x", error="the disk is full", retryable=one
            )
            for one in (True, False, None)
        ),
        Preparation(reference=HOSTILE, status=PrepareStatus.UNKNOWN, code=HOSTILE, notes=("the status was `odd`",)),
        Preparation(reference="cat-5", status=PrepareStatus.ERROR),
    )
    return [
        ConnectionDeliveries(connection="base", platform="getapp", preparations=found),
        ConnectionDeliveries(connection="calm", platform="getapp"),
        ConnectionDeliveries(connection="plant", platform="losant", prepares=False),
        ConnectionDeliveries(
            connection="north", platform="", error="no answer within 30 s", hint="is the address right?"
        ),
        ConnectionDeliveries(connection="south", platform="getapp", error="no answer within 30 s"),
    ]


Connections = list[tuple[str, list[Check]]]


def checks() -> Connections:
    return [
        (
            "plant",
            [
                Check("reachable", "ok", "https://api.losant.com answers in 120 ms"),
                Check("clock", "warning", "the platform's clock is 40 s ahead", "set this machine's clock"),
                Check("write permission", "unchecked", "cannot be told without writing"),
                Check("token", "failed", "401 Unauthorized", "give a token with edgeDeployments.*"),
                Check("later", "new-status", "a status of a later version"),
            ],
        ),
        ("north", [Check("reachable", "ok", "answers in 80 ms")]),
    ]


def difference() -> Comparison:
    return Comparison(
        kind="plan",
        left="monday.json",
        right="tuesday.json",
        differences=(
            Difference(path=("fleet austin", "summary", "changes"), was="2", now="1,203"),
            Difference(path=("fleet austin", "changes", "gw-0007 modbus-poller"), was=None, now="v1.3.2 → v1.4.0"),
            Difference(path=("fleet austin", "changes", "gw-0031 modbus-poller"), was="v1.3.2 → v1.4.0", now=None),
            Difference(path=("fleet boston", "summary", "held"), was="", now="1"),
            Difference(path=("filters",), was="", now="--unit gw-*"),
            Difference(path=(), was="a", now=""),
        ),
    )


def events() -> list[AnyEvent]:
    request = Request("POST", PATH, {"flowId": POLLER.id})
    slots = (SlotName(unit(7), POLLER, Verb.RELEASE, 1), SlotName(unit(31), POLLER, Verb.RELEASE, 1))
    receipts = [
        Receipt(ReceiptKind.ACCEPTED, status=201),
        Receipt(ReceiptKind.REJECTED, "NotFound: Flow was not found", 404),
        Receipt(ReceiptKind.UNKNOWN, "the connection was reset"),
        Receipt(ReceiptKind.UNPROVED),
        Receipt(ReceiptKind.ACCEPTED, status=202, refused=(("gw-7", "offline"),), answer='{"gw-9":1}'),
    ]
    outcomes = [outcome(7, result, "why" if result is Result.FAILED else "") for result in Result]
    return [
        Started(at=NOW, run="r1", kind="apply", fingerprint="0f" * 32, commit="9f3c1d27aa0b45e1"),
        Started(at=NOW, run="r2", kind="watch", allowed=(("remove", "site closed, CHG-4711"),)),
        Started(at=NOW, run="r3", kind="apply", lifted=(("boston", LIFTED),), reviewed=("0f" * 16, "1e" * 16)),
        Intended(
            at=NOW + 1, run="r1", fleet="austin", call=1, kind="losant.release", request=request, wide=True, slots=slots
        ),
        *(Called(at=NOW + 2, run="r1", fleet="austin", call=1, receipt=receipt, seconds=0.25) for receipt in receipts),
        Settling(at=NOW + 3, run="r1", fleet="austin", done=1000, waiting=4, failed=0, pending=199),
        *(Settled(at=NOW + 4, run="r1", outcome=one) for one in outcomes),
        Settled(at=NOW + 4, run="r1", outcome=outcome(7, Result.DONE, to=None)),
        InForce(
            at=NOW + 5, run="r1", fleets=12, commit="0a1b2c3d4e5f6071", author="Ann", summary="vision 2", changed=True
        ),
        InForce(
            at=NOW + 5, run="r1", fleets=12, commit="1b", before="0a", author=HOSTILE, summary=HOSTILE, signer="a@b"
        ),
        RolledBack(
            at=NOW + 5,
            run="r1",
            rollout=RolloutId("austin", "w1", "v2.0.2"),
            workload=Ref("w1", "vision"),
            to="v2.0.1",
            branch="rollback/austin-vision-v2.0.2",
            commit="0a1b2c3d4e5f6071",
            pushed=True,
        ),
        RollbackFailed(
            at=NOW + 5,
            run="r1",
            rollout=RolloutId("austin", "w1", "v2.0.2"),
            workload=Ref("w1", "vision"),
            error=HOSTILE,
            times=2,
            pause=120.0,
        ),
        Approved(at=NOW + 5, run="r1", fleet="austin", fingerprint="0f" * 16, reason=HOSTILE, by="ann"),
        Acted(
            at=NOW + 5,
            run="r1",
            act=Act.QUARANTINE,
            by="ann",
            reason=HOSTILE,
            fleet="austin",
            subject="vision v2.0.2",
            branch="quarantine/austin",
            commit="0f" * 20,
        ),
        Note(at=NOW + 5, run="r1", level="warning", message="could not read back", fleet="austin"),
        Note(at=NOW + 5, run="r1", level="error", message=HOSTILE, fleet=HOSTILE),
        Note(at=NOW + 5, run="r1", level="notice", message="a level of a later version"),
        Blocked(
            at=NOW + 6,
            run="r1",
            fleet="boston",
            violations=(Violation(kind=LimitKind.REMOVE, every_holder_of=HOSTILE, intended=12, allowed=4, of=40),),
        ),
        Blocked(at=NOW + 6, run="r3", fleet="austin", violations=(), excess=beyond()),
        Passed(
            at=NOW + 6,
            run="r1",
            fleet="austin",
            number=12,
            sync="synced",
            health="waiting",
            changes=0,
            held=0,
            violations=0,
        ),
        Passed(
            at=NOW + 6,
            run="r1",
            fleet="austin",
            number=13,
            sync="out of sync",
            health="degraded",
            changes=1,
            held=2,
            violations=1,
            mistakes=2,
            outcomes={"done": 3, "failed": 0},
            reasons={"agent-too-old": 2, "a-reason-of-a-later-version": 1},
        ),
        Passed(
            at=NOW + 6,
            run="r1",
            fleet="boston",
            number=13,
            sync="out of sync",
            health="healthy",
            changes=4,
            held=0,
            violations=0,
            waited=False,
            outcomes={"still waiting": 3, "a-result-of-a-later-version": 1},
        ),
        Completed(at=NOW + 6, run="r1", number=13, fleets=2, seconds=3.4),
        Differing(
            at=NOW + 7,
            run="r1",
            fleet="austin",
            workload=VISION,
            verb=Verb.REPLACE,
            now="v1.9.0",
            desired="v2.0.1",
            reason=Reason.OUT_OF_SYNC,
            units=tuple(unit(number) for number in range(7)),
        ),
        Drifted(
            at=NOW + 7,
            run="r1",
            fleet="austin",
            unit=unit(7),
            workload=VISION,
            was="v2.0.1",
            now="v1.9.0",
            desired="v2.0.1",
            verb=Verb.REPLACE,
        ),
        Drifted(at=NOW + 7, run="r1", fleet="austin", unit=unit(8), workload=VISION, was=None, now="v1", desired=None),
        Drifted(
            at=NOW + 7,
            run="r1",
            fleet="austin",
            unit=unit(8),
            workload=VISION,
            was="v1",
            now="v2",
            desired="v1",
            verb=Verb.REPLACE,
            by="5f1\n(Ann)",
            by_kind=ActorKind.USER,
            changed_at=NOW - 30,
            holds=(Hold(HoldReason.SUSPENDED, "site audit", until="2026-12-01"),),
        ),
        Drifted(
            at=NOW + 8,
            run="r1",
            fleet="austin",
            unit=unit(9),
            workload=VISION,
            was="v2.0.1",
            now="v1.9.0",
            desired="v2.0.1",
            cause=DriftCause.UNIT,
        ),
        *(
            Resolved(at=NOW + 9, run="r1", fleet="austin", of="0a1b2c3d4e5f6071", call=3, effect=effect, slots=slots)
            for effect in (True, False)
        ),
        Finished(at=NOW + 90, run="r1", results={Result.DONE: 1000, Result.FAILED: 2}, exit_code=4, seconds=90),
        Finished(at=NOW + 90, run="r1", results={}, exit_code=0, seconds=3723),
    ]

"""What metrics show of the events of a watch."""

from __future__ import annotations

from typing import Any

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from reconciler.model.event import AnyEvent, Called, Completed, Drifted, Halted, Met, Note, Notified, Passed, Ruled
from reconciler.model.notice import Delivery, NoticeKind
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.model.ruling import Command, RolloutId, Ruling
from reconciler.model.unit import Ref
from reconciler.web.metrics import ALL, FLEET, PREFIX, Metrics
from reconciler.web.standing import BUCKETS, Standing

NOW = 1_795_000_000.0
POLLER = Ref("w1", "poller")
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def passed(fleet: str = "austin", **fields: Any) -> Passed:
    how = {
        "sync": "synced",
        "health": "healthy",
        "changes": 0,
        "held": 0,
        "violations": 0,
        "read_at": NOW,
        "full_at": NOW - 600,
        **fields,
    }
    return Passed(at=NOW, run="r", fleet=fleet, number=1, **{"platform": "losant", **how})


def completed(**fields: Any) -> Completed:
    how = {"number": 1, "fleets": 1, "seconds": 2.0, "pause": 60.0, "manifests_at": NOW - 1, **fields}
    return Completed(at=NOW, run="r", **how)


def called(kind: ReceiptKind) -> Called:
    return Called(at=NOW, run="r", fleet="austin", call=1, receipt=Receipt(kind), seconds=0.1)


def drifted(fleet: str = "austin") -> Drifted:
    return Drifted(at=NOW, run="r", fleet=fleet, unit=Ref("u", "u"), workload=POLLER, was="1", now="7", desired="2")


def met(version: str, wave: int, *, is_met: bool = True, workload: Ref = POLLER) -> Met:
    return Met(
        at=NOW, run="r", rollout=RolloutId("austin", workload.id, version), workload=workload, wave=wave, met=is_met
    )


def halted(version: str) -> Halted:
    return Halted(at=NOW, run="r", rollout=RolloutId("austin", "w1", version), workload=POLLER, failed=3, attempted=9)


def ruled(command: Command) -> Ruled:
    ruling = Ruling(command=command, reason="x", by="me", at=NOW)
    return Ruled(at=NOW, run="r", rollout=RolloutId("austin", "w1", "v2"), workload=POLLER, ruling=ruling)


def shown(*events: AnyEvent, standing: Standing | None = None) -> Series:
    """Return what Prometheus would read after some events."""
    standing = standing or Standing(NOW - 100)
    for event in events:
        standing.record(event)
    found: Series = {}
    for family in text_string_to_metric_families(Metrics(standing).text().decode()):
        assert family.documentation.endswith("."), family.name
        for one in family.samples:
            key = one.name.removeprefix(PREFIX), frozenset(one.labels.items())
            assert key not in found, "Prometheus refuses what is there twice"
            found[key] = one.value
    return found


def value(series: Series, name: str, **labels: str) -> float | None:
    return series.get((name, frozenset(labels.items())))


def test_before_the_first_pass_there_is_no_fleet_and_no_time_that_never_was() -> None:
    series = shown()
    assert {name for name, _ in series if name.startswith("fleet")} == set()
    assert value(series, "last_pass_timestamp_seconds") == 0
    assert value(series, "manifests_read_timestamp_seconds") == 0
    assert value(series, "next_pass_timestamp_seconds") == 0


def test_a_fleet_shows_how_it_stands() -> None:
    one = passed(
        sync="out of sync",
        health="degraded",
        changes=3,
        violations=1,
        mistakes=2,
        unmatched=4,
        reasons={"quarantined": 4},
        verdicts={"differs": 5, "failed": 1},
        standings={"moving": 7, "waiting": 8, "failed": 1, "ready": 20},
        budgets={"remove": 9},
    )
    series = shown(one, called(ReceiptKind.ACCEPTED), called(ReceiptKind.UNKNOWN), drifted(), completed())
    mine = {"fleet": "austin"}
    assert value(series, "fleet_info", **mine, platform="losant", sync="out of sync", health="degraded") == 1
    assert value(series, "fleets", sync="out of sync", health="degraded") == 1
    assert value(series, "fleet_slots", **mine, verdict="differs") == 5
    assert value(series, "fleet_held_changes", **mine, reason="quarantined") == 4
    assert value(series, "fleet_limit_room_devices", **mine, verb="remove") == 9
    numbers = {
        "fleet_moving_slots": 7,
        "fleet_owed_slots": 8,
        "fleet_failed_slots": 1,
        "fleet_stuck_slots": 0,
        "fleet_ready_slots": 20,
        "fleet_unknown_slots": 0,
        "fleet_pending_changes": 3,
        "fleet_limit_violations": 1,
        "fleet_manifest_mistakes": 2,
        "fleet_manifest_unmatched_lines": 4,
        "fleet_drifted_slots_total": 1,
        "fleet_read_timestamp_seconds": NOW,
        "fleet_full_read_timestamp_seconds": NOW - 600,
        "fleet_unreadable": 0,
    }
    assert {name: value(series, name, **mine) for name in numbers} == numbers
    assert value(series, "fleet_calls_total", **mine, result="accepted") == 1
    assert value(series, "fleet_calls_total", **mine, result="unknown") == 1


def test_what_cannot_be_read_keeps_the_time_of_the_last_reading_and_has_no_numbers() -> None:
    gone = passed(sync="unknown", health="unknown", read_at=None, error="no route")
    series = shown(passed(), completed(), gone, completed())
    assert value(series, "fleet_read_timestamp_seconds", fleet="austin") == NOW
    assert value(series, "fleet_unreadable", fleet="austin") == 1
    assert value(series, "fleet_failed_slots", fleet="austin") is None
    assert value(shown(gone, completed()), "fleet_read_timestamp_seconds", fleet="austin") == 0


def test_a_fleet_that_left_the_manifests_is_gone_from_all_metrics() -> None:
    standing = Standing(NOW)
    both = shown(passed("a"), passed("b"), drifted("b"), halted("v2"), passed("austin"), completed(), standing=standing)
    assert {labels for _, labels in both if ("fleet", "b") in labels}
    unplanned = shown(completed(unplanned="a cycle"), standing=standing)
    assert value(unplanned, "fleet_drifted_slots_total", fleet="b") == 1, "a pass without a plan speaks of no fleet"
    alone = shown(passed("a"), completed(), standing=standing)
    assert not [key for key in alone if {("fleet", "b"), ("fleet", "austin")} & key[1]]


def test_a_rollout_shows_its_waves_and_whether_it_is_halted_until_another_version_follows() -> None:
    standing = Standing(NOW)
    labels = {"fleet": "austin", "workload": "poller"}
    series = shown(
        passed(), met("v2", 0), met("v2", 1), met("v2", 1, is_met=False), halted("v2"), completed(), standing=standing
    )
    assert value(series, "rollout_waves_met", **labels, version="v2") == 1
    assert value(series, "rollout_halted", **labels, version="v2") == 1
    still = shown(ruled(Command.PAUSE), standing=standing)
    assert value(still, "rollout_halted", **labels, version="v2") == 1
    assert value(shown(ruled(Command.RESUME), standing=standing), "rollout_halted", **labels, version="v2") == 0
    series = shown(met("v3", 0), standing=standing)
    assert value(series, "rollout_waves_met", **labels, version="v2") is None
    assert value(series, "rollout_waves_met", **labels, version="v3") == 1


def test_names_that_look_alike_are_one_series_and_none_breaks_the_format() -> None:
    nasty = [Ref("w1", 'a"b\\c\nd\u202e'), Ref("w2", 'a"b\\c\nd\u202e'), Ref("w3", "x" * 5000)]
    series = shown(passed(), *(met("v", 0, workload=one) for one in nasty), completed())
    waves = {labels: number for (name, labels), number in series.items() if name == "rollout_waves_met"}
    assert sorted(waves.values()) == [1, 2]
    assert all(len(text) < 500 and text.isprintable() for labels in waves for _, text in labels)


def test_passes_requests_and_messages_are_counted() -> None:
    standing = Standing(NOW)
    for status in (200, 200, 429, None):
        standing.answered("losant", status)
    message = Notified(at=NOW, run="r", target="ops", kind=NoticeKind.HALT, result=Delivery.LIMITED, title="t", count=3)
    series = shown(
        completed(seconds=0.2), completed(seconds=5000.0, unplanned="a cycle"), message,
        Note(at=NOW, run="r", level="info", message="x"), standing=standing,
    )  # fmt: skip
    assert value(series, "requests_total", platform="losant", code="200") == 2
    assert value(series, "requests_total", platform="losant", code="429") == 1
    assert value(series, "requests_total", platform="losant", code="none") == 1
    assert value(series, "notifications_total", target="ops", result="limited") == 3
    assert value(series, "passes_total", result="planned") == 1
    assert value(series, "passes_total", result="failed") == 1
    buckets = [value(series, "pass_duration_seconds_bucket", le=str(bound)) for bound in BUCKETS]
    assert buckets == [0] + [1] * (len(BUCKETS) - 1)
    assert value(series, "pass_duration_seconds_bucket", le="+Inf") == 2
    assert value(series, "pass_duration_seconds_count") == 2
    assert value(series, "pass_duration_seconds_sum") == 5000.2
    assert value(series, "next_pass_timestamp_seconds") == NOW + 60


def test_manifests_that_are_not_in_force_show() -> None:
    series = shown(completed(invalid="bad YAML"))
    assert value(series, "manifests_invalid") == 1
    assert value(series, "manifests_read_timestamp_seconds") == NOW - 1


def test_every_metric_has_one_name_and_labels_that_are_said_beforehand() -> None:
    metrics = Metrics(Standing(NOW))
    described = {one.name for one in metrics.describe()}
    assert described == {one.name for one in metrics.collect()}
    assert len(described) == len(FLEET) + len(ALL) + 1
    assert all(name.startswith(PREFIX) for name in described)


def test_a_thousand_fleets_are_a_thousand_fleets() -> None:
    standing = Standing(NOW)
    one = passed(verdicts={"synced": 10}, standings={"ready": 10}, budgets={"remove": 1})
    for number in range(1000):
        standing.record(msgspec.structs.replace(one, fleet=f"fleet-{number:04}"))
    series = shown(completed(), standing=standing)
    assert value(series, "fleets", sync="synced", health="healthy") == 1000
    assert sum(name == "fleet_info" for name, _ in series) == 1000

"""How everything stands → Prometheus metrics. A metric is added in one place: its line in a table and what gives its values."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from reconciler import __version__
from reconciler.model.verdict import Standing as Stands
from reconciler.views.words import clean
from reconciler.web.standing import BUCKETS, Fleet, Standing

PREFIX = "reconciler_"
Row = tuple[tuple[str, ...], float]
"""Values of the labels behind the fleet, and the value of the metric."""

FLEET: dict[str, tuple[tuple[str, ...], str]] = {
    "fleet_info": (("platform", "sync", "health"), "1 for how a fleet stands: sync and health."),
    "fleet_read_timestamp_seconds": ((), "When a fleet was last read, in seconds since 1970; 0 for never."),
    "fleet_full_read_timestamp_seconds": (
        (),
        "When everything was last read of a fleet's connection, in seconds since 1970; 0 for never. Since then what changed is read.",
    ),
    "fleet_unreadable": ((), "1 where the last pass could not read the fleet's connection."),
    "fleet_slots": (("verdict",), "Slots of a fleet by what was found of them."),
    "fleet_ready_slots": ((), "Managed slots that run what git says."),
    "fleet_moving_slots": ((), "Managed slots on the way to what git says."),
    "fleet_owed_slots": ((), "Managed slots that take what is assigned once their units are back."),
    "fleet_failed_slots": ((), "Managed slots that could not take what is assigned."),
    "fleet_stuck_slots": ((), "Managed slots on which nothing moves."),
    "fleet_unknown_slots": ((), "Managed slots of which the last reading proved nothing."),
    "fleet_pending_changes": ((), "Changes that the last pass found, held ones not included."),
    "fleet_held_changes": (("reason",), "Changes that are held, by reason; one may have several."),
    "fleet_limit_violations": ((), "Limits that the intended changes of a fleet break."),
    "fleet_limit_room_devices": (("verb",), "Devices that the fleet's limits still let through."),
    "fleet_manifest_mistakes": ((), "Mistakes in manifests that hold slots of a fleet."),
    "fleet_manifest_unmatched_lines": ((), "Lines of manifests about units that are not there; renamed ones, maybe."),
    "fleet_drifted_slots_total": ((), "Slots that somebody changed on the platform."),
    "fleet_calls_total": (("result",), "Calls that were sent to change a fleet, by what came of them."),
    "rollout_waves_met": (("workload", "version"), "Waves of a rollout that meet their success."),
    "rollout_halted": (("workload", "version"), "1 where a rollout is halted by its failures."),
}
"""Metrics of a fleet: labels behind `fleet`, and help."""

ALL: dict[str, tuple[tuple[str, ...], str]] = {
    "build_info": (("version", "python"), "1 for the version that runs."),
    "start_timestamp_seconds": ((), "When this process began, in seconds since 1970."),
    "fleets": (("sync", "health"), "Fleets by sync and health."),
    "passes_total": (("result",), "Passes that ended, by whether there was a plan."),
    "last_pass_timestamp_seconds": ((), "When a pass last ended with a plan, in seconds since 1970; 0 for never."),
    "next_pass_timestamp_seconds": ((), "When the next pass begins, in seconds since 1970; 0 where that is not known."),
    "manifests_read_timestamp_seconds": ((), "When the manifests in force were last read, in seconds since 1970."),
    "manifests_invalid": ((), "1 where the manifests that are there now are not in force."),
    "requests_total": (("platform", "code"), "HTTP requests by status, none where there was no answer; each attempt."),
    "notifications_total": (("target", "result"), "Messages by target and by what came of them."),
}
"""Metrics of the whole process."""


class Metrics(Collector):
    """Gives the metrics of what was folded by then."""

    def __init__(self, standing: Standing, now: Callable[[], float] = lambda: 0.0) -> None:
        """Take what is shown, and what gives the time, in seconds since 1970."""
        self._standing = standing
        self._now = now
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)

    def text(self) -> bytes:
        """Return all metrics as Prometheus reads them."""
        return generate_latest(self.registry)

    def describe(self) -> Iterable[Metric]:
        """Return all metrics without values."""
        return [*_families(FLEET, "fleet").values(), *_families(ALL).values(), _histogram(Standing(0.0))]

    def collect(self) -> Iterable[Metric]:
        """Return all metrics as they are now."""
        with self._standing.lock:
            fleets = self._standing.shown(self._now())
            rows = list(_of_all(self._standing, fleets))
            for name, fleet in sorted(fleets.items()):
                rows += [(metric, ((name, *labels), value)) for metric, (labels, value) in _of_fleet(fleet)]
            histogram = _histogram(self._standing)
        sums: dict[tuple[str, tuple[str, ...]], float] = defaultdict(float)
        for metric, (labels, value) in rows:  # what looks alike once it is cleaned is one series: two would spoil all
            sums[metric, tuple(map(clean, labels))] += value
        families = _families(ALL) | _families(FLEET, "fleet")
        for (metric, labels), value in sums.items():
            families[metric].add_metric(labels, value)
        return [*families.values(), histogram]


Family = CounterMetricFamily | GaugeMetricFamily


def _families(table: dict[str, tuple[tuple[str, ...], str]], *first: str) -> dict[str, Family]:
    return {
        name: (CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily)(
            PREFIX + name, help_, labels=(*first, *labels)
        )
        for name, (labels, help_) in table.items()
    }


def _of_fleet(fleet: Fleet) -> Iterator[tuple[str, Row]]:
    """Yield the values of a fleet."""
    yield "fleet_drifted_slots_total", ((), fleet.drifted)
    for result, number in fleet.calls.items():
        yield "fleet_calls_total", ((result,), number)
    for rollout, one in fleet.rollouts.items():
        labels = (one.workload.name, rollout.version)
        yield "rollout_waves_met", (labels, len(one.met))
        yield "rollout_halted", (labels, one.halted)
    passed = fleet.passed
    if passed is None:
        return
    yield "fleet_info", ((passed.platform, passed.sync, passed.health), 1)
    yield "fleet_read_timestamp_seconds", ((), fleet.read_at)
    yield "fleet_full_read_timestamp_seconds", ((), fleet.full_at)
    yield "fleet_unreadable", ((), bool(passed.error))
    yield "fleet_pending_changes", ((), passed.changes)
    yield "fleet_limit_violations", ((), passed.violations)
    yield "fleet_manifest_mistakes", ((), passed.mistakes)
    yield "fleet_manifest_unmatched_lines", ((), passed.unmatched)
    for reason, number in passed.reasons.items():
        yield "fleet_held_changes", ((reason,), number)
    for verdict, number in passed.verdicts.items():
        yield "fleet_slots", ((verdict,), number)
    for verb, number in passed.budgets.items():
        yield "fleet_limit_room_devices", ((verb,), number)
    if not passed.error:  # of what could not be read there are no numbers
        for metric, standing in STANDINGS.items():
            yield metric, ((), passed.standings.get(standing.value, 0))


STANDINGS = {
    "fleet_ready_slots": Stands.READY,
    "fleet_moving_slots": Stands.MOVING,
    "fleet_owed_slots": Stands.WAITING,
    "fleet_failed_slots": Stands.FAILED,
    "fleet_stuck_slots": Stands.STUCK,
    "fleet_unknown_slots": Stands.UNKNOWN,
}


def _of_all(one: Standing, fleets: Mapping[str, Fleet]) -> Iterator[tuple[str, Row]]:
    """Yield the values of the whole process."""
    yield "build_info", ((__version__, platform.python_version()), 1)
    yield "start_timestamp_seconds", ((), one.began)
    stands: dict[tuple[str, ...], int] = {}
    for fleet in fleets.values():
        if fleet.passed is not None:
            both = (fleet.passed.sync, fleet.passed.health)
            stands[both] = stands.get(both, 0) + 1
    for stand, number in stands.items():
        yield "fleets", (stand, number)
    yield "passes_total", (("planned",), one.passes[True])
    yield "passes_total", (("failed",), one.passes[False])
    yield "last_pass_timestamp_seconds", ((), one.last_planned)
    last = one.last
    yield "next_pass_timestamp_seconds", ((), last.at + last.pause if last is not None and last.pause else 0)
    yield "manifests_read_timestamp_seconds", ((), (last.manifests_at if last is not None else None) or 0)
    yield "manifests_invalid", ((), last is not None and bool(last.invalid))
    for (of, code), number in sorted(one.requests.items()):
        yield "requests_total", ((of, code), number)
    for labels, number in sorted(one.notified.items()):
        yield "notifications_total", (labels, number)


def _histogram(one: Standing) -> Metric:
    """Return how long passes took."""
    family = HistogramMetricFamily(PREFIX + "pass_duration_seconds", "How long passes took.")
    bounds = (*BUCKETS, float("inf"))
    sums = accumulate(one.within[bound] for bound in bounds)
    buckets = [
        ("+Inf" if bound == float("inf") else str(bound), float(number))
        for bound, number in zip(bounds, sums, strict=True)
    ]
    family.add_metric([], buckets, one.seconds)
    return family

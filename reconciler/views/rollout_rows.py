"""The waves of rollouts as rows of a review's table."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.rollout import RolloutPlan, WaveState
from reconciler.views.plan_rows import Cell, FleetRows, Row, in_fleets
from reconciler.views.rollout_words import bar, closing_words, progress_words, remarks, state_words, wave_name
from reconciler.views.words import Show, percent, version

WAVE_COLUMNS = (
    "Fleet",
    "Workload",
    "Version",
    "Wave:",
    "Takes",
    "Units:",
    "Up to:",
    "Attempted:",
    "Reporting:",
    "Failed:",
    "Owed:",
    "Calls:",
    "State",
)


def rollout_summary(one: RolloutPlan, show: Show) -> str:
    """Return where a rollout stands, in one paragraph."""
    more = "".join(f"; {words}" for words, _ in remarks(one, show))
    what = f"{show(one.workload.name)} {version(one.rollout.version, show)}"
    return f"{what}: **{state_words(one)[0]}** {bar(one)} {progress_words(one)}{more}."


def wave_rows(rows: FleetRows, one: RolloutPlan) -> Iterator[Row]:
    """Yield the waves of a rollout."""
    show = rows.show
    for wave in one.waves:
        why = f"{wave.state.value}: {closing_words(wave.closing)}" if wave.closing is not None else wave.state.value
        numbers = {
            "Wave": f"{wave.wave + 1}",
            "Units": f"{wave.units:,}",
            "Up to": percent(wave.cumulative),
            "Attempted": f"{wave.attempted:,}",
            "Reporting": f"{wave.reporting:,}",
            "Failed": f"{wave.failed:,}",
            "Owed": f"{wave.owed:,}",
            "Calls": f"{wave.calls:,}",
        }
        yield Row(
            [
                *in_fleets([rows]),
                rows.workload(one.workload),
                Cell("Version", version(one.rollout.version, show)),
                Cell("Takes", show(wave_name(wave))),
                *(Cell(name, text) for name, text in numbers.items()),
                Cell("State", why if wave.state is WaveState.CLOSED else wave.state.value),
            ]
        )

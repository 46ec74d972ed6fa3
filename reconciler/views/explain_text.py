"""Why slots are as they are, and what becomes of them, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.model.report import EXPLANATION_FORMAT, Explanation, Rule, Seen, SlotExplanation
from reconciler.views.condition_words import condition_words, conditions_words
from reconciler.views.line import EMPTY, KEY, Line, folded, line, pair
from reconciler.views.reason_words import LABELS, advised, hold_words
from reconciler.views.rollout_words import STYLES, wave_name
from reconciler.views.status_text import HEALTH_STYLES, SYNC_STYLES
from reconciler.views.words import PHASES, SIGNS, clean, course, joined, places, ready, since, underway, version


def encode(explanation: Explanation) -> bytes:
    """Return an explanation as UTF-8 JSON."""
    return msgspec.json.encode({"format": EXPLANATION_FORMAT, **msgspec.to_builtins(explanation)})


def render(explanation: Explanation, *, now: float, width: int) -> list[Line]:
    """Return an explanation as lines of at most `width` columns; `now` in seconds since 1970."""
    lines: list[Line] = []
    for position, one in enumerate(explanation.slots):
        lines += [*([EMPTY] if position else []), *folded(_slot(one, now), width, 2 + KEY)]
    return lines or [line("No slot found: no fleet is about this unit and workload.")]


def _slot(one: SlotExplanation, now: float) -> Iterator[Line]:
    yield line(
        (clean(one.workload.name), "bold cyan"),
        " on ",
        (clean(one.unit.name), "bold cyan"),
        (f" ({clean(one.unit.id)})" if one.unit.id != one.unit.name else "", "dim"),
        f" · fleet {clean(one.fleet)}",
    )
    yield from _desired(one)
    if one.seen is None:
        yield pair("observed", "unknown: the reading does not cover this slot", "yellow")
    else:
        yield from _seen(one.seen, now)
    yield pair("unit", clean(one.reach))
    if one.labels:
        yield pair("labels", joined(f"{clean(key)}={clean(value)}" for key, value in one.labels), "dim")
    yield line(
        ("verdict".ljust(KEY), "dim"),
        (one.verdict.value, "bold"),
        " · ",
        (one.sync.value, SYNC_STYLES[one.sync]),
        " · ",
        (one.health.value, HEALTH_STYLES[one.health]),
        indent=2,
    )
    yield from _wave(one)
    yield from _next(one)


def _desired(one: SlotExplanation) -> Iterator[Line]:
    yield pair("desired", clean(one.desired) or '""', "bold")
    if one.won is None:
        yield pair("", "no line of a manifest is about this slot")
    else:
        yield from _rule("set by", one.won)
    for number, rule in enumerate(one.lost):
        yield from _rule("" if number else "overruled", rule)


def _rule(key: str, rule: Rule) -> Iterator[Line]:
    at = places([rule.origin])
    yield pair(key, f"{clean(rule.text)}{f'  at {at}' if at else ''}")
    who = [clean(part) for part in (rule.author, rule.date) if part]
    if rule.commit:
        summary = f": {clean(rule.summary)}" if rule.summary else ""
        by = f" by {', '.join(who)}" if who else ""
        yield pair("", f"commit {clean(rule.commit)[:12]}{by}{summary}", "dim")


def _seen(seen: Seen, now: float) -> Iterator[Line]:
    identity = f" (identity {clean(seen.identity)})" if seen.identity else ""
    yield pair("assigned", f"{version(seen.assigned)}{identity}")
    if seen.settings:
        yield pair("", f"with {joined(f'{clean(key)} {clean(str(value))}' for key, value in seen.settings)}")
    if seen.overwritten:
        yield pair("", "the content of this version was overwritten: the unit has the earlier content", "yellow")
    if seen.extra_versions:
        yield pair("also there", joined(version(other) for other in seen.extra_versions))
    yield pair("reported", version(seen.reported))
    if seen.stages:
        yield pair("stages", ", ".join(f"{version(name)} {clean(stage)}" for name, stage in seen.stages))
    if seen.spread:
        yield pair("devices", ", ".join(f"{number:,} on {version(name)}" for name, number in seen.spread))
    if seen.ready is not None:
        yield pair("", ready(seen.ready, seen.size))
    begun = f", {since(seen.since, now)}" if seen.since is not None else ""
    yield pair("phase", f"{PHASES.get(seen.phase, clean(seen.phase))}{begun}")
    done = underway(seen.progress, seen.progress, seen.eta)
    if done:
        yield pair("", done)
    yield from _besides(seen)
    if seen.read_at is not None:
        yield pair("read", clean(seen.read_at))


def _besides(seen: Seen) -> Iterator[Line]:
    """Yield what the platform says beside versions and phase."""
    if seen.error:
        yield pair("error", clean(seen.error), "red")
    for number, condition in enumerate(seen.conditions):
        yield pair("" if number else "note", clean(condition_words(condition)))
    for number, (name, text) in enumerate(seen.facts):
        yield pair("" if number else "platform", f"{clean(name)}: {clean(text)}", "dim")
    if seen.protected:
        yield pair("", f"never pruned: {clean(conditions_words(seen.protected))}")


def _wave(one: SlotExplanation) -> Iterator[Line]:
    if one.wave is not None:
        wave = one.wave
        what = f"{wave.wave + 1} of its rollout ({clean(wave_name(wave))}): "
        yield line(("wave".ljust(KEY), "dim"), what, (wave.state.value, STYLES[wave.state]), indent=2)


def _next(one: SlotExplanation) -> Iterator[Line]:
    if one.planned is not None:
        verb = one.planned.verb
        goes = f"{SIGNS[verb]} {verb.value} {course(verb, one.planned.from_, one.planned.to)}"
        yield pair("plan", goes, "bold")
        for call in one.planned.calls:
            yield pair("", clean(call))
    for number, hold in enumerate(one.held):
        version = one.desired if one.desired not in {"absent", "unmanaged"} else None
        words = clean(hold_words(hold, one.workload.name, version))
        text = f": {words}" if words else ""
        stage = f"stage {one.stage:,}: " if one.stage else ""
        yield pair("" if number else "held", f"{stage}! {LABELS[hold.code]}{text}", "yellow")
        yield pair("", f"next: {advised(hold.code, in_this_run=bool(one.stage))}", "cyan")
    if one.planned is None and not one.held:
        yield pair("plan", "nothing to do")

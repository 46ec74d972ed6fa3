"""Why slots are as they are, and what becomes of them, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.model.report import EXPLANATION_FORMAT, Explanation, Rule, Seen, SlotExplanation
from reconciler.views.line import EMPTY, Line, folded, line
from reconciler.views.reason_words import ADVICE, BY_ITSELF, LABELS, condition_words, conditions_words, hold_words
from reconciler.views.status_text import HEALTH_STYLES, SYNC_STYLES
from reconciler.views.words import PHASES, SIGNS, age, clean, course, duration, joined, place, ready, underway, version

KEY = 12


def encode(explanation: Explanation, *, indent: int = 0) -> bytes:
    """Return an explanation as UTF-8 JSON."""
    content = msgspec.json.encode({"format": EXPLANATION_FORMAT, **msgspec.to_builtins(explanation)})
    return msgspec.json.format(content, indent=indent) if indent else content


def render(explanation: Explanation, *, now: float, width: int) -> list[Line]:
    """Return an explanation as lines of at most `width` columns; `now` in seconds since 1970."""
    lines: list[Line] = []
    for position, one in enumerate(explanation.slots):
        lines += [*([EMPTY] if position else []), *folded(_slot(one, now), width, 2 + KEY)]
    return lines or [line("No slot in reach: no fleet speaks of this unit and workload.")]


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
        yield _pair("observed", "nothing: the reading proved nothing about this slot", "yellow")
    else:
        yield from _seen(one.seen, now)
    yield _pair("unit", clean(one.reach))
    yield line(
        ("verdict".ljust(KEY), "dim"),
        (one.verdict.value, "bold"),
        " · ",
        (one.sync.value, SYNC_STYLES[one.sync]),
        " · ",
        (one.health.value, HEALTH_STYLES[one.health]),
        indent=2,
    )
    yield from _next(one)


def _pair(key: str, value: str, style: str = "") -> Line:
    return line((key.ljust(KEY), "dim"), (value, style), indent=2)


def _desired(one: SlotExplanation) -> Iterator[Line]:
    yield _pair("desired", clean(one.desired) or '""', "bold")
    if one.won is None:
        yield _pair("", "no line of a manifest speaks of this slot")
    else:
        yield from _rule("says so", one.won)
    for number, rule in enumerate(one.lost):
        yield from _rule("" if number else "overruled", rule)


def _rule(key: str, rule: Rule) -> Iterator[Line]:
    at = place(rule.origin)
    yield _pair(key, f"{clean(rule.text)}{f'  at {at}' if at else ''}")
    who = [clean(part) for part in (rule.author, rule.date) if part]
    if rule.commit:
        summary = f": {clean(rule.summary)}" if rule.summary else ""
        by = f" by {', '.join(who)}" if who else ""
        yield _pair("", f"commit {clean(rule.commit)[:12]}{by}{summary}", "dim")


def _seen(seen: Seen, now: float) -> Iterator[Line]:
    identity = f" (identity {clean(seen.identity)})" if seen.identity else ""
    yield _pair("assigned", f"{version(seen.assigned)}{identity}")
    if seen.settings:
        yield _pair("", f"with {joined(f'{clean(key)} {clean(str(value))}' for key, value in seen.settings)}")
    if seen.overwritten:
        yield _pair("", "the unit holds other content under this name than the platform now has", "yellow")
    if seen.extra_versions:
        yield _pair("extra_versions", joined(version(other) for other in seen.extra_versions))
    yield _pair("reported", version(seen.reported))
    if seen.stages:
        yield _pair("stages", ", ".join(f"{version(name)} {clean(stage)}" for name, stage in seen.stages))
    if seen.spread:
        yield _pair("devices", ", ".join(f"{number:,} on {version(name)}" for name, number in seen.spread))
    if seen.ready is not None:
        yield _pair("", ready(seen.ready, seen.size) if seen.size else "no device is there to report")
    since = f", for {duration(now - seen.since)}" if seen.since is not None else ""
    yield _pair("phase", f"{PHASES.get(seen.phase, clean(seen.phase))}{since}")
    done = underway(seen.progress, seen.progress, seen.eta)
    if done:
        yield _pair("", done)
    if seen.error:
        yield _pair("error", clean(seen.error), "red")
    for number, condition in enumerate(seen.conditions):
        yield _pair("" if number else "note", clean(condition_words(condition)))
    if seen.protected:
        yield _pair("", f"never pruned: {clean(conditions_words(seen.protected))}")
    if seen.read_at is not None:
        yield _pair("read", age(seen.read_at, now))


def _next(one: SlotExplanation) -> Iterator[Line]:
    if one.planned is not None:
        verb = one.planned.verb
        goes = f"{SIGNS[verb]} {verb.value} {course(verb, one.planned.from_, one.planned.to)}"
        yield _pair("plan", goes, "bold")
        for call in one.planned.calls:
            yield _pair("", clean(call))
    for number, hold in enumerate(one.held):
        version = one.desired if one.desired not in {"absent", "unmanaged"} else None
        words = clean(hold_words(hold, one.workload.name, version))
        text = f": {words}" if words else ""
        stage = f"stage {one.stage:,}: " if one.stage else ""
        yield _pair("" if number else "held", f"{stage}! {LABELS[hold.code]}{text}", "yellow")
        yield _pair("", f"to let it go: {BY_ITSELF if one.stage else ADVICE[hold.code]}", "cyan")
    if one.planned is None and not one.held:
        yield _pair("plan", "nothing to do")

r"""How foreign text, numbers, times and lists are said, the same everywhere.

Names, versions and errors come from platforms and manifests: `clean` makes them harmless to show. Nothing is dropped
silently: what cannot be shown as it is becomes a visible escape (`\x1b`, `\u202e`, `\n`), so two names that differ still
look different.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from reconciler.model.change import Reason, Verb
from reconciler.model.drift import ActorKind
from reconciler.model.observation import Phase
from reconciler.model.origin import Origin
from reconciler.model.provenance import DIRTY
from reconciler.model.quantity import iso

SAMPLE = 3
"""Names shown of a longer list."""

NOTHING = "nothing"
"""What stands for "no version" in `from → to`."""

DOWNGRADE = "(downgrade)"
"""What stands behind a way back."""

SIGNS = {Verb.RELEASE: "+", Verb.REPLACE: "~", Verb.REMOVE: "-"}

REASONS = {
    Reason.OUT_OF_SYNC: "out of sync",
    Reason.CHANGE: "from this change",
    Reason.DRIFT: "drift or backlog",
    Reason.LEFTOVER: "leftover",
    Reason.RETRY: "retry after a failure",
    Reason.NEXT: "next step",
    Reason.OVERWRITTEN: "content overwritten under the same name",
    Reason.PRUNE: "pruned",
}

PHASES: dict[str, str] = {
    Phase.SETTLED: "settled",
    Phase.MOVING: "moving",
    Phase.PAUSED: "paused by a person",
    Phase.FAILED: "failed",
    Phase.READY: "ready: one step is done, the next call is due",
    Phase.UNKNOWN: "unknown: the platform returned a value that this program does not know",
}

LONGEST = 400
"""Characters of one foreign text that are shown; errors of platforms can be whole web pages."""

SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

RUNNER_COMMAND = re.compile(r"##(\w*)\[")
"""What build servers obey when it stands anywhere in a log line (`##[group]`, `##vso[...]`)."""

Show = Callable[[str], str]
"""What makes foreign text safe in one form of output: `clean` in text, a code span in Markdown."""

MINUTE, HOUR, DAY = 60, 3600, 86400
UNITS_OF_SIZE = ("kB", "MB", "GB", "TB")


def clean(text: str, longest: int = LONGEST) -> str:
    """Return foreign text as one printable line of at most about `longest` characters.

    Control characters, terminal escapes, bidirectional marks, invisible and unassigned characters and line breaks
    become escapes.
    """
    if len(text) > longest:
        text = f"{text[:longest]}… ({len(text):,} characters in all)"
    return visible(text)


def visible(text: str) -> str:
    """Return text in which what is not printable is a visible escape."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escape(one) for one in text)


def harmless(line: str) -> str:
    """Return one line of output as it may leave the program.

    Nothing in it moves a terminal, and no build server takes it for a command (`::error::`, `##[group]`, `##vso[…]`).
    GitHub's runner obeys `::name::` at the start of a line, spaces before it aside; a folded line may start anywhere.
    """
    line = visible(line)
    if line.lstrip().startswith("::"):
        line = line.replace("::", "\\x3a:", 1)
    return RUNNER_COMMAND.sub(r"##\1\\x5b", line) if "##" in line else line


def harmless_json(content: bytes) -> str:
    """Return JSON of the same values without what a terminal or a build server obeys, which can only stand in texts."""
    text = content.decode()
    if not text.isprintable():
        text = "".join(one if one.isprintable() or one == "\n" else _json_escape(one) for one in text)
    return RUNNER_COMMAND.sub(r"##\1\\u005b", text)


def _json_escape(character: str) -> str:
    import json

    return json.dumps(character)[1:-1]


def _escape(character: str) -> str:
    if character in SHORT:
        return SHORT[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun in the right form: `1 unit`, `1,200 units`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def devices(number: int) -> str:
    """Return how many devices there are: `1 device`, `no devices`."""
    return count(number, "device") if number else "no devices"


def duration(seconds: float) -> str:
    """Return a length of time in at most two units: `12 s`, `3 min 4 s`, `2 h 5 min`, `4 d 3 h`."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    large, small, one, two = MINUTE, 1, "min", "s"
    if whole >= DAY:
        large, small, one, two = DAY, HOUR, "d", "h"
    elif whole >= HOUR:
        large, small, one, two = HOUR, MINUTE, "h", "min"
    rest = whole % large // small
    return f"{whole // large:,} {one} {rest} {two}" if rest else f"{whole // large:,} {one}"


def amount(size: int) -> str:
    """Return a number of bytes as people say it, in powers of 1,000: `512 B`, `1.5 kB`, `12 MB`, `4.1 GB`."""
    number, unit = float(size), "B"
    for larger in UNITS_OF_SIZE:
        if number < 1000:
            break
        number, unit = number / 1000, larger
    digits = 1 if unit != "B" and number < 10 else 0
    return f"{number:,.{digits}f} {unit}"


def percent(number: float) -> str:
    """Return a percentage without needless digits: `40 %`, `99 %`; never 100 before it is reached."""
    return f"{100 if number >= 100 else max(0, int(number))} %"


def portion(part: int, whole: int) -> str:
    """Return a part of something in percent; never 0 where there is any, never 100 before it is all."""
    if not whole or not part:
        return percent(0)
    return "under 1 %" if part * 100 < whole else percent(100 * part / whole)


def underway(least: float | None, most: float | None, eta: float | None) -> str:
    """Return how far something is: `40 % done, about 2 min left`, `40 to 80 % done`; empty where nothing is known.

    Percent and seconds; `eta` is the longest.
    """
    parts = []
    if least is not None and most is not None:
        low, high = percent(least), percent(most)
        parts.append(f"{high} done" if low == high else f"{low.removesuffix(' %')} to {high} done")
    if eta is not None:
        parts.append(f"about {duration(eta)} left")
    return ", ".join(parts)


def ready(number: int | None, size: int) -> str:
    """Return how many devices of a unit report what is assigned, `93 of 100 devices ready`; empty where it is one."""
    if number is None:
        return ""
    return f"{number:,} of {count(size, 'device')} ready" if size else "no devices that could report"


def date(text: str) -> str:
    """Return an ISO 8601 time of a platform to the minute, in UTC (`2026-11-18T11:06Z`); as it is where it is none."""
    at = moment(text)
    return clean(text) if at is None else iso(at, "minutes")


def since(begun: str, now: float) -> str:
    """Return when something began, and how long ago that was: `since 2026-11-18T11:06:09Z (3 min 4 s)`."""
    at = moment(begun)
    return f"since {clean(begun)}" + ("" if at is None else f" ({duration(now - at)})")


def age(then: float, now: float) -> str:
    """Return how long ago something was (`12 s ago`), or how far ahead it is (`in 3 h`); both in seconds since 1970."""
    return f"{duration(now - then)} ago" if then <= now else f"in {duration(then - now)}"


def moment(text: str) -> float | None:
    """Return an ISO 8601 time of a plan as seconds since 1970, None where it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()


def listed(names: Sequence[str], limit: int = SAMPLE, show: Show = clean, *, total: int = 0) -> str:
    """Return names made safe, the first few of many: `gw-1, gw-2, gw-3 and 997 more`; of `total` not all need be given."""
    shown = ", ".join(show(name) for name in names[:limit])
    more = max(len(names), total) - limit
    return f"{shown} and {more:,} more" if more > 0 else shown


def joined(parts: Iterable[str]) -> str:
    """Return parts as an enumeration: `a, b and c`."""
    found = list(parts)
    return " and ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else "".join(found)


def version(name: str | None, show: Show = clean) -> str:
    """Return a version as it is shown; `nothing` for none."""
    return NOTHING if name is None else show(name) or '""'


def from_to(before: str | None, after: str | None, leaving: Sequence[str] = (), show: Show = clean) -> str:
    """Return the transition of a slot: `v1 → v2`, `v2 again`, or for leftovers `v1 → nothing, v2 stays`."""
    if before != after:
        return f"{version(before, show)} → {version(after, show)}"
    if leaving:
        return f"{joined(version(one, show) for one in leaving)} → {NOTHING}, {version(after, show)} stays"
    return f"{version(after, show)} again"


def end(verb: Verb, after: str | None, show: Show = clean) -> str:
    """Return what a change leads to, in a report: ` → v2`, or for leftovers ` other than v2`; empty for nothing."""
    if after is None:
        return ""
    return f" other than {version(after, show)}" if verb is Verb.REMOVE else f" → {version(after, show)}"


def course(verb: Verb, before: str | None, after: str | None, show: Show = clean, *, downgrade: bool = False) -> str:
    """Return the transition of a slot for which further versions are not listed."""
    if verb is Verb.REMOVE and after is not None:
        return end(verb, after, show).strip()
    return f"{from_to(before, after, show=show)}{f' {DOWNGRADE}' if downgrade else ''}"


ACTORS = {
    ActorKind.USER: "user",
    ActorKind.API: "API token",
    ActorKind.WORKFLOW: "workflow",
    ActorKind.NOTEBOOK: "notebook",
    ActorKind.UNIT: "unit",
}


def actor_words(name: str, kind: ActorKind | None, show: Show = clean) -> str:
    """Return who did something on a platform, in its own names; empty where it does not say."""
    if not name:
        return f"a {ACTORS[kind]}" if kind is not None else ""
    return f"{ACTORS[kind]} {show(name)}" if kind is not None else show(name)


def commit_words(commit: str, length: int) -> str:
    """Return a commit's id, cut, and whether the manifests were as it has them."""
    bare = commit.removesuffix(DIRTY)
    return clean(bare)[:length] + (" with uncommitted changes" if bare != commit else "")


def places(origins: Iterable[Origin | None], show: Show = clean) -> str:
    """Return where values were written: the first place, and how many more there are; empty where nobody knows."""
    distinct = list(dict.fromkeys(str(origin) for origin in origins if origin is not None and origin.file))
    if not distinct:
        return ""
    more = f" and {count(len(distinct) - 1, 'more line')}" if len(distinct) > 1 else ""
    return show(distinct[0]) + more
